import { nextTurn } from "../platform/next_turn.ts";
import { within } from "../platform/pause.ts";

/** A server that does not answer holds up closing twice as long at most: what is claimed falls due with the lease. */
const CLOSING_MS = 2_000;

/** What {@link ServerCalls} need to know. */
export interface ServerCallsOptions {
  /** Until when what a call has claimed is surely ours that was sent at that time, on the clock of `performance.now()`. */
  oursUntil(sentAt: number): number;
  /** Whether the store is open. */
  isOpen(): boolean;
  /** Tells the server that this process uses the store, again. */
  enter(): Promise<unknown>;
  /** Is called after the server was told again: claims may belong to other processes now. */
  entered(): void;
  /** The error that says why the store cannot be used, and what to do. */
  refusal(text: string): Error;
}

/**
 * The calls that one process makes to the server of a store. An answer is a list of texts; if it begins with `?`, the
 * server does not know this process.
 *
 * Each call has a number, which counts up. The server notes it with every claim, so that a renewal can tell the claims
 * whose answer is still under way from those whose answer was lost.
 */
export class ServerCalls<B> {
  readonly #options: ServerCallsOptions;
  readonly #underWay = new Set<number>();
  /** Calls that end a claim, and have failed: made again before each renewal. */
  readonly #failed = new Map<B, () => Promise<unknown>>();
  /** Claims that have ended, and the latest call by then: answers that are still under way may tell of them. */
  readonly #ended = new Map<string, number>();
  #latest = 0;
  /** How often the server was told again. */
  #entries = 0;
  #entering: Promise<void> | undefined;

  constructor(options: ServerCallsOptions) {
    this.#options = options;
  }

  /** The number of the next call. */
  next(): number {
    return ++this.#latest;
  }

  /** The lowest number of a call whose answer is under way, or the number of the next call. */
  get oldest(): number {
    const [oldest = this.#latest + 1] = this.#underWay;
    return oldest;
  }

  /** Notes that the server has ended a claim. */
  ended(claim: string): void {
    for (const [each, latest] of this.#ended) {
      if (latest >= this.oldest) break;
      this.#ended.delete(each);
    }
    this.#ended.set(claim, this.#latest);
  }

  /** Whether the server has ended a claim, which an answer that was under way tells of. */
  hasEnded(claim: string): boolean {
    return this.#ended.has(claim);
  }

  /**
   * Makes a call, and makes it again if the server did not know this process.
   *
   * @param read Reads the answer, and notes what was claimed. The call is under way until then, for the renewals.
   */
  async make<T>(
    call: (number: number) => Promise<readonly string[]>,
    read: (answer: readonly string[]) => T,
  ): Promise<T> {
    const { isOpen, oursUntil, refusal } = this.#options;
    for (let tries = 0;; tries++) {
      if (!isOpen()) throw refusal("it is closed, or not open yet. Use a store that is open");
      const number = this.next();
      const sentAt = performance.now();
      const entries = this.#entries;
      this.#underWay.add(number);
      try {
        const answer = await call(number);
        if (answer[0] !== "?") {
          // Of a process that was suspended, or whose network was. What it claimed belongs to another one by now, or is freed by
          // the next renewal.
          if (performance.now() > oursUntil(sentAt) || entries !== this.#entries) {
            throw refusal(
              "an answer came when the lease had ended. Do not block the event loop for that long, or use a longer leaseMs",
            );
          }
          return read(answer);
        }
      } finally {
        this.#underWay.delete(number);
      }
      if (!isOpen()) continue;
      if (tries === 2) throw refusal("this process is taken for dead again and again. Use a longer leaseMs");
      await this.#enterAgain();
    }
  }

  /**
   * Makes a call that ends a claim. If it fails, it is made again by {@link endAgain}, until the server knows or the claim
   * is ended in another way.
   *
   * @param call Told whether it is made again.
   */
  async end<T>(batch: B, call: (isAgain: boolean) => Promise<T>): Promise<T> {
    this.#failed.delete(batch); // what is wanted now counts
    const make = async (isAgain: boolean): Promise<T> => {
      const result = await call(isAgain);
      this.#failed.delete(batch);
      return result;
    };
    try {
      return await make(false);
    } catch (error) {
      if (this.#options.isOpen()) this.#failed.set(batch, () => make(true));
      throw error;
    }
  }

  /** Makes the calls again that end a claim and have failed. */
  async endAgain(): Promise<void> {
    await Promise.allSettled([...this.#failed.values()].map((call) => call()));
  }

  /** The same for the last time, after that and what was asked for in this turn, and for a moment only. */
  async endLast(after: Promise<unknown> = Promise.resolve()): Promise<void> {
    const sent = Promise.all([after, nextTurn()]);
    await within(CLOSING_MS, sent.then(() => this.endAgain())).catch(() => {});
  }

  /** Makes the last call, after what is under way that would tell the server the opposite. */
  async leave(leave: () => Promise<unknown>): Promise<void> {
    await within(CLOSING_MS, Promise.resolve(this.#entering).then(leave, leave));
  }

  /** Forgets what has failed: the store is closed. */
  stop(): void {
    this.#failed.clear();
    this.#ended.clear();
  }

  /** Others took this process for dead, or the server has lost its data. */
  #enterAgain(): Promise<void> {
    const { enter, entered } = this.#options;
    if (this.#entering === undefined) {
      this.#entries++;
      this.#entering = enter().then(() => entered()).finally(() => this.#entering = undefined);
    }
    return this.#entering;
  }
}
