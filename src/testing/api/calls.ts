import type { Parameters } from "./parameters.ts";

/** A Bot API call that the bot made. */
export interface BotCall {
  /** The method, as the bot spelt it. */
  method: string;
  /** Its parameters, as they were sent: JSON keeps its types, forms hold strings and files. */
  params: Parameters;
  /** Whether it was a request of its own or the answer to an update. */
  via: "request" | "webhook reply";
  /** When it came, in milliseconds on the test server's clock. */
  at: number;
  /** What it was answered with; undefined when it was refused, or is not answered yet. */
  result?: unknown;
  /** Why it was refused. */
  error?: string;
}

/** Answers a method. What it returns is the result; a `BotApiRefusal` that it throws is the refusal. */
export type Answerer = (params: Parameters, call: BotCall) => unknown;

/** The calls that came, and those that a test waits for. */
export class CallLog {
  /** Every call, the oldest first. */
  readonly calls: BotCall[] = [];
  #unanswered = new Set<BotCall>();
  #seen = new Set<BotCall>();
  #watchers = new Set<() => void>();

  /** Notes a call that came. */
  add(call: BotCall): void {
    this.calls.push(call);
    this.#unanswered.add(call);
  }

  /** Notes that a call has its result or refusal. */
  settled(call: BotCall): void {
    this.#unanswered.delete(call);
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Resolves with the next answered call of a method that no earlier `next` has given out, past or to come. */
  next(method: string, when: (call: BotCall) => boolean = () => true): Promise<BotCall> {
    const wanted = method.toLowerCase();
    return new Promise((resolve) => {
      const look = () => {
        const call = this.calls.find((call) =>
          !this.#seen.has(call) && !this.#unanswered.has(call) && call.method.toLowerCase() === wanted &&
          when(call)
        );
        if (!call) return;
        this.#watchers.delete(look);
        this.#seen.add(call);
        resolve(call);
      };
      this.#watchers.add(look);
      look();
    });
  }
}
