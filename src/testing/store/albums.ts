import assert from "node:assert/strict";
import type { AddMode } from "../../store/inbox_store.ts";
import { entry, type Group, ids, NO_TRIES, updateOf } from "./trial.ts";

/** Albums: when they are complete, and what is late. */
export function testAlbums(test: Group): void {
  test("albums are complete when no part was added for a while", async (trial) => {
    await trial.adds(trial.part(3, "album"));
    await trial.pass(8);
    await trial.adds(trial.part(1, "album"));
    await trial.pass(9);
    await trial.claimsNothing();
    const batch = await trial.claimIn(1, 3, 1);
    assert.deepEqual(batch.updates, [updateOf(3), updateOf(1)]);
    const { album, isLate, end } = batch;
    assert.deepEqual({ album, isLate, end }, { album: "album", isLate: false, end: "quiet" });
    trial.near(batch.waitedMs, 18, "It has waited");
    await trial.rests();
  });

  test("albums are complete some time after their first part, however many are added", async (trial) => {
    const other = { lane: "other", album: { key: "other", rules: trial.rules(15, 50) } };
    await trial.adds(trial.part(1, "album"));
    await trial.pass(9);
    await trial.adds(trial.part(2, "album"));
    await trial.adds(entry(9, other));
    await trial.pass(9);
    await trial.adds(trial.part(3, "album"));
    await trial.claimsNothing();
    await trial.claimIn(6, 9); // the other one's part was added earlier
    const batch = await trial.claimIn(1, 1, 2, 3);
    assert.equal(batch.end, "maxWait");
    trial.near(batch.waitedMs, 25, "It has waited");
  });

  test("albums are due no later for any part when their longest wait is near", async (trial) => {
    const rules = trial.rules(10, 25, 9);
    for (const id of [1, 2, 3, 4, 5]) {
      await trial.adds(trial.part(id, "album", { lane: "a", album: { key: "album", rules } }));
      if (id === 4) await trial.adds(trial.part(9, "other", { lane: "b" }));
      if (id < 5) await trial.pass(6);
    }
    const first = await trial.claimIn(1, 1, 2, 3, 4, 5);
    assert.equal(first.end, "maxWait");
    trial.near(first.waitedMs, 25, "It has waited");
    assert.equal((await trial.claimIn(3, 9)).end, "quiet");
    await trial.rests();
  });

  test("albums fall due in the order of their times, however long each of them waits", async (trial) => {
    const album = (id: number, lane: string, quiet: number) =>
      trial.adds(entry(id, { lane, album: { key: lane, rules: trial.rules(quiet, 1_000, 9) } }));
    await album(1, "long", 100);
    await trial.pass(1);
    await album(2, "short", 10);
    await album(3, "middle", 50);
    const single = await trial.takes(entry(4, { lane: "single" }), "claim");
    await trial.store.retry(single, trial.ms(30), NO_TRIES);
    await trial.pass(5);
    await album(5, "short", 40); // now behind the single one
    await album(6, "long", 20); // and this one before it
    await trial.claimIn(20, 1, 6);
    await trial.claimIn(5, 4);
    await trial.claimIn(15, 2, 5);
    await trial.claimIn(5, 3);
    await trial.rests();
  });

  test("an album that its last part makes full falls due with that part", async (trial) => {
    const album = { key: "album", rules: trial.rules(10, 500, 2) };
    await trial.adds(entry(1, { lane: "a", album }));
    await trial.pass(20); // nobody claims it
    await trial.adds(entry(9, { lane: "b" }));
    await trial.pass(10);
    await trial.adds(entry(2, { lane: "a", album }));
    assert.deepEqual((await trial.claimMany(2)).map(ids), [[9], [1, 2]]);
  });

  test("albums continue to collect behind what is claimed, and are due by their latest part", async (trial) => {
    await trial.adds(trial.part(1, "album"));
    await trial.pass(4);
    const adopted = await trial.takes(entry(9));
    await trial.adds(trial.part(2, "album"));
    await trial.adds(trial.part(5, "other", { lane: "other" }));
    await trial.pass(4);
    await trial.adds(trial.part(3, "album"));
    await trial.store.complete(adopted, false);
    await trial.claimIn(6, 5);
    await trial.claimsNothing();
    await trial.claimIn(4, 1, 2, 3);
  });

  test("albums wait in a lane, collect beyond their time, and are complete in their turn", async (trial) => {
    await trial.adds(entry(1));
    const first = await trial.claim(1);
    await trial.adds(trial.part(2, "album"));
    await trial.pass(100);
    await trial.rests();
    await trial.adds(trial.part(3, "album"), "added", "join");
    await trial.store.complete(first, false);
    const album = await trial.claim(2, 3);
    assert.equal(album.isLate, false);
    await trial.adds(trial.part(4, "album"));
    await trial.pass(10);
    await trial.rests();
    await trial.store.retry(album, trial.ms(50), { attempts: 1, failures: 1 });
    await trial.adds(trial.part(5, "album"));
    await trial.claimsNothing();
    await trial.pass(50);
    const again = await trial.claim(2, 3);
    assert.deepEqual([again.isLate, again.tries.failures], [false, 1]);
    await trial.store.complete(again, false);
    assert.equal((await trial.claim(4, 5)).isLate, true);
  });

  test("albums are late where their key was claimed in their own lane", async (trial) => {
    let id = 0;
    const late: boolean[] = [];
    for (const lane of ["a", "b", 3, "b", "a", 3]) {
      await trial.adds(trial.part(++id, "album", { lane }));
      await trial.pass(10);
      const batch = await trial.claim(id);
      late.push(batch.isLate);
      await trial.store.complete(batch, false);
    }
    assert.deepEqual(late, [false, false, false, true, true, true]);
  });

  test("albums are complete with as many parts as they can have", async (trial) => {
    for (const id of [1, 2, 3, 4]) await trial.adds(trial.part(id, "album"));
    const batch = await trial.claimIn(0, 1, 2, 3, 4);
    assert.deepEqual([batch.isLate, batch.end], [false, "full"]);
    await trial.adds(trial.part(5, "album"), "alone", "join");
    await trial.adds(trial.part(5, "album"));
    await trial.pass(10);
    await trial.rests();
    await trial.store.complete(batch, false);
    const fifth = await trial.claim(5);
    assert.deepEqual([fifth.isLate, fifth.end], [true, "quiet"]);
    const one = { key: "one", rules: trial.rules(10, 25, 1) };
    await trial.adds(entry(6, { lane: "one", album: one }));
    assert.equal((await trial.claim(6)).end, "full");
  });

  test("albums are complete when an update that belongs to no album is added behind them", async (trial) => {
    await trial.adds(trial.part(1, "a"));
    await trial.adds(trial.part(2, "b", { lane: "other" }));
    await trial.adds(entry(3), "added", "behind");
    await trial.adds(trial.part(4, "a"), "alone", "join");
    const a = await trial.claimIn(0, 1);
    assert.equal(a.end, "next");
    await trial.adds(trial.part(4, "a"));
    await trial.claimsNothing(); // that of the other lane continues to collect
    await trial.store.complete(a, false);
    await trial.completes(3);
    assert.equal((await trial.claimIn(10, 2)).end, "quiet");
    assert.equal((await trial.claim(4)).isLate, true);
  });

  test("albums are not complete because an update is adopted", async (trial) => {
    await trial.adds(trial.part(1, "album"));
    await trial.store.complete(await trial.takes(entry(9)), false);
    await trial.claimsNothing();
    await trial.adds(trial.part(2, "album"), "added", "join");
    const album = await trial.claimIn(10, 1, 2);
    assert.equal(album.end, "quiet");
  });

  test("several albums of one lane collect at the same time", async (trial) => {
    for (const [id, key] of [[1, "A"], [2, "B"], [3, "A"], [4, "B"], [5, "A"], [6, "B"]] as const) {
      await trial.adds(trial.part(id, key, { album: { key, rules: trial.rules(10, 60) } }));
      await trial.pass(2);
    }
    const a = await trial.claimIn(6, 1, 3, 5);
    assert.deepEqual([a.album, a.end, a.isLate], ["A", "quiet", false]);
    await trial.rests();
    await trial.adds(trial.part(7, "B"), "added", "join");
    await trial.store.complete(a, false);
    const b = await trial.claimIn(0, 2, 4, 6, 7);
    assert.deepEqual([b.album, b.end, b.isLate], ["B", "full", false]);
  });

  test("several albums of one lane are complete when another update is added behind them", async (trial) => {
    for (const [id, key] of [[1, "A"], [2, "B"], [3, "A"], [4, "B"]] as const) {
      await trial.adds(trial.part(id, key));
    }
    await trial.adds(entry(5));
    for (const expected of [[1, 3], [2, 4]]) {
      const batch = await trial.claim(...expected);
      assert.deepEqual([batch.end, batch.isLate], ["next", false]);
      await trial.store.complete(batch, false);
    }
    await trial.completes(5);
  });

  test('"join" adds a part only if its album collects here', async (trial) => {
    await trial.adds(trial.part(1, "album"), "alone", "join");
    assert.equal(trial.store.count, 0);
    await trial.adds(trial.part(1, "album"));
    await trial.adds(trial.part(2, "other"), "alone", "join");
    await trial.adds(trial.part(2, "album", { lane: "other" }), "alone", "join");
    await trial.adds(trial.part(2, "album"), "added", "join");
    await trial.adds(trial.part(2, "album"), "known", "join");
    const album = await trial.claimIn(10, 1, 2);
    await trial.adds(trial.part(3, "album"), "alone", "join");
    await trial.store.complete(album, false);
    await trial.adds(trial.part(3, "album"), "alone", "join");
    assert.equal(trial.store.count, 0);
  });

  test("a quiet time can be longer for now, but not the longest wait", async (trial) => {
    await trial.adds(trial.part(1, "short", { lane: "a" })); // quiet after 10, complete after 25 at the latest
    await trial.adds(entry(2, { lane: "b", album: { key: "long", rules: trial.rules(12, 500) } }));
    await trial.adds(entry(3, { lane: "c" }));
    await trial.pass(13);
    assert.deepEqual((await trial.claimMany(9, 200)).map(ids), [[3]]);
    assert.ok(
      trial.wakeAt !== undefined && trial.wakeAt > trial.clock.now(),
      "It wakes immediately, although nothing is due",
    );
    await trial.pass(12);
    const late = await trial.claimMany(9, 200);
    assert.deepEqual(late.map(ids), trial.clock.toleranceMs > 0 && late.length === 0 ? [] : [[1]]);
    await trial.claimsNothing(200);
    await trial.adds(trial.part(4, "long", { lane: "b" }), "added", "join");
    await trial.pass(12);
    await trial.claim(...(late.length === 0 ? [1] : [2, 4]));
  });

  test("albums of which each waits for another time are all found when quiet times are longer for now", async (trial) => {
    for (const units of [8, 1, 12, 10, 9]) {
      const rules = units === 1 ? trial.rules(10, 25) : trial.rules(units, 1_000);
      await trial.adds(entry(units, { lane: units, album: { key: "album", rules } }));
    }
    await trial.pass(13);
    await trial.claimsNothing(200);
    const { wakeAt = Infinity, clock } = trial;
    assert.ok(
      wakeAt <= clock.now() + trial.ms(12) + 2 * clock.toleranceMs,
      "It wakes when the longest wait has ended",
    );
    await trial.pass(14);
    assert.deepEqual((await trial.claimMany(9, 200)).map(ids), [[1]]);
    await trial.claimsNothing(200);
    assert.deepEqual((await trial.claimMany(9)).map(ids), [[8], [9], [10], [12]]);
  });

  test("the other albums of a lane collect when one of them is complete", async (trial) => {
    let id = 0;
    for (const [full, ...others] of ["abc", "bac", "cab"]) {
      const lane = `${full} is full first`;
      const add = (key = "", mode: AddMode = "append") =>
        trial.adds(entry(++id, { lane, album: { key, rules: trial.rules(10, 25, 2) } }), "added", mode);
      for (const key of "abc") await add(key);
      for (const key of [full, ...others]) await add(key, "join");
      for (const key of "abc") {
        const batch = await trial.claimOne();
        assert.ok(batch !== undefined);
        assert.deepEqual([batch.album, batch.end, batch.updates.length], [key, "full", 2]);
        await trial.store.complete(batch, false);
      }
    }
  });
}
