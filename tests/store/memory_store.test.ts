import assert from "node:assert/strict";
import { describe } from "node:test";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";
import { claim, claimNothing, entry, part, storeSuite } from "./store_suite.ts";
import { StoppedClock } from "./store_suite_clock.ts";
import { it } from "./store_suite_it.ts";

storeSuite("MemoryStore", (t) => {
  const store = new MemoryStore();
  t.after(() => void store.close());
  return store;
});

describe("MemoryStore: between two milliseconds", () => {
  it("what waits is never due early, and what does not wait is due", async (t) => {
    const clock = new StoppedClock(t);
    const store = new MemoryStore();
    clock.pass(0.7);
    store.append(part(1, "album"));
    store.append(entry(2, { queue: "other" }));
    const single = await claim(store, 2);
    store.putBack(single, 20);
    clock.pass(9.9);
    await claimNothing(store);
    clock.pass(1);
    const album = await claim(store, 1);
    assert.ok(album.waitedMs >= 10 && album.waitedMs <= 12, `${album.waitedMs} ms`);
    clock.pass(8.9);
    await claimNothing(store);
    clock.pass(1.1);
    await claim(store, 2);
  });

  it("single updates that came in one keep their order", async (t) => {
    new StoppedClock(t);
    const store = new MemoryStore();
    const ids = Array.from({ length: 50 }, (_, i) => (i * 17) % 50);
    for (const id of ids) store.append(entry(id, { queue: `chat ${id}` }));
    for (const id of ids) await claim(store, id);
  });
});

it("MemoryStore remembers the latest ten thousand albums, and not all there ever were", async (t) => {
  new StoppedClock(t);
  const store = new MemoryStore();
  let id = 0;
  const isLate = (album: number): boolean => {
    store.append(part(++id, `album ${album}`));
    store.release();
    const batch = store.claim() ?? assert.fail("Nothing to claim");
    store.complete(batch);
    return batch.late;
  };
  for (let album = 0; album < 35_000; album++) assert.equal(isLate(album), false);
  for (const album of [25_000, 30_000, 34_999]) assert.equal(isLate(album), true, `album ${album}`);
  for (const album of [0, 10_000, 14_999]) assert.equal(isLate(album), false, `album ${album}`);
  await claimNothing(store);
});

it("MemoryStore finds what has come again in a queue of ten thousand in time, and does not search for what is new", (t) => {
  new StoppedClock(t);
  const store = new MemoryStore();
  let searched = 0;
  const counted = (id: number) => {
    const { update, ...rest } = entry(id);
    const watched = Object.defineProperty({ ...update }, "update_id", {
      get: () => (searched++, id),
      enumerable: true,
    });
    return { ...rest, update: watched };
  };
  for (let id = 1; id <= 10_000; id++) store.append(counted(id));
  assert.ok(searched <= 50_000, `${searched} looks at an id for 10 000 updates`);
  searched = 0;
  store.append(entry(1));
  assert.equal(store.updates, 10_000);
  assert.ok(searched <= 10_000, `${searched} looks at an id for one that has come again`);
  store.close();
});
