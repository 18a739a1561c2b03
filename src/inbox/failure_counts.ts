/** How many failing updates are counted at once: Telegram loads far fewer queues. */
const MOST = 10_000;

/** How often each update has failed since it was last handled. The one counted longest ago is forgotten first. */
export class FailureCounts {
  readonly #counts = new Map<number, number>();

  of(updateId: number): number {
    return this.#counts.size === 0 ? 0 : this.#counts.get(updateId) ?? 0;
  }

  /** Which attempt the next one is, from 1. */
  nextAttempt(updateId: number): number {
    return this.of(updateId) + 1;
  }

  set(updateId: number, count: number): void {
    this.#counts.delete(updateId);
    this.#counts.set(updateId, count);
    if (this.#counts.size <= MOST) return;
    for (const oldest of this.#counts.keys()) {
      this.#counts.delete(oldest);
      return;
    }
  }

  forget(updateId: number): void {
    if (this.#counts.size > 0) this.#counts.delete(updateId);
  }
}
