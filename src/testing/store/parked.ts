import assert from "node:assert/strict";
import type { Parking } from "../../store/inbox_store.ts";
import { REMEMBERED_MS } from "../../store/limits.ts";
import { entry, type Group, ids, updateOf } from "./trial.ts";

const KEPT: Parking = { error: "It failed: 42", attempts: 5, keepMs: 7 * 24 * 60 * 60 * 1_000 };

/** Batches that were given up, and the end of the use of a store. */
export function testParked(test: Group): void {
  test("parked batches are listed, and do not hold up their lane", async (trial) => {
    const { store } = trial;
    const began = Date.now();
    for (const id of [1, 2]) await trial.adds(entry(id));
    await store.park(await trial.claim(1), KEPT);
    assert.deepEqual(trial.counts, { count: 1, chars: 102 });
    await trial.completes(2);
    await trial.rests();
    const [parked, ...others] = await store.parked(0, 10);
    assert.deepEqual(others, []);
    assert.ok(parked);
    const { id, updates, album, error, attempts, parkedAt } = parked;
    assert.deepEqual({ id, updates, album, error, attempts }, {
      id: 1,
      updates: [updateOf(1)],
      album: undefined,
      error: "It failed: 42",
      attempts: 5,
    });
    assert.ok(Math.abs(parkedAt - began) < 24 * 60 * 60 * 1_000, `Parked at ${new Date(parkedAt)}`);
    assert.equal((await store.stats()).parked, 1);
  });

  test("parked batches are listed by their ids, some at a time", async (trial) => {
    const { store } = trial;
    for (const id of [7, 3, 9, 5]) {
      await store.park(await trial.takes(entry(id, { lane: id }), "claim"), KEPT);
    }
    for (const id of [2, 1]) await trial.adds(trial.part(id, "album"));
    await trial.pass(10);
    await store.park(await trial.claim(2, 1), KEPT);
    const list = async (after: number, most: number) => (await store.parked(after, most)).map(({ id }) => id);
    assert.deepEqual(await list(0, 100), [2, 3, 5, 7, 9]);
    assert.deepEqual(await list(0, 2), [2, 3]);
    assert.deepEqual(await list(3, 2), [5, 7]);
    assert.deepEqual(await list(9, 2), []);
    const [album] = await store.parked(1, 1);
    assert.deepEqual([album?.album, album?.updates], ["album", [updateOf(2), updateOf(1)]]);
  });

  test("a parked batch stays parked while an update of it is here again", async (trial) => {
    const { store } = trial;
    if (!store.isDurable || !trial.clock.canJump) return;
    for (const id of [1, 2]) await trial.adds(trial.part(id, "album"));
    await trial.pass(10);
    await store.park(await trial.claim(1, 2), KEPT);
    await trial.clock.pass(REMEMBERED_MS + 60_000);
    await trial.adds(entry(1)); // a repeat of what was forgotten
    assert.equal(await store.replay(1), false);
    await trial.completes(1);
    await trial.clock.pass(REMEMBERED_MS + 60_000);
    await trial.adds(entry(2)); // any part of it
    assert.equal(await store.replay(1), false);
    assert.deepEqual((await store.parked(0, 10)).map(({ updates }) => updates.length), [2]);
    await trial.completes(2);
    assert.equal(await store.replay(1), true);
    await trial.completes(1, 2);
  });

  test("a parked batch that is replayed is handled again, behind its lane", async (trial) => {
    const { store } = trial;
    await trial.adds(entry(1, { tries: { attempts: 4, failures: 4 } }));
    const parked = await trial.claim(1);
    await store.park(parked, KEPT);
    await trial.adds(entry(2));
    trial.wakeAt = undefined;
    assert.equal(await store.replay(1), true);
    assert.equal(await store.replay(1), false);
    assert.equal(await store.replay(99), false);
    assert.deepEqual(await store.parked(0, 10), []);
    await trial.adds(entry(1), "known");
    assert.equal((await store.stats()).updates, 2);
    const other = await trial.claimIn(0, 2);
    assert.equal(other.isReplay, false);
    await trial.adds(entry(3));
    await store.complete(other, false);
    const replayed = await trial.claim(1);
    await store.complete(parked, false); // whose claim has ended
    assert.deepEqual([replayed.isReplay, replayed.updates, replayed.crashes], [true, [updateOf(1)], 0]);
    await store.retry(replayed, 0, { attempts: 1, failures: 1 });
    const again = await trial.claim(1);
    assert.equal(again.isReplay, true);
    await store.park(again, { ...KEPT, attempts: 1, error: "Again" });
    assert.deepEqual((await store.parked(0, 10)).map(({ id, error }) => [id, error]), [[1, "Again"]]);
    await trial.completes(3);
  });

  test("a parked album is replayed as it was", async (trial) => {
    const { store } = trial;
    const album = { key: "album", rules: trial.rules(10, 25, 10) };
    const parts = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    await trial.adds(trial.part(11, "album", { album }));
    await trial.pass(10);
    await trial.completes(11);
    for (const id of parts) await trial.adds(trial.part(id, "album", { album }));
    const late = await trial.claimIn(0, ...parts);
    await store.park(late, KEPT);
    assert.equal(await store.replay(1), true);
    const replayed = await trial.claimIn(0, ...parts);
    assert.deepEqual([replayed.album, replayed.isLate, replayed.isReplay], ["album", true, true]);
    await store.complete(replayed, false);
    await trial.rests();
  });

  test("a parked batch that is discarded is gone", async (trial) => {
    const { store } = trial;
    await store.park(await trial.takes(entry(1), "claim"), KEPT);
    assert.equal(await store.discard(2), false);
    assert.equal(await store.discard(1), true);
    assert.equal(await store.discard(1), false);
    assert.equal(await store.replay(1), false);
    assert.deepEqual(await store.parked(0, 10), []);
    await trial.rests();
  });

  test("a parked batch is kept for as long as it was to be", async (trial) => {
    const { store } = trial;
    await store.park(await trial.takes(entry(1), "claim"), { ...KEPT, keepMs: trial.ms(20) });
    await store.park(await trial.takes(entry(2), "claim"), { ...KEPT, keepMs: trial.ms(60) });
    await trial.pass(18);
    assert.deepEqual((await store.parked(0, 10)).map(({ id }) => id), [1, 2]);
    await trial.pass(4);
    assert.deepEqual((await store.parked(0, 10)).map(({ id }) => id), [2]);
    assert.equal((await store.stats()).parked, 1);
    assert.equal(await store.replay(1), false);
    assert.equal(await store.replay(2), true);
  });

  test("a parked batch can be kept for two months", async (trial) => {
    if (!trial.clock.canJump) return;
    const months = 60 * 24 * 60 * 60 * 1_000;
    await trial.store.park(await trial.takes(entry(1)), { ...KEPT, keepMs: months });
    await trial.clock.pass(months - 60_000);
    assert.deepEqual((await trial.store.parked(0, 10)).map(({ id }) => id), [1]);
    assert.equal(await trial.store.replay(1), true);
  });

  test("closing tells what ends with the store, and leaves nothing to do", async (trial) => {
    const { store, options: { isDurable } } = trial;
    for (const id of [1, 2]) await trial.adds(entry(id));
    for (const id of [3, 4]) await trial.adds(trial.part(id, "album"));
    await trial.adds(entry(5, { lane: "other" }));
    const running = await trial.claim(1);
    const left = (await store.close()).map(ids);
    assert.deepEqual(left, isDurable ? [] : [[1], [2], [3, 4], [5]]);
    assert.deepEqual(trial.counts, { count: 0, chars: 0 });
    assert.equal(await store.complete(running, true), undefined);
    await store.withdraw?.(running);
    await store.retry(running, 0, { attempts: 1, failures: 1 });
    await store.park(running, KEPT);
    assert.deepEqual(await store.close(), []);
  });

  test("flushing makes the albums complete that collect", async (trial) => {
    const { store } = trial;
    if (store.flush === undefined) {
      assert.ok(store.isDurable, "A store that is not durable needs flush");
      return;
    }
    await trial.adds(trial.part(1, "a", { lane: "a" }));
    await trial.adds(trial.part(2, "b", { lane: "b" }));
    await trial.adds(trial.part(3, "c", { lane: "b" }));
    await trial.claimsNothing();
    trial.wakeAt = undefined;
    await store.flush();
    await trial.adds(trial.part(4, "c", { lane: "b" }), "alone", "join");
    const a = await trial.claimIn(0, 1);
    const b = await trial.claim(2);
    await store.complete(b, false);
    const c = await trial.claim(3);
    assert.deepEqual([a.end, b.end, c.end], ["close", "close", "close"]);
    await trial.adds(trial.part(4, "c", { lane: "b" }), "alone", "join");
  });
}
