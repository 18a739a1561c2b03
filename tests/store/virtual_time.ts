import type { StoreClock, TestScope } from "../../src/testing/store.ts";

/** Time for stores that only passes when a test wants it to, on the server as well. */
export class VirtualTime {
  readonly #began = Date.now();
  readonly #perCallMs: number;
  #ms = 0;
  #calls = 0;

  /** @param perCallMs How much later each call of the server is than the one before it, in milliseconds. Default: 0. */
  constructor(perCallMs = 0) {
    this.#perCallMs = perCallMs;
  }

  /** What calls take for the server's time. */
  readonly now = (): number => this.#began + this.#ms + ++this.#calls * this.#perCallMs;

  /** The same, as the suite wants it. */
  readonly clock: StoreClock = {
    unitMs: 1,
    toleranceMs: 0,
    canJump: true,
    now: () => this.#ms,
    pass: (ms) => void (this.#ms += Math.ceil(ms)),
  };
}

/** @returns A function that returns the time of a test, which starts when it is first asked for. */
export function virtualTimes(perCallMs?: number): (t: TestScope) => VirtualTime {
  const times = new WeakMap<TestScope, VirtualTime>();
  return (t) => {
    const time = times.get(t) ?? new VirtualTime(perCallMs);
    times.set(t, time);
    return time;
  };
}
