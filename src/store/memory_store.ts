import { LinkedList } from "../collections/linked_list.ts";
import type { MediaGroupEnd } from "../events/events.ts";
import { has, insert, remove } from "./batch_ring.ts";
import { DueHeap } from "../collections/due_heap.ts";
import { EndedAlbums } from "./ended_albums.ts";
import { MemoryBatch } from "./memory_batch.ts";
import type { AlbumRules, Batch, InboxStore, StoreEntry, TelegramQueue } from "./store.ts";

/**
 * The default store: batches live in this process and end with it.
 *
 * The batches of a queue are a ring: the map has the last one, whose next is the first. Only a first one can be claimed,
 * so only first ones are scheduled, unless they are claimed: in the list if they collect, since each part sets an album
 * back by the same time; in the heap if nothing will move their due time any more.
 */
export class MemoryStore implements InboxStore {
  readonly outlivesProcess = false;
  updates = 0;
  size = 0;
  readonly #lasts = new Map<TelegramQueue, MemoryBatch>();
  readonly #collecting = new LinkedList<MemoryBatch>();
  readonly #due = new DueHeap<MemoryBatch>();
  readonly #ended = new EndedAlbums();

  get isEmpty(): boolean {
    return this.#lasts.size === 0;
  }

  look(queue: TelegramQueue, updateId: number): "nothing" | "queue" | "update" {
    const last = this.#lasts.get(queue);
    if (last === undefined) return "nothing";
    return has(updateId, last) ? "update" : "queue";
  }

  append(entry: StoreEntry): void {
    const { update, queue, group } = entry;
    const last = this.#lasts.get(queue);
    if (last !== undefined && has(update.update_id, last)) return;
    if (group !== undefined && last?.isCollecting && last.group === group.key) {
      last.add(entry);
      this.#count(entry);
      return this.#collect(last, group.rules);
    }
    if (last?.isCollecting) this.#release(last, "next");
    const batch = this.#begin(entry, last);
    this.#lasts.set(queue, batch);
    if (group !== undefined) this.#collect(batch, group.rules);
    else this.#offer(batch);
  }

  hold(entry: StoreEntry): Batch {
    const { update, queue } = entry;
    const last = this.#lasts.get(queue);
    // One that is here already stays where it is; nothing that is done with the other has an effect.
    if (last !== undefined && has(update.update_id, last)) return new MemoryBatch(entry, false);
    const batch = this.#begin(entry, last);
    if (last === undefined) this.#lasts.set(queue, batch);
    else this.#collecting.remove(batch.next); // it is not the first any more
    batch.isClaimed = true;
    this.#remember(batch);
    return batch;
  }

  release(queue?: TelegramQueue): void {
    const last = queue === undefined ? undefined : this.#lasts.get(queue);
    const lasts = queue === undefined ? this.#lasts.values() : last ? [last] : [];
    for (const each of lasts) {
      if (each.isCollecting) this.#release(each, queue === undefined ? "close" : "next");
    }
  }

  claim(): Batch | undefined {
    const first = this.#firstDue();
    const now = performance.now();
    if (first === undefined || first.dueAt > now) return undefined;
    if (first.isCollecting) this.#remember(first);
    this.#collecting.remove(first);
    first.isCollecting = false;
    first.isClaimed = true;
    first.dueAt = Math.floor(now);
    return first;
  }

  complete(batch: Batch): void {
    if (!(batch instanceof MemoryBatch) || !batch.isClaimed) return;
    const last = this.#lasts.get(batch.queue);
    if (last === undefined) return;
    batch.isClaimed = false;
    this.updates -= batch.updates.length;
    this.size -= batch.size;
    const left = remove(batch, last);
    if (left === undefined) return void this.#lasts.delete(batch.queue);
    if (left !== last) this.#lasts.set(batch.queue, left);
    this.#offer(left.next);
  }

  putBack(batch: Batch, delayMs: number, hasFailed = true): void {
    if (!(batch instanceof MemoryBatch) || !batch.isClaimed) return;
    batch.isClaimed = false;
    if (hasFailed) batch.failures++;
    batch.dueAt = Math.ceil(performance.now() + delayMs);
    this.#offer(batch);
  }

  nextDueMs(): number | undefined {
    const first = this.#firstDue();
    return first && Math.max(0, first.dueAt - performance.now());
  }

  close(): readonly Batch[] {
    const left: Batch[] = [];
    for (const last of this.#lasts.values()) {
      let batch = last;
      do {
        batch = batch.next;
        batch.isClaimed = false;
        left.push(batch);
      } while (batch !== last);
    }
    for (const each of [this.#lasts, this.#collecting, this.#due]) each.clear();
    this.updates = 0;
    this.size = 0;
    return left;
  }

  #begin(entry: StoreEntry, last: MemoryBatch | undefined): MemoryBatch {
    const { queue, group } = entry;
    const batch = new MemoryBatch(entry, group !== undefined && this.#ended.has(queue, group.key));
    if (last !== undefined) insert(batch, last);
    this.#count(entry);
    return batch;
  }

  #count({ size }: StoreEntry): void {
    this.updates++;
    this.size += size;
  }

  #collect(batch: MemoryBatch, { quietMs, maxWaitMs, mostParts }: AlbumRules): void {
    if (batch.updates.length >= mostParts) return this.#release(batch, "full");
    const quietAt = Math.ceil(performance.now() + quietMs);
    const lastAt = batch.beganAt + maxWaitMs;
    const dueAt = Math.min(quietAt, lastAt);
    batch.end = quietAt <= lastAt ? "quiet" : "maxWait";
    if (batch.isCollecting && batch.dueAt === dueAt) return; // the longest wait moves no more
    batch.isCollecting = true;
    batch.dueAt = dueAt;
    this.#offer(batch);
  }

  #release(batch: MemoryBatch, end: MediaGroupEnd): void {
    this.#remember(batch);
    batch.isCollecting = false;
    batch.end = end;
    batch.dueAt = Math.min(batch.dueAt, Math.floor(performance.now()));
    this.#offer(batch);
  }

  /** An album that collects no more: another part that comes is late. */
  #remember({ queue, group }: MemoryBatch): void {
    if (group !== undefined) this.#ended.add(queue, group);
  }

  #offer(batch: MemoryBatch): void {
    if (!this.#isOffered(batch)) return;
    this.#collecting.remove(batch);
    const { last } = this.#collecting;
    const isLastDue = last === undefined || last.dueAt <= batch.dueAt;
    if (batch.isCollecting && isLastDue) this.#collecting.add(batch);
    else this.#due.add(batch.dueAt, batch);
  }

  #isOffered(batch: MemoryBatch): boolean {
    return !batch.isClaimed && this.#lasts.get(batch.queue)?.next === batch;
  }

  #firstDue(): MemoryBatch | undefined {
    const collecting = this.#collecting.first;
    for (let first = this.#due.first; first !== undefined; first = this.#due.first) {
      const { at, item } = first;
      if (at === item.dueAt && this.#isOffered(item)) {
        return collecting === undefined || at <= collecting.dueAt ? item : collecting;
      }
      this.#due.dropFirst();
    }
    return collecting;
  }
}
