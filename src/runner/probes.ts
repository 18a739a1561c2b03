const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** A probe that takes longer does not keep others from being tried. */
const LONGEST_PROBE_MS = 60_000;

/** When the next update may be tried during an outage: one at a time, after pauses that double with each that fails. */
export class Probes {
  #pauseMs = FIRST_PAUSE_MS;
  #pauseEnd = 0;
  #since: number | undefined;

  /** An outage begins. */
  begin(now: number): void {
    this.#since = undefined;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#pauseEnd = now + this.#pauseMs;
  }

  /** Milliseconds until the next probe; 0 if it may begin now. */
  get waitMs(): number {
    const now = performance.now();
    const isProbing = this.#since !== undefined && now < this.#since + LONGEST_PROBE_MS;
    return isProbing ? this.#pauseMs : Math.max(0, this.#pauseEnd - now);
  }

  get isProbing(): boolean {
    return this.#since !== undefined;
  }

  /** An update is tried. */
  started(): void {
    this.#since = performance.now();
  }

  /** It failed. */
  failed(now: number): void {
    this.#since = undefined;
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
    this.#pauseEnd = now + this.#pauseMs;
  }

  /** It was neither handled, nor has it failed. */
  passed(): void {
    this.#since = undefined;
  }
}
