import { REMEMBERED_UPDATES } from "../store/limits.ts";

/**
 * The updates that were acknowledged lately, and whether they were handled since. Telegram counts ids up by one, so each
 * has a slot of its own until 32 768 later ones have come: no allocation, no eviction, a bounded size.
 */
export class SeenUpdates {
  // One more than the id, so that the zeros of a new array mean nothing: the memory is not touched before it is used.
  // Below zero: it was handled.
  readonly #slots = new Float64Array(REMEMBERED_UPDATES);

  /** Whether it was acknowledged. */
  has(updateId: number): boolean {
    const slot = this.#slots[updateId % REMEMBERED_UPDATES];
    return slot === updateId + 1 || slot === -updateId - 1;
  }

  isHandled(updateId: number): boolean {
    return this.#slots[updateId % REMEMBERED_UPDATES] === -updateId - 1;
  }

  /** Notes that it was acknowledged. What was handled stays handled. */
  acknowledged(updateId: number): void {
    if (!this.isHandled(updateId)) this.#slots[updateId % REMEMBERED_UPDATES] = updateId + 1;
  }

  handled(updateId: number): void {
    this.#slots[updateId % REMEMBERED_UPDATES] = -updateId - 1;
  }
}
