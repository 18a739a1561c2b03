/** As many slots as a bot that is rarely used needs. */
const FIRST_SLOTS = 256;

/**
 * The updates that were acknowledged lately, and whether they were handled or parked since. Telegram counts ids up by one,
 * so each has its own slot until as many later ones have come as there are slots. Nothing is allocated before the first
 * update; when one would take the slot of another, the slots are doubled, up to the limit.
 */
export class SeenUpdates {
  readonly #most: number;
  readonly #onDone: ((updateId: number) => void) | undefined;
  // One more than the id, so that the zeros of a new array mean nothing. Below zero: it is done.
  #slots = new Float64Array(0);

  /**
   * @param most How many updates are remembered at most: a power of two, from 256 on. 8 bytes each.
   * @param onDone Called with each update that is done.
   */
  constructor(most: number, onDone?: (updateId: number) => void) {
    this.#most = most;
    this.#onDone = onDone;
  }

  /** Whether it was acknowledged. */
  has(updateId: number): boolean {
    const slot = this.#slots[updateId % this.#slots.length];
    return slot === updateId + 1 || slot === -updateId - 1;
  }

  /** Whether it was handled, or given up. */
  isDone(updateId: number): boolean {
    return this.#slots[updateId % this.#slots.length] === -updateId - 1;
  }

  /** Notes that it was acknowledged. What is done stays done. */
  acknowledged(updateId: number): void {
    if (!this.isDone(updateId)) this.#note(updateId, updateId + 1);
  }

  /** Notes that it was handled, or given up. */
  done(updateId: number): void {
    this.#note(updateId, -updateId - 1);
    this.#onDone?.(updateId);
  }

  #note(updateId: number, value: number): void {
    let index = updateId % this.#slots.length;
    while (this.#slots.length < this.#most) {
      const other = this.#slots[index];
      if (other === 0 || other === value || other === -value) break;
      this.#grow();
      index = updateId % this.#slots.length;
    }
    this.#slots[index] = value;
  }

  #grow(): void {
    const old = this.#slots;
    const slots = new Float64Array(Math.max(FIRST_SLOTS, 2 * old.length));
    for (const each of old) if (each !== 0) slots[(Math.abs(each) - 1) % slots.length] = each;
    this.#slots = slots;
  }
}
