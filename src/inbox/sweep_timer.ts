interface Referable {
  ref?(): unknown;
  unref?(): unknown;
}

/**
 * One timer for the time limits of all who wait. Arming one for each update would cost more than everything else that
 * the inbox does, so this one goes on while updates come and go, but keeps the process alive only while somebody waits.
 */
export class SweepTimer {
  readonly #sweep: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isWaitedFor = false;

  constructor(sweep: () => void) {
    this.#sweep = sweep;
  }

  /** Sweeps in so many milliseconds, or earlier if that was to be. `Infinity` never does. */
  ensure(ms: number): void {
    if (this.#timer !== undefined || ms === Infinity) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#sweep();
    }, Math.ceil(ms));
    if (!this.#isWaitedFor) this.#handle?.unref?.();
  }

  /** Somebody waits, or nobody any more. */
  set isWaitedFor(isWaitedFor: boolean) {
    if (this.#isWaitedFor === isWaitedFor) return;
    this.#isWaitedFor = isWaitedFor;
    if (isWaitedFor) this.#handle?.ref?.();
    else this.#handle?.unref?.();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Browsers and workers number their timers, and have no process to keep alive. */
  get #handle(): Referable | undefined {
    const timer: unknown = this.#timer;
    return typeof timer === "object" && timer !== null ? timer : undefined;
  }
}
