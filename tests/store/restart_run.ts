import assert from "node:assert/strict";
import type { Batch, InboxStore } from "../../src/store/inbox_store.ts";
import { entry, type Heard, ids, type Until } from "./server_store.ts";

/** What differs between the stores that are tried. */
export interface RestartRun {
  readonly store: InboxStore;
  readonly heard: Heard;
  /** Ends the server at once, and starts it again. */
  restart(): Promise<void>;
  /** Claims until something is claimed. */
  claim(store: InboxStore): Promise<readonly Batch[]>;
  readonly until: Until;
}

/** A server that is killed and started again has lost nothing of what waits, is claimed or is being added. */
export async function runRestart({ store, heard, restart, claim, until }: RestartRun): Promise<void> {
  for (let id = 1; id <= 20; id++) await store.add(entry(id, { lane: id % 4 }), "append");
  const claimed = await store.claim(2, 0);
  const adding = Promise.allSettled([21, 22, 23].map((id) => store.add(entry(id), "append")));
  await restart();
  for (const [i, { status }] of (await adding).entries()) {
    // What failed may have happened all the same.
    if (status === "rejected") {
      assert.notEqual(await until(() => store.add(entry(21 + i), "append")), "alone");
    }
  }
  for (const batch of claimed) await until(() => store.complete(batch, false));
  const done = ids(claimed);
  while (done.length < 23) {
    for (const batch of await claim(store)) {
      await store.complete(batch, false);
      done.push(...ids([batch]));
    }
  }
  assert.deepEqual([...done].sort((a, b) => a - b), Array.from({ length: 23 }, (_, i) => i + 1));
  for (const lane of [0, 1, 2, 3]) {
    const own = done.filter((id) => id <= 20 && id % 4 === lane);
    assert.deepEqual(own, [...own].sort((a, b) => a - b));
  }
  assert.deepEqual(heard.batches, [], "Its claims are still its own");
  assert.equal((await store.stats()).updates, 0);
}
