import assert from "node:assert/strict";
import { pause } from "../../platform/pause.ts";
import { CAREFUL_MS, REMEMBERED_MS } from "../../store/limits.ts";
import type { Awaitable, Batch, InboxStore } from "../../store/inbox_store.ts";
import { handlesAll } from "./single_updates.ts";
import { entry, type Group, ids, KEPT, type TestStoreOptions, type Trial, updateOf } from "./trial.ts";

/** What survives the end of a process, and what several processes do with one store. */
export function testDurable(test: Group, options: TestStoreOptions): void {
  testReopening(test, options);
  if (options.crash !== undefined) testCrashes(test);
  if (options.isShared) testSharing(test, options);
}

function testReopening(test: Group, { isShared }: TestStoreOptions): void {
  test("everything is kept until the store is opened again, in order", async (first) => {
    const { store } = first;
    await first.adds(entry(1, { tries: { attempts: 4, failures: 3 } }));
    await first.adds(slowPart(first, 2));
    await first.adds(slowPart(first, 3));
    await first.adds(entry(4, { lane: "retried" }));
    await first.claim(1);
    await store.retry(await first.claim(4), first.ms(100), { attempts: 1, failures: 1 });
    await first.takes(entry(5, { lane: "adopted" }));
    await first.takes(entry(6, { lane: "taken" }), "claim");
    await store.park(await first.takes(entry(7, { lane: "parked" }), "claim"), KEPT);
    assert.deepEqual(await store.close(), []);

    const second = await first.another();
    assert.deepEqual(second.counts, { count: 0, chars: 0 });
    const { updates, lanes, parked } = await second.store.stats();
    assert.deepEqual([updates, lanes, parked], [6, 4, 1]);
    const claimed = await second.claimMany(10);
    assert.deepEqual(claimed.map(ids).sort(), [[1], [5], [6]]);
    for (const batch of claimed) {
      assert.deepEqual([batch.crashes, batch.crashesAlone], [0, 0], "It was closed");
      if (batch.updates[0]?.update_id !== 1) continue;
      assert.deepEqual({ ...batch.tries }, { attempts: 4, failures: 3 });
      assert.deepEqual(batch.updates, [updateOf(1)]);
    }
    for (const id of [1, 2, 3, 4, 5, 6, 7]) await second.adds(entry(id), "known");
    await second.adds(slowPart(second, 8), "added", "join");
    for (const batch of claimed) await second.store.complete(batch, false);
    await second.pass(100);
    const [album, retried] = await second.claimMany(5);
    assert.deepEqual([album, retried].map((batch) => batch && ids(batch)), [[2, 3, 8], [4]]);
    assert.deepEqual({ ...retried?.tries }, { attempts: 1, failures: 1 });
    assert.deepEqual((await second.store.parked(0, 9)).map(({ id }) => id), [7]);
    assert.equal(await second.store.replay(7), true);
    await second.completes(7);
  });

  test("everything has the order of adding when the store is opened again", async (first) => {
    for (const id of [5, 3, 4]) await first.adds(entry(id, { lane: "a lane" }));
    for (const id of [9, 7, 8, 6]) await first.adds(first.part(id, "album", { lane: "full" }));
    await first.adds(entry(1, { lane: "adopted" }));
    await first.takes(entry(2, { lane: "adopted" }));
    await first.store.close();
    const second = await first.another();
    const order: (readonly number[])[] = [];
    for (let batch = await second.claimOne(); batch !== undefined; batch = await second.claimOne()) {
      order.push(ids(batch));
      await second.store.complete(batch, false);
    }
    const from = (...some: number[]) => order.filter(([id]) => some.includes(id ?? 0));
    assert.deepEqual(from(5, 3, 4), [[5], [3], [4]]);
    assert.deepEqual(from(9), [[9, 7, 8, 6]]);
    assert.deepEqual(from(1, 2), [[2], [1]]);
  });

  test("what was completed or parked is known", async (first) => {
    const { store } = first;
    await store.complete(await first.takes(entry(1), "claim"), false);
    await store.park(await first.takes(entry(2), "claim"), KEPT);
    await store.complete(await first.takes(entry(4)), false);
    const check = async (trial: Trial) => {
      for (const id of [1, 2, 4]) {
        await trial.adds(entry(id), "known");
        for (const mode of ["behind", "claim", "adopt"] as const) await trial.adds(entry(id), "known", mode);
      }
      await trial.rests();
    };
    await check(first);
    await store.close();
    const second = await first.another();
    await check(second);
    assert.equal(await second.store.discard(2), true);
    await second.adds(entry(2), "known");
    await second.adds(entry(1, { lane: "other" }), "known");
    if (!second.clock.canJump) return;
    await second.clock.pass(REMEMBERED_MS - 60_000);
    await second.adds(entry(1), "known", "behind");
    await second.clock.pass(120_000);
    await second.adds(entry(1), "alone", "behind");
  });

  test("a thousand updates that were handled are known", async ({ store }) => {
    const all = Array.from({ length: 1_000 }, (_, i) => entry(i + 1, { lane: i }));
    const claimed = await Promise.all(all.map((each) => store.add(each, "claim")));
    await Promise.all(claimed.map((batch) => typeof batch === "object" && store.complete(batch, false)));
    const again = await Promise.all(all.map((each) => store.add(each, "append")));
    assert.deepEqual(new Set(again), new Set(["known"]));
  });

  test("a part that is added after its album was claimed is late, also when it is opened again", async (first) => {
    await first.adds(first.part(1, "album"));
    await first.pass(10);
    await first.store.complete(await first.claim(1), false);
    await first.store.close();
    const second = await first.another();
    await second.adds(second.part(2, "album"));
    await second.adds(second.part(3, "album", { lane: "other" }));
    await second.pass(10);
    const [late, whole] = [await second.claim(2), await second.claim(3)];
    assert.deepEqual([late.isLate, whole.isLate], [true, false]);
    if (!second.clock.canJump) return;
    await second.store.complete(late, false);
    await second.store.complete(whole, false);
    await second.clock.pass(REMEMBERED_MS + 60_000);
    await second.adds(second.part(4, "album"));
    await second.pass(10);
    assert.equal((await second.claim(4)).isLate, false);
  });

  test("albums that collected when it was closed get the time in which Telegram repeats a part", async (first) => {
    if (!first.clock.canJump) return;
    for (const id of [1, 2]) await first.adds(first.part(id, "album"));
    await first.store.close();
    await first.clock.pass(1_500);
    const second = await first.another();
    await second.claimsNothing();
    await second.clock.pass(1_990);
    await second.claimsNothing();
    await second.adds(second.part(3, "album"), "added", "join");
    await second.pass(8);
    await second.adds(second.part(4, "album"), "added", "join");
    const album = await second.claim(1, 2, 3, 4);
    assert.deepEqual([album.isLate, album.end], [false, "full"]);
    await second.store.complete(album, false);

    await second.adds(second.part(5, "other"));
    await second.store.close();
    await second.clock.pass(1_500);
    const third = await first.another();
    await third.clock.pass(2_000 + 1_500 + third.ms(10) + 1);
    assert.equal((await third.claim(5)).isLate, false);
  });

  test("what a handler does to an update does not change what is kept", async (first) => {
    const update = updateOf(1);
    await first.adds(entry(1, { update }));
    const batch = await first.claim(1);
    for (const each of [update, batch.updates[0] ?? assert.fail()]) {
      Object.assign("message" in each ? each.message ?? {} : {}, { text: "changed" });
    }
    await first.store.retry(batch, 0, { attempts: 1, failures: 1 });
    assert.deepEqual((await first.claim(1)).updates, [updateOf(1)]);
  });

  test("an update that cannot be written is refused, and harms no other", async ({ store }) => {
    const bad = { ...updateOf(1), amount: 1n };
    const calls = await Promise.allSettled([
      store.add(entry(2, { lane: "a" }), "append"),
      (async () => await store.add(entry(1, { update: bad }), "append"))(),
      store.add(entry(3, { lane: "b" }), "append"),
    ]);
    assert.deepEqual(calls.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
    const [, rejected] = calls;
    const code = rejected?.status === "rejected" ? (rejected.reason as { code?: unknown }).code : undefined;
    assert.equal(code, "ERR_STORE");
    assert.equal(store.count, 2);
    assert.deepEqual((await store.claim(5, 0)).flatMap(ids).sort(), [2, 3]);
  });

  if (isShared) return;
  test("only one process uses it at a time", async (first) => {
    await first.adds(entry(1));
    assert.equal(first.store.isShared, false);
  });
}

function slowPart(trial: Trial, id: number) {
  return trial.part(id, "album", { album: { key: "album", rules: trial.rules(10, 5_000) } });
}

function testCrashes(test: Group): void {
  test("what a process had claimed that ended is due again, and counts that", async (first) => {
    const tries = { attempts: 3, failures: 2 };
    await first.adds(entry(1));
    await first.adds(entry(2));
    await first.store.retry(await first.claim(1), 0, tries);
    await first.claim(1);
    await first.crash();
    for (let crashes = 1; crashes <= 3; crashes++) {
      const next = await first.another();
      const batch = await next.claimIn(0, 1);
      assert.deepEqual([batch.crashes, batch.crashesAlone], [crashes, crashes]);
      assert.deepEqual({ ...batch.tries }, tries);
      await next.crash();
    }
    const last = await first.another();
    const kept = await last.claimIn(0, 1);
    assert.equal(kept.crashes, 4);
    await last.store.retry(kept, 0);
    const again = await last.claim(1);
    assert.deepEqual([again.crashes, again.crashesAlone], [4, 4], "It was not handled");
    await last.store.retry(again, 0, { attempts: 5, failures: 5 });
    const counted = await last.claim(1);
    assert.deepEqual([counted.crashes, counted.crashesAlone], [0, 0], "They are in its tries");
    assert.deepEqual({ ...counted.tries }, { attempts: 5, failures: 5 });
    await last.store.complete(counted, false);
    assert.equal((await last.claim(2)).crashes, 0);
  });

  test("a call that has resolved has happened, even if the process ends then", async (first) => {
    let trial = first;
    const endsAfter = async (call: (store: InboxStore) => Awaitable<unknown>): Promise<void> => {
      await call(trial.store);
      await trial.crash();
      trial = await first.another();
    };
    await endsAfter((store) => store.add(entry(1), "append"));
    const claimed = await trial.claimIn(0, 1);
    assert.equal(claimed.crashes, 0);
    await endsAfter((store) => store.retry(claimed, 0, { attempts: 3, failures: 2 }));
    const retried = await trial.claimIn(0, 1);
    assert.deepEqual([retried.crashes, { ...retried.tries }], [0, { attempts: 3, failures: 2 }]);
    await endsAfter((store) => store.park(retried, KEPT));
    assert.deepEqual((await trial.store.parked(0, 9)).map(({ id }) => id), [1]);
    await trial.rests();
    await endsAfter((store) => store.replay(1));
    assert.deepEqual(await trial.store.parked(0, 9), []);
    const replayed = await trial.claimIn(0, 1);
    assert.deepEqual([replayed.crashes, replayed.isReplay], [0, true]);
    await endsAfter((store) => store.complete(replayed, false));
    await trial.rests();
    await trial.adds(entry(1), "known");
    await trial.store.park(await trial.takes(entry(2)), KEPT);
    await endsAfter((store) => store.discard(2));
    assert.deepEqual(await trial.store.parked(0, 9), []);
  });

  test("of several that a process had claimed that ended, none has ended it alone", async (first) => {
    for (const id of [1, 2, 3]) await first.adds(entry(id, { lane: `${id}` }));
    let trial = first;
    for (let crashes = 0; crashes < 2; crashes++) {
      const claimed = await trial.claimMany(9);
      assert.deepEqual(claimed.map((each) => [each.crashes, each.crashesAlone]), Array(3).fill([crashes, 0]));
      await trial.crash();
      trial = await first.another();
    }
    // Suspects are told apart by claiming one of them at a time, together with updates that no process has crashed
    // with.
    const suspect = await trial.claim(1);
    assert.deepEqual([suspect.crashes, suspect.crashesAlone], [2, 0]);
    await trial.takes(entry(4, { lane: "new" }));
    await trial.crash();

    const last = await first.another();
    const facts = new Map<number | undefined, number[]>();
    for (const batch of await last.claimMany(9)) {
      facts.set(ids(batch)[0], [batch.crashes, batch.crashesAlone]);
    }
    assert.deepEqual([...facts].sort(([a = 0], [b = 0]) => a - b), [[1, [3, 1]], [2, [2, 0]], [3, [2, 0]], [
      4,
      [
        1,
        0,
      ],
    ]]);
  });

  test("after a process has ended, every update is claimed here for a while", async (first) => {
    await first.adds(entry(1), "alone", "behind");
    await first.crash();
    const second = await first.another();
    const claimed = await second.takes(entry(1), "behind");
    await second.adds(entry(2), "added", "behind");
    await second.store.complete(claimed, false);
    await second.completes(2);
    await second.takes(entry(3, { lane: "poison" }), "behind");
    await second.crash();
    const third = await first.another();
    assert.deepEqual((await third.claimMany(5)).map((each) => [ids(each)[0], each.crashesAlone]), [[3, 1]]);
    await third.adds(entry(3, { lane: "poison" }), "known", "behind");
    await third.store.close();
    const fourth = await first.another();
    await fourth.store.complete(await fourth.takes(entry(4), "behind"), false);
    if (!fourth.clock.canJump) return;
    await fourth.clock.pass(CAREFUL_MS - 60_000);
    await fourth.store.complete(await fourth.takes(entry(5), "behind"), false);
    await fourth.clock.pass(120_000);
    await fourth.adds(entry(6), "alone", "behind");
    await fourth.crash();
    const fifth = await first.another();
    await fifth.takes(entry(7), "behind");
  });

  test("a store that was closed has not ended its process", async (first) => {
    await first.adds(entry(1, { lane: "other" }));
    await first.store.close();
    const second = await first.another();
    await second.adds(entry(2), "alone", "behind");
  });

  test("a process that ended keeps nothing for itself", async (first) => {
    await first.adds(entry(1, { reservedMs: 3_600_000 }));
    await first.crash();
    const second = await first.another();
    await second.claimIn(0, 1);
  });

  test("albums that collected when a process ended get the time in which Telegram repeats a part", async (first) => {
    if (!first.clock.canJump) return;
    for (const id of [1, 2, 3]) await first.adds(first.part(id, "album"));
    await first.crash();
    await first.clock.pass(150);
    const second = await first.another();
    await second.claimsNothing();
    await second.clock.pass(1_950);
    await second.claimsNothing();
    await second.adds(second.part(4, "album"), "added", "join");
    const album = await second.claim(1, 2, 3, 4);
    assert.equal(album.isLate, false);
  });

  test("an album stops waiting for its parts, even if a process ends every minute", async (first) => {
    if (!first.clock.canJump) return;
    await first.adds(first.part(1, "album"));
    await first.crash();
    await first.clock.pass(60_000);
    let trial = await first.another();
    for (let minutes = 0;; minutes++) {
      await trial.clock.pass(60_000);
      const claimed = await trial.claimMany(1);
      if (claimed.length > 0) return;
      assert.ok(minutes < 5, "Its lane still waits");
      await trial.crash();
      trial = await first.another();
    }
  });
}

function testSharing(test: Group, { crash, leaseMs }: TestStoreOptions): void {
  test("two processes share the lanes: what one has claimed, the other waits for", async (a) => {
    const b = await a.another();
    await a.adds(entry(1));
    await b.adds(entry(2), "added", "behind");
    await b.adds(entry(1), "known");
    assert.deepEqual([a.store.count, b.store.count], [1, 1]);
    const first = await b.claim(1);
    await a.rests();
    await b.rests();
    await b.store.complete(first, false);
    const second = await a.claimIn(0, 2);
    await b.store.retry(first, 0, { attempts: 1, failures: 1 });
    await b.rests();
    assert.equal(await b.store.complete(second, false), undefined); // it is the other one's
    assert.equal((await a.store.stats()).updates, 1);
    await a.store.complete(second, false);
    const { updates } = await b.store.stats();
    assert.equal(updates, 0);
    await a.adds(entry(3));
    await b.store.complete(await b.claimIn(0, 3), false);
    for (const each of [a, b]) await hasNone(each);
    await b.adds(entry(4), "alone", "behind");
  });

  test("two processes collect one album", async (a) => {
    const b = await a.another();
    await a.adds(a.part(1, "album"));
    await b.adds(b.part(2, "album"), "added", "join");
    await a.adds(a.part(3, "album"), "added", "join");
    const album = await b.claimIn(10, 1, 2, 3);
    await a.adds(a.part(4, "album"), "alone", "join");
    await a.adds(a.part(4, "album"));
    await b.store.complete(album, false);
    await a.pass(10);
    assert.equal((await b.claim(4)).isLate, true);
  });

  test("two processes that claim at the same time claim nothing twice", async (a) => {
    const b = await a.another();
    for (let id = 1; id <= 12; id++) await a.adds(entry(id, { lane: id % 6 }));
    const order: number[] = [];
    for (let rounds = 0; order.length < 12; rounds++) {
      assert.ok(rounds < 50);
      const claims = await Promise.all([a, b].map(async (each) => [each, await each.claimMany(2)] as const));
      for (const [each, batches] of claims) {
        for (const batch of batches) order.push(...ids(batch));
        for (const batch of batches) await each.store.complete(batch, false);
      }
    }
    assert.deepEqual([...order].sort((x, y) => x - y), Array.from({ length: 12 }, (_, i) => i + 1));
    for (let lane = 0; lane < 6; lane++) {
      const own = order.filter((id) => id % 6 === lane);
      assert.deepEqual(own, [...own].sort((x, y) => x - y));
    }
  });

  test("copies that are added in two processes at the same time are one", async (a) => {
    const b = await a.another();
    const added = await Promise.all([
      a.store.add(entry(1), "append"),
      b.store.add(entry(1), "append"),
      a.store.add(entry(1), "append"),
      b.store.add(entry(1), "append"),
    ]);
    assert.deepEqual([...added].sort(), ["added", "known", "known", "known"]);
    await a.completes(1);
    await b.rests();
  });

  test("only the process that has reserved an update claims it, for as long as it is reserved", async (a) => {
    const b = await a.another();
    await a.adds(entry(1));
    const first = await b.claim(1);
    await a.adds(entry(2, { reservedMs: a.ms(40) }), "added", "behind");
    await b.store.complete(first, false);
    await b.claimsNothing();
    const second = await a.claimIn(0, 2);
    await a.adds(entry(3, { reservedMs: a.ms(40) }), "added", "behind");
    await a.store.complete(second, false);
    await b.claimsNothing();
    await b.pass(38);
    await b.claimsNothing();
    await b.pass(4);
    await b.claim(3);
  });

  test("what one process has reserved is another one's when it closes", async (a) => {
    const b = await a.another();
    await a.adds(entry(1, { reservedMs: 3_600_000 }));
    await b.claimsNothing();
    await a.store.close();
    await b.claimIn(0, 1);
  });

  test("a process that closes gives back what it has claimed", async (a) => {
    const b = await a.another();
    await a.adds(entry(1));
    await a.claim(1);
    await b.claimsNothing();
    await a.store.close();
    const batch = await b.claimIn(0, 1);
    assert.deepEqual([batch.crashes, batch.crashesAlone], [0, 0]);
    await b.adds(entry(2, { lane: "other" }), "alone", "behind");
  });

  const endings = new Map<string, (trial: Trial) => Awaitable<unknown>>([[
    "closes",
    ({ store }) => store.close(),
  ]]);
  if (crash !== undefined) endings.set("has ended", (trial) => trial.crash());
  for (const [name, end] of endings) {
    test(`a process that ${name} gives back nothing that another one has claimed or reserved`, async (a) => {
      const b = await a.another();
      await b.adds(entry(1));
      const claimed = await b.claim(1);
      await b.adds(entry(2, { lane: "reserved", reservedMs: 3_600_000 }));
      await a.takes(entry(3, { lane: "ended" }));
      await end(a);
      const c = await a.another();
      const ended = await c.claimIn(0, 3);
      const crashes = name === "closes" ? 0 : 1;
      assert.deepEqual([ended.crashes, ended.crashesAlone], [crashes, crashes]);
      await c.claimsNothing();
      await b.store.retry(claimed, 0, { attempts: 1, failures: 1 });
      const retried = await c.claimIn(0, 1);
      assert.deepEqual([retried.crashes, { ...retried.tries }], [0, { attempts: 1, failures: 1 }]);
    });
  }

  test("updates that processes add while they complete others are each handled once, in order", async (a) => {
    await handlesAll([a, await a.another()]);
  });

  test("one process learns of what another has added", async (a) => {
    const b = await a.another();
    await b.rests();
    await a.adds(entry(1));
    await b.claimIn(0, 1);
  });

  test("one process replays what another has parked", async (a) => {
    await a.store.park(await a.takes(entry(1), "claim"), KEPT);
    const b = await a.another();
    assert.deepEqual((await b.store.parked(0, 5)).map(({ id, updates }) => [id, updates]), [[1, [
      updateOf(1),
    ]]]);
    assert.equal(await b.store.replay(1), true);
    await b.store.close();
    assert.equal((await a.claimIn(0, 1)).isReplay, true);
  });

  if (leaseMs === undefined) return;
  test("another process takes over when a lease has ended, and the first one is told", async (a) => {
    if (!a.clock.canJump) return;
    const b = await a.another();
    await a.adds(entry(1));
    await a.adds(entry(2));
    const lost = await a.claim(1);
    const taken = await takeOver(b, leaseMs);
    assert.deepEqual(ids(taken), [1]);
    assert.deepEqual([taken.crashes, taken.crashesAlone], [1, 1]);
    for (let tries = 0; a.lost.length === 0; tries++) {
      assert.ok(tries < 400, "It is not told that its batch is lost");
      await pause(5);
      await a.claimsNothing();
    }
    assert.deepEqual(a.lost, [lost]);
    await a.store.complete(lost, false);
    await a.store.retry(lost, 0, { attempts: 1, failures: 1 });
    await a.claimsNothing();
    await b.store.complete(taken, false);
    const second = await a.claimIn(0, 2);
    await a.store.complete(second, false);
    assert.equal((await a.store.stats()).updates, 0);
    assert.deepEqual(b.lost, []);
    a.lost.length = 0;
  });

  test("a lease does not end while its process lives", async (a) => {
    const b = await a.another();
    await a.adds(entry(1));
    await a.claim(1);
    // In real time, since renewals are timers.
    if (a.clock.toleranceMs === 0) return;
    const until = performance.now() + 2.5 * leaseMs;
    while (performance.now() < until) {
      await b.claimsNothing();
      await pause(leaseMs / 10);
    }
    assert.deepEqual(a.lost, []);
  });
}

/** Expects that all that a process has added was handled, by whichever process. It learns of that when it claims. */
async function hasNone(trial: Trial): Promise<void> {
  for (let tries = 0; trial.store.count !== 0 || trial.store.chars !== 0; tries++) {
    if (tries >= 200) assert.deepEqual(trial.counts, { count: 0, chars: 0 });
    await pause(5);
    await trial.rests();
  }
}

async function takeOver(trial: Trial, leaseMs: number): Promise<Batch> {
  for (let passedMs = 0; passedMs <= 2 * leaseMs; passedMs += leaseMs / 4) {
    const batch = await trial.claimOne();
    if (batch !== undefined) {
      assert.ok(passedMs >= leaseMs / 2, `The lease of ${leaseMs} ms has ended after ${passedMs} ms`);
      return batch;
    }
    await trial.clock.pass(leaseMs / 4);
  }
  assert.fail(`The lease of ${leaseMs} ms has not ended after ${2 * leaseMs} ms`);
}
