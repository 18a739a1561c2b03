import type { Delivery } from "./delivery.ts";

/** An update over this size is never sent. */
const MAX_UPDATE_BYTES = 512 * 1024;
/** More updates than this, or more bytes of them, never wait. */
const MAX_WAITING = 100_000;
const MAX_WAITING_BYTES = 128 << 20;
/** An offset that is further above the newest update than this belongs to other ids: Telegram ignores it. */
const FUTURE_IDS = 11;

/**
 * Telegram's queue of one bot's updates: everything that neither a webhook acknowledged nor `getUpdates` confirmed,
 * oldest first.
 */
export class PendingUpdates {
  #now: () => number;
  #all = new Set<Delivery>();
  #bytes = 0;
  #newestId = Number.POSITIVE_INFINITY;
  /** What was not read yet, from {@link #next} on. */
  #unread: Delivery[] = [];
  #next = 0;
  #emptied = new Set<() => void>();

  /** @param now What time it is, in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many updates wait, those under way included. */
  get size(): number {
    return this.#all.size;
  }

  /** Adds the newest update. */
  add(delivery: Delivery): void {
    const size = delivery.json.length;
    const isFull = this.#all.size >= MAX_WAITING || this.#bytes + size > MAX_WAITING_BYTES;
    if (isFull || size > MAX_UPDATE_BYTES) return delivery.end("too big");
    this.#all.add(delivery);
    this.#bytes += size;
    this.#newestId = delivery.update.update_id;
    this.#unread.push(delivery);
  }

  /** Takes out what has come to an end. */
  remove(delivery: Delivery, outcome: NonNullable<Delivery["outcome"]>): void {
    if (this.#all.delete(delivery)) this.#bytes -= delivery.json.length;
    delivery.end(outcome);
    if (this.#all.size === 0) {
      this.#restart([]);
      for (const tell of this.#emptied) tell();
      this.#emptied.clear();
    }
  }

  /**
   * Reads on from where {@link PendingUpdates.read} stopped: at most that many updates, without those that have
   * expired.
   */
  read(limit: number): Delivery[] {
    const batch: Delivery[] = [];
    while (this.#next < this.#unread.length && batch.length < limit) {
      const delivery = this.#unread[this.#next++];
      if (delivery && this.#all.has(delivery) && !this.#hasExpired(delivery)) batch.push(delivery);
    }
    if (this.#next > 1000 && this.#next * 2 > this.#unread.length) {
      this.#restart(this.#unread.slice(this.#next));
    }
    return batch;
  }

  /** Starts reading from the oldest again. */
  rewind(): void {
    this.#restart([...this.#all]);
  }

  /** The oldest updates that wait, without those that have expired. */
  oldest(limit: number): Delivery[] {
    const batch: Delivery[] = [];
    for (const delivery of this.#all) {
      if (batch.length === limit) break;
      if (!this.#hasExpired(delivery)) batch.push(delivery);
    }
    return batch;
  }

  /** Drops all but the newest `keep`. */
  clear(keep = 0): void {
    for (const delivery of [...this.#all].slice(0, Math.max(this.#all.size - keep, 0))) {
      this.remove(delivery, "dropped");
    }
  }

  /** Ends everything with an id below this. If it is far above the newest id, it belongs to other ids, and nothing ends. */
  confirmBelow(updateId: number): void {
    if (updateId > this.#newestId + FUTURE_IDS) return;
    for (const delivery of [...this.#all]) {
      if (delivery.update.update_id < updateId) this.remove(delivery, "polled");
    }
  }

  /** Changes the order of what was not read yet. */
  reorder(order: (waiting: Delivery[]) => Delivery[]): void {
    const unread = new Set(this.#unread.slice(this.#next).filter((delivery) => this.#all.has(delivery)));
    const ordered = order([...unread]);
    if (ordered.length !== unread.size || ordered.some((delivery) => !unread.has(delivery))) {
      throw new Error("Reordering must give back every waiting update once");
    }
    const read = [...this.#all].filter((delivery) => !unread.has(delivery));
    this.#all = new Set([...read, ...ordered]);
    this.#restart(ordered);
  }

  /** Resolves once nothing waits. */
  whenEmpty(): Promise<void> {
    return this.#all.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#emptied.add(resolve));
  }

  #restart(unread: Delivery[]): void {
    this.#unread = unread;
    this.#next = 0;
  }

  /** Telegram drops what has expired when it comes across it, not before. */
  #hasExpired(delivery: Delivery): boolean {
    if (Math.floor(delivery.expiresAt / 1000) >= Math.floor(this.#now() / 1000)) return false;
    this.remove(delivery, "expired");
    return true;
  }
}
