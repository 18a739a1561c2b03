import { soon } from "../platform/next_turn.ts";

/** How many calls go to the server together: it does nothing else for this bot meanwhile. */
const MOST_TOGETHER = 64;

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
  #waiting: WaitingCall<C, A>[] = [];

  /** @param send Sends calls, at least one. Its answers are in the order of the calls. */
  constructor(send: (calls: readonly C[]) => Promise<readonly A[]>) {
    this.#send = send;
  }

  make(call: C): Promise<A> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ call, resolve, reject }) === 1) soon(() => this.#sendAll());
    });
  }

  #sendAll(): void {
    const all = this.#waiting;
    this.#waiting = [];
    for (let i = 0; i < all.length; i += MOST_TOGETHER) {
      void this.#sendTogether(all.slice(i, i + MOST_TOGETHER));
    }
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
