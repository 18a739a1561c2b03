import { pause } from "../../platform/pause.ts";

/** What a test must undo when it has ended. */
export interface TestScope {
  /** Calls a function when the test has ended; the one that was given last is called first. */
  after(undo: () => unknown): void;
}

/** The time that a store goes by, as the conformance suite sees and moves it. */
export interface StoreClock {
  /** All of the suite's short times are multiplied by this. Milliseconds, at least 1. */
  readonly unitMs: number;
  /** By how many milliseconds the store may be early or late; 0 if time only passes in `pass`. */
  readonly toleranceMs: number;
  /** Whether hours can pass in an instant. Tests that need this are skipped otherwise. */
  readonly canJump: boolean;
  /** Milliseconds since any moment. Only differences are used. */
  now(): number;
  /** Lets that many milliseconds pass. */
  pass(ms: number): void | Promise<void>;
}

/**
 * Stops `Date.now` and `performance.now` until the test ends; they then only change in `pass`. For stores that go by the
 * clocks of this process.
 *
 * @param t The test. Its end starts the clocks again.
 *
 * @example
 * ```ts
 * import { stoppedClock } from "@telehook/telehook/testing/store";
 *
 * const undone: (() => unknown)[] = [];
 * const clock = stoppedClock({ after: (undo) => void undone.push(undo) });
 * const began = Date.now();
 * await clock.pass(3_600_000);
 * console.log(Date.now() - began); // 3600000
 * for (const undo of undone) undo();
 * ```
 */
export function stoppedClock(t: TestScope): StoreClock {
  const real = { now: Date.now, monotonic: performance.now };
  const began = Date.now();
  let passedMs = 0;
  Date.now = () => began + passedMs;
  performance.now = () => 1_000_000 + passedMs;
  t.after(() => {
    Date.now = real.now;
    performance.now = real.monotonic;
  });
  return {
    unitMs: 1,
    toleranceMs: 0,
    canJump: true,
    now: () => passedMs,
    pass: (ms) => void (passedMs += ms),
  };
}

/** How a store's time is made to pass that is a server's; see {@link serverClock}. */
export interface ServerClockOptions {
  /** All of the suite's short times are multiplied by this. Milliseconds. Default: 50. */
  readonly unitMs?: number;
  /** By how many milliseconds the store may be early or late. Default: a third of `unitMs`. */
  readonly toleranceMs?: number;
  /** Sets the server's time that many milliseconds ahead. Without it, the suite waits, and skips what would take hours. */
  readonly shift?: (ms: number) => Promise<void>;
}

/**
 * A clock for stores that go by the time of a server, which no test can stop.
 *
 * @param options How time passes.
 *
 * @example
 * ```ts
 * import { serverClock } from "@telehook/telehook/testing/store";
 *
 * const clock = serverClock({ unitMs: 20 });
 * await clock.pass(clock.unitMs);
 * ```
 */
export function serverClock(options: ServerClockOptions = {}): StoreClock {
  const { unitMs = 50, toleranceMs = unitMs / 3, shift } = options;
  let shiftedMs = 0;
  return {
    unitMs,
    toleranceMs,
    canJump: shift !== undefined,
    now: () => performance.now() + shiftedMs,
    async pass(ms) {
      if (shift === undefined) return await pause(ms);
      await shift(ms);
      shiftedMs += ms;
    },
  };
}
