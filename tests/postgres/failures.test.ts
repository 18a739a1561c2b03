import assert from "node:assert/strict";
import type { Batch, InboxStore } from "../../src/store/inbox_store.ts";
import { badNetwork } from "../redis/bad_network.ts";
import {
  sharedPostgres,
  skipWithoutOwnPostgres,
  skipWithoutPostgres,
  startPostgres,
} from "./postgres_server.ts";
import { claimSoon, entry, ids, newName, openStore, poolFor, sleep, test, until } from "./scope.ts";

/** The same numbers for the same seed. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test("a server that is killed and started again has lost nothing", skipWithoutOwnPostgres, async (t) => {
  const server = await startPostgres();
  t.after(() => server.kill());
  const { store, heard } = await openStore(t, poolFor(t, server.url));
  for (let id = 1; id <= 20; id++) await store.add(entry(id, { lane: id % 4 }), "append");
  const claimed = await store.claim(2, 0);
  const adding = Promise.allSettled([21, 22, 23].map((id) => store.add(entry(id), "append")));
  await server.restart();
  for (const [i, { status }] of (await adding).entries()) {
    // What failed may have happened all the same.
    if (status === "rejected") {
      assert.notEqual(await until(() => store.add(entry(21 + i), "append")), "alone");
    }
  }
  for (const batch of claimed) await until(() => store.complete(batch, false));
  const done = ids(claimed);
  while (done.length < 23) {
    for (const batch of await until(() => claimSoon(store))) {
      await store.complete(batch, false);
      done.push(...ids([batch]));
    }
  }
  assert.deepEqual([...done].sort((a, b) => a - b), Array.from({ length: 23 }, (_, i) => i + 1));
  for (const lane of [0, 1, 2, 3]) {
    const own = done.filter((id) => id <= 20 && id % 4 === lane);
    assert.deepEqual(own, [...own].sort((a, b) => a - b));
  }
  assert.deepEqual(heard.batches, [], "Its claims are still its own");
  assert.equal((await store.stats()).updates, 0);
});

test(
  "a network that drops, delays and cuts answers loses nothing and keeps the order",
  skipWithoutPostgres,
  async (t) => {
    const url = await sharedPostgres();
    const random = numbersFrom(7);
    const name = newName();
    const stores: InboxStore[] = [];
    const networks = await Promise.all([1, 2].map(async () => {
      const network = await badNetwork(url, random);
      t.after(() => network.close());
      const through = new URL(url);
      through.port = new URL(network.url).port;
      stores.push((await openStore(t, poolFor(t, through.href), { name, leaseMs: 1_000 })).store);
      return network;
    }));
    const direct = poolFor(t, url);
    const all = Array.from({ length: 200 }, (_, i) => i + 1);
    const albums = [201, 202, 203, 204, 205];
    const album = { key: "album", rules: { quietMs: 600, maxWaitMs: 9_000, mostParts: 10 } };
    for (const network of networks) network.failing = 0.08;

    const done: number[] = [];
    const pieces: number[][] = [];
    const running = new Set<string>();
    const handle = async (store: InboxStore, batch: Batch): Promise<void> => {
      const lane = `${batch.lane}`;
      assert.ok(!running.has(lane), `Lane ${lane} is handled twice at the same time`);
      running.add(lane);
      await sleep(3 * random());
      for (const id of ids([batch])) if (!done.includes(id)) done.push(id);
      if (batch.album !== undefined) pieces.push(ids([batch]));
      running.delete(lane); // before the call: the next one may be claimed while its answer is under way
      let claimsNext = true;
      const next = await until(() => {
        const isFirst = claimsNext;
        claimsNext = false;
        return store.complete(batch, isFirst);
      });
      if (next !== undefined) await handle(store, next);
    };
    const [first = assert.fail(), second = assert.fail()] = stores;
    const senders = [0, 1, 2, 3, 4, 5, 6, 7].map(async (lane) => {
      for (const id of all.filter((each) => each % 8 === lane)) {
        const to = random() < 0.5 ? first : second;
        const added = await until(() => to.add(entry(id, { lane }), "append"));
        assert.ok(added === "added" || added === "known");
      }
    });
    senders.push((async () => {
      for (const id of albums) {
        await until(() => (id % 2 === 0 ? first : second).add(entry(id, { lane: "album", album }), "append"));
      }
    })());
    const workers = stores.map(async (store) => {
      while (done.length < all.length + albums.length) {
        const batches = await until(() => store.claim(3, 0));
        await Promise.all(batches.map((batch) => handle(store, batch)));
        await sleep(2);
      }
    });
    await Promise.all([...senders, ...workers]);
    for (const network of networks) {
      assert.ok(network.hits > 10, `Only ${network.hits} answers were hit`);
      network.failing = 0;
    }
    assert.deepEqual([...done].sort((a, b) => a - b), [...all, ...albums]);
    for (let lane = 0; lane < 8; lane++) {
      const own = done.filter((id) => id <= all.length && id % 8 === lane);
      assert.deepEqual(own, [...own].sort((a, b) => a - b), `Lane ${lane} is in order`);
    }
    assert.deepEqual(pieces[0], albums, "The album is whole");
    for (let tries = 0; tries < 400; tries++) {
      if ((await until(() => first.stats())).updates === 0) break;
      for (const batch of await until(() => first.claim(9, 0))) {
        await until(() => first.complete(batch, false));
      }
      await sleep(10);
    }
    const { rows } = await direct.query(
      "select count(*) from telehook.updates where bot = (select id from telehook.bots where name = $1::text)",
      [name],
    );
    assert.equal(rows[0]?.["count"], "0", "No row is left but what is remembered");
  },
);

test("a claim whose answer was lost is due again, and no crash", skipWithoutPostgres, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  let isLost = false;
  const { store } = await openStore(t, async (text: string, values: (string | null)[]) => {
    const answer = await pool.query(text, values);
    if (isLost) throw new Error("The connection was closed");
    return answer;
  }, { leaseMs: 1_000 });
  await store.add(entry(1), "append");
  isLost = true;
  await assert.rejects(store.claim(1, 0), { code: "ERR_STORE", message: /The connection was closed/ });
  await assert.rejects(store.add(entry(2, { lane: "other" }), "claim"), { code: "ERR_STORE" });
  isLost = false;
  const again = await store.add(entry(2, { lane: "other" }), "claim");
  assert.ok(typeof again === "object", "The call that is repeated has what the first one claimed");
  const [batch] = await claimSoon(store, 2_000);
  assert.deepEqual([ids([batch ?? assert.fail()]), batch?.crashes], [[1], 0]);
});

test("batches are lost when no renewal succeeds for as long as the lease", skipWithoutPostgres, async (t) => {
  const url = await sharedPostgres();
  const network = await badNetwork(url, () => 1);
  t.after(() => network.close());
  const through = new URL(url);
  through.port = new URL(network.url).port;
  const name = newName();
  const { store, heard } = await openStore(t, poolFor(t, through.href), { name, leaseMs: 1_000 });
  const other = await openStore(t, poolFor(t, url), { name, leaseMs: 1_000 });
  await store.add(entry(1), "append");
  await store.claim(1, 0);
  network.isSilent = true;
  const began = performance.now();
  while (heard.batches.length === 0) {
    assert.ok(performance.now() - began < 4_000, "It is not told");
    assert.deepEqual(ids(await other.store.claim(1, 0)), [], "Nobody takes over before it is told");
    await sleep(5);
  }
  assert.deepEqual(ids(heard.batches), [1]);
  assert.equal(heard.errors.length, 1, "Failing renewals are reported once");
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
    await sleep(50);
  }
  assert.deepEqual(a.heard.batches, []);
});
