import assert from "node:assert/strict";
import { describe } from "node:test";
import type { Batch, InboxStore, StoreEntry } from "../../src/store/store.ts";
import type { Update } from "../../src/updates/mod.ts";
import { StoppedClock } from "./store_suite_clock.ts";
import { it, type Scope } from "./store_suite_it.ts";
import { testAgainstModel } from "./store_suite_model.ts";

/** Makes an empty store that is closed, and its file gone, when the test has ended. */
export type MakeStore = (t: Scope) => InboxStore;

/** An update as a bot gets it, with what no type knows. */
export function updateOf(id: number): Update {
  const chat = { id: 42, type: "private" } as const;
  const message = {
    message_id: id,
    date: 0,
    chat,
    text: `héllo 🐕 ${id}`,
    from_the_future: { deep: [id, null] },
  };
  return { update_id: id, message };
}

export function entry(id: number, more: Partial<StoreEntry> = {}): StoreEntry {
  return { update: updateOf(id), queue: "chat 42", size: 100 + id, failures: 0, ...more };
}

/** A part of an album that is complete after 10 ms without a new one, after 25 ms, or with four parts. */
export function part(id: number, key: string, more: Partial<StoreEntry> = {}): StoreEntry {
  return entry(id, { group: { key, rules: { quietMs: 10, maxWaitMs: 25, mostParts: 4 } }, ...more });
}

export function ids(batch: Batch | undefined): readonly number[] | undefined {
  return batch?.updates.map((each) => each.update_id);
}

/** Claims what must be there, and be what is expected. */
export async function claim(store: InboxStore, ...expected: number[]): Promise<Batch> {
  const batch = await store.claim();
  assert.ok(batch, `Nothing to claim, but ${expected} should be`);
  assert.deepEqual(ids(batch), expected);
  return batch;
}

export async function claimNothing(store: InboxStore): Promise<void> {
  assert.equal(ids(await store.claim()), undefined);
}

/** What every store must do. One behaviour, whatever keeps it. */
export function storeSuite(name: string, makeStore: MakeStore): void {
  describe(`${name}: single updates`, () => {
    it("come back as they were, one after the other within a queue", async (t) => {
      new StoppedClock(t);
      const store = makeStore(t);
      for (const id of [1, 2, 3]) await store.append(entry(id, { failures: id }));
      const first = await claim(store, 1);
      assert.deepEqual(first.updates, [updateOf(1)]);
      const { queue, group, late, failures, end } = first;
      assert.deepEqual({ queue, group, late, failures, end }, {
        queue: "chat 42",
        group: undefined,
        late: false,
        failures: 1,
        end: undefined,
      });
      await claimNothing(store);
      await store.complete(first);
      await store.complete(await claim(store, 2));
      await store.complete(await claim(store, 3));
      await claimNothing(store);
    });

    it("of several queues come in the order in which they fell due", async (t) => {
      const clock = new StoppedClock(t);
      const store = makeStore(t);
      for (const [id, queue] of [[5, "a"], [4, "b"], [3, "a"], [2, "c"]] as const) {
        await store.append(entry(id, { queue }));
        clock.pass(1);
      }
      const first = await claim(store, 5);
      await claim(store, 4);
      await store.complete(first);
      await claim(store, 3);
      await claim(store, 2);
      await claimNothing(store);
    });

    it("wait for those of their queue that rest after a failure", async (t) => {
      const clock = new StoppedClock(t);
      const store = makeStore(t);
      await store.append(entry(1));
      await store.append(entry(2));
      const batch = await claim(store, 1);
      clock.pass(5);
      await store.putBack(batch, 100);
      assert.equal(store.nextDueMs(), 100);
      clock.pass(99);
      await claimNothing(store);
      clock.pass(1);
      assert.equal(store.nextDueMs(), 0);
      const again = await claim(store, 1);
      assert.equal(again.failures, 1);
      assert.equal(again.waitedMs, 105);
      await store.putBack(again, 0);
      const third = await claim(store, 1);
      assert.equal(third.failures, 2);
      await store.complete(third);
      await claim(store, 2);
    });

    it("are counted until they are handled", async (t) => {
      new StoppedClock(t);
      const store = makeStore(t);
      const counts = () => ({ updates: store.updates, size: store.size, isEmpty: store.isEmpty });
      assert.deepEqual(counts(), { updates: 0, size: 0, isEmpty: true });
      await store.append(entry(1));
      await store.append(part(2, "album", { queue: "b" }));
      await store.append(part(3, "album", { queue: "b" }));
      const held = await store.hold(entry(4, { queue: "c" }));
      assert.deepEqual(counts(), { updates: 4, size: 410, isEmpty: false });
      const batch = await claim(store, 1);
      await store.putBack(batch, 0);
      assert.deepEqual(counts(), { updates: 4, size: 410, isEmpty: false });
      await store.complete(await claim(store, 1));
      await store.complete(held);
      assert.deepEqual(counts(), { updates: 2, size: 205, isEmpty: false });
      await store.release();
      await store.complete(await claim(store, 2, 3));
      assert.deepEqual(counts(), { updates: 0, size: 0, isEmpty: true });
    });

    it("that are here already are not added again", async (t) => {
      const clock = new StoppedClock(t);
      const store = makeStore(t);
      await store.append(entry(1));
      await store.append(part(2, "album"));
      for (const again of [entry(1), entry(2), part(1, "album"), part(2, "album"), part(2, "other")]) {
        await store.append(again);
      }
      const ghost = await store.hold(entry(1));
      assert.deepEqual(ids(ghost), [1]);
      assert.deepEqual([store.updates, store.size], [2, 203]);
      const first = await claim(store, 1);
      for (const done of [ghost, first, first]) await store.complete(done);
      await store.putBack(first, 0);
      await store.putBack(ghost, 0);
      clock.pass(10);
      await claim(store, 2);
      await claimNothing(store);
      assert.deepEqual([store.updates, store.size], [1, 102]);
    });

    it("that are here already are known in whatever order they came", async (t) => {
      new StoppedClock(t);
      const store = makeStore(t);
      for (const id of [5, 3, 4]) await store.append(entry(id));
      const running = await claim(store, 5);
      await store.hold(entry(9));
      await store.append(part(2, "album"));
      const here = [2, 3, 4, 5, 9];
      for (const id of here) {
        await store.append(entry(id));
        assert.equal(await store.look("chat 42", id), "update", `update ${id}`);
      }
      assert.equal(store.updates, here.length);
      for (const id of [1, 6, 10]) assert.equal(await store.look("chat 42", id), "queue", `update ${id}`);
      await store.complete(running);
      await store.append(entry(9));
      assert.equal(store.updates, here.length - 1);
    });

    it("that are held are known when what came before them is done", async (t) => {
      new StoppedClock(t);
      const store = makeStore(t);
      await store.append(entry(1));
      const running = await claim(store, 1);
      for (const id of [2, 8, 3]) await store.hold(entry(id));
      await store.complete(running); // it was the queue's last
      for (const id of [2, 8, 3]) {
        await store.append(entry(id));
        assert.equal(await store.look("chat 42", id), "update", `update ${id}`);
      }
      assert.equal(store.updates, 3);
    });

    it("are found by looking", async (t) => {
      new StoppedClock(t);
      const store = makeStore(t);
      assert.equal(await store.look("chat 42", 1), "nothing");
      await store.append(entry(1));
      assert.equal(await store.look("chat 42", 1), "update");
      assert.equal(await store.look("chat 42", 2), "queue");
      assert.equal(await store.look("another", 2), "nothing");
      const batch = await claim(store, 1);
      assert.equal(await store.look("chat 42", 1), "update");
      await store.complete(batch);
      assert.equal(await store.look("chat 42", 2), "nothing");
    });
  });

  describe(`${name}: albums`, () => {
    it("are complete when no part has come for a while", async (t) => {
      const clock = new StoppedClock(t);
      const store = makeStore(t);
      await store.append(part(3, "album"));
      assert.equal(store.nextDueMs(), 10);
      clock.pass(8);
      await store.append(part(1, "album"));
      assert.equal(store.nextDueMs(), 10);
      clock.pass(9);
      await claimNothing(store);
      clock.pass(1);
      const batch = await claim(store, 3, 1);
      assert.deepEqual(batch.updates, [updateOf(3), updateOf(1)]);
      const { group, late, end, waitedMs } = batch;
      assert.deepEqual({ group, late, end, waitedMs }, {
        group: "album",
        late: false,
        end: "quiet",
        waitedMs: 18,
      });
      assert.equal(store.nextDueMs(), undefined);
    });

    it("are complete some time after their first part, however many come", async (t) => {
      const clock = new StoppedClock(t);
      const store = makeStore(t);
      const other = {
        queue: "other",
        group: { key: "other", rules: { quietMs: 15, maxWaitMs: 50, mostParts: 4 } },
      };
      await store.append(part(1, "album"));
      clock.pass(9);
      await store.append(part(2, "album"));
      await store.append(entry(9, other));
      clock.pass(9);
      await store.append(part(3, "album"));
      assert.equal(store.nextDueMs(), 6); // the other's part came earlier
      clock.pass(6);
      await claim(store, 9);
      clock.pass(1);
      const batch = await claim(store, 1, 2, 3);
      assert.deepEqual([batch.end, batch.waitedMs], ["maxWait", 25]);
    });

    it("are due no later for any part that comes when their longest wait is near", async (t) => {
      const clock = new StoppedClock(t);
      const store = makeStore(t);
      const album = (id: number) =>
        part(id, "album", {
          queue: "a",
          group: { key: "album", rules: { quietMs: 10, maxWaitMs: 25, mostParts: 9 } },
        });
      const dueMs: (number | undefined)[] = [];
      for (const id of [1, 2, 3, 4, 5]) {
        await store.append(album(id));
        dueMs.push(store.nextDueMs());
        clock.pass(6);
        if (id === 3) await store.append(part(9, "other", { queue: "b" }));
      }
      assert.deepEqual(dueMs, [10, 10, 10, 7, 1]);
      const first = await claim(store, 1, 2, 3, 4, 5);
      assert.deepEqual([first.end, first.waitedMs], ["maxWait", 30]);
      assert.equal((await claim(store, 9)).end, "quiet");
      await claimNothing(store);
    });

    it("fall due in the order of their times, however long each of them waits", async (t) => {
      const clock = new StoppedClock(t);
      const store = makeStore(t);
      const album = (id: number, queue: string, quietMs: number) =>
        store.append(
          entry(id, { queue, group: { key: queue, rules: { quietMs, maxWaitMs: 1_000, mostParts: 9 } } }),
        );
      await album(1, "long", 100);
      clock.pass(1);
      await album(2, "short", 10);
      await album(3, "middle", 50);
      await store.append(entry(4, { queue: "single" }));
      await store.putBack(await claim(store, 4), 30);
      assert.equal(store.nextDueMs(), 10);
      clock.pass(5);
      await album(5, "short", 40); // now behind the single one
      await album(6, "long", 20); // and this one before it
      assert.equal(store.nextDueMs(), 20);
      const order: [number, readonly number[] | undefined][] = [];
      while (order.length < 4) {
        clock.pass(store.nextDueMs() ?? assert.fail("Nothing waits"));
        order.push([clock.ms, ids(await store.claim())]);
      }
      assert.deepEqual(order, [[26, [1, 6]], [31, [4]], [46, [2, 5]], [51, [3]]]);
      assert.equal(store.nextDueMs(), undefined);
    });

    it("go on to collect behind what runs, and are due by their latest part", async (t) => {
      const clock = new StoppedClock(t);
      const store = makeStore(t);
      await store.append(part(1, "album"));
      clock.pass(4);
      const held = await store.hold(entry(9));
      await store.append(part(2, "album"));
      await store.append(part(5, "other", { queue: "other" }));
      assert.equal(store.nextDueMs(), 10); // the other's
      clock.pass(4);
      await store.append(part(3, "album"));
      await store.complete(held);
      assert.equal(store.nextDueMs(), 6);
      clock.pass(6);
      await claim(store, 5);
      await claimNothing(store);
      clock.pass(4);
      await claim(store, 1, 2, 3);
    });

    it("are late where their key is known in their own queue", async (t) => {
      new StoppedClock(t);
      const store = makeStore(t);
      let id = 0;
      const late: boolean[] = [];
      for (const queue of ["a", "b", "c", "b", "a", "c"]) {
        await store.append(part(++id, "album", { queue }));
        await store.release();
        const batch = await claim(store, id);
        late.push(batch.late);
        await store.complete(batch);
      }
      assert.deepEqual(late, [false, false, false, true, true, true]);
    });

    it("are complete with as many parts as they can have; a part too many is late", async (t) => {
      const clock = new StoppedClock(t);
      const store = makeStore(t);
      for (const id of [1, 2, 3, 4, 5]) await store.append(part(id, "album"));
      const batch = await claim(store, 1, 2, 3, 4);
      assert.deepEqual([batch.late, batch.end], [false, "full"]);
      clock.pass(10);
      await claimNothing(store);
      await store.complete(batch);
      const straggler = await claim(store, 5);
      assert.deepEqual([straggler.late, straggler.end], [true, "quiet"]);
      const one = { key: "one", rules: { quietMs: 10, maxWaitMs: 25, mostParts: 1 } };
      await store.append(entry(6, { queue: "one", group: one }));
      assert.equal((await claim(store, 6)).end, "full");
    });

    it("are complete when something else comes behind them in their queue", async (t) => {
      new StoppedClock(t);
      const store = makeStore(t);
      await store.append(part(1, "a"));
      await store.append(part(2, "b", { queue: "other" }));
      await store.append(part(3, "c"));
      await store.append(entry(4));
      await store.append(part(5, "c"));
      const a = await claim(store, 1);
      assert.equal(a.end, "next");
      await claimNothing(store); // the other queue's goes on to collect
      await store.complete(a);
      const c = await claim(store, 3);
      assert.deepEqual([c.late, c.end], [false, "next"]);
      await store.complete(c);
      await store.complete(await claim(store, 4));
      await claimNothing(store);
      await store.release("chat 42");
      assert.equal((await claim(store, 5)).late, true);
    });

    it("are complete when they are released, all or those of a queue", async (t) => {
      const clock = new StoppedClock(t);
      const store = makeStore(t);
      for (const [id, queue] of [[1, "a"], [2, "b"], [3, "c"]] as const) {
        await store.append(part(id, `album ${queue}`, { queue }));
        clock.pass(1);
      }
      await store.release("nothing there");
      await claimNothing(store);
      await store.release("b");
      await store.append(part(4, "album b", { queue: "b" }));
      const b = await claim(store, 2);
      assert.equal(b.end, "next");
      await claimNothing(store);
      await store.release();
      assert.equal(store.nextDueMs(), 0);
      for (const id of [1, 3]) assert.equal((await claim(store, id)).end, "close");
      await claimNothing(store);
      await store.complete(b);
      assert.equal((await claim(store, 4)).late, true);
    });

    it("grow while they wait for their turn, and no more once they are claimed", async (t) => {
      const clock = new StoppedClock(t);
      const store = makeStore(t);
      await store.append(entry(1));
      const first = await claim(store, 1);
      await store.append(part(2, "album"));
      clock.pass(100);
      await claimNothing(store);
      assert.equal(store.nextDueMs(), undefined);
      await store.append(part(3, "album"));
      await store.complete(first);
      const album = await claim(store, 2, 3);
      await store.append(part(4, "album"));
      clock.pass(10);
      await claimNothing(store);
      await store.putBack(album, 50);
      await store.append(part(5, "album"));
      await claimNothing(store);
      clock.pass(50);
      const again = await claim(store, 2, 3);
      assert.deepEqual([again.late, again.failures], [false, 1]);
      await store.complete(again);
      assert.equal((await claim(store, 4, 5)).late, true);
    });
  });

  describe(`${name}: what runs already`, () => {
    it("is first in its queue, and claimed", async (t) => {
      new StoppedClock(t);
      const store = makeStore(t);
      const held = await store.hold(entry(1, { failures: 2 }));
      const { updates, queue, group, late, failures } = held;
      assert.deepEqual({ updates, queue, group, late, failures }, {
        updates: [updateOf(1)],
        queue: "chat 42",
        group: undefined,
        late: false,
        failures: 2,
      });
      await store.append(entry(2));
      await claimNothing(store);
      assert.equal(store.nextDueMs(), undefined);
      await store.putBack(held, 10);
      await claimNothing(store);
      assert.equal(store.nextDueMs(), 10);
    });

    const heads: [string, (store: InboxStore, clock: StoppedClock) => Promise<void>][] = [
      ["ready", async (store) => void await store.append(entry(1))],
      ["collecting", async (store) => void await store.append(part(1, "album"))],
      ["resting", async (store) => {
        await store.append(entry(1));
        await store.putBack(await claim(store, 1), 10);
      }],
    ];
    for (const [state, begin] of heads) {
      it(`comes before a batch that is ${state}`, async (t) => {
        const clock = new StoppedClock(t);
        const store = makeStore(t);
        await begin(store, clock);
        const held = await store.hold(entry(9));
        await store.append(entry(2, { queue: "other" }));
        clock.pass(50);
        await claim(store, 2);
        await claimNothing(store);
        assert.equal(store.nextDueMs(), undefined);
        await store.complete(held);
        assert.equal(store.nextDueMs(), 0);
        await store.complete(await claim(store, 1));
        await claimNothing(store);
      });
    }

    it("comes before a batch that runs too, whichever is done first", async (t) => {
      new StoppedClock(t);
      const store = makeStore(t);
      for (const heldFirst of [true, false]) {
        await store.append(entry(1));
        await store.append(entry(2));
        const running = await claim(store, 1);
        const held = await store.hold(entry(3));
        await store.complete(heldFirst ? held : running);
        await claimNothing(store);
        await store.complete(heldFirst ? running : held);
        await store.complete(await claim(store, 2));
        assert.equal(store.isEmpty, true);
        if (store.outlivesProcess) break; // these updates are known now
      }
    });

    it("may fail behind another that runs", async (t) => {
      const clock = new StoppedClock(t);
      const store = makeStore(t);
      await store.append(entry(1));
      const running = await claim(store, 1);
      const held = await store.hold(entry(2));
      await store.putBack(running, 10);
      clock.pass(10);
      await claimNothing(store);
      await store.complete(held);
      assert.equal((await claim(store, 1)).failures, 1);
    });
  });

  describe(`${name}: closing`, () => {
    it("tells what ends with the store, and leaves nothing to do", async (t) => {
      new StoppedClock(t);
      const store = makeStore(t);
      await store.append(entry(1));
      await store.append(entry(2));
      await store.append(part(3, "album"));
      await store.append(part(4, "album"));
      await store.append(entry(5, { queue: "other" }));
      const running = await claim(store, 1);
      const left = (await store.close()).map(ids);
      assert.deepEqual(left, store.outlivesProcess ? [] : [[1], [2], [3, 4], [5]]);
      assert.deepEqual([store.updates, store.size, store.isEmpty], [0, 0, true]);
      assert.equal(store.nextDueMs(), undefined);
      await store.complete(running);
      await store.putBack(running, 0);
      assert.equal(store.nextDueMs(), undefined);
      assert.deepEqual(await store.close(), []);
    });
  });

  testAgainstModel(name, makeStore);
}
