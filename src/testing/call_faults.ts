import { checkOneOf, checkOptionNames } from "../checks/options.ts";
import type { NameOf } from "./options.ts";

/** Something that goes wrong with a call that the bot makes. */
export type CallFault =
  /** The call is answered with this instead, such as a gateway's `502` with HTML, and not carried out. */
  | { answer: { status: number; body?: string; contentType?: string; retryAfter?: number } }
  /** The call is refused with 429 and told to retry after that many seconds. */
  | { tooManyRequests: number }
  /** The call is refused with 409, as when another instance of the bot polls or a webhook is set. */
  | { conflict: string | true }
  /**
   * The connection breaks: before the call is carried out, or after it, in the middle of the answer or without one.
   */
  | { breakConnection: "before call" | "before answer" | "during answer" }
  /** The call is carried out and never answered; the connection stays open. */
  | { stall: true }
  /** The call is carried out that many milliseconds later, on the test server's clock. */
  | { delayMs: number }
  /** `getUpdates` returns at most that many updates, even if more are pending. */
  | { atMost: number };

/** To which calls a fault happens. */
export interface CallFaultScope {
  /** To how many. Default: 1. */
  times?: number;
  /** Only to calls of this method, in any case. Default: all. */
  method?: string;
}

const BREAK_POINTS = ["before call", "before answer", "during answer"] as const;

const CALL_FAULT_NAMES = {
  answer: true,
  tooManyRequests: true,
  conflict: true,
  breakConnection: true,
  stall: true,
  delayMs: true,
  atMost: true,
} satisfies Record<NameOf<CallFault>, true>;

/** The faults of the bot's own calls that are still to happen. */
export class CallFaults {
  #waiting: { fault: CallFault; times: number; method: string | undefined }[] = [];

  /**
   * Plans a fault.
   *
   * @example
   * ```ts
   * import { startTestBotApi } from "@telehook/telehook/testing";
   *
   * const telegram = await startTestBotApi();
   * const html = { status: 502, body: "<html>Bad Gateway</html>", contentType: "text/html" };
   * telegram.callFaults.add({ answer: html }, { method: "getUpdates", times: 2 });
   * await telegram.close();
   * ```
   */
  add(fault: CallFault, scope: CallFaultScope = {}): void {
    checkOptionNames("callFaults.add", fault, CALL_FAULT_NAMES);
    if ("breakConnection" in fault) checkOneOf("breakConnection", fault.breakConnection, BREAK_POINTS);
    checkOptionNames("the scope of callFaults.add", scope, ["times", "method"]);
    const { times = 1, method } = scope;
    this.#waiting.push({ fault, times, method: method?.toLowerCase() });
  }

  /** What happens to a call of this method now: the oldest fault that is meant for it. */
  take(method: string): CallFault | undefined {
    const name = method.toLowerCase();
    const planned = this.#waiting.find((each) => each.method === undefined || each.method === name);
    if (!planned) return undefined;
    planned.times--;
    if (planned.times <= 0) this.#waiting = this.#waiting.filter((other) => other !== planned);
    return planned.fault;
  }

  /** Forgets what is still planned. */
  clear(): void {
    this.#waiting = [];
  }
}
