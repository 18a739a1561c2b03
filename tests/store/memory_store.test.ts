import assert from "node:assert/strict";
import { describe } from "node:test";
import type { Batch, StoreEntry } from "../../src/store/inbox_store.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";
import { stoppedClock, testStore } from "../../src/testing/store.ts";
import { entry, ids } from "../../src/testing/store/trial.ts";
import { it } from "../scoped_it.ts";

testStore({ name: "MemoryStore", isDurable: false, isShared: false, make: () => new MemoryStore() });

const RULES = { quietMs: 10, maxWaitMs: 25, mostParts: 4 };

function part(id: number, key: string, lane = "chat 42"): StoreEntry {
  return entry(id, { lane, album: { key, rules: RULES } });
}

function claim(store: MemoryStore, ...expected: number[]): Batch {
  const [batch] = store.claim(1, 0);
  assert.ok(batch, `Nothing to claim, but ${expected} should be`);
  assert.deepEqual(ids(batch), expected);
  return batch;
}

function claimNothing(store: MemoryStore): void {
  assert.deepEqual(store.claim(1, 0).map(ids), []);
}

describe("MemoryStore: between two milliseconds", () => {
  it("what waits is never due early, and what does not wait is due", async (t) => {
    const clock = stoppedClock(t);
    const store = new MemoryStore();
    await clock.pass(0.7);
    store.add(part(1, "album"), "append");
    store.add(entry(2, { lane: "other" }), "append");
    const single = claim(store, 2);
    store.retry(single, 20, { attempts: 1, failures: 1 });
    await clock.pass(9.9);
    claimNothing(store);
    await clock.pass(1);
    const album = claim(store, 1);
    assert.ok(album.waitedMs >= 10 && album.waitedMs <= 12, `${album.waitedMs} ms`);
    await clock.pass(8.9);
    claimNothing(store);
    await clock.pass(1.1);
    claim(store, 2);
  });

  it("single updates that are added in one keep their order", (t) => {
    stoppedClock(t);
    const store = new MemoryStore();
    const order = Array.from({ length: 50 }, (_, i) => (i * 17) % 50);
    for (const id of order) store.add(entry(id, { lane: `chat ${id}` }), "append");
    for (const id of order) claim(store, id);
  });
});

it("MemoryStore remembers the latest ten thousand albums, and not all there ever were", async (t) => {
  const clock = stoppedClock(t);
  const store = new MemoryStore();
  let id = 0;
  const isLate = async (album: number): Promise<boolean> => {
    store.add(part(++id, `album ${album}`), "append");
    await clock.pass(10);
    const [batch] = store.claim(1, 0);
    assert.ok(batch);
    store.complete(batch);
    return batch.isLate;
  };
  for (let album = 0; album < 35_000; album++) assert.equal(await isLate(album), false);
  for (const album of [25_000, 30_000, 34_999]) assert.equal(await isLate(album), true, `album ${album}`);
  for (const album of [0, 10_000, 14_999]) assert.equal(await isLate(album), false, `album ${album}`);
  claimNothing(store);
});

it("MemoryStore finds a repeat in a lane of ten thousand in time, and does not search for what is new", (t) => {
  stoppedClock(t);
  const store = new MemoryStore();
  let searched = 0;
  const counted = (id: number): StoreEntry => {
    const { update, ...rest } = entry(id);
    const watched = Object.defineProperty({ ...update }, "update_id", {
      get: () => (searched++, id),
      enumerable: true,
    });
    return { ...rest, update: watched };
  };
  for (let id = 1; id <= 10_000; id++) store.add(counted(id), "append");
  assert.ok(searched <= 50_000, `${searched} looks at an id for 10 000 updates`);
  searched = 0;
  assert.equal(store.add(entry(1), "append"), "known");
  assert.equal(store.count, 10_000);
  assert.ok(searched <= 10_000, `${searched} looks at an id for a repeat`);
  store.close();
});

it("MemoryStore looks at few of many albums when they wait longer", () => {
  const store = new MemoryStore();
  let looks = 0;
  const rules = {
    quietMs: 60_000,
    mostParts: 10,
    get maxWaitMs() {
      looks++;
      return 600_000;
    },
  };
  for (let id = 1; id <= 10_000; id++) {
    store.add(entry(id, { lane: id, album: { key: `${id}`, rules } }), "append");
  }
  looks = 0;
  for (let i = 0; i < 10; i++) assert.deepEqual(store.claim(1, 0.001), []);
  assert.ok(looks < 10_000, `${looks} looks`);
});
