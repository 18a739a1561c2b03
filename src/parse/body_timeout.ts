import { TOO_SLOW } from "../answers/answer.ts";
import { unrefTimer } from "../platform/unref_timer.ts";
import { UnreadableBody } from "./body_bytes.ts";

/** How many ticks of the timer make up the time limit. */
const TICKS = 6;

/**
 * The time limit for reading a body. One timer ticks for all bodies that are being read, since a timer for each of them
 * would cost more than reading most of them. So a body may take up to a sixth longer than the limit.
 */
export class BodyTimeout {
  readonly #tickMs: number;
  /** What ends the reading of each body, in the order in which they began, and the tick at which it began. */
  readonly #reading = new Map<(error: Error) => void, number>();
  #tick = 0;
  #isTicking = false;

  /** @param limitMs In milliseconds. */
  constructor(limitMs: number) {
    this.#tickMs = limitMs / TICKS;
  }

  /** Starts the time limit of a body: `fail` is called when it is over, unless {@link end} was called before. */
  start(fail: (error: Error) => void): void {
    this.#reading.set(fail, this.#tick);
    if (!this.#isTicking) this.#startTimer();
  }

  /** The body was read, or cannot be. */
  end(fail: (error: Error) => void): void {
    this.#reading.delete(fail);
  }

  #startTimer(): void {
    this.#isTicking = true;
    unrefTimer(setTimeout(() => {
      this.#isTicking = false;
      this.#tick++;
      for (const [fail, began] of this.#reading) {
        if (this.#tick - began <= TICKS) break; // and so are all behind it
        this.#reading.delete(fail);
        fail(new UnreadableBody(TOO_SLOW));
      }
      if (this.#reading.size > 0) this.#startTimer();
    }, this.#tickMs));
  }
}
