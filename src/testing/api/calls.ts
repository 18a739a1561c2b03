import { AsyncLocalStorage } from "node:async_hooks";
import type { Parameters } from "./parameters.ts";

/** A Bot API call that the bot made. */
export interface BotCall {
  /** The method, as the bot spelt it. */
  method: string;
  /** Its parameters, as they were sent: JSON keeps its types, forms hold strings and files. */
  params: Parameters;
  /** Whether it was a separate request or the answer to an update. */
  via: "request" | "webhook reply";
  /** When it arrived, in milliseconds on the test server's clock. */
  at: number;
  /** What it was answered with; undefined when it was refused, or is not answered yet. */
  result?: unknown;
  /** Why it was refused. */
  error?: string;
}

/** Answers a method. What it returns is the result; a `BotApiRefusal` that it throws is the refusal. */
export type Answerer = (params: Parameters, call: BotCall) => unknown;

/** The calls that arrived, and those that a test waits for. */
export class CallLog {
  /** Every call, the oldest first. */
  readonly calls: BotCall[] = [];
  #unanswered = new Set<BotCall>();
  #seen = new Set<BotCall>();
  #watchers = new Set<() => void>();
  #waiting = new Set<(reason: Error) => void>();
  #isStopped = false;

  /** Notes a call that arrived. */
  add(call: BotCall): void {
    this.calls.push(call);
    this.#unanswered.add(call);
  }

  /** Notes that a call has its result or refusal. */
  settled(call: BotCall): void {
    this.#unanswered.delete(call);
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Answers a call; what waits inside for a call of the same method gets this one. */
  async answering<T>(call: BotCall, answer: () => T | Promise<T>): Promise<T> {
    return await beingAnswered.run(call, answer);
  }

  /**
   * Resolves with the next answered call of a method that no earlier `next` has given out, past or to come.
   *
   * @param explain Returns what happened instead when none arrives within that many real milliseconds.
   */
  next(
    method: string,
    when: (call: BotCall) => boolean = () => true,
    timeoutMs: number = Number.POSITIVE_INFINITY,
    explain: () => string = () => "",
  ): Promise<BotCall> {
    const wanted = method.toLowerCase();
    const own = beingAnswered.getStore();
    const isDone = (call: BotCall) => !this.#unanswered.has(call) || call === own;
    const result = new Promise<BotCall>((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const end = () => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        this.#waiting.delete(fail);
      };
      const fail = (reason: unknown) => {
        end();
        reject(reason);
      };
      const look = () => {
        let call: BotCall | undefined;
        try {
          call = this.calls.find((call) =>
            !this.#seen.has(call) && isDone(call) && call.method.toLowerCase() === wanted && when(call)
          );
        } catch (error) {
          return fail(error); // of the test's own `when`, and not of the bot's call
        }
        if (!call) return;
        end();
        this.#seen.add(call);
        resolve(call);
      };
      this.#watchers.add(look);
      this.#waiting.add(fail);
      if (Number.isFinite(timeoutMs)) {
        timer = setTimeout(() => {
          const wait = "wait longer with the option timeoutMs, or let something happen first";
          fail(
            new Error(`No call of ${method} came within ${timeoutMs} ms: ${explain()}. (You can ${wait}.)`),
          );
        }, timeoutMs);
      }
      look();
      if (this.#isStopped) fail(new Error(`No call of ${method} comes any longer: ${STOPPED}`));
    });
    // Who does not await it is not told.
    result.catch(() => {});
    return result;
  }

  /** Stops looking for calls, because no more will arrive. */
  stopWaiting(): void {
    this.#isStopped = true;
    for (const fail of [...this.#waiting]) fail(new Error(`No more calls come: ${STOPPED}`));
  }
}

const STOPPED = "the test server was closed, or its bot was removed. Close it after the last wait";

/** The call that the code which asks is answering. */
const beingAnswered = new AsyncLocalStorage<BotCall>();
