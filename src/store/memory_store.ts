import type { Update } from "../updates/mod.ts";
import type { MediaGroupEnd } from "../watch.ts";
import { BoundedSet } from "./bounded_set.ts";
import { DueQueue } from "./due_queue.ts";
import type { Batch, InboxStore, StoreEntry } from "./store.ts";

/** How many albums are remembered, to know their stragglers as late. */
const REMEMBERED_ALBUMS = 10_000;

class MemoryBatch implements Batch {
  readonly queue: string;
  readonly updates: Update[];
  readonly group: string | undefined;
  readonly late: boolean;
  failures: number;
  size: number;
  end: MediaGroupEnd | undefined;
  waitedMs = 0;
  isCollecting = false;
  isClaimed = false;
  /** On the clock of `performance.now()`. */
  readonly beganAt: number = performance.now();
  dueAt: number = this.beganAt;
  /** Batches count up in the order in which they began. */
  readonly order: number;
  /** The batch behind it in its queue. */
  next: MemoryBatch | undefined;

  constructor({ update, queue, size, failures, group }: StoreEntry, order: number, late: boolean) {
    this.queue = queue;
    this.updates = [update];
    this.group = group?.key;
    this.size = size;
    this.failures = failures;
    this.order = order;
    this.late = late;
  }
}

interface Lane {
  head: MemoryBatch;
  tail: MemoryBatch;
}

/**
 * The default store: batches live in this process and end with it.
 *
 * Each queue is a lane, a linked list. Only the head of a lane can be claimed, so only unclaimed heads stand among what
 * falls due; whatever changes a head's due time adds it again, and the entry of the old time is dropped when it comes up.
 */
export class MemoryStore implements InboxStore {
  readonly outlivesProcess = false;
  size = 0;
  readonly #ids = new Set<number>();
  readonly #lanes = new Map<string, Lane>();
  readonly #due = new DueQueue<MemoryBatch>();
  readonly #albums = new BoundedSet<string>(REMEMBERED_ALBUMS);
  #batches = 0;

  get updates(): number {
    return this.#ids.size;
  }

  get isEmpty(): boolean {
    return this.#lanes.size === 0;
  }

  look(queue: string, updateId: number): "nothing" | "queue" | "update" {
    if (this.#ids.has(updateId)) return "update";
    return this.#lanes.has(queue) ? "queue" : "nothing";
  }

  append(entry: StoreEntry): void {
    if (this.#ids.has(entry.update.update_id)) return;
    const { group } = entry;
    const lane = this.#lanes.get(entry.queue);
    const last = lane?.tail;
    if (group !== undefined && last?.isCollecting && last.group === group.key) {
      last.updates.push(entry.update);
      last.size += entry.size;
      this.#count(entry);
      return this.#collect(last, group);
    }
    if (last?.isCollecting) this.#release(last, "next");
    const batch = this.#begin(entry);
    if (lane === undefined) this.#lanes.set(entry.queue, { head: batch, tail: batch });
    else lane.tail = lane.tail.next = batch;
    if (group !== undefined) this.#collect(batch, group);
    else this.#offer(batch);
  }

  hold(entry: StoreEntry): Batch {
    // One that is here already stays where it is; nothing that is done with the other has an effect.
    if (this.#ids.has(entry.update.update_id)) return new MemoryBatch(entry, 0, false);
    const batch = this.#begin(entry);
    batch.isClaimed = true;
    const lane = this.#lanes.get(entry.queue);
    if (lane === undefined) {
      this.#lanes.set(entry.queue, { head: batch, tail: batch });
    } else {
      batch.next = lane.head;
      lane.head = batch;
    }
    return batch;
  }

  release(queue?: string): void {
    const lane = queue === undefined ? undefined : this.#lanes.get(queue);
    const lanes = queue === undefined ? this.#lanes.values() : lane ? [lane] : [];
    for (const { tail } of lanes) {
      if (tail.isCollecting) this.#release(tail, queue === undefined ? "close" : "next");
    }
  }

  claim(): Batch | undefined {
    const first = this.#firstDue();
    const now = performance.now();
    if (first === undefined || first.dueAt > now) return undefined;
    this.#due.dropFirst();
    first.isClaimed = true;
    first.isCollecting = false;
    first.waitedMs = now - first.beganAt;
    return first;
  }

  complete(batch: Batch): void {
    if (!(batch instanceof MemoryBatch) || !batch.isClaimed) return;
    const lane = this.#lanes.get(batch.queue);
    if (lane === undefined) return;
    batch.isClaimed = false;
    for (const { update_id } of batch.updates) this.#ids.delete(update_id);
    this.size -= batch.size;
    if (lane.head === lane.tail) {
      this.#lanes.delete(batch.queue);
    } else {
      remove(lane, batch);
      this.#offer(lane.head);
    }
  }

  putBack(batch: Batch, delayMs: number): void {
    if (!(batch instanceof MemoryBatch) || !batch.isClaimed) return;
    batch.isClaimed = false;
    batch.failures++;
    batch.dueAt = performance.now() + delayMs;
    this.#offer(batch);
  }

  nextDueMs(): number | undefined {
    const first = this.#firstDue();
    return first && Math.max(0, first.dueAt - performance.now());
  }

  close(): readonly Batch[] {
    const left: Batch[] = [];
    for (const { head } of this.#lanes.values()) {
      for (let batch: MemoryBatch | undefined = head; batch !== undefined; batch = batch.next) {
        batch.isClaimed = false;
        left.push(batch);
      }
    }
    for (const each of [this.#lanes, this.#due, this.#ids]) each.clear();
    this.size = 0;
    return left;
  }

  #begin(entry: StoreEntry): MemoryBatch {
    const { group } = entry;
    const late = group !== undefined && this.#albums.has(group.key);
    if (group !== undefined) this.#albums.add(group.key);
    this.#count(entry);
    return new MemoryBatch(entry, ++this.#batches, late);
  }

  #count({ update, size }: StoreEntry): void {
    this.#ids.add(update.update_id);
    this.size += size;
  }

  #collect(
    batch: MemoryBatch,
    { quietMs, maxWaitMs, mostParts }: NonNullable<StoreEntry["group"]>,
  ): void {
    if (batch.updates.length >= mostParts) return this.#release(batch, "full");
    const quietAt = performance.now() + quietMs;
    const lastAt = batch.beganAt + maxWaitMs;
    batch.isCollecting = true;
    batch.dueAt = Math.min(quietAt, lastAt);
    batch.end = quietAt <= lastAt ? "quiet" : "maxWait";
    this.#offer(batch);
  }

  #release(batch: MemoryBatch, end: MediaGroupEnd): void {
    batch.isCollecting = false;
    batch.end = end;
    batch.dueAt = Math.min(batch.dueAt, performance.now());
    this.#offer(batch);
  }

  #offer(batch: MemoryBatch): void {
    if (this.#isOffered(batch)) this.#due.add(batch.dueAt, batch.order, batch);
  }

  #isOffered(batch: MemoryBatch): boolean {
    return !batch.isClaimed && this.#lanes.get(batch.queue)?.head === batch;
  }

  #firstDue(): MemoryBatch | undefined {
    for (let first = this.#due.first; first !== undefined; first = this.#due.first) {
      if (first.at === first.item.dueAt && this.#isOffered(first.item)) return first.item;
      this.#due.dropFirst();
    }
    return undefined;
  }
}

/** Takes a batch out of a lane that has others. */
function remove(lane: Lane, batch: MemoryBatch): void {
  if (lane.head === batch) {
    lane.head = batch.next ?? lane.head;
    return;
  }
  for (let each: MemoryBatch | undefined = lane.head; each !== undefined; each = each.next) {
    if (each.next !== batch) continue;
    each.next = batch.next;
    if (lane.tail === batch) lane.tail = each;
    return;
  }
}
