import type { StoreClock } from "../../src/testing/store.ts";

/** Time for stores that only passes when a test wants it to, on the server as well. */
export class VirtualTime {
  readonly #began = Date.now();
  #ms = 0;
  #calls = 0;

  /** What the functions take for the server's time: a microsecond later with each call, as what happens later has a later time. */
  readonly now = (): number => this.#began + this.#ms + ++this.#calls / 1_000;

  /** The same, as the suite wants it. */
  readonly clock: StoreClock = {
    unitMs: 1,
    toleranceMs: 0,
    canJump: true,
    now: () => this.#ms,
    pass: (ms) => void (this.#ms += Math.ceil(ms)),
  };
}
