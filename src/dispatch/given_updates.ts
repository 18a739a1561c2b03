import { dropOldest } from "../collections/drop_oldest.ts";

/** Resolves when a subscriber has room for an update; `undefined` if it has the update already, or does not need it. */
export type Room = Promise<void> | undefined;

/** How many deliveries that failed are remembered. */
const MOST_FAILED = 1_000;

/**
 * Deliveries that failed since a subscriber left before it had room, or was not awaited any longer: Telegram sends these
 * again, and then the other subscribers must not get them twice.
 */
export class GivenUpdates<Subscriber> {
  /** For each, who has the update nevertheless, or still waits for room for it. */
  readonly #failed = new Map<number, ReadonlyMap<Subscriber, Room>>();

  /** Who was given an update when its delivery failed before. This is told once. */
  take(updateId: number): ReadonlyMap<Subscriber, Room> | undefined {
    if (this.#failed.size === 0) return undefined;
    const given = this.#failed.get(updateId);
    this.#failed.delete(updateId);
    return given;
  }

  /**
   * Resolves when all have room. If it rejects, those who have the update are remembered.
   *
   * @param rooms Of those who have no room yet.
   */
  whenAllHaveRoom(
    updateId: number,
    subscribers: Iterable<Subscriber>,
    rooms: ReadonlyMap<Subscriber, Promise<void>>,
  ): Promise<void> {
    const given = new Map<Subscriber, Room>();
    for (const each of subscribers) given.set(each, rooms.get(each));
    for (const [subscriber, room] of rooms) room.catch(() => given.delete(subscriber));
    const all = Promise.all(rooms.values()).then(() => {});
    all.catch(() => {
      this.#failed.set(updateId, given);
      dropOldest(this.#failed, MOST_FAILED);
    });
    return all;
  }
}
