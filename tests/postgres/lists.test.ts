import assert from "node:assert/strict";
import { test } from "../scoped_it.ts";
import { entry, ids, losing, newName, runLongAnswers, runLongNext } from "../store/server_store.ts";
import { runTogether } from "../store/together_run.ts";
import { pause } from "../../src/platform/pause.ts";
import type { Batch, InboxStore } from "../../src/store/inbox_store.ts";
import { sharedPostgres, skipWithoutPostgres as skip } from "./postgres_server.ts";
import { openStore, poolFor, type TestPool } from "./scope.ts";

/*
 * Calls that are made in one turn of the event loop go to the server in one statement. What happens to one of them must not
 * happen to the others.
 */

/** Adds updates of these lanes in one turn, and claims them. */
async function claimed(store: InboxStore, lanes: readonly number[]): Promise<readonly Batch[]> {
  const added = await Promise.all(lanes.map((lane) => store.add(entry(lane, { lane }), "claim")));
  return added.map((each) => typeof each === "object" ? each : assert.fail(each));
}

/** Waits until a call of this function waits for a lock. */
async function waiting(pool: TestPool, name: string): Promise<void> {
  for (let tries = 0;; tries++) {
    const { rows } = await pool.query(
      "select from pg_stat_activity where wait_event_type = 'Lock' and query like '%.' || $1::text || '(%'",
      [name],
    );
    if (rows.length > 0) return;
    assert.ok(tries < 500, "Nothing waits");
    await pause(10);
  }
}

test("calls of one turn are one statement, and each gets its own answer", skip, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  const { store } = await openStore(t, { query: pool.query });
  const all = Array.from({ length: 40 }, (_, i) => i + 1);
  const before = pool.count.queries;
  const first = await claimed(store, all);
  assert.deepEqual([ids(first), pool.count.queries - before], [all, 1]);
  const others = await Promise.all([
    store.add(entry(1), "append"), // which is here already
    store.add(entry(102, { lane: 2 }), "append"),
    store.add(entry(103, { lane: 103 }), "behind"),
    store.add(entry(104, { lane: 3 }), "behind"),
    store.add(entry(105, { lane: 105 }), "append"),
    store.add(entry(106, { lane: 106 }), "claim"),
  ]);
  assert.deepEqual(others.slice(0, 5), ["known", "added", "alone", "added", "added"]);
  assert.deepEqual([others[5]].map((each) => ids([each as Batch])), [[106]]);
  assert.equal(pool.count.queries - before, 2);
  const next = await Promise.all(first.map((batch, i) => store.complete(batch, i < 4)));
  assert.equal(pool.count.queries - before, 3);
  const claims = next.filter((each) => each !== undefined);
  assert.deepEqual(ids(claims).sort(), [102, 104, 105], "Each claims another one, as long as there are any");
  await Promise.all(claims.map((batch) => store.complete(batch, false)));
  assert.equal((await store.stats()).updates, 1);
});

test("large updates do not go together", skip, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  const { store } = await openStore(t, { query: pool.query });
  const json = (id: number) => JSON.stringify({ update_id: id, text: id < 4 ? "x".repeat(300_000) : "" });
  const before = pool.count.queries;
  const added = await Promise.all(
    [1, 2, 3, 4, 5].map((id) => store.add(entry(id, { lane: id, json: json(id) }), "append")),
  );
  assert.deepEqual([added, pool.count.queries - before], [Array(5).fill("added"), 3]);
});

for (const seed of [1, 2, 3]) {
  test(`calls that go together do what they do one after the other: seed ${seed}`, skip, async (t) => {
    const pool = poolFor(t, await sharedPostgres());
    await runTogether(async () => (await openStore(t, { query: pool.query })).store, seed);
  });
}

test("what is completed as a store closes is not handled again", skip, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  const name = newName();
  const { store } = await openStore(t, { query: pool.query, name });
  const [batch = assert.fail()] = await claimed(store, [1]);
  const [completed] = await Promise.allSettled([store.complete(batch, false), store.close()]);
  assert.equal(completed.status, "fulfilled");
  const next = await openStore(t, { query: pool.query, name });
  assert.deepEqual(await next.store.claim(1, 0), []);
});

test("a call that cannot be made does not fail the others of its turn", skip, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  const { store, heard } = await openStore(t, pool);
  const album = { key: "a\0b", rules: { quietMs: 0, maxWaitMs: 0, mostParts: 2 } };
  const settled = await Promise.allSettled([
    store.add(entry(1, { lane: 1 }), "append"),
    store.add(entry(2, { lane: 2, chars: 1e12 }), "append"),
    store.add(entry(3, { lane: 3, album }), "append"),
    store.add(entry(4, { lane: 4 }), "claim"),
  ]);
  assert.deepEqual(settled.map(({ status }) => status), ["fulfilled", "rejected", "rejected", "fulfilled"]);
  for (const each of settled) if (each.status === "rejected") assert.equal(each.reason.code, "ERR_STORE");
  assert.deepEqual([(await store.stats()).updates, heard.errors], [2, []]);
  assert.deepEqual(ids(await store.claim(9, 0)), [1]);
});

test("calls whose answer was lost fail together, and find what they did", skip, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  const answers = losing(pool.query);
  const { store } = await openStore(t, answers.call);
  answers.isLost = true;
  const lost = await Promise.allSettled([1, 2, 3].map((lane) => store.add(entry(lane, { lane }), "claim")));
  assert.deepEqual(lost.map(({ status }) => status), ["rejected", "rejected", "rejected"]);
  answers.isLost = false;
  assert.deepEqual(ids(await claimed(store, [1, 2, 3])), [1, 2, 3]);
});

test("a claim that a user's transaction has locked holds up nobody else", skip, async (t) => {
  const url = await sharedPostgres();
  const pool = poolFor(t, url, 8);
  const { store } = await openStore(t, pool);
  const batches = await claimed(store, [1, 2, 3, 4]);
  const transaction = poolFor(t, url, 1);
  await transaction.query("begin");
  await store.completeIn(transaction.query, batches[0], entry(1).update);
  const order: number[] = [];
  const all = batches.map(async (batch, i) => {
    await store.complete(batch, false);
    order.push(i + 1);
  });
  const began = performance.now();
  await Promise.all(all.slice(1));
  assert.deepEqual(order, [2, 3, 4]);
  await waiting(pool, "complete");
  // The call that waits holds its lane: what is added there waits too, and alone.
  const behind = store.add(entry(11, { lane: 1 }), "append").then(() => void order.push(11));
  assert.deepEqual(ids(await claimed(store, [12, 13])), [12, 13]);
  assert.ok(performance.now() - began < 2_000, "Nobody else has waited");
  await transaction.query("commit");
  await Promise.all([...all, behind]);
  assert.deepEqual([...order].sort((a, b) => a - b), [1, 2, 3, 4, 11]);
  assert.deepEqual(ids(await store.claim(9, 0)), [11]);
});

test("an update that a user's transaction handles elsewhere holds up nobody else", skip, async (t) => {
  const url = await sharedPostgres();
  const pool = poolFor(t, url, 8);
  const name = newName();
  const { store } = await openStore(t, pool, { name });
  const other = await openStore(t, pool, { name });
  const transaction = poolFor(t, url, 1);
  await transaction.query("begin");
  await other.store.completeIn(transaction.query, undefined, entry(1).update);
  const batches = await claimed(store, [1, 2, 3, 4]); // Telegram has sent the first one again, to this process
  let isOpen = true;
  const all = batches.map(async (batch) => {
    await store.complete(batch, false);
    return isOpen;
  });
  await Promise.all(all.slice(1));
  await waiting(pool, "complete");
  isOpen = false;
  await transaction.query("commit");
  assert.deepEqual(await Promise.all(all), [false, true, true, true]);
  assert.equal((await store.stats()).updates, 0);
});

test("the claims of a process that ended are freed before its lanes are locked", skip, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  const name = newName();
  const first = await openStore(t, pool, { name });
  const { store } = await openStore(t, { query: pool.query }, { name });
  await claimed(first.store, [1, 2, 3]);
  await pool.query("update telehook.owners set alive_until = '-infinity' where id = $1::bigint", [
    first.store.crash(),
  ]);
  const before = pool.count.queries;
  // For some minutes every update is kept before it is handled.
  const added = await Promise.all([4, 5, 6].map((lane) => store.add(entry(lane, { lane }), "behind")));
  assert.deepEqual(ids(added as Batch[]), [4, 5, 6]);
  assert.equal(pool.count.queries - before, 2);
  assert.deepEqual(ids(await store.claim(9, 0)), [1, 2, 3]);
});

test("two processes that use the same lanes in opposite orders never block each other", skip, async (t) => {
  const url = await sharedPostgres();
  const [name, lanes] = [newName(), Array.from({ length: 12 }, (_, i) => i)];
  let slowestMs = 0;
  const codes: unknown[] = [];
  const processes = await Promise.all([1, 2].map(async (own) => {
    const pool = poolFor(t, url);
    const query = async (text: string, values: (string | null)[]) => {
      const began = performance.now();
      try {
        return await pool.query(text, values);
      } catch (error) {
        codes.push((error as { code?: unknown }).code);
        throw error;
      } finally {
        slowestMs = Math.max(slowestMs, performance.now() - began);
      }
    };
    const { store } = await openStore(t, query, { name });
    return { store, own, lanes: own === 1 ? lanes : lanes.toReversed() };
  }));
  let left = 0;
  const running = new Set<unknown>();
  const handle = async (store: InboxStore, first: Batch): Promise<void> => {
    for (let batch: Batch | undefined = first; batch !== undefined; left--) {
      assert.ok(!running.has(batch.lane), `Lane ${batch.lane} is handled twice at the same time`);
      running.add(batch.lane);
      await pause(0);
      running.delete(batch.lane);
      batch = await store.complete(batch, true);
    }
  };
  const pool = poolFor(t, url);
  for (let round = 0; round < 100; round++) {
    left = 2 * lanes.length;
    if (round % 10 === 0) { // a third process ends, and the others free what it had claimed
      const third = await openStore(t, pool, { name });
      await claimed(third.store, [10_000_001 + round, 10_000_002 + round]);
      await pool.query("update telehook.owners set alive_until = '-infinity' where id = $1::bigint", [
        third.store.crash(),
      ]);
      left += 2;
    }
    // Behind an update of one process is one of the other one's, which is told when its turn comes.
    await Promise.all(processes.map(async ({ store, own, lanes }) => {
      const id = (lane: number) => 1 + round * 100 + own * lanes.length + lane;
      await Promise.all(
        lanes.map((lane) => store.add(entry(id(lane), { lane, reservedMs: 60_000 }), "append")),
      );
      while (left > 0) {
        await Promise.all((await store.claim(64, 0)).map((batch) => handle(store, batch)));
        await pause(0);
      }
    }));
  }
  assert.deepEqual(codes, []);
  const { rows } = await pool.query("select wakes from telehook.bots where name = $1::text", [name]);
  assert.ok(Number(rows[0]?.["wakes"]) >= 100, "They have told each other");
  assert.ok(slowestMs < 900, `A statement took ${slowestMs} ms`); // a deadlock is found after a second
});

test("completing does not get slower with what the process has claimed", skip, async (t) => {
  const schema = newName();
  const pool = poolFor(t, await sharedPostgres(), 1);
  t.after(() => pool.query(`drop schema ${schema} cascade`));
  const { store } = await openStore(t, pool, { schema });
  const measure = async (after: number) => {
    const times: number[] = [];
    for (let round = 0; round < 9; round++) {
      const lanes = Array.from({ length: 20 }, (_, i) => after + 20 * round + i);
      const batches = await claimed(store, lanes);
      const began = performance.now();
      await Promise.all(batches.map((batch) => store.complete(batch, false)));
      times.push(performance.now() - began);
    }
    return times.sort((a, b) => a - b)[4] ?? 0;
  };
  const empty = await measure(1);
  await pool.query(`
    insert into ${schema}.updates
    select 1, 1000 + n, 1000 + n, 0, 100, '{}', (-n)::text, 0, true, null, 1, false, false, false, false, null,
      now(), now(), now(), now(), now(), null, 0, 1, 1, 0, 0, (select id from ${schema}.owners), 1000000, null, null
    from generate_series(1, 20000) as n`);
  const full = await measure(500);
  assert.ok(full < 3 * empty + 5, `${full} ms with many claims, ${empty} ms without`);
});

test("what is long is claimed and listed in several answers", skip, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  const { store } = await openStore(t, { query: pool.query });
  await runLongAnswers(store);
});

test("what is long is not claimed in one answer to several calls that complete", skip, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  const { store } = await openStore(t, { query: pool.query });
  await runLongNext(store);
});
