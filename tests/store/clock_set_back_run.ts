import assert from "node:assert/strict";
import { pause } from "../../src/platform/pause.ts";
import type { InboxStore } from "../../src/store/inbox_store.ts";
import { entry, ids } from "./server_store.ts";

/** A store that can end as its process does. */
interface KillableStore extends InboxStore {
  crash(): unknown;
}

/**
 * The server's clock is set back by an hour, or another server takes over whose clock is behind: what waits, and what a
 * process had claimed that has ended, falls due soon all the same.
 *
 * @param open Opens a store whose server has that clock. Its lease is a second.
 */
export async function runClockSetBack(
  open: (now: () => number) => Promise<KillableStore>,
): Promise<void> {
  let setBackMs = 0;
  const now = () => Date.now() - setBackMs;
  const [store, ended] = [await open(now), await open(now)];
  for (const id of [1, 2]) await store.add(entry(id), "append");
  const [first = assert.fail()] = await store.claim(1, 0);
  await ended.add(entry(3, { lane: "other" }), "claim");
  ended.crash();
  setBackMs = 3_600_000;
  await store.complete(first, false);
  const found: number[] = [];
  for (const until = performance.now() + 5_000; found.length < 2 && performance.now() < until;) {
    const batches = await store.claim(9, 0);
    for (const batch of batches) await store.park(batch, { error: "x", attempts: 1, keepMs: 60_000 });
    found.push(...ids(batches));
    await pause(20);
  }
  assert.deepEqual(found.sort(), [2, 3]);
  const [parked = assert.fail()] = await store.parked(0, 1);
  assert.ok(Math.abs(parked.parkedAt - now()) < 10_000, "People are told the time of the server");
}
