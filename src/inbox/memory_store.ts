import type { Update } from "../updates/mod.ts";
import { BoundedSet } from "./bounded_set.ts";
import type { Batch, InboxStore, StoreEntry } from "./store.ts";

/** How many albums are remembered as handed out, to know their stragglers as late. */
const REMEMBERED_ALBUMS = 10_000;

/**
 * Where a batch stands: its album may still grow, it waits for its turn in its queue, it may be claimed, it is claimed,
 * or it rests after a failure.
 */
type State = "collecting" | "waiting" | "ready" | "claimed" | "resting";

class MemoryBatch implements Batch {
  readonly queue: string;
  readonly updates: Update[];
  readonly group: string | undefined;
  readonly late: boolean;
  failures: number;
  size: number;
  state: State = "waiting";
  /** When it falls due, on the clock of `performance.now()`. */
  dueAt = 0;
  readonly lastDueAt: number;
  /** The batch behind it in its queue. */
  next: MemoryBatch | undefined;

  constructor({ update, queue, size, failures, group }: StoreEntry, lastDueAt: number, late: boolean) {
    this.queue = queue;
    this.updates = [update];
    this.group = group?.key;
    this.size = size;
    this.failures = failures;
    this.lastDueAt = lastDueAt;
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
 * Collecting albums stand in one set in the order in which they fall due, since each part moves its album to the end:
 * one timer, armed for the first of them, serves them all.
 */
export class MemoryStore implements InboxStore {
  readonly outlivesProcess = false;
  updates = 0;
  size = 0;
  readonly #lanes = new Map<string, Lane>();
  readonly #collecting = new Set<MemoryBatch>();
  readonly #ready = new Set<MemoryBatch>();
  /** A set for each number of failures: the delay is the same in each, so that each is in order. */
  readonly #resting = new Map<number, Set<MemoryBatch>>();
  readonly #handedOut = new BoundedSet<string>(REMEMBERED_ALBUMS);

  get isEmpty(): boolean {
    return this.#lanes.size === 0;
  }

  look(queue: string): "nothing" | "queue" {
    return this.#lanes.has(queue) ? "queue" : "nothing";
  }

  append(entry: StoreEntry): void {
    const last = this.#lanes.get(entry.queue)?.tail;
    const { group } = entry;
    if (group !== undefined && last?.group === group.key && last.state === "collecting") {
      this.#join(last, entry, group);
      return;
    }
    if (last?.state === "collecting") this.#release(last);
    const batch = this.#place(entry);
    const lane = this.#lanes.get(entry.queue);
    if (lane === undefined) this.#lanes.set(entry.queue, { head: batch, tail: batch });
    else lane.tail = lane.tail.next = batch;
    if (group !== undefined) this.#collect(batch, group.quietMs);
    else this.#offerFirst(entry.queue);
  }

  hold(entry: StoreEntry): Batch {
    const batch = this.#place(entry);
    batch.state = "claimed";
    const lane = this.#lanes.get(entry.queue);
    if (lane === undefined) {
      this.#lanes.set(entry.queue, { head: batch, tail: batch });
      return batch;
    }
    // Its handling began before all that came meanwhile, so that must wait for it.
    if (lane.head.state === "ready") {
      this.#ready.delete(lane.head);
      lane.head.state = "waiting";
    }
    batch.next = lane.head;
    lane.head = batch;
    return batch;
  }

  release(queue?: string): void {
    if (queue === undefined) {
      for (const batch of this.#collecting) this.#release(batch);
      return;
    }
    const last = this.#lanes.get(queue)?.tail;
    if (last?.state === "collecting") this.#release(last);
  }

  claim(): Batch | undefined {
    const now = performance.now();
    for (const batch of this.#collecting) {
      if (batch.dueAt > now) break;
      this.#release(batch);
    }
    for (const resting of this.#resting.values()) {
      for (const batch of resting) {
        if (batch.dueAt > now) break;
        resting.delete(batch);
        batch.state = "waiting";
        this.#offerFirst(batch.queue);
      }
    }
    for (const batch of this.#ready) {
      this.#ready.delete(batch);
      batch.state = "claimed";
      return batch;
    }
    return undefined;
  }

  complete(batch: Batch): void {
    const lane = this.#lanes.get(batch.queue);
    const claimed = lane && remove(lane, batch);
    if (claimed === undefined) return;
    this.updates -= claimed.updates.length;
    this.size -= claimed.size;
    if (lane?.head === claimed) this.#lanes.delete(batch.queue);
    else this.#offerFirst(batch.queue);
  }

  putBack(batch: Batch, delayMs: number): void {
    if (!(batch instanceof MemoryBatch)) return;
    batch.failures++;
    batch.dueAt = performance.now() + delayMs;
    batch.state = "resting";
    const resting = this.#resting.get(batch.failures);
    if (resting === undefined) this.#resting.set(batch.failures, new Set([batch]));
    else resting.add(batch);
  }

  nextDueMs(): number | undefined {
    if (this.#ready.size > 0) return 0;
    let first = firstOf(this.#collecting)?.dueAt ?? Infinity;
    for (const resting of this.#resting.values()) {
      first = Math.min(first, firstOf(resting)?.dueAt ?? Infinity);
    }
    return first === Infinity ? undefined : Math.max(0, first - performance.now());
  }

  close(): readonly Batch[] {
    const left: Batch[] = [];
    for (const { head } of this.#lanes.values()) {
      for (let batch: MemoryBatch | undefined = head; batch !== undefined; batch = batch.next) {
        left.push(batch);
      }
    }
    for (const batches of [this.#collecting, this.#ready, this.#resting, this.#lanes]) batches.clear();
    this.updates = this.size = 0;
    return left;
  }

  #join(batch: MemoryBatch, { update, size }: StoreEntry, group: NonNullable<StoreEntry["group"]>): void {
    if (batch.updates.some((each) => each.update_id === update.update_id)) return;
    batch.updates.push(update);
    batch.size += size;
    this.updates++;
    this.size += size;
    if (batch.updates.length >= group.mostParts) this.#release(batch);
    else this.#collect(batch, group.quietMs);
  }

  #place(entry: StoreEntry): MemoryBatch {
    const { group } = entry;
    this.updates++;
    this.size += entry.size;
    if (group === undefined) return new MemoryBatch(entry, 0, false);
    return new MemoryBatch(entry, performance.now() + group.maxWaitMs, this.#handedOut.has(group.key));
  }

  #collect(batch: MemoryBatch, quietMs: number): void {
    batch.state = "collecting";
    batch.dueAt = Math.min(performance.now() + quietMs, batch.lastDueAt);
    this.#collecting.delete(batch);
    this.#collecting.add(batch);
  }

  /** The end of collecting: from here on, a straggler of this album is late. */
  #release(batch: MemoryBatch): void {
    this.#collecting.delete(batch);
    batch.state = "waiting";
    if (batch.group !== undefined) this.#handedOut.add(batch.group);
    this.#offerFirst(batch.queue);
  }

  #offerFirst(queue: string): void {
    const first = this.#lanes.get(queue)?.head;
    if (first?.state !== "waiting") return;
    first.state = "ready";
    this.#ready.add(first);
  }
}

/** Takes a batch out of its lane; if it was the only one, the lane still has it as its head. */
function remove(lane: Lane, batch: Batch): MemoryBatch | undefined {
  let before: MemoryBatch | undefined;
  for (let each: MemoryBatch | undefined = lane.head; each !== undefined; before = each, each = each.next) {
    if (each !== batch) continue;
    if (before !== undefined) before.next = each.next;
    else if (each.next !== undefined) lane.head = each.next;
    if (lane.tail === each && before !== undefined) lane.tail = before;
    return each;
  }
  return undefined;
}

function firstOf(batches: Set<MemoryBatch>): MemoryBatch | undefined {
  for (const batch of batches) return batch;
  return undefined;
}
