import { TOO_SLOW } from "../answers/answer.ts";
import { type Linked, LinkedList } from "../collections/linked_list.ts";
import { unrefTimer } from "../platform/unref_timer.ts";
import { UnreadableBody } from "./body_bytes.ts";

/** A body that is being read. */
export abstract class Reading implements Linked<Reading> {
  before: Reading | undefined = undefined;
  behind: Reading | undefined = undefined;
  /** At which tick of the time limit it began. */
  began = 0;
  /** Makes the source let go of what it has read so far, where that is possible. */
  cancel: (() => void) | undefined = undefined;
  /** Called when the body cannot be read, and at most once. */
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
    if (reading.began === ENDED) return false;
    reading.began = ENDED;
    this.#readings.remove(reading);
    return true;
  }

  #startTimer(): void {
    this.#isTicking = true;
    unrefTimer(setTimeout(() => {
      this.#isTicking = false;
      this.#tick++;
      let { first } = this.#readings;
      while (first !== undefined && this.#tick - first.began > TICKS) {
        this.end(first);
        first.cancel?.();
        first.fail(new UnreadableBody(TOO_SLOW));
        first = this.#readings.first;
      }
      if (first !== undefined) this.#startTimer();
    }, this.#tickMs));
  }
}

const ENDED = -1;
