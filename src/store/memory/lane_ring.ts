import type { MemoryBatch } from "./memory_batch.ts";

/*
 * The batches of a lane are a ring: each knows the next one, and the last one's next is the first. A lane is known by its
 * last batch, which spares an object that knows both ends. The last batch also knows the highest id in the ring, and the
 * batch that began to collect last; from there, each knows the one that began before it.
 */

/** Puts a batch between the last and the first, to become either. */
export function insert(batch: MemoryBatch, last: MemoryBatch): void {
  batch.next = last.next;
  last.next = batch;
  batch.highestId = last.highestId = Math.max(last.highestId, batch.highestId);
  batch.newestCollecting = last.newestCollecting;
}

/** Removes a batch. @returns The last one of those that are left, if any are. */
export function remove(batch: MemoryBatch, last: MemoryBatch): MemoryBatch | undefined {
  if (batch.next === batch) return undefined;
  let before = last; // of the first, which is the usual case
  while (before.next !== batch) before = before.next;
  before.next = batch.next;
  if (batch !== last) return last;
  before.highestId = batch.highestId;
  before.newestCollecting = batch.newestCollecting;
  return before;
}

/**
 * Whether an update is in the ring. Telegram sends the updates of a queue in the order of their ids, one at a time: one
 * that is not above all others has come again, and only then is there something to search.
 */
export function has(updateId: number, last: MemoryBatch): boolean {
  if (updateId > last.highestId) return false;
  let batch = last;
  do {
    if (batch.updates.some(({ update_id }) => update_id === updateId)) return true;
    batch = batch.next;
  } while (batch !== last);
  return false;
}

/** The batch of the ring that collects this album, if any. */
export function collectingOf(album: string, last: MemoryBatch): MemoryBatch | undefined {
  let batch = last.newestCollecting;
  while (batch !== undefined && batch.album !== album) batch = batch.olderCollecting;
  return batch;
}

/** Notes that a batch of the ring collects. */
export function beginCollecting(batch: MemoryBatch, last: MemoryBatch): void {
  batch.isCollecting = true;
  batch.olderCollecting = last.newestCollecting;
  last.newestCollecting = batch;
}

/** Notes that a batch of the ring collects no longer. */
export function endCollecting(batch: MemoryBatch, last: MemoryBatch): void {
  if (!batch.isCollecting) return;
  batch.isCollecting = false;
  if (last.newestCollecting === batch) last.newestCollecting = batch.olderCollecting;
  else {
    let newer = last.newestCollecting;
    while (newer !== undefined && newer.olderCollecting !== batch) newer = newer.olderCollecting;
    if (newer !== undefined) newer.olderCollecting = batch.olderCollecting;
  }
  batch.olderCollecting = undefined;
}
