const SLOTS = 4_096;
const REMEMBERED_MS = 60_000;

/**
 * The ids that were looked up recently and belong to no bot. Its size is fixed, so a flood of unknown ids uses no more memory.
 * An id that is repeated is looked up once a minute.
 */
export class UnknownBots {
  readonly #ids = new Float64Array(SLOTS);
  readonly #until = new Float64Array(SLOTS);

  has(id: number): boolean {
    const slot = id % SLOTS;
    return this.#ids[slot] === id && performance.now() < (this.#until[slot] ?? 0);
  }

  add(id: number): void {
    const slot = id % SLOTS;
    this.#ids[slot] = id;
    this.#until[slot] = performance.now() + REMEMBERED_MS;
  }

  delete(id: number): void {
    const slot = id % SLOTS;
    if (this.#ids[slot] === id) this.#ids[slot] = 0;
  }
}
