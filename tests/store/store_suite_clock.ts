import type { Scope } from "./store_suite_it.ts";

/** Stops both clocks until the test ends; they then only go where the test sets them. */
export class StoppedClock {
  #ms = 0;

  constructor(t: Scope) {
    const began = Date.now();
    const real = { now: Date.now, monotonic: performance.now };
    Date.now = () => began + this.#ms;
    performance.now = () => 1_000_000 + this.#ms;
    t.after(() => {
      Date.now = real.now;
      performance.now = real.monotonic;
    });
  }

  /** Milliseconds since the test stopped it. */
  get ms(): number {
    return this.#ms;
  }

  pass(ms: number): void {
    this.#ms += ms;
  }
}
