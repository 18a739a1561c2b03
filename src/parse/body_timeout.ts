import { type Linked, LinkedList } from "../collections/linked_list.ts";
import { TOO_SLOW } from "../answers/answer.ts";
import { unrefTimer } from "../platform/unref_timer.ts";
import { UnreadableBody } from "./body_bytes.ts";

/** A body that is being read. */
export abstract class Reading implements Linked<Reading> {
  before: Reading | undefined = undefined;
  behind: Reading | undefined = undefined;
  /** The tick of the time limit at which it began. */
  began = 0;
  /** Makes the source release what it has read so far, if that is possible. */
  cancel: (() => void) | undefined = undefined;
  /** Is called at most once, if the body cannot be read. */
  abstract fail(error: unknown): void;
}

/** How many ticks of the timer make up the time limit. */
const TICKS = 6;

/**
 * The time limit for reading a body. One timer ticks for all bodies that are being read, since a timer for each of them
 * would cost more than reading most of them. So a body may take up to a sixth longer than the limit.
 */
export class BodyTimeout {
  readonly #tickMs: number;
  /** In the order in which they began. */
  readonly #readings = new LinkedList<Reading>();
  #tick = 0;
  #isTicking = false;

  /** @param limitMs In milliseconds. */
  constructor(limitMs: number) {
    this.#tickMs = limitMs / TICKS;
  }

  /** Starts the time limit of a body. */
  start(reading: Reading): void {
    reading.began = this.#tick;
    this.#readings.add(reading);
    if (!this.#isTicking) this.#startTimer();
  }

  /** Ends it: the body was read, or cannot be. @returns Whether it had not ended before. */
  end(reading: Reading): boolean {
    return this.#readings.remove(reading);
  }

  #startTimer(): void {
    this.#isTicking = true;
    unrefTimer(setTimeout(() => {
      this.#isTicking = false;
      this.#tick++;
      for (let reading = this.#readings.first; reading !== undefined; reading = this.#readings.first) {
        if (this.#tick - reading.began <= TICKS) break; // and so have all behind it
        this.#readings.remove(reading);
        reading.cancel?.();
        reading.fail(new UnreadableBody(TOO_SLOW));
      }
      if (this.#readings.size > 0) this.#startTimer();
    }, this.#tickMs));
  }
}
