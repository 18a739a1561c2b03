import type { Delivery } from "./delivery.ts";

/** An update that the sender has at hand. */
interface LoadedUpdate {
  delivery: Delivery;
  /** When it may be sent, in milliseconds: from when it was loaded on, or when its next try is due. */
  wakeAt: number;
  /** Which load, or which failure, put it there: decides between updates of the same millisecond. */
  order: number;
}

/** The updates of one queue that the sender has at hand. */
interface LoadedQueue {
  updates: LoadedUpdate[];
  /** Whether its first update is under way. */
  isBusy: boolean;
}

/**
 * The queues that a sender has loaded. Each gives out one update at a time. The queue whose first update was loaded
 * earliest comes first, so one that was just answered goes on before others that were loaded later; of those that were
 * loaded together, the one with the lowest id.
 */
export class LoadedQueues {
  #queues = new Map<bigint, LoadedQueue>();
  #orders = 0;

  /** How many queues hold something. */
  get size(): number {
    return this.#queues.size;
  }

  /** When the next update may be sent; infinite if none can. */
  get nextWake(): number {
    return this.#next()?.wakeAt ?? Number.POSITIVE_INFINITY;
  }

  /** Adds what was read at one time, each update at the end of its queue. */
  load(deliveries: readonly Delivery[], now: number): void {
    const order = this.#orders++;
    for (const delivery of deliveries) {
      const update = { delivery, wakeAt: now, order };
      const queue = this.#queues.get(delivery.queueId);
      if (queue) queue.updates.push(update);
      else this.#queues.set(delivery.queueId, { updates: [update], isBusy: false });
    }
  }

  /** Takes an update that may be sent now. Its queue stands still until {@link again} or {@link done}. */
  take(now: number): Delivery | undefined {
    const next = this.#next();
    if (!next || next.wakeAt > now) return undefined;
    const queue = this.#queues.get(next.delivery.queueId);
    if (queue) queue.isBusy = true;
    return next.delivery;
  }

  /** Puts an update back to be sent once more. */
  again(delivery: Delivery, wakeAt: number): void {
    const queue = this.#queues.get(delivery.queueId);
    if (!queue) return;
    queue.updates[0] = { delivery, wakeAt, order: this.#orders++ };
    queue.isBusy = false;
  }

  /** Removes an update, so that the next of its queue may be sent. */
  done(delivery: Delivery): void {
    const queue = this.#queues.get(delivery.queueId);
    if (!queue) return;
    queue.updates.shift();
    queue.isBusy = false;
    if (queue.updates.length === 0) this.#queues.delete(delivery.queueId);
  }

  #next(): LoadedUpdate | undefined {
    let first: LoadedUpdate | undefined;
    for (const { updates: [update], isBusy } of this.#queues.values()) {
      if (update && !isBusy && (!first || isBefore(update, first))) first = update;
    }
    return first;
  }
}

function isBefore(a: LoadedUpdate, b: LoadedUpdate): boolean {
  if (a.wakeAt !== b.wakeAt) return a.wakeAt < b.wakeAt;
  return a.order === b.order ? a.delivery.queueId < b.delivery.queueId : a.order < b.order;
}
