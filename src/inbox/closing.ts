import { checkNumber, checkOptionNames } from "../checks/options.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import { LONGEST_TIMER_MS } from "../platform/pause.ts";

/** How long closing may take. */
export interface CloseOptions {
  /** Milliseconds to wait for running handlers. Default: 10 000. */
  readonly timeoutMs?: number;
}

/**
 * The time limit, checked.
 *
 * @throws {TelehookError} `ERR_OPTION` if it is not a whole number of milliseconds that a timer can wait.
 */
export function closeTimeoutMs(options: CloseOptions = {}): number {
  checkOptionNames("close", options, { timeoutMs: true } satisfies Record<keyof CloseOptions, true>);
  return checkNumber("timeoutMs", options.timeoutMs, { default: 10_000, min: 0, max: LONGEST_TIMER_MS });
}

/** How long closing may take, from now on. */
export class TimeLimit {
  readonly over: Promise<void>;
  isOver = false;
  readonly #endsAt: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ms: number) {
    this.#endsAt = performance.now() + ms;
    this.over = new Promise((resolve) => {
      this.#timer = setTimeout(() => {
        this.isOver = true;
        resolve();
      }, ms);
    });
  }

  get leftMs(): number {
    return this.#endsAt - performance.now();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** How long a store may take to close, beside what `timeoutMs` allows for the handlers. */
const STORE_CLOSES_WITHIN_MS = 5_000;

/**
 * Resolves with what its closing does, when a store has closed.
 *
 * @throws {TelehookError} `ERR_STORE` if it takes too long: whoever closes is about to end the process.
 */
export async function storeClosed<T>(closing: Promise<T>): Promise<T> {
  const limit = new TimeLimit(STORE_CLOSES_WITHIN_MS);
  const tooLong = limit.over.then((): never => {
    throw new TelehookError(
      "ERR_STORE",
      `The store's "close" has not ended within ${STORE_CLOSES_WITHIN_MS} ms: what it has claimed is due when its lease ends`,
    );
  });
  return await Promise.race([closing, tooLong]).finally(() => limit.stop());
}

/** Those who wait for the moment at which nothing is left to do. */
export class IdleWaiters {
  #waiters: (() => void)[] = [];

  get hasWaiters(): boolean {
    return this.#waiters.length > 0;
  }

  /**
   * Resolves with the next {@link tell}. Each caller gets its own promise: on Workers, one that was created in a request
   * that has ended resolves for nobody.
   */
  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  tell(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}
