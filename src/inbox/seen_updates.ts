/** A power of two: some minutes of the busiest bot, and 256 KiB once all of it was used. */
const REMEMBERED = 32_768;

/**
 * The update ids that were acknowledged lately. Telegram counts ids up by one, so each has a slot of its own until
 * 32 768 later ones have come: no allocation, no eviction, a bounded size.
 */
export class SeenUpdates {
  // One more than the id, so that the zeros of a new array mean nothing: the memory is not touched before it is used.
  readonly #slots = new Float64Array(REMEMBERED);

  has(updateId: number): boolean {
    return this.#slots[updateId % REMEMBERED] === updateId + 1;
  }

  add(updateId: number): void {
    this.#slots[updateId % REMEMBERED] = updateId + 1;
  }
}
