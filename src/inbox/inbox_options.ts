import { checkFunction, checkNumber, checkOneOf, checkOptionNames } from "../checks/options.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import { LONGEST_TIMER_MS } from "../platform/pause.ts";
import type { ReplySender } from "../replies/late_replies.ts";
import type { InboxStore } from "../store/inbox_store.ts";
import { REMEMBERED_UPDATES } from "../store/limits.ts";
import { MemoryStore } from "../store/memory/memory_store.ts";
import { quote } from "../text/quote.ts";
import type { Update } from "../updates/mod.ts";
import type { LaneFunction } from "./lane.ts";
import type { OnError } from "../runner/report_error.ts";
import type { RunnerSettings } from "../runner/runner.ts";

/** When an album is complete. It also is with ten parts, with a later update of its chat, and when a webhook whose store is in memory closes. */
export interface MediaGroupOptions {
  /**
   * Milliseconds without a new part, counted from our answer to the latest one. Telegram sends the next part only
   * after that answer, so this must stay well above one round trip. Default: 1000.
   */
  readonly quietMs?: number;
  /** Milliseconds after the first part, not fewer than `quietMs`. Default: 10 000, or `quietMs` if that is more. */
  readonly maxWaitMs?: number;
}

/** When an update is acknowledged: once it is `"handled"`, or as soon as it is `"received"`. */
export type Acknowledge = "handled" | "received";

/** When updates are acknowledged, in which order they are handled, how often they are tried, and how many are kept. */
export interface InboxOptions {
  /**
   * How albums are merged for receivers that want them merged. `false` disables merging: parts are passed one by one.
   * Default: `{}`.
   */
  readonly mediaGroups?: MediaGroupOptions | false;
  /**
   * `"handled"`: the answer to Telegram waits for the receiver, at most `acknowledgeWithinMs`. `"received"`: Telegram
   * is answered immediately and the update is handled afterwards. Or a function that chooses for each update: Telegram
   * sends the next update of a chat only after the last answer, so what is to overtake a long turn can arrive only if
   * that turn was acknowledged when it was received. Default: `"handled"`.
   */
  readonly acknowledge?: Acknowledge | ((update: Update) => Acknowledge);
  /**
   * Milliseconds after which an update is acknowledged although its receiver is still running, which then continues in
   * the background, in the order of its lane. If an answer takes more than 10 seconds, Telegram holds back updates for
   * all other chats; it closes the connection after 60. At most 55 000. Default: 10 000.
   */
  readonly acknowledgeWithinMs?: number;
  /** Which updates are handled one after another. Default: those of one Telegram queue, such as a chat's messages. */
  readonly lane?: LaneFunction;
  /** How many times an update may fail before it is given up, and parked. 1 means that nothing is retried. Default: 5. */
  readonly maxAttempts?: number;
  /**
   * Milliseconds after which an update is given up that fails while nothing else is handled, so that nobody knows
   * whether it is to blame; or that the store refuses while it takes others. Default: 600 000 (10 minutes).
   */
  readonly giveUpAfterMs?: number;
  /** Milliseconds for which an update that was given up is kept, to be replayed or discarded. Default: 7 days. */
  readonly parkedForMs?: number;
  /** Milliseconds after which a handler that is still running is reported, once. `Infinity` never. Default: 60 000. */
  readonly warnAfterMs?: number;
  /**
   * Milliseconds after which a handler's signal is aborted and its update counts as failed. Default: `Infinity`.
   */
  readonly handlerTimeoutMs?: number;
  /** How many calls of the receiver may run at the same time; others wait. Default: 1000. */
  readonly concurrency?: number;
  /** The maximum number of pending updates (running, waiting, stored); more are answered 503. Default: 10 000. */
  readonly maxPending?: number;
  /** The maximum total size of the stored updates, in characters of JSON; more are answered 503. Default: 67 108 864. */
  readonly maxPendingChars?: number;
  /** Where acknowledged updates are kept until they are handled. Default: the memory of this process. */
  readonly store?: InboxStore;
  /**
   * What sends replies that a handler returns after Telegram was answered, or that are too large for an answer:
   * `botApi(token)`. Default: nothing does, and such a reply is reported to `onError`. `setWebhookAndListen` sets it.
   */
  readonly replies?: ReplySender;
  /** Is called with every failure of the receiver or the store. Default: `console.error`. */
  readonly onError?: OnError;
}

/** The names of all options of the inbox. */
export const INBOX_OPTION_NAMES: Readonly<Record<keyof InboxOptions, true>> = {
  mediaGroups: true,
  acknowledge: true,
  acknowledgeWithinMs: true,
  lane: true,
  maxAttempts: true,
  giveUpAfterMs: true,
  parkedForMs: true,
  warnAfterMs: true,
  handlerTimeoutMs: true,
  concurrency: true,
  maxPending: true,
  maxPendingChars: true,
  store: true,
  replies: true,
  onError: true,
};

const WEEK_MS = 7 * 24 * 60 * 60 * 1_000;
/** A thousand years: the end of the time is then a date that every store can write and read. */
const LONGEST_PARKED_MS = 1_000 * 365 * 24 * 60 * 60 * 1_000;

/** The options with every default filled in. */
export interface InboxSettings extends RunnerSettings {
  readonly mediaGroups: { readonly quietMs: number; readonly maxWaitMs: number } | undefined;
  readonly acknowledge: Acknowledge | ((update: Update) => Acknowledge);
  readonly acknowledgeWithinMs: number;
  readonly lane: LaneFunction | undefined;
  readonly giveUpAfterMs: number;
  readonly maxPending: number;
  readonly maxPendingChars: number;
  readonly replies: ReplySender | undefined;
  /** How many acknowledged updates are remembered in memory. */
  readonly rememberedUpdates: number;
}

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {TelehookError} `ERR_OPTION` if one has an invalid value.
 */
export function inboxSettings(options: InboxOptions): InboxSettings {
  checkFunction("lane", options.lane);
  const count = (name: "concurrency" | "maxPending" | "maxPendingChars" | "maxAttempts", byDefault: number) =>
    checkNumber(name, options[name], { default: byDefault, min: 1, max: Infinity });
  const ms = (name: keyof InboxOptions & `${string}Ms`, byDefault: number, max: number) =>
    options[name] === Infinity && byDefault === Infinity
      ? Infinity
      : checkNumber(name, options[name], { default: byDefault, min: 1, max });
  return {
    mediaGroups: mediaGroupSettings(options.mediaGroups),
    acknowledge: typeof options.acknowledge === "function"
      ? options.acknowledge
      : checkOneOf<Acknowledge>("acknowledge", options.acknowledge, ["handled", "received"]),
    acknowledgeWithinMs: ms("acknowledgeWithinMs", 10_000, 55_000),
    lane: options.lane,
    maxAttempts: count("maxAttempts", 5),
    giveUpAfterMs: ms("giveUpAfterMs", 600_000, Number.MAX_SAFE_INTEGER),
    parkedForMs: Math.min(ms("parkedForMs", WEEK_MS, Number.MAX_SAFE_INTEGER), LONGEST_PARKED_MS),
    warnAfterMs: options.warnAfterMs === Infinity ? Infinity : ms("warnAfterMs", 60_000, LONGEST_TIMER_MS),
    handlerTimeoutMs: ms("handlerTimeoutMs", Infinity, LONGEST_TIMER_MS),
    concurrency: count("concurrency", 1_000),
    maxPending: count("maxPending", 10_000),
    maxPendingChars: count("maxPendingChars", 2 ** 26),
    store: checkStore(options.store),
    replies: checkReplies(options.replies),
    rememberedUpdates: REMEMBERED_UPDATES,
    isSenderResponsible: false,
    isOneOfMany: false,
    onDone: undefined,
    onStrangeResult: () => {},
  };
}

function mediaGroupSettings(options: MediaGroupOptions | false | undefined): InboxSettings["mediaGroups"] {
  if (options === false) return undefined;
  if (options !== undefined) {
    checkOptionNames(
      "mediaGroups",
      options,
      { quietMs: true, maxWaitMs: true } satisfies Record<keyof MediaGroupOptions, true>,
    );
  }
  const { quietMs, maxWaitMs } = options ?? {};
  const quiet = checkNumber("mediaGroups.quietMs", quietMs, {
    default: 1_000,
    min: 1,
    max: LONGEST_TIMER_MS,
  });
  return {
    quietMs: quiet,
    maxWaitMs: checkNumber("mediaGroups.maxWaitMs", maxWaitMs, {
      default: Math.max(10_000, quiet),
      min: quiet,
      max: LONGEST_TIMER_MS,
    }),
  };
}

/** The methods by which a store is recognized. */
const STORE_METHODS = ["open", "add", "claim", "complete", "retry", "park", "close"] as const;

function checkStore(store: InboxStore | undefined): InboxStore {
  if (store === undefined) return new MemoryStore();
  const missing = typeof store === "object" && store !== null
    ? [...STORE_METHODS, ...store.isDurable ? [] : ["withdraw"] as const].find((method) =>
      typeof store[method] !== "function"
    )
    : "";
  if (missing === undefined) return store;
  throw new TelehookError(
    "ERR_OPTION",
    missing === ""
      ? `"store" must be a store such as sqliteStore(path) returns, not ${quote(store)}`
      : `"store" has no method "${missing}": docs/writing-a-store.md says what a store needs`,
  );
}

function checkReplies(replies: ReplySender | undefined): ReplySender | undefined {
  if (replies === undefined) return undefined;
  if (typeof replies === "object" && replies !== null && typeof replies.call === "function") return replies;
  throw new TelehookError(
    "ERR_OPTION",
    // Text is not quoted: it is most likely the token.
    `"replies" must be what botApi(token) returns, not ${
      typeof replies === "string" ? "text" : quote(replies)
    }`,
  );
}
