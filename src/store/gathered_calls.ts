import { soon } from "../platform/next_turn.ts";

/** How many calls go to the server together: it does nothing else for this bot meanwhile. */
const MOST_TOGETHER = 64;
/**
 * How many characters go together, to the server or from it, if they are of more than one: what is larger goes alone, so
 * that it does not take the time of the others.
 */
export const MOST_CHARS = 500_000;

interface WaitingCall<C, A> {
  readonly call: C;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends calls of one kind to the server of a store. Those that are made in one turn of the event loop go together: a round
 * trip, and a commit, cost more than what a call does.
 */
export class GatheredCalls<C, A> {
  readonly #send: (calls: readonly C[]) => Promise<readonly A[]>;
  readonly #charsOf: (call: C) => number;
  readonly #laneOf: ((call: C) => string) | undefined;
  readonly #busyLanes = new Set<string>();
  #waiting: WaitingCall<C, A>[] = [];
  #isScheduled = false;

  /**
   * @param send Sends calls, at least one. Its answers are in the order of the calls.
   * @param charsOf The size of a call, in characters.
   * @param laneOf The lane of a call, if calls of one lane must arrive in the order in which they are made: the next ones
   * are sent when those before are answered, since a client with several connections would mix them up.
   */
  constructor(
    send: (calls: readonly C[]) => Promise<readonly A[]>,
    charsOf: (call: C) => number,
    laneOf?: (call: C) => string,
  ) {
    this.#send = send;
    this.#charsOf = charsOf;
    this.#laneOf = laneOf;
  }

  make(call: C): Promise<A> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ call, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    soon(() => this.#sendAll());
  }

  #sendAll(): void {
    this.#isScheduled = false;
    const all = this.#waiting;
    this.#waiting = [];
    let together: WaitingCall<C, A>[] = [];
    let chars = 0;
    for (const each of all) {
      const more = this.#charsOf(each.call);
      if (together.length === MOST_TOGETHER || (together.length > 0 && chars + more > MOST_CHARS)) {
        void this.#sendTogether(together);
        [together, chars] = [[], 0];
      }
      if (this.#busyLanes.has(this.#laneOf?.(each.call) ?? "")) this.#waiting.push(each);
      else {
        together.push(each);
        chars += more;
      }
    }
    if (together.length > 0) void this.#sendTogether(together);
  }

  async #sendTogether(waiting: readonly WaitingCall<C, A>[]): Promise<void> {
    const calls = waiting.map(({ call }) => call);
    const lanes = this.#laneOf === undefined ? [] : calls.map(this.#laneOf);
    for (const lane of lanes) this.#busyLanes.add(lane);
    try {
      const answers = await this.#send(calls);
      for (const [i, { resolve }] of waiting.entries()) resolve(answers[i] as A);
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
    for (const lane of lanes) this.#busyLanes.delete(lane);
    this.#schedule();
  }
}
