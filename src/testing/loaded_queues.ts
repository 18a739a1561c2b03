import type { Delivery } from "./delivery.ts";

/** The updates of one queue that the sender has at hand. */
interface LoadedQueue {
  name: string;
  deliveries: Delivery[];
  /** When its first update may be sent, in milliseconds; undefined while that one is under way. */
  wakeAt: number | undefined;
  /** Decides between queues that may be sent at the same time. */
  turn: number;
}

/** The queues that a sender has loaded. Each gives out one update at a time. */
export class LoadedQueues {
  #queues = new Map<string, LoadedQueue>();
  #turns = 0;

  /** How many queues hold something. */
  get size(): number {
    return this.#queues.size;
  }

  /** When the next update may be sent; infinite if none can. */
  get nextWake(): number {
    return this.#next()?.wakeAt ?? Number.POSITIVE_INFINITY;
  }

  /** Adds an update at the end of its queue. */
  add(delivery: Delivery, now: number): void {
    const queue = this.#queues.get(delivery.queue);
    if (queue) queue.deliveries.push(delivery);
    else {
      const { queue: name } = delivery;
      this.#queues.set(name, { name, deliveries: [delivery], wakeAt: now, turn: this.#turns++ });
    }
  }

  /** Takes an update that may be sent now. Its queue stands still until {@link again} or {@link done}. */
  take(now: number): Delivery | undefined {
    const queue = this.#next();
    if (!queue || queue.wakeAt === undefined || queue.wakeAt > now) return undefined;
    queue.wakeAt = undefined;
    return queue.deliveries[0];
  }

  /** Puts an update back to be sent once more. */
  again(delivery: Delivery, wakeAt: number): void {
    const queue = this.#queues.get(delivery.queue);
    if (!queue) return;
    queue.wakeAt = wakeAt;
    queue.turn = this.#turns++;
  }

  /** Removes an update, so that the next of its queue may be sent. */
  done(delivery: Delivery, now: number): void {
    const queue = this.#queues.get(delivery.queue);
    if (!queue) return;
    queue.deliveries.shift();
    if (queue.deliveries.length === 0) this.#queues.delete(queue.name);
    else this.again(delivery, now);
  }

  #next(): LoadedQueue | undefined {
    let first: LoadedQueue | undefined;
    for (const queue of this.#queues.values()) {
      if (queue.wakeAt === undefined) continue;
      if (
        !first || queue.wakeAt < (first.wakeAt ?? 0) ||
        (queue.wakeAt === first.wakeAt && queue.turn < first.turn)
      ) {
        first = queue;
      }
    }
    return first;
  }
}
