import { DueHeap } from "../../collections/due_heap.ts";
import { LinkedList } from "../../collections/linked_list.ts";
import { longestBurstMs, nextTurn } from "../../platform/next_turn.ts";
import type { Update } from "../../updates/mod.ts";
import { type AlbumEnd, albumState } from "../album_rules.ts";
import type {
  Added,
  AddMode,
  Awaitable,
  Batch,
  InboxStore,
  Lane,
  ParkedBatch,
  Parking,
  StoreEntry,
  StoreHost,
  StoreStats,
  Tries,
} from "../inbox_store.ts";
import { MOST_PARKED_IN_MEMORY } from "../limits.ts";
import { EndedAlbums } from "./ended_albums.ts";
import { beginCollecting, collectingOf, endCollecting, has, insert, remove } from "./lane_ring.ts";
import { MemoryBatch } from "./memory_batch.ts";

const NO_TRIES: Tries = { attempts: 0, failures: 0 };

interface Parked extends ParkedBatch {
  readonly batch: MemoryBatch;
  readonly until: number;
}

/**
 * The default store: batches live in this process and end with it.
 *
 * Only the first batch of a lane can be claimed, so only first ones are scheduled, unless they are claimed: in the list if
 * they collect, since each part delays an album by the same time; in the heap if nothing will change their due time.
 */
export class MemoryStore implements InboxStore {
  readonly isDurable = false;
  readonly isShared = false;
  count = 0;
  chars = 0;
  #host: StoreHost | undefined;
  /** The last batch of each lane. */
  readonly #lasts = new Map<Lane, MemoryBatch>();
  readonly #collecting = new LinkedList<MemoryBatch>();
  readonly #due = new DueHeap<MemoryBatch>();
  readonly #ended = new EndedAlbums();
  readonly #parked = new Map<number, Parked>();

  open(host: StoreHost): void {
    this.#host = host;
  }

  add(entry: StoreEntry, mode: AddMode): Added {
    const { update, lane, album } = entry;
    const last = this.#lasts.get(lane);
    if (last === undefined) {
      if (mode === "behind" || mode === "join") return "alone";
    } else if (has(update.update_id, last)) return "known";
    if (mode === "adopt") return this.#adopt(entry, last);
    const collecting = album && last && collectingOf(album.key, last);
    if (collecting !== undefined) {
      collecting.add(entry);
      if (last !== undefined) last.highestId = Math.max(last.highestId, update.update_id);
      this.#count(entry);
      this.#collect(collecting, entry);
      this.#wake();
      return "added";
    }
    if (mode === "join") return "alone";
    if (album === undefined && last !== undefined) this.#endAlbumsOf(last);
    const batch = this.#begin(entry, last);
    this.#lasts.set(lane, batch);
    if (album !== undefined) this.#collect(batch, entry);
    else if (mode === "claim" && last === undefined) return this.#claim(batch);
    else this.#offer(batch);
    this.#wake();
    return "added";
  }

  claim(most: number, quietExtraMs: number): readonly Batch[] {
    const now = performance.now();
    const claimed: Batch[] = [];
    const early: MemoryBatch[] = [];
    while (claimed.length < most) {
      const first = this.#firstDue(quietExtraMs);
      if (first === undefined || first.dueAt > now) break;
      if (extendedDueAt(first, quietExtraMs) <= now) claimed.push(this.#claim(first));
      else if (first !== this.#due.first?.item) break; // it is in the list, and no other is due
      else {
        this.#due.dropFirst(); // for as long as this call takes
        early.push(first);
      }
    }
    const next = this.#firstDue(quietExtraMs);
    const dueAt = early.map((batch) => extendedDueAt(batch, quietExtraMs));
    if (next !== undefined) dueAt.push(next.dueAt > now ? next.dueAt : extendedDueAt(next, quietExtraMs));
    for (const batch of early) this.#due.add(batch.dueAt, batch);
    if (dueAt.length > 0) this.#host?.wake(Math.max(0, Math.min(...dueAt) - now));
    return claimed;
  }

  complete(batch: Batch): undefined {
    this.#remove(batch);
  }

  withdraw(batch: Batch): void {
    this.#remove(batch);
  }

  retry(batch: Batch, afterMs: number, tries?: Tries): void {
    if (!(batch instanceof MemoryBatch) || !batch.isClaimed) return;
    batch.isClaimed = false;
    if (tries !== undefined) {
      batch.tries = tries;
      batch.restoreOriginals();
    }
    batch.dueAt = Math.ceil(performance.now() + afterMs);
    this.#offer(batch);
    this.#wake();
  }

  park(batch: Batch, { error, attempts, keepMs }: Parking): void {
    if (!(batch instanceof MemoryBatch) || !this.#remove(batch)) return;
    batch.restoreOriginals();
    const { id, updates, album } = batch;
    const now = Date.now();
    this.#parked.delete(id);
    this.#parked.set(id, { id, updates, album, error, attempts, parkedAt: now, batch, until: now + keepMs });
    for (const [oldest, { until }] of this.#parked) {
      if (until > now && this.#parked.size <= MOST_PARKED_IN_MEMORY) break;
      this.#parked.delete(oldest);
    }
  }

  flush(): Awaitable<void> {
    return this.#flush(this.#lasts.values());
  }

  parked(after: number, most: number): readonly ParkedBatch[] {
    const now = Date.now();
    return [...this.#parked.values()]
      .filter(({ id, until }) => id > after && until > now)
      .sort((a, b) => a.id - b.id)
      .slice(0, most)
      .map(({ batch: _, until: __, ...parked }) => parked);
  }

  replay(id: number): boolean {
    const parked = this.#parked.get(id);
    if (parked === undefined) return false;
    this.#parked.delete(id);
    if (parked.until <= Date.now()) return false;
    const { batch: { lane, album, isLate, chars }, updates: [first, ...rest] } = parked;
    if (first === undefined) return false;
    const entry = (update: Update, size: number): StoreEntry => ({
      ...{ update, lane, chars: size, json: undefined, tries: NO_TRIES, reservedMs: 0 },
      album: album === undefined ? undefined : { key: album, rules: COMPLETE },
    });
    const last = this.#lasts.get(lane);
    if (last !== undefined) this.#endAlbumsOf(last);
    const batch = new MemoryBatch(entry(first, chars), isLate, true);
    for (const update of rest) batch.add(entry(update, 0));
    batch.highestId = Math.max(...parked.updates.map(({ update_id }) => update_id));
    if (last !== undefined) insert(batch, last);
    this.#lasts.set(lane, batch);
    this.count += batch.updates.length;
    this.chars += batch.chars;
    this.#offer(batch);
    this.#wake();
    return true;
  }

  discard(id: number): boolean {
    return this.#parked.delete(id);
  }

  stats(): StoreStats {
    let oldest = Infinity;
    for (const { next: first } of this.#lasts.values()) oldest = Math.min(oldest, first.beganAt);
    return {
      updates: this.count,
      lanes: this.#lasts.size,
      oldestMs: oldest === Infinity ? 0 : Math.max(0, performance.now() - oldest),
      parked: this.parked(0, MOST_PARKED_IN_MEMORY).length,
    };
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
    for (const each of [this.#lasts, this.#collecting, this.#due, this.#ended, this.#parked]) each.clear();
    this.count = 0;
    this.chars = 0;
    this.#host = undefined;
    return left;
  }

  /** Lets other things happen now and then: there may be a hundred thousand albums. */
  #flush(lasts: Iterator<MemoryBatch>): Awaitable<void> {
    const began = performance.now();
    for (let each = lasts.next(); !each.done; each = lasts.next()) {
      const { value: last } = each;
      while (last.newestCollecting !== undefined) this.#end(last.newestCollecting, "close");
      if (performance.now() - began < longestBurstMs()) continue;
      this.#wake();
      return nextTurn().then(() => this.#flush(lasts));
    }
    this.#wake();
  }

  #adopt(entry: StoreEntry, last: MemoryBatch | undefined): MemoryBatch {
    const batch = this.#begin({ ...entry, album: undefined }, last);
    if (last === undefined) this.#lasts.set(entry.lane, batch);
    else this.#collecting.remove(batch.next); // it is not the first any longer
    return this.#claim(batch);
  }

  #begin(entry: StoreEntry, last: MemoryBatch | undefined): MemoryBatch {
    const { lane, album } = entry;
    const batch = new MemoryBatch(entry, album !== undefined && this.#ended.has(lane, album.key));
    if (last !== undefined) insert(batch, last);
    this.#count(entry);
    return batch;
  }

  #count({ chars }: StoreEntry): void {
    this.count++;
    this.chars += chars;
  }

  #claim(batch: MemoryBatch): MemoryBatch {
    this.#endCollecting(batch);
    batch.isClaimed = true;
    batch.dueAt = Math.floor(performance.now());
    batch.keepOriginals();
    return batch;
  }

  /** @returns Whether the batch was claimed. */
  #remove(batch: Batch): boolean {
    if (!(batch instanceof MemoryBatch) || !batch.isClaimed) return false;
    const last = this.#lasts.get(batch.lane);
    if (last === undefined) return false;
    batch.isClaimed = false;
    this.count -= batch.updates.length;
    this.chars -= batch.chars;
    const left = remove(batch, last);
    if (left === undefined) this.#lasts.delete(batch.lane);
    else {
      if (left !== last) this.#lasts.set(batch.lane, left);
      this.#offer(left.next);
    }
    this.#wake();
    return true;
  }

  #collect(batch: MemoryBatch, { album }: StoreEntry): void {
    const last = this.#lasts.get(batch.lane);
    if (album === undefined || last === undefined) return;
    const now = performance.now();
    const { isCollecting, dueAt, end } = albumState(album.rules, batch.updates.length, batch.beganAt, now);
    if (!isCollecting) {
      batch.dueAt = Math.floor(dueAt); // its quiet time may have ended without a claim
      return this.#end(batch, end);
    }
    const dueMs = Math.ceil(dueAt);
    batch.end = end;
    if (!batch.isCollecting) beginCollecting(batch, last);
    else if (batch.dueAt === dueMs) return; // its longest wait is near
    batch.dueAt = dueMs;
    this.#offer(batch);
  }

  #endAlbumsOf(last: MemoryBatch): void {
    while (last.newestCollecting !== undefined) this.#end(last.newestCollecting, "next");
  }

  /** An album is complete, and due. */
  #end(batch: MemoryBatch, end: AlbumEnd): void {
    this.#endCollecting(batch);
    batch.end = end;
    batch.dueAt = Math.min(batch.dueAt, Math.floor(performance.now()));
    this.#offer(batch);
  }

  /** Another part of its album is late from now on. */
  #endCollecting(batch: MemoryBatch): void {
    if (batch.album === undefined) return;
    this.#ended.add(batch.lane, batch.album);
    const last = this.#lasts.get(batch.lane);
    if (last !== undefined) endCollecting(batch, last);
    this.#collecting.remove(batch);
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
    return !batch.isClaimed && this.#lasts.get(batch.lane)?.next === batch;
  }

  #wake(): void {
    const first = this.#firstDue(0);
    if (first !== undefined) this.#host?.wake(Math.max(0, first.dueAt - performance.now()));
  }

  /** What is due first: in the list by its extended time. */
  #firstDue(quietExtraMs: number): MemoryBatch | undefined {
    const collecting = quietExtraMs > 0 ? this.#firstExtended(quietExtraMs) : this.#collecting.first;
    for (let first = this.#due.first; first !== undefined; first = this.#due.first) {
      const { at, item } = first;
      if (at === item.dueAt && this.#isOffered(item)) {
        return collecting === undefined || at <= extendedDueAt(collecting, quietExtraMs) ? item : collecting;
      }
      this.#due.dropFirst();
    }
    return collecting;
  }

  /**
   * What collects and is due first by its extended time: the longest wait may end before a quiet time that began earlier. The
   * list is in the order of due times, and extending makes none earlier: so few need a look where there are many.
   */
  #firstExtended(quietExtraMs: number): MemoryBatch | undefined {
    let first = this.#collecting.first;
    let firstAt = first && extendedDueAt(first, quietExtraMs);
    for (let each = first?.behind; firstAt !== undefined && each !== undefined; each = each.behind) {
      if (each.dueAt >= firstAt) break;
      const at = extendedDueAt(each, quietExtraMs);
      if (at >= firstAt) continue;
      first = each;
      firstAt = at;
    }
    return first;
  }
}

/** When a batch is due if quiet times are longer for now. */
function extendedDueAt(batch: MemoryBatch, quietExtraMs: number): number {
  const { dueAt, isCollecting, end, beganAt, rules } = batch;
  if (!isCollecting || end !== "quiet" || rules === undefined) return dueAt;
  return Math.min(dueAt + quietExtraMs, beganAt + rules.maxWaitMs);
}

/** For the parts of an album that is complete. */
const COMPLETE = { quietMs: 0, maxWaitMs: 0, mostParts: 10 };
