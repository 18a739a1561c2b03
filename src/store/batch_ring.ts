import type { MemoryBatch } from "./memory_batch.ts";

/*
 * The batches of one queue are a ring: each knows the next, and the last one's next is the first. A queue is known by its
 * last batch, which spares an object that would know both ends. That one also knows the highest id in the ring.
 */

/** Puts a batch between the last and the first, to become either. */
export function insert(batch: MemoryBatch, last: MemoryBatch): void {
  batch.next = last.next;
  last.next = batch;
  batch.highestId = last.highestId = Math.max(last.highestId, batch.highestId);
}

/** Takes a batch out. @returns The last one of those that are left, if any are. */
export function remove(batch: MemoryBatch, last: MemoryBatch): MemoryBatch | undefined {
  if (batch.next === batch) return undefined;
  let before = last; // of the first, which most often it is
  while (before.next !== batch) before = before.next;
  before.next = batch.next;
  if (batch !== last) return last;
  before.highestId = batch.highestId;
  return before;
}

/**
 * Whether an update is in the ring. Telegram sends a queue's updates in the order of their ids, one at a time: one that is
 * not above all others has come again, and only then is there something to search.
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
