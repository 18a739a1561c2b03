import { dropOldest } from "../collections/drop_oldest.ts";

/** Resolves when a subscriber has room for an update; `undefined` if it has the update already, or does not need it. */
export type Room = Promise<void> | undefined;

/** How many deliveries that failed are remembered. */
const MOST_FAILED = 1_000;

/** Who has an update, or still waits for room for it: all who had subscribed by then, but for those who lack it. */
interface Given<Subscriber> {
  readonly lastNumber: number;
  readonly rooms: ReadonlyMap<Subscriber, Promise<void>>;
  readonly lacking: Set<Subscriber>;
}

/**
 * Deliveries that failed since a subscriber left before it had room, or was not awaited any longer: Telegram sends these
 * again, and then the other subscribers must not get them twice. There may be thousands of both.
 */
export class GivenUpdates<Subscriber extends object> {
  /** Subscribers are numbered in the order in which they came, so that all of them need not be listed. */
  readonly #numbers = new WeakMap<Subscriber, number>();
  #lastNumber = 0;
  readonly #failed = new Map<number, Given<Subscriber>>();

  /** Somebody has subscribed, who is given all that comes from now on. */
  subscribed(subscriber: Subscriber): void {
    this.#numbers.set(subscriber, ++this.#lastNumber);
  }

  /** Who was given an update when its delivery failed before. This is told once. */
  take(updateId: number): Given<Subscriber> | undefined {
    if (this.#failed.size === 0) return undefined;
    const given = this.#failed.get(updateId);
    this.#failed.delete(updateId);
    return given;
  }

  /** Whether a subscriber is among them. */
  has({ lacking, lastNumber }: Given<Subscriber>, subscriber: Subscriber): boolean {
    return (this.#numbers.get(subscriber) ?? Infinity) <= lastNumber && !lacking.has(subscriber);
  }

  /**
   * Resolves when all have room. If it rejects, those who have the update are remembered.
   *
   * @param rooms Of those who have no room yet.
   */
  whenAllHaveRoom(updateId: number, rooms: ReadonlyMap<Subscriber, Promise<void>>): Promise<void> {
    const lacking = new Set<Subscriber>();
    const given: Given<Subscriber> = { lastNumber: this.#lastNumber, rooms, lacking };
    for (const [subscriber, room] of rooms) room.catch(() => lacking.add(subscriber));
    const all = Promise.all(rooms.values()).then(() => {});
    all.catch(() => {
      this.#failed.set(updateId, given);
      dropOldest(this.#failed, MOST_FAILED);
    });
    return all;
  }
}
