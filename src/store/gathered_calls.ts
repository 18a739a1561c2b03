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
  #waiting: WaitingCall<C, A>[] = [];

  /**
   * @param send Sends calls, at least one. Its answers are in the order of the calls.
   * @param charsOf The size of a call, in characters.
   */
  constructor(send: (calls: readonly C[]) => Promise<readonly A[]>, charsOf: (call: C) => number) {
    this.#send = send;
    this.#charsOf = charsOf;
  }

  make(call: C): Promise<A> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ call, resolve, reject }) === 1) soon(() => this.#sendAll());
    });
  }

  #sendAll(): void {
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
      together.push(each);
      chars += more;
    }
    void this.#sendTogether(together);
  }

  async #sendTogether(waiting: readonly WaitingCall<C, A>[]): Promise<void> {
    try {
      const answers = await this.#send(waiting.map(({ call }) => call));
      for (const [i, { resolve }] of waiting.entries()) resolve(answers[i] as A);
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
