import assert from "node:assert/strict";
import { webhook } from "../../mod.ts";
import { pause } from "../../src/platform/pause.ts";
import type { TestScope } from "../../src/testing/store.ts";
import { sharedPostgres, skipWithoutPostgres as skip } from "./postgres_server.ts";
import { test } from "../scoped_it.ts";
import { claimSoon, entry, ids, newName } from "../store/server_store.ts";
import { openStore, poolFor, type TestPool } from "./scope.ts";

/*
 * `context.complete(transaction)`: a handler's effects and the completion of its update happen together or not at all. The
 * effects are rows of a table of the test's own.
 */
async function effects(t: TestScope, pool: TestPool) {
  const table = newName();
  await pool.query(`create table ${table} (update_id bigint)`);
  t.after(() => pool.query(`drop table ${table}`));
  const url = await sharedPostgres();
  return {
    /** Notes an effect and completes, in one transaction. */
    async transact(
      id: number,
      complete: (transaction: unknown) => Promise<void> | undefined,
      end = "commit",
    ) {
      const { query } = poolFor(t, url, 1);
      await query("begin");
      try {
        await query(`insert into ${table} values ($1::bigint)`, [String(id)]);
        await complete(query);
      } catch (error) {
        await query("commit").catch(() => {}); // by mistake: it must not be possible
        throw error;
      }
      await query(end);
    },
    async list(): Promise<number[]> {
      const { rows } = await pool.query(`select update_id from ${table} order by 1`);
      return rows.map((row) => Number(row["update_id"]));
    },
  };
}

test("a batch that is completed in a transaction is completed when that is committed", skip, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  const { store } = await openStore(t, pool);
  const { transact, list } = await effects(t, pool);
  for (const id of [1, 2]) await store.add(entry(id), "append");
  const [batch = assert.fail()] = await store.claim(1, 0);
  const complete = (transaction: unknown) => store.completeIn(transaction, batch, entry(1).update);

  await transact(1, complete, "rollback");
  assert.deepEqual(await list(), []);
  await transact(1, complete);
  assert.deepEqual(await list(), [1]);
  await assert.rejects(transact(1, complete), { code: "ERR_STORE", message: /Roll the transaction back/ });
  assert.deepEqual(await list(), [1], "Once, though it was tried twice");
  // The answer to the commit was lost: the handler fails, and its update is retried.
  await store.retry(batch, 0, { attempts: 1, failures: 1 });
  assert.deepEqual(ids(await store.claim(9, 0)), [2]);
  assert.equal(await store.add(entry(1), "append"), "known");
});

test("a batch whose process ends after the commit is not handled again", skip, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  const name = newName();
  const first = await openStore(t, pool, { name });
  const { transact } = await effects(t, pool);
  const album = { key: "album", rules: { quietMs: 0, maxWaitMs: 0, mostParts: 2 } };
  for (const id of [1, 2]) await first.store.add(entry(id, { album, lane: "album" }), "append");
  await first.store.add(entry(3, { lane: "album" }), "append");
  await first.store.add(entry(4, { lane: "other" }), "append");
  const batches = await first.store.claim(9, 0);
  assert.deepEqual(ids(batches), [1, 2, 4]);
  for (const batch of batches) {
    await transact(
      1,
      (transaction) => first.store.completeIn(transaction, batch, batch.updates[0] ?? assert.fail()),
    );
  }
  await pool.query("update telehook.owners set alive_until = '-infinity' where id = $1::bigint", [
    first.store.crash(),
  ]);
  const second = await openStore(t, pool, { name });
  assert.deepEqual(ids(await claimSoon(second.store)), [3]);
  assert.equal((await second.store.stats()).updates, 1);
  for (const id of [1, 2, 4]) assert.equal(await second.store.add(entry(id), "append"), "known");
});

test("a transaction that is open while the lease ends is not handled beside it", skip, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  const name = newName();
  const { transact, list } = await effects(t, pool);
  const first = await openStore(t, pool, { name });
  const second = await openStore(t, pool, { name });
  await first.store.add(entry(1), "append");
  await first.store.add(entry(2, { lane: 2 }), "append");
  const batches = await first.store.claim(2, 0);
  const [batch = assert.fail(), other = assert.fail()] = batches;
  await transact(1, async (transaction) => {
    await first.store.completeIn(transaction, batch, entry(1).update);
    await pool.query("update telehook.owners set alive_until = '-infinity' where id = $1::bigint", [
      first.store.crash(),
    ]);
    // Its other claims are free; this one is once the transaction has ended.
    assert.deepEqual(ids(await second.store.claim(9, 0)), [2]);
    assert.deepEqual(await second.store.claim(9, 0), []);
  });
  assert.deepEqual(await second.store.claim(9, 0), []);
  await assert.rejects(
    transact(2, (transaction) => first.store.completeIn(transaction, other, entry(2).update)),
    { code: "ERR_STORE" },
  );
  assert.deepEqual(await list(), [1], "What another process has claimed cannot be completed any longer");
});

test(
  "albums wait once for what a process took with it, though a transaction of its outlives it",
  skip,
  async (t) => {
    const pool = poolFor(t, await sharedPostgres());
    const name = newName();
    const { transact } = await effects(t, pool);
    const [first, second] = [await openStore(t, pool, { name }), await openStore(t, pool, { name })];
    const album = { key: newName(), rules: { quietMs: 10, maxWaitMs: 10, mostParts: 2 } };
    await first.store.add(entry(1), "append");
    await second.store.add(entry(2, { album, lane: "album" }), "append");
    const [batch = assert.fail()] = await first.store.claim(1, 0);
    await transact(1, async (transaction) => {
      await first.store.completeIn(transaction, batch, entry(1).update);
      const owner = first.store.crash();
      const times = new Set<unknown>();
      for (let looks = 0; looks < 2; looks++) {
        await pool.query("update telehook.owners set alive_until = '-infinity' where id = $1::bigint", [
          owner,
        ]);
        assert.deepEqual(await second.store.claim(9, 0), []);
        const { rows } = await pool.query(
          "select due_at::text from telehook.updates where album = $1::text",
          [
            album.key,
          ],
        );
        times.add(rows[0]?.["due_at"]);
      }
      assert.equal(times.size, 1);
    });
  },
);

test("an update that no store has is completed once, in whichever process", skip, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  const name = newName();
  const [a, b] = [await openStore(t, pool, { name }), await openStore(t, pool, { name })];
  const { transact, list } = await effects(t, pool);
  const { update } = entry(1);
  const both = await Promise.allSettled(
    [a, b].map(({ store }) => transact(1, (transaction) => store.completeIn(transaction, undefined, update))),
  );
  assert.deepEqual(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  assert.deepEqual(await list(), [1]);
  assert.equal(await a.store.add(entry(1), "behind"), "known");

  // Another process has stored a repeat of it.
  await a.store.add(entry(2), "append");
  await transact(2, (transaction) => b.store.completeIn(transaction, undefined, entry(2).update));
  assert.deepEqual(await a.store.claim(9, 0), []);
  assert.equal((await a.store.stats()).updates, 0);
  await a.store.add(entry(3), "append");
  await a.store.claim(1, 0);
  await assert.rejects(
    transact(3, (transaction) => b.store.completeIn(transaction, undefined, entry(3).update)),
    {
      code: "ERR_STORE",
    },
  );
});

test("a transaction that does not end keeps no connections of the store", skip, async (t) => {
  const url = await sharedPostgres();
  const pool = poolFor(t, url, 2);
  const { store } = await openStore(t, { query: pool.query });
  const lanes = [1, 2, 3, 4];
  const batches = await Promise.all(lanes.map((lane) => store.add(entry(lane, { lane }), "claim")));
  const [a, b, c] = batches.map((each) => typeof each === "object" ? each : assert.fail(each));
  assert.ok(a && b && c);
  const { query } = poolFor(t, url, 1); // its client has lost it, which the server does not know
  await query("begin");
  for (const [i, batch] of [a, b, c].entries()) await store.completeIn(query, batch, entry(i + 1).update);
  const began = performance.now();
  const ended = await Promise.allSettled([
    store.retry(a, 0, { attempts: 1, failures: 1 }),
    store.park(b, { error: "It failed", attempts: 1, keepMs: 1_000 }),
    store.complete(c, false),
    store.add(entry(11, { lane: 1 }), "append"),
    store.add(entry(5, { lane: 5 }), "append"),
  ]);
  assert.deepEqual(ended.map(({ status }) => status), [
    ...["rejected", "rejected", "rejected"],
    ...["fulfilled", "fulfilled"],
  ]);
  for (const each of ended) {
    if (each.status === "rejected") {
      assert.match(String(each.reason), /set idle_in_transaction_session_timeout/);
    }
  }
  assert.ok(performance.now() - began < 5_000, "Sooner than its calls end by themselves");
  await query("rollback");
  await store.complete(c, false);
});

test("what was adopted while its transaction ran is not handled again", skip, async (t) => {
  const pool = poolFor(t, await sharedPostgres());
  const { store } = await openStore(t, pool);
  const { transact } = await effects(t, pool);
  const adopted = { batch: await Promise.resolve<unknown>(undefined) };
  await transact(1, async (transaction) => {
    await store.completeIn(transaction, undefined, entry(1).update);
    adopted.batch = await store.add(entry(1), "adopt");
  });
  assert.ok(typeof adopted.batch === "object" && adopted.batch !== null);
  await store.retry(adopted.batch as Parameters<typeof store.retry>[0], 0, { attempts: 1, failures: 1 });
  assert.deepEqual(await store.claim(9, 0), []);
  assert.equal((await store.stats()).updates, 0);
});

test(
  "a handler completes its update with its effects, also when Telegram sends it again",
  skip,
  async (t) => {
    const pool = poolFor(t, await sharedPostgres());
    const { store } = await openStore(t, pool);
    await store.close();
    const { transact, list } = await effects(t, pool);
    const failures: unknown[] = [];
    let fails = true;
    const hook = webhook(async (update, context) => {
      await transact(update.update_id, (transaction) => context.complete?.(transaction) ?? assert.fail());
      if (fails) throw new Error("after the commit");
    }, { secretToken: null, store, onError: (error) => void failures.push(error) });
    t.after(() => hook.close());
    await assert.rejects(async () => await hook.receive(entry(1).update), /after the commit/);
    fails = false;
    await hook.receive(entry(1).update);
    await hook.receive(entry(2).update);
    await pause(0);
    assert.deepEqual(await list(), [1, 2]);
  },
);
