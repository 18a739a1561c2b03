import { checkOptionNames } from "../checks/options.ts";
import { LONGEST_TIMER_MS } from "../platform/pause.ts";
import { checkMs, checkTimeScale } from "./options.ts";

/** The time that the test server lives by, in milliseconds since 1970. */
export interface Clock {
  /** What time it is. */
  now(): number;
  /**
   * Calls `run` once `ms` milliseconds have passed on this clock.
   *
   * @returns A function that calls it off.
   */
  after(ms: number, run: () => void): () => void;
}

/**
 * The machine's own time, from now on `timeScale` times as fast.
 *
 * @param timeScale How many seconds pass on this clock in one real second. Default: 1.
 */
export function realClock(timeScale = 1): Clock {
  checkTimeScale(timeScale);
  const start = Date.now();
  const startOfTimer = performance.now();
  return {
    now: () => start + (performance.now() - startOfTimer) * timeScale,
    after(ms, run) {
      const timer = setTimeout(run, Math.min(Math.max(ms, 0) / timeScale, LONGEST_TIMER_MS));
      return () => clearTimeout(timer);
    },
  };
}

/** How {@link VirtualClock.advance} waits for the bot. */
export interface AdvanceOptions {
  /**
   * How long in real milliseconds, before each step, to wait for answers that the bot still owes. A bot that owes one
   * for longer is taken to be holding it back, and time goes on. Default: 1000.
   */
  patienceMs?: number;
}

/**
 * A clock that stands still until the test moves it, so that a day of retries takes no time at all.
 *
 * @example
 * ```ts
 * import { startTestBotApi, virtualClock } from "@telehook/telehook/testing";
 *
 * const telegram = await startTestBotApi({ clock: virtualClock() });
 * await telegram.clock.advance(24 * 3600 * 1000);
 * await telegram.close();
 * ```
 */
export class VirtualClock implements Clock {
  #now: number;
  #timers: { at: number; run: () => void }[] = [];
  #settlers = new Set<(patienceMs: number) => Promise<void>>();

  /**
   * Use {@link virtualClock}.
   *
   * @param start The time at which it stands, in milliseconds since 1970. Default: the machine's time.
   */
  constructor(start: number = Date.now()) {
    checkMs("start", start);
    this.#now = start;
  }

  /** What time it is. */
  now(): number {
    return this.#now;
  }

  /** Calls `run` once the clock was moved `ms` milliseconds on. */
  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + Math.max(ms, 0), run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /**
   * Moves time on, from one thing that falls due to the next. Before each step the server and the bot finish what
   * they have under way, so an update sent at second 2 is answered before second 4 comes.
   *
   * @param ms By how many milliseconds.
   */
  async advance(ms: number, options: AdvanceOptions = {}): Promise<void> {
    checkOptionNames("advance", options, ["patienceMs"]);
    const { patienceMs = 1000 } = options;
    checkMs("ms", ms);
    checkMs("patienceMs", patienceMs);
    const end = this.#now + ms;
    for (;;) {
      await Promise.all([...this.#settlers].map((settle) => settle(patienceMs)));
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = Math.max(this.#now, due.at);
      due.run();
    }
    this.#now = Math.max(this.#now, end);
  }

  /**
   * Tells the clock what else to wait for before each step; every test server that lives by it calls this.
   *
   * @returns A function that has the clock no longer wait for it.
   */
  settleWith(settle: (patienceMs: number) => Promise<void>): () => void {
    this.#settlers.add(settle);
    return () => this.#settlers.delete(settle);
  }
}

/** Makes a clock that stands still until the test moves it with {@link VirtualClock.advance}. */
export function virtualClock(start?: number): VirtualClock {
  return new VirtualClock(start);
}
