import type { WaitingUpdate, WaitingUpdates } from "./waiting_updates.ts";

interface Referable {
  ref?(): unknown;
  unref?(): unknown;
}

/**
 * How long a sender waits at most. One timer serves all: one for each update would cost more than everything else that the
 * inbox does. It goes on while updates come and go, and keeps the process alive only while somebody waits.
 */
export class AcknowledgementLimit {
  readonly #waiting: WaitingUpdates;
  readonly #limitMs: number;
  readonly #onOverdue: (overdue: WaitingUpdate) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When it fires. */
  #at = Infinity;
  #isHeld = false;

  /**
   * @param limitMs Milliseconds; `Infinity` for no limit.
   * @param onOverdue Called with each update that waits longer, until it is answered or its sender waits from the beginning.
   */
  constructor(waiting: WaitingUpdates, limitMs: number, onOverdue: (overdue: WaitingUpdate) => void) {
    this.#waiting = waiting;
    this.#limitMs = limitMs;
    this.#onOverdue = onOverdue;
  }

  /** To be called when a sender has begun to wait. */
  begin(): void {
    if (this.#timer === undefined) this.#arm(this.#limitMs);
    else if (!this.#isHeld) this.#hold(true);
  }

  /** To be called when a sender was answered. */
  end(): void {
    if (this.#isHeld && this.#waiting.size === 0) this.#hold(false);
  }

  /** Sets the timer again: on platforms where a timer ends with the request that has set it. */
  rearm(): void {
    if (this.#timer === undefined) return;
    this.stop();
    this.#sweep();
  }

  /** Looks at that time who waits too long, if not before: thousands may ask for it at the same time. */
  lookAt(at: number): void {
    if (this.#timer === undefined || at < this.#at) this.#arm(at - performance.now());
  }

  /** Whether a sender has waited longer than it may: what is being stored is looked at again once it is. */
  isOver({ since }: WaitingUpdate): boolean {
    return performance.now() - since >= this.#limitMs;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(ms: number): void {
    if (ms === Infinity) return;
    clearTimeout(this.#timer);
    this.#at = performance.now() + ms;
    const timer = setTimeout(() => {
      if (this.#timer !== timer) return; // on Workers, no other request could clear it
      this.#timer = undefined;
      this.#sweep();
    }, Math.max(0, Math.ceil(ms)));
    this.#timer = timer;
    this.#hold(this.#waiting.size > 0);
  }

  #sweep(): void {
    const now = performance.now();
    let nextMs = Infinity;
    for (const each of this.#waiting.values()) {
      const dueMs = Math.max(each.since + this.#limitMs, each.adoptedAfter) - now;
      if (dueMs > 0) nextMs = Math.min(nextMs, dueMs);
      else if (each.adopted === undefined && each.place !== "storing") this.#onOverdue(each);
      if (each.since + this.#limitMs > now) break; // as is all that has begun to wait later
    }
    this.#arm(nextMs);
  }

  /** Browsers and workers number their timers, and have no process to keep alive. */
  #hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    const timer: unknown = this.#timer;
    if (typeof timer !== "object" || timer === null) return;
    const handle: Referable = timer;
    if (isHeld) handle.ref?.();
    else handle.unref?.();
  }
}
