import assert from "node:assert/strict";
import { pause } from "../../platform/pause.ts";
import type { Batch, Lane } from "../../store/inbox_store.ts";
import { entry, type Group, ids, NO_TRIES, type Trial, updateOf } from "./trial.ts";

/** Single updates: their order, what is known, claiming and settling. */
export function testSingleUpdates(test: Group): void {
  test("single updates are returned as they were added, one after another within a lane", async (trial) => {
    const { store } = trial;
    for (const id of [1, 2, 3]) {
      await trial.adds(entry(id, { tries: { attempts: id + 1, failures: id } }));
    }
    const first = await trial.claim(1);
    assert.deepEqual(first.updates, [updateOf(1)]);
    const { lane, album, isLate, end, tries, crashes, crashesAlone, isReplay, unreadable = [] } = first;
    assert.deepEqual({ lane, album, isLate, end, crashes, crashesAlone, isReplay, unreadable }, {
      lane: "chat 42",
      album: undefined,
      isLate: false,
      end: undefined,
      crashes: 0,
      crashesAlone: 0,
      isReplay: false,
      unreadable: [],
    });
    assert.deepEqual({ ...tries }, { attempts: 2, failures: 1 });
    await trial.rests();
    await store.complete(first, false);
    await trial.completes(2);
    await trial.completes(3);
    await trial.rests();
  });

  test("lanes that are numbers and lanes that are texts are returned as they were", async (trial) => {
    const lanes: Lane[] = [42, -1001234567890, 0, "42:7", "", "user 42", "лейн %_'\"\\{}*:?", -(2 ** 52)];
    for (const [id, lane] of lanes.entries()) await trial.adds(entry(id + 1, { lane }));
    const batches = await trial.claimMany(100);
    assert.deepEqual(batches.map((each) => each.lane), lanes);
  });

  test("lanes are claimed in the order in which they fell due", async (trial) => {
    for (const [id, lane] of [[5, "a"], [4, "b"], [3, "a"], [2, "c"]] as const) {
      await trial.adds(entry(id, { lane }));
      await trial.pass(1);
    }
    const first = await trial.claim(5);
    await trial.claim(4);
    await trial.store.complete(first, false);
    await trial.claim(3);
    await trial.claim(2);
    await trial.rests();
  });

  test("several batches are claimed together, but one of each lane, and not more than asked for", async (trial) => {
    for (const [id, lane] of [[1, "a"], [2, "a"], [3, "b"], [4, "c"], [5, "d"]] as const) {
      await trial.adds(entry(id, { lane }));
      await trial.pass(1);
    }
    const three = await trial.claimMany(3);
    assert.deepEqual(three.map(ids), [[1], [3], [4]]);
    const rest = await trial.claimMany(10);
    assert.deepEqual(rest.map(ids), [[5]]);
    for (const batch of three) await trial.store.complete(batch, false);
    assert.deepEqual((await trial.claimMany(10)).map(ids), [[2]]);
  });

  test("two calls of claim at the same time claim nothing twice", async (trial) => {
    for (let id = 1; id <= 9; id++) await trial.adds(entry(id, { lane: `lane ${id}` }));
    const claims = await Promise.all([1, 2, 3, 4].map(() => trial.store.claim(3, 0)));
    const claimed = claims.flatMap((batches) => batches.flatMap(ids)).sort((a, b) => a - b);
    assert.deepEqual(claimed, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("calls that do not wait for each other keep the order of their lane", async (trial) => {
    const { store } = trial;
    const all = Array.from({ length: 20 }, (_, i) => i + 1);
    const added = await Promise.all(all.map((id) => store.add(entry(id, { lane: id % 2 }), "append")));
    assert.deepEqual(new Set(added), new Set(["added"]));
    assert.equal(store.count, 20);
    const order: [Lane, number][] = [];
    for (let batch = await trial.claimOne(); batch !== undefined; batch = await trial.claimOne()) {
      order.push(...ids(batch).map((id) => [batch?.lane ?? "", id] as [Lane, number]));
      await store.complete(batch, false);
    }
    for (const lane of [0, 1]) {
      const own = order.filter(([each]) => each === lane).map(([, id]) => id);
      assert.deepEqual(own, all.filter((id) => id % 2 === lane));
    }
  });

  test("copies of one update that are added at the same time are one", async (trial) => {
    const { store } = trial;
    const added = await Promise.all([1, 2, 3].map(() => store.add(entry(7), "append")));
    assert.deepEqual([...added].sort(), ["added", "known", "known"]);
    await trial.completes(7);
    await trial.rests();
    assert.deepEqual(trial.counts, { count: 0, chars: 0 });
  });

  test("updates that are added while others are completed are each handled once, in order", async (trial) => {
    await handlesAll([trial]);
  });

  test("an update that is retried is due after its delay, and holds up its lane", async (trial) => {
    const { store } = trial;
    await trial.adds(entry(1));
    await trial.adds(entry(2));
    const batch = await trial.claim(1);
    await trial.pass(5);
    await store.retry(batch, trial.ms(40), { attempts: 1, failures: 0 });
    await trial.pass(38);
    await trial.claimsNothing();
    const again = await trial.claimIn(2, 1);
    assert.deepEqual({ ...again.tries }, { attempts: 1, failures: 0 });
    trial.near(again.waitedMs, 45, "It has waited");
    await store.retry(again, 0, { attempts: 2, failures: 1 });
    const third = await trial.claim(1);
    assert.deepEqual({ ...third.tries }, { attempts: 2, failures: 1 });
    await store.complete(third, false);
    await trial.completes(2);
  });

  test("an update can be retried after two months", async (trial) => {
    if (!trial.clock.canJump) return;
    const months = 60 * 24 * 60 * 60 * 1_000;
    await trial.store.retry(await trial.takes(entry(1)), months, NO_TRIES);
    await trial.clock.pass(months - 1_000);
    await trial.claimsNothing();
    await trial.clock.pass(2_000);
    await trial.claim(1);
  });

  test("an update that is retried is what Telegram sent, even if a handler changed it", async (trial) => {
    const { store } = trial;
    const json =
      '{"update_id":1,\n"message":{"text":"as it came","chat":{"id":42,"type":"private"},"date":0,' +
      '"message_id":1,"numbers":[1.0,1e2,-0.5]},"unknown":{"deep":[null]}}';
    const update = JSON.parse(json);
    const original = structuredClone(update);
    await trial.adds(entry(1, { update, json, chars: json.length }));
    for (let attempts = 1; attempts <= 3; attempts++) {
      const batch = await trial.claim(1);
      assert.deepEqual(batch.updates, [original]);
      const handed = batch.updates[0];
      if (handed?.message !== undefined) Object.assign(handed.message, { text: "changed", numbers: [] });
      await store.retry(batch, 0, { attempts, failures: attempts });
    }
  });

  test("updates and characters are counted until they are handled", async (trial) => {
    const { store } = trial;
    assert.deepEqual(trial.counts, { count: 0, chars: 0 });
    await trial.adds(entry(1));
    await trial.adds(trial.part(2, "album", { lane: "b" }));
    await trial.adds(trial.part(3, "album", { lane: "b" }));
    const adopted = await trial.takes(entry(4, { lane: "c" }));
    assert.deepEqual(trial.counts, { count: 4, chars: 410 });
    await store.retry(await trial.claim(1), 0, NO_TRIES);
    assert.deepEqual(trial.counts, { count: 4, chars: 410 });
    await trial.completes(1);
    await store.complete(adopted, false);
    assert.deepEqual(trial.counts, { count: 2, chars: 205 });
    await trial.pass(10);
    await trial.completes(2, 3);
    assert.deepEqual(trial.counts, { count: 0, chars: 0 });
  });

  test("stats tell what is here", async (trial) => {
    const { store } = trial;
    const stats = async () => {
      const { updates, lanes, parked, oldestMs } = await store.stats();
      return [updates, lanes, parked, oldestMs] as const;
    };
    assert.deepEqual(await stats(), [0, 0, 0, 0]);
    await trial.adds(entry(1, { lane: "a" }));
    await trial.pass(7);
    await trial.adds(entry(2, { lane: "a" }));
    await trial.adds(trial.part(3, "album", { lane: 5 }));
    await trial.adds(trial.part(4, "album", { lane: 5 }));
    await trial.pass(3);
    const [updates, lanes, parked, oldestMs] = await stats();
    assert.deepEqual([updates, lanes, parked], [4, 2, 0]);
    trial.near(oldestMs, 10, "The oldest has waited");
    const claimed = await trial.claim(1);
    trial.near((await stats())[3], 10, "It is not handled yet");
    await trial.store.complete(claimed, false);
    const later = await stats();
    assert.deepEqual(later.slice(0, 3), [3, 2, 0]);
    trial.near(later[3], 3, "The oldest has waited");
    await trial.completes(2);
    assert.deepEqual((await stats()).slice(0, 3), [2, 1, 0]);
  });

  test("an update that is here is known, however it is added", async (trial) => {
    const { store } = trial;
    await trial.adds(entry(1));
    await trial.adds(trial.part(2, "album"));
    for (const mode of ["append", "behind", "claim", "join", "adopt"] as const) {
      const copies = [trial.part(1, "album"), trial.part(2, "album"), trial.part(2, "other")];
      if (mode !== "join") copies.push(entry(1), entry(2));
      for (const copy of copies) await trial.adds(copy, "known", mode);
    }
    assert.deepEqual(trial.counts, { count: 2, chars: 203 });
    const first = await trial.claim(1);
    await trial.adds(entry(1), "known", "behind");
    await store.complete(first, false);
    await trial.claimIn(10, 2);
    await trial.rests();
    assert.deepEqual(trial.counts, { count: 1, chars: 102 });
  });

  test("an update that is here is known in any order of adding", async (trial) => {
    for (const id of [5, 3, 4]) await trial.adds(entry(id));
    const running = await trial.claim(5);
    await trial.takes(entry(9));
    await trial.adds(trial.part(2, "album"));
    const here = [2, 3, 4, 5, 9];
    for (const id of here) await trial.adds(entry(id), "known");
    assert.equal(trial.store.count, here.length);
    await trial.store.complete(running, false);
    await trial.adds(entry(9), "known");
    for (const id of [1, 6, 10]) await trial.adds(entry(id));
    assert.equal(trial.store.count, here.length + 2);
  });

  test('"behind" adds an update only if its lane is not empty', async (trial) => {
    const { store } = trial;
    await trial.adds(entry(1), "alone", "behind");
    await trial.rests();
    assert.equal(store.count, 0);
    await trial.adds(entry(1));
    await trial.adds(entry(2, { lane: "other" }), "alone", "behind");
    await trial.adds(entry(3), "added", "behind");
    const first = await trial.claim(1);
    await trial.adds(entry(4), "added", "behind");
    await store.complete(first, false);
    await trial.completes(3);
    await trial.completes(4);
    await trial.adds(entry(5), "alone", "behind");
    await trial.rests();
  });

  test('"claim" claims the update if its lane was empty', async (trial) => {
    const { store } = trial;
    const first = await trial.takes(entry(1, { tries: { attempts: 2, failures: 1 } }), "claim");
    assert.deepEqual(first.updates, [updateOf(1)]);
    assert.deepEqual({ ...first.tries }, { attempts: 2, failures: 1 });
    await trial.adds(entry(2), "added", "claim");
    await trial.adds(entry(1), "known", "claim");
    await trial.rests();
    await store.retry(first, trial.ms(10), { attempts: 3, failures: 2 });
    await trial.adds(entry(3), "added", "claim");
    const again = await trial.claimIn(10, 1);
    await store.complete(again, false);
    await trial.completes(2);
    await trial.completes(3);
    await store.complete(await trial.takes(entry(4), "claim"), false);
    await trial.rests();
  });

  test("adopted updates are first in their lane, and claimed", async (trial) => {
    const { store } = trial;
    const adopted = await trial.takes(entry(1, { tries: { attempts: 2, failures: 2 } }));
    assert.deepEqual(adopted.updates, [updateOf(1)]);
    const { lane, album, isLate, isReplay, crashes } = adopted;
    assert.deepEqual({ lane, album, isLate, isReplay, crashes }, {
      lane: "chat 42",
      album: undefined,
      isLate: false,
      isReplay: false,
      crashes: 0,
    });
    assert.deepEqual({ ...adopted.tries }, { attempts: 2, failures: 2 });
    await trial.adds(entry(2));
    await trial.rests();
    await store.retry(adopted, trial.ms(10), { attempts: 3, failures: 3 });
    await trial.claimsNothing();
    const again = await trial.claimIn(10, 1);
    await store.complete(again, false);
    await trial.completes(2);
  });

  test("adopted updates come before a batch that is ready, retried or collecting", async (trial) => {
    const { store } = trial;
    await trial.adds(entry(1, { lane: "ready" }));
    await trial.adds(trial.part(2, "album", { lane: "collecting" }));
    await trial.adds(entry(3, { lane: "retried" }), "alone", "behind");
    await store.retry(await trial.takes(entry(3, { lane: "retried" }), "claim"), trial.ms(10), NO_TRIES);
    const adopted: Batch[] = [];
    for (const [i, lane] of ["ready", "collecting", "retried"].entries()) {
      adopted.push(await trial.takes(entry(11 + i, { lane })));
    }
    await trial.pass(50);
    await trial.rests();
    for (const [i, batch] of adopted.entries()) {
      await store.complete(batch, false);
      await trial.claimIn(0, i + 1);
    }
    await trial.rests();
  });

  test("adopted updates come before a batch that is claimed, whichever is done first", async (trial) => {
    const { store } = trial;
    for (const [offset, isAdoptedFirst] of [[0, true], [10, false]] as const) {
      await trial.adds(entry(offset + 1));
      await trial.adds(entry(offset + 2));
      const running = await trial.claim(offset + 1);
      const adopted = await trial.takes(entry(offset + 3));
      await store.complete(isAdoptedFirst ? adopted : running, false);
      await trial.claimsNothing();
      await store.complete(isAdoptedFirst ? running : adopted, false);
      await trial.completes(offset + 2);
      await trial.rests();
    }
  });

  test("adopted updates hold up what is retried behind them", async (trial) => {
    const { store } = trial;
    await trial.adds(entry(1));
    const running = await trial.claim(1);
    const adopted = await trial.takes(entry(2));
    await store.retry(running, trial.ms(10), { attempts: 1, failures: 1 });
    await trial.pass(10);
    await trial.claimsNothing();
    await store.complete(adopted, false);
    assert.equal((await trial.claim(1)).tries.failures, 1);
  });

  test("adopted updates are known when what was before them is completed", async (trial) => {
    await trial.adds(entry(1));
    const running = await trial.claim(1);
    for (const id of [2, 8, 3]) await trial.takes(entry(id));
    await trial.store.complete(running, false); // it was the last of its lane
    for (const id of [2, 8, 3]) await trial.adds(entry(id), "known");
    assert.equal(trial.store.count, 3);
  });

  test("a withdrawn update has never been here", async (trial) => {
    const { store } = trial;
    if (store.isDurable) return; // it is retried
    assert.ok(store.withdraw, "A store that is not durable needs withdraw");
    for (const id of [1, 2]) await trial.adds(entry(id));
    await store.withdraw(await trial.claim(1));
    assert.deepEqual(trial.counts, { count: 1, chars: 102 });
    await trial.adds(entry(1));
    await trial.completes(2);
    await store.withdraw(await trial.claim(1));
    await trial.adds(entry(1), "alone", "behind");
    await trial.rests();
    assert.deepEqual(trial.counts, { count: 0, chars: 0 });
  });

  test("a claim that has ended has no effect any longer", async (trial) => {
    const { store } = trial;
    await trial.adds(entry(1));
    await trial.adds(entry(2));
    const ended = await trial.claim(1);
    await store.retry(ended, trial.ms(20), { attempts: 1, failures: 1 });
    const stale = async (batch: Batch) => {
      assert.equal(await store.complete(batch, false), undefined);
      await store.withdraw?.(batch);
      await store.retry(batch, 0, { attempts: 9, failures: 9 });
      await store.park(batch, { error: "stale", attempts: 9, keepMs: 60_000 });
    };
    await stale(ended);
    await trial.claimsNothing();
    const again = await trial.claimIn(20, 1);
    if (again !== ended) await stale(ended); // a store in memory may use one object for all claims
    assert.deepEqual({ ...again.tries }, { attempts: 1, failures: 1 });
    assert.deepEqual(trial.counts, { count: 2, chars: 203 });
    await store.complete(again, false);
    for (const batch of [ended, again]) await stale(batch);
    await trial.completes(2);
    assert.deepEqual(await store.parked(0, 10), []);
    assert.deepEqual(trial.counts, { count: 0, chars: 0 });
  });

  test("complete may return the next batch that is due", async (trial) => {
    const { store } = trial;
    for (const [id, lane] of [[1, "a"], [2, "a"], [3, "b"]] as const) await trial.adds(entry(id, { lane }));
    await trial.adds(trial.part(4, "album", { lane: "c" }));
    let batch: Batch | undefined = await trial.claim(1);
    const order: number[] = [];
    for (let calls = 0; batch !== undefined; calls++) {
      assert.ok(calls < 10);
      order.push(...ids(batch));
      trial.wakeAt = undefined;
      batch = await store.complete(batch, true) ?? await trial.claimOne();
    }
    assert.deepEqual([order[0], ...order.slice(1).sort()], [1, 2, 3]);
    await trial.claimIn(10, 4);
  });

  test("the store wakes the inbox for what is due when a lane goes on", async (trial) => {
    const { store } = trial;
    await trial.adds(entry(1));
    await trial.claimIn(0, 1).then((batch) => store.retry(batch, trial.ms(20), NO_TRIES));
    await trial.adds(entry(2));
    const first = await trial.claimIn(20, 1);
    await trial.rests();
    await store.complete(first, false);
    const second = await trial.claimIn(0, 2);
    await trial.adds(entry(3));
    await store.complete(second, false);
    const third = await trial.claimIn(0, 3);
    await trial.adds(entry(4));
    await store.park(third, { error: "failed", attempts: 1, keepMs: 60_000 });
    await trial.claimIn(0, 4);
    await trial.rests();
  });

  test("a long lane does not hold up another one", async (trial) => {
    const { store } = trial;
    const most = 300;
    await Promise.all(Array.from({ length: most }, (_, i) => store.add(entry(i + 1), "append")));
    await trial.claim(1);
    await trial.adds(entry(most + 1, { lane: "short" }));
    await trial.claim(most + 1);
  });

  test("a long lane is worked off from its front", async (trial) => {
    const { store, options: { isDurable } } = trial;
    const most = isDurable ? 200 : 2_000;
    await Promise.all(Array.from({ length: most }, (_, i) => store.add(entry(i + 1), "append")));
    for (let id = 1; id <= most; id++) await trial.completes(id);
    await trial.rests();
    assert.deepEqual(trial.counts, { count: 0, chars: 0 });
  });
}

/** Adds updates to several stores of one place while they handle them. Each must be handled once, in the order of its lane. */
export async function handlesAll(trials: readonly Trial[]): Promise<void> {
  const lanes = [0, 1, 2];
  const all = Array.from({ length: 90 }, (_, i) => i + 1);
  const handled: number[] = [];
  const complete = async ({ store }: Trial, batch: Batch | undefined): Promise<void> => {
    for (let next = batch; next !== undefined; next = await store.complete(next, true)) {
      handled.push(...ids(next));
    }
  };
  const add = async (trial: Trial, id: number): Promise<void> => {
    const { store } = trial;
    const update = entry(id, { lane: id % lanes.length });
    const mode = (["append", "behind", "claim"] as const)[id % 7 % 3] ?? "append";
    const added = await store.add(update, mode);
    const isAlone = added === "alone";
    const again = isAlone ? await store.add(update, "append") : added;
    assert.ok(again === "added" || typeof again === "object", `Update ${id}: ${added}, then ${again}`);
    if (typeof again === "object") await complete(trial, again);
  };
  const adding = lanes.map(async (lane) => {
    for (const id of all) {
      if (id % lanes.length === lane) await add(trials[id % trials.length] ?? assert.fail(), id);
    }
  });
  let isAdding = true;
  void Promise.allSettled(adding).then(() => isAdding = false);
  for (let rounds = 0; isAdding || handled.length < all.length; rounds += isAdding ? 0 : 1) {
    assert.ok(rounds < 300, `Only ${handled.length} of ${all.length} are handled`);
    await Promise.all(trials.map(async (trial) => {
      const batches = await trial.store.claim(2, 0);
      await Promise.all(batches.map((batch) => complete(trial, batch)));
    }));
    await pause(0);
  }
  await Promise.all(adding);
  assert.deepEqual([...handled].sort((a, b) => a - b), all);
  for (const lane of lanes) {
    const own = handled.filter((id) => id % lanes.length === lane);
    assert.deepEqual(own, [...own].sort((a, b) => a - b), "Each lane is handled in its order");
  }
  for (const { store } of trials) assert.equal((await store.stats()).updates, 0);
}
