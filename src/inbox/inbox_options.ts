import { TelehookError } from "../errors/telehook_error.ts";
import { checkNumber, checkOneOf, checkOptionNames } from "../checks/options.ts";
import { quote } from "../text/quote.ts";
import { MemoryStore } from "../store/memory_store.ts";
import type { OnError } from "./report_error.ts";
import type { InboxStore } from "../store/store.ts";

/** When an album counts as complete. It also is with ten parts, with a later update of its chat, and on closing. */
export interface MediaGroupOptions {
  /**
   * Milliseconds without a new part, counted from our answer to the latest one. Telegram sends the next part only
   * after that answer, so this must stay well above one round trip. Default: 1000.
   */
  readonly quietMs?: number;
  /** Milliseconds after the first part, not fewer than `quietMs`. Default: 10 000, or `quietMs` if that is more. */
  readonly maxWaitMs?: number;
}

/** When updates are acknowledged, how often they are tried, and how many are held. */
export interface InboxOptions {
  /**
   * How albums are merged for receivers that want them merged; `false` hands over their parts one by one.
   * Default: `{}`.
   */
  readonly mediaGroups?: MediaGroupOptions | false;
  /**
   * `"handled"`: the answer to Telegram waits for the receiver, at most `acknowledgeWithinMs`. `"received"`: Telegram
   * is answered at once and the update is handled after. Default: `"handled"`.
   */
  readonly acknowledge?: "handled" | "received";
  /**
   * Milliseconds after which an update whose receiver still runs is acknowledged, to go on in the background, in the
   * order of its chat. When Telegram has had no answer for 10 seconds, it sends nothing to anyone else.
   * `Infinity` waits as long as Telegram does (60 s). Default: 10 000.
   */
  readonly acknowledgeWithinMs?: number;
  /** How many times an update is handed over before it is given up. Default: 5. */
  readonly maxAttempts?: number;
  /** How many calls of the receiver may run at the same time; others wait. Default: 1000. */
  readonly concurrency?: number;
  /** How many updates may be held (running, waiting, stored); more are answered 503. Default: 10 000. */
  readonly maxPending?: number;
  /** How many characters of JSON the stored updates may have; more are answered 503. Default: 67 108 864. */
  readonly maxPendingSize?: number;
  /** Where acknowledged updates live until they are handled. Default: this process's memory. */
  readonly store?: InboxStore;
  /** Learns of every failure of the receiver or the store. Default: `console.error`. */
  readonly onError?: OnError;
}

/** The names of all options of the inbox. */
export const INBOX_OPTION_NAMES = {
  mediaGroups: true,
  acknowledge: true,
  acknowledgeWithinMs: true,
  maxAttempts: true,
  concurrency: true,
  maxPending: true,
  maxPendingSize: true,
  store: true,
  onError: true,
} as const satisfies Record<keyof InboxOptions, true>;

const LONGEST_TIMER = 2 ** 31 - 1;

/** The options with every default filled in. */
export interface InboxSettings {
  readonly mediaGroups: { readonly quietMs: number; readonly maxWaitMs: number } | undefined;
  readonly acknowledge: "handled" | "received";
  readonly acknowledgeWithinMs: number;
  readonly maxAttempts: number;
  /** How often an update that fails is asked for again before it is acknowledged all the same. */
  readonly maxDeliveries: number;
  readonly concurrency: number;
  readonly maxPending: number;
  readonly maxPendingSize: number;
  readonly store: InboxStore;
}

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {TelehookError} `ERR_OPTION` if one has a value it cannot have.
 */
export function inboxSettings(options: InboxOptions): InboxSettings {
  const maxAttempts = checkNumber("maxAttempts", options.maxAttempts, { default: 5, min: 1, max: Infinity });
  return {
    mediaGroups: mediaGroupSettings(options.mediaGroups),
    acknowledge: checkOneOf("acknowledge", options.acknowledge, ["handled", "received"]),
    acknowledgeWithinMs: options.acknowledgeWithinMs === Infinity
      ? Infinity
      : checkNumber("acknowledgeWithinMs", options.acknowledgeWithinMs, {
        default: 10_000,
        min: 1,
        max: 60_000,
      }),
    maxAttempts,
    maxDeliveries: maxAttempts,
    concurrency: checkNumber("concurrency", options.concurrency, { default: 1_000, min: 1, max: Infinity }),
    maxPending: checkNumber("maxPending", options.maxPending, { default: 10_000, min: 1, max: Infinity }),
    maxPendingSize: checkNumber("maxPendingSize", options.maxPendingSize, {
      default: 2 ** 26,
      min: 1,
      max: Infinity,
    }),
    store: checkStore(options.store),
  };
}

function mediaGroupSettings(options: MediaGroupOptions | false | undefined): InboxSettings["mediaGroups"] {
  if (options === false) return undefined;
  const { quietMs, maxWaitMs } = options ?? {};
  if (options !== undefined) checkOptionNames("mediaGroups", options, ["quietMs", "maxWaitMs"]);
  const quiet = checkNumber("mediaGroups.quietMs", quietMs, { default: 1_000, min: 1, max: LONGEST_TIMER });
  return {
    quietMs: quiet,
    maxWaitMs: checkNumber("mediaGroups.maxWaitMs", maxWaitMs, {
      default: Math.max(10_000, quiet),
      min: quiet,
      max: LONGEST_TIMER,
    }),
  };
}

function checkStore(store: InboxStore | undefined): InboxStore {
  if (store === undefined) return new MemoryStore();
  if (typeof store !== "object" || store === null || typeof store.claim !== "function") {
    throw new TelehookError(
      "ERR_OPTION",
      `"store" must be a store such as sqliteStore(path) makes, not ${quote(store)}`,
    );
  }
  return store;
}
