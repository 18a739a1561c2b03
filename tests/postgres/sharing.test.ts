import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { pause } from "../../src/platform/pause.ts";
import type { PostgresQuery } from "../../src/store/postgres/postgres_client.ts";
import { PostgresInboxStore } from "../../src/store/postgres/postgres_inbox_store.ts";
import { sharedPostgres, skipWithoutPostgres as skip } from "./postgres_server.ts";
import { test } from "../scoped_it.ts";
import { runClockSetBack } from "../store/clock_set_back_run.ts";
import { entry, type Heard, ids, newName } from "../store/server_store.ts";
import { openStore, poolFor } from "./scope.ts";

test("an ordinary update is one round trip that writes nothing, a received one is two", skip, async (t) => {
  const pool = poolFor(t, await sharedPostgres(), 1);
  const { store } = await openStore(t, { query: pool.query });
  const { count } = pool;
  const hasWritten = async () => {
    const { rows } = await pool.query("select pg_current_wal_insert_lsn() as at");
    return rows[0]?.["at"];
  };
  await store.add(entry(99), "behind"); // plans are made now
  const [before, at] = [count.queries, await hasWritten()];
  for (let id = 1; id <= 5; id++) assert.equal(await store.add(entry(id), "behind"), "alone");
  assert.equal(await hasWritten(), at);
  assert.equal(count.queries - before, 5 + 2);

  for (const id of [1, 2, 3]) await store.add(entry(id, { lane: id }), "append");
  let [batch] = await store.claim(1, 0);
  const began = count.queries;
  const done: number[] = [];
  while (batch !== undefined) {
    done.push(...ids([batch]));
    batch = await store.complete(batch, true);
  }
  assert.deepEqual([done, count.queries - began], [[1, 2, 3], 3]);
});

test("copies that come at once, and have different lanes, are one update", skip, async (t) => {
  const url = await sharedPostgres();
  const [pool, other] = [poolFor(t, url, 1), poolFor(t, url, 2)];
  const name = newName();
  const { store } = await openStore(t, { query: pool.query }, { name });
  const sharing = await openStore(t, other, { name });
  const { rows: [{ pid } = assert.fail()] } = await pool.query("select pg_backend_pid() as pid");
  const waiting = `select pid from pg_stat_activity where ${pid} = any(pg_blocking_pids(pid))`;
  const isWaiting = async () => (await other.query(waiting)).rows.length > 0;
  await Promise.all([isWaiting(), isWaiting()]); // both connections are open now
  for (let id = 1;; id++) {
    await pool.query("begin"); // what the store does from now on is not over yet
    assert.equal(await store.add(entry(id, { lane: "a" }), "append"), "added");
    let isOver = false;
    const copy = sharing.store.add(entry(id, { lane: "b" }), "append").finally(() => isOver = true);
    copy.catch(() => {});
    while (!isOver && !await isWaiting());
    await pool.query("commit");
    const added = await copy.catch((error) => {
      if (id === 10 || !/lock timeout/.test(String(error))) throw error;
    });
    if (added === undefined) continue; // this machine was too slow to end the wait in time
    assert.equal(added, "known");
    break;
  }
});

test(
  "a hundred stores of one client look with one statement, and listen with one connection",
  skip,
  async (t) => {
    const url = await sharedPostgres();
    const pool = poolFor(t, url);
    const other = poolFor(t, url, 1);
    const names = Array.from({ length: 100 }, () => newName());
    const stores: { readonly name: string; readonly heard: Heard }[] = [];
    const client = { query: pool.query }; // cannot listen
    for (const name of names) stores.push({ name, heard: (await openStore(t, client, { name })).heard });
    const sharing = await openStore(t, other, { name: names[42] ?? "" });
    await pause(1_100); // the first look was slow: nobody else was there
    const before = pool.count.queries;
    await pause(1_000);
    const looked = pool.count.queries - before;
    assert.ok(looked >= 1 && looked <= 7, `${looked} statements in a second`);

    const woken = stores[42]?.heard.nextWake();
    await sharing.store.add(entry(1), "append");
    await woken;

    const { rows } = await pool.query("select count(*) from pg_stat_activity where query like 'listen%'");
    assert.ok(Number(rows[0]?.["count"]) >= 1);
  },
);

test("what is due in more than 24 days, as after a clock was set back, wakes nobody", skip, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  const name = newName();
  let nudges = 0;
  const query: PostgresQuery = (text, values) => {
    if (text.includes(".nudge(")) nudges++;
    return pool.query(text, values);
  };
  await openStore(t, pool, { name });
  const { store } = await openStore(t, { query }, { name });
  await store.add(entry(1), "append");
  const [batch = assert.fail()] = await store.claim(1, 0);
  await store.retry(batch, 40 * 24 * 3_600_000);
  await pause(100);
  assert.equal(nudges, 0);
});

test("what is reserved for another process wakes it when its turn comes", skip, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  const name = newName();
  const [a, b] = [await openStore(t, pool, { name }), await openStore(t, pool, { name })];
  await a.store.add(entry(1), "append");
  const [batch = assert.fail()] = await a.store.claim(1, 0);
  await b.store.add(entry(2, { reservedMs: 50_000 }), "append");
  await pause(100);
  const woken = b.heard.nextWake();
  assert.equal(await a.store.complete(batch, true), undefined);
  await woken;
  assert.deepEqual(ids(await b.store.claim(1, 0)), [2]);
});

test("processes that make the schema at the same moment make it once", skip, async (t) => {
  const url = await sharedPostgres();
  const schema = newName();
  const pool = poolFor(t, url);
  t.after(() => pool.query(`drop schema if exists ${schema} cascade`));
  const code = `
    import { postgresStore } from ${
    JSON.stringify(new URL("../../src/store/postgres/mod.ts", import.meta.url).href)
  };
    import { wirePool } from ${JSON.stringify(new URL("./wire_client.ts", import.meta.url).href)};
    const pool = wirePool(${JSON.stringify(url)}, 3);
    const stores = [1, 2, 3].map((i) => postgresStore(pool, { name: "bot" + i, schema: ${
    JSON.stringify(schema)
  } }));
    const failed = [];
    const host = { wake() {}, lost() {}, failed: (error) => failed.push(error) };
    await Promise.all(stores.map((store) => store.open(host)));
    await Promise.all(stores.map((store) => store.close()));
    pool.close();
    if (failed.length > 0) throw failed[0];`;
  const ended = await Promise.all([1, 2].map(async () => {
    const { Deno, Bun } = globalThis as { Deno?: object; Bun?: object };
    const args = Deno
      ? ["eval", "--ext=ts", code]
      : Bun
      ? ["-e", code]
      : ["--import", "tsx", "--input-type=module", "-e", code];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
    return (await once(child, "exit"))[0];
  }));
  assert.deepEqual(ended, [0, 0]);
  const { rows } = await pool.query(`select version from ${schema}.format`);
  assert.deepEqual(rows, [{ version: "1" }]);
});

test("claiming does not get slower with a hundred thousand stuck lanes", skip, async (t) => {
  const url = await sharedPostgres();
  const schema = newName();
  const pool = poolFor(t, url, 1);
  t.after(() => pool.query(`drop schema ${schema} cascade`));
  const { store } = await openStore(t, pool, { schema });
  const measure = async (after: number) => {
    const times: number[] = [];
    for (let id = after + 1; id <= after + 60; id++) {
      const began = performance.now();
      await store.add(entry(id, { lane: "free" }), "append");
      const [batch = assert.fail()] = await store.claim(1, 0);
      await store.retry(batch, 0, { attempts: 1, failures: 1 });
      const [again = assert.fail()] = await store.claim(1, 0);
      await store.complete(again, true);
      times.push(performance.now() - began);
    }
    return times.sort((a, b) => a - b)[30] ?? 0;
  };
  const empty = await measure(0);
  // Half of them wait for a retry, half are claimed by somebody else.
  await pool.query(`
    insert into ${schema}.updates
    select 1, 1000 + n, 1000 + n, 0, 100, '{}', n::text, 0, true, null, 1, false, false, false, false, null,
      now(), now(), now(), now() + interval '1 hour', now(), null, 0, 1, 1, 0, 0,
      case when n % 2 = 0 then 1 end, case when n % 2 = 0 then 1 end, null, null
    from generate_series(1, 100000) as n`);
  await pool.query(`insert into ${schema}.owners values (1, 1, now() + interval '1 hour')`);
  const full = await measure(100);
  assert.ok(full < 2 * empty + 1, `${full} ms with stuck lanes, ${empty} ms without`);

  await pool.query("set enable_seqscan = off");
  const { rows } = await pool.query(`explain select * from ${schema}.updates
    where bot = 1 and is_head and owner is null and due_at <= now() order by due_at limit 1 for update skip locked`);
  const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
  assert.match(plan, /Index Scan using updates_to_claim/);
  assert.doesNotMatch(plan, /Sort|Seq Scan/);
});

test("bots of one schema do not see each other", skip, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  const [a, b] = [await openStore(t, pool), await openStore(t, pool)];
  await a.store.add(entry(1), "append");
  assert.equal(await b.store.add(entry(1), "behind"), "alone");
  assert.deepEqual(await b.store.claim(9, 0), []);
  assert.deepEqual([(await a.store.stats()).updates, (await b.store.stats()).updates], [1, 0]);
  assert.ok(a.store instanceof PostgresInboxStore);
});

test("a process that is taken for dead while it claims says that it is here", skip, async (t) => {
  const url = await sharedPostgres();
  const pool = poolFor(t, url);
  const name = newName();
  const { store } = await openStore(t, pool, { name });
  await store.add(entry(1), "append");
  const owners = "from telehook.owners where bot = (select id from telehook.bots where name = $1::text)";
  await pool.query(
    "update telehook.owners set alive_until = now() + interval '1 second' " +
      "where bot = (select id from telehook.bots where name = $1::text)",
    [name],
  );
  const burying = poolFor(t, url, 1);
  await burying.query("begin");
  const { rows: [owner] } = await burying.query(`delete ${owners} returning id`, [name]);
  const claiming = store.claim(1, 0);
  for (let tries = 0;; tries++) {
    assert.ok(tries < 500, "It waits for the other one");
    const { rows } = await pool.query(
      "select from pg_stat_activity where wait_event_type = 'Lock' and query like '%.claim(%'",
    );
    if (rows.length > 0) break;
    await pause(10);
  }
  await burying.query("commit");
  assert.deepEqual(ids(await claiming), [1]);
  assert.deepEqual((await pool.query(`select id ${owners}`, [name])).rows, [owner]);
});

test("a server's clock that is set back delays nothing", skip, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  const name = newName();
  await runClockSetBack(async (now) => (await openStore(t, pool, { name, leaseMs: 1_000, now })).store);
});
