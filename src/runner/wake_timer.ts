import { LONGEST_TIMER_MS } from "../platform/pause.ts";
import { unrefTimer } from "../platform/unref_timer.ts";

/** A timer that fires that late was held up: the event loop was blocked, or the process suspended. */
const LATE_MS = 50;
/** How long what came meanwhile has to be read. */
const TURN_MS = 20;
/** How often the request that carries looks for what has fallen due: a timer of another one may have ended with it. */
const CARRIER_LOOKS_MS = 250;
/** How often it fires without a timer in that time. */
const MOST_IN_A_TURN = 10_000;

/**
 * The one timer that says when to claim again. The earliest wish counts.
 *
 * Where the event loop was blocked, what was sent meanwhile is still to be read, and parts of albums can be among it. The
 * timer then gives pending input one turn before anything that fell due is claimed.
 */
export class WakeTimer {
  readonly #onDue: () => void;
  /** Whether it keeps the process alive. */
  readonly #isHeld: () => boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isSoon = false;
  /** Wakes the request that carries. */
  #hand: (() => void) | undefined;
  /** How often it has fired without a timer since when. */
  #fired = 0;
  #firedSince = 0;
  #at = Infinity;
  #isStopped = false;

  constructor(onDue: () => void, isHeld: () => boolean) {
    this.#onDue = onDue;
    this.#isHeld = isHeld;
  }

  /** Fires in that many milliseconds, or earlier; never before its caller is done. */
  wake(inMs: number): void {
    if (this.#isStopped || inMs === Infinity) return;
    const at = performance.now() + inMs;
    // Timers count whole milliseconds. One that is this near is good enough: claiming sets the next wake-up.
    if (this.#at <= at + 1) {
      if (this.#timer !== undefined && at - this.#at > LATE_MS) this.#giveATurn(at); // it should have fired long ago
      return;
    }
    this.#at = at;
    if (inMs <= 0 && this.#mayFireSoon(at)) this.#soon();
    else if (!this.#isSoon) this.#set(Math.max(1, inMs));
  }

  /** Sets the timer again: on platforms where a timer ends with the request that has set it. */
  rearm(): void {
    if (this.#timer !== undefined) this.#set(Math.max(0, this.#at - performance.now()));
  }

  /** Whether what falls due begins in the request that {@link carry} was last called in. */
  get isCarried(): boolean {
    return this.#hand !== undefined;
  }

  /**
   * Lets what falls due begin in the request that this is called in, until the promise is settled or a later request calls
   * this. On Workers, what begins in a request ends with it: in the latest one, it has the most time.
   */
  async carry(until: Promise<unknown>): Promise<void> {
    let isOver = false;
    let hand = () => {};
    const end = () => {
      isOver = true;
      hand();
    };
    until.then(end, end);
    do {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const handed = new Promise<void>((resolve) => {
        this.#hand = hand = resolve;
        timer = setTimeout(resolve, CARRIER_LOOKS_MS);
      });
      if (this.#isSoon) hand(); // the request that should have begun it may have ended
      await handed;
      clearTimeout(timer);
      if (this.#hand !== hand) return; // a later request carries
      if (isOver) this.#hand = undefined;
      if (!this.#isSoon && this.#at > performance.now()) continue;
      this.#isSoon = false;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#fire();
    } while (!isOver);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** A store that reports something as due, and returns nothing, must not keep the event loop from turning. */
  #mayFireSoon(now: number): boolean {
    if (now - this.#firedSince > TURN_MS) {
      this.#firedSince = now;
      this.#fired = 0;
    }
    return ++this.#fired <= MOST_IN_A_TURN;
  }

  #soon(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isSoon) return;
    this.#isSoon = true;
    if (this.#hand !== undefined) return this.#hand();
    void Promise.resolve().then(() => {
      if (!this.#isSoon) return;
      this.#isSoon = false;
      this.#fire();
    });
  }

  #set(inMs: number): void {
    clearTimeout(this.#timer);
    const timer = setTimeout(() => {
      if (this.#timer !== timer) return; // on Workers, no other request could clear it
      this.#timer = undefined;
      const now = performance.now();
      if (now - this.#at > LATE_MS) this.#giveATurn(now);
      else this.#fire();
    }, Math.min(Math.ceil(inMs), LONGEST_TIMER_MS)); // then it is asked again what is due
    this.#timer = timer;
    if (!this.#isHeld()) unrefTimer(timer);
  }

  #giveATurn(now: number): void {
    this.#at = now + TURN_MS;
    this.#set(TURN_MS);
  }

  #fire(): void {
    this.#at = Infinity;
    if (!this.#isStopped) this.#onDue();
  }
}
