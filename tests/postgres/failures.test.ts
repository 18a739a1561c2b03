import assert from "node:assert/strict";
import { codeOf } from "../inbox/bot.ts";
import { pause } from "../../src/platform/pause.ts";
import type { InboxStore } from "../../src/store/inbox_store.ts";
import {
  sharedPostgres,
  skipWithoutOwnPostgres,
  skipWithoutPostgres,
  startPostgres,
} from "./postgres_server.ts";
import { test } from "../scoped_it.ts";
import { badNetwork } from "../store/bad_network.ts";
import { runOnBadNetworks } from "../store/bad_network_run.ts";
import { postgresStore } from "../../src/store/postgres/mod.ts";
import { runLostRetry } from "../store/lost_retry_run.ts";
import { runRestart } from "../store/restart_run.ts";
import { claimSoon, entry, ids, losing, newName, repeating } from "../store/server_store.ts";
import { openStore, poolFor } from "./scope.ts";

const until = repeating(200, 10);

test("a server that is killed and started again has lost nothing", skipWithoutOwnPostgres, async (t) => {
  const server = await startPostgres();
  t.after(() => server.kill());
  const { store, heard } = await openStore(t, poolFor(t, server.url));
  const claim = (from: InboxStore) => until(() => claimSoon(from));
  await runRestart({ store, heard, restart: server.restart, claim, until });
});

test(
  "a network that drops, delays and cuts answers loses nothing and keeps the order",
  skipWithoutPostgres,
  async (t) => {
    const url = await sharedPostgres();
    const name = newName();
    await runOnBadNetworks(t, {
      url,
      open: async (through) => (await openStore(t, poolFor(t, through), { name, leaseMs: 1_000 })).store,
      ...{ failing: 0.15, moreHitsThan: 10, quietMs: 600, maxWaitMs: 9_000, until },
    });
    const { rows } = await poolFor(t, url).query(
      "select count(*) from telehook.updates where bot = (select id from telehook.bots where name = $1::text)",
      [name],
    );
    assert.equal(rows[0]?.["count"], "0", "No row is left but what is remembered");
  },
);

test("a claim whose answer was lost is due again, and no crash", skipWithoutPostgres, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  const answers = losing(pool.query);
  const { store } = await openStore(t, answers.call, { leaseMs: 1_000 });
  await store.add(entry(1), "append");
  answers.isLost = true;
  await assert.rejects(store.claim(1, 0), { code: "ERR_STORE", message: /The connection was closed/ });
  await assert.rejects(store.add(entry(2, { lane: "other" }), "claim"), { code: "ERR_STORE" });
  answers.isLost = false;
  const again = await store.add(entry(2, { lane: "other" }), "claim");
  assert.ok(typeof again === "object", "The call that is repeated has what the first one claimed");
  const [batch] = await claimSoon(store, 2_000);
  assert.deepEqual([ids([batch ?? assert.fail()]), batch?.crashes], [[1], 0]);
});

test("an answer that has gaps harms no later call", skipWithoutPostgres, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  const name = newName();
  let gaps = 0; // for the rows that postgres.js had of an answer when its connection ended
  const { store } = await openStore(t, async (text: string, values: (string | null)[]) => {
    const rows = new Array<object>(text.includes(".enter(") ? gaps : 0);
    rows.push(...(await pool.query(text, values)).rows);
    return rows;
  }, { name });
  await pool.query(
    "delete from telehook.owners where bot = (select id from telehook.bots where name = $1::text)",
    [name],
  );
  gaps = 1;
  await assert.rejects(store.add(entry(1), "append"), { code: "ERR_STORE", message: /row without a text/ });
  gaps = 0;
  assert.equal(await store.add(entry(1), "append"), "added");
});

test("batches are lost when no renewal succeeds for as long as the lease", skipWithoutPostgres, async (t) => {
  const url = await sharedPostgres();
  const network = await badNetwork(url, () => 1);
  t.after(() => network.close());
  const name = newName();
  const { store, heard } = await openStore(t, poolFor(t, network.url), { name, leaseMs: 1_000 });
  const other = await openStore(t, poolFor(t, url), { name, leaseMs: 1_000 });
  await store.add(entry(1), "append");
  await store.claim(1, 0);
  network.isSilent = true;
  const began = performance.now();
  while (heard.batches.length === 0) {
    assert.ok(performance.now() - began < 4_000, "It is not told");
    assert.deepEqual(ids(await other.store.claim(1, 0)), [], "Nobody takes over before it is told");
    await pause(5);
  }
  assert.deepEqual(ids(heard.batches), [1]);
  assert.equal(heard.errors.length, 1, "Failing renewals are reported once");
  assert.equal(codeOf(heard.errors[0]), "ERR_STORE");
  const [batch] = await claimSoon(other.store);
  assert.deepEqual([batch?.crashes, batch?.crashesAlone], [1, 1]);
  network.close();
});

test("a lease does not end while its process lives", skipWithoutPostgres, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  const name = newName();
  const [a, b] = [
    await openStore(t, pool, { name, leaseMs: 1_000 }),
    await openStore(t, pool, { name, leaseMs: 1_000 }),
  ];
  await a.store.add(entry(1), "append");
  await a.store.claim(1, 0);
  for (const end = performance.now() + 2_500; performance.now() < end;) {
    assert.deepEqual(ids(await b.store.claim(1, 0)), []);
    await pause(50);
  }
  assert.deepEqual(a.heard.batches, []);
});

test("an update whose retry was not confirmed is handled again", skipWithoutPostgres, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  await runLostRetry((isFirst) =>
    postgresStore(async (text, values) => {
      const answer = await pool.query(text, values);
      if (text.includes(".retry($1") && isFirst()) throw new Error("The connection was closed");
      return answer;
    }, { name: newName(), leaseMs: 1_000 })
  );
});

test(
  "a schema that was removed is an error that says what to do, until the next start",
  skipWithoutPostgres,
  async (t) => {
    const pool = poolFor(t, await sharedPostgres());
    const schema = newName();
    const { store } = await openStore(t, pool, { schema });
    await pool.query(`drop schema ${schema} cascade`);
    await assert.rejects(store.add(entry(1), "append"), {
      code: "ERR_STORE",
      message: /is damaged or was removed: restart this process to make it again/,
    });
    await store.close();
    const again = await openStore(t, pool, { schema });
    t.after(() => pool.query(`drop schema ${schema} cascade`));
    assert.equal(await again.store.add(entry(1), "append"), "added");
  },
);

test(
  "the quiet time of an album begins when its part is there, however long that waits",
  skipWithoutPostgres,
  async (t) => {
    const url = await sharedPostgres();
    const schema = newName();
    const pool = poolFor(t, url, 1);
    t.after(() => pool.query(`drop schema "${schema}" cascade`));
    const { store } = await openStore(t, { query: pool.query }, { schema });
    await store.add(entry(9), "join"); // the connection knows the function now
    const other = poolFor(t, url, 1);
    await other.query("begin");
    await other.query(`lock table "${schema}".updates in access exclusive mode`); // as "vacuum full" does
    const album = { key: "7", rules: { quietMs: 400, maxWaitMs: 10_000, mostParts: 10 } };
    const added = store.add(entry(1, { album }), "append");
    await pause(500);
    await other.query("commit");
    assert.equal(await added, "added");
    assert.deepEqual(await store.claim(1, 0), []);
  },
);
