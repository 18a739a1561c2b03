/// <reference lib="esnext.disposable" preserve="true" />
// Symbol.asyncDispose is part of the published types, and not of every consumer's lib.
import { type BotApi, botApi, checkedEndpoint } from "../bot_api/bot_api.ts";
import { BotApiError } from "../bot_api/bot_api_error.ts";
import { callOnce } from "../bot_api/call_bot_api.ts";
import type { BotApiFetch, Endpoint } from "../bot_api/send_request.ts";
import {
  checkFunction,
  checkNumber,
  checkOneOf,
  checkOptionNames,
  checkSignal,
  checkTexts,
} from "../checks/options.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import { Events, type OnEvent, type WebhookCounts } from "../events/events.ts";
import { type CloseOptions, closeTimeoutMs, TimeLimit } from "../inbox/closing.ts";
import { Inbox } from "../inbox/inbox.ts";
import { INBOX_OPTION_NAMES, type InboxOptions, inboxSettings } from "../inbox/inbox_options.ts";
import { registerPoller } from "../operate/inspectable.ts";
import { isUpdate } from "../parse/parse_update.ts";
import { anySignal } from "../platform/any_signal.ts";
import { pause } from "../platform/pause.ts";
import { type Receiver, toUpdateReceiver } from "../receiver/receiver.ts";
import { LateReplies } from "../replies/late_replies.ts";
import { errorReporter, strangeResultReporter } from "../runner/report_error.ts";
import { errorReason } from "../text/error_reason.ts";
import { plainText } from "../text/plain_text.ts";
import { printError } from "../text/printable_error.ts";
import type { Update, UpdateKind } from "../updates/mod.ts";
import { readWebhookInfo } from "../webhook_check/webhook_info.ts";
import { Backlog } from "./backlog.ts";
import { LaneSender } from "./lane_sender.ts";

/** Options of {@link poll}. Only `token` is required. */
export interface PollOptions extends InboxOptions {
  /** The bot token, as @BotFather shows it. */
  readonly token: string;
  /** The server to poll. Default: `https://api.telegram.org`. */
  readonly apiRoot?: string | undefined;
  /** What sends the requests. Default: the global `fetch`. */
  readonly fetch?: BotApiFetch | undefined;
  /** The kinds to ask for. Default: those that the receiver needs. */
  readonly allowedUpdates?: readonly (UpdateKind | (string & Record<never, never>))[] | undefined;
  /**
   * What to do about a webhook: a bot with a webhook cannot be polled. `"refuse"` rejects, `"delete"` deletes the webhook
   * and keeps the pending updates. Default: `"refuse"`.
   */
  readonly takeOver?: "refuse" | "delete" | undefined;
  /** Seconds for which Telegram holds a request open when there is no update, 0 to 50. Default: 30. */
  readonly timeoutS?: number | undefined;
  /** Stops polling, as {@link Poller.close} does. */
  readonly signal?: AbortSignal | undefined;
  /** Is called with every event, for metrics and traces. */
  readonly onEvent?: OnEvent | undefined;
}

/** What {@link Poller.stats} returns. */
export interface PollerStats extends WebhookCounts {
  /** Calls of the receiver that have not ended. */
  readonly running: number;
  /** Updates that were fetched and are not confirmed to Telegram yet. */
  readonly unconfirmed: number;
  /** Updates in the store that are not handled yet. */
  readonly stored: number;
}

/** A bot that polls. */
export interface Poller {
  /** Resolves when it is closed. Rejects if Telegram refuses the token or a webhook is set. */
  readonly finished: Promise<void>;
  /** How much is under way, and counters since the start. */
  stats(): PollerStats;
  /** Stops fetching, waits for running handlers, and confirms to Telegram what is handled or safe in a durable store. */
  close(options?: CloseOptions): Promise<void>;
  /** Closes, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

const POLL_OPTION_NAMES = {
  ...INBOX_OPTION_NAMES,
  token: true,
  apiRoot: true,
  fetch: true,
  allowedUpdates: true,
  takeOver: true,
  timeoutS: true,
  signal: true,
  onEvent: true,
} as const satisfies Record<keyof PollOptions, true>;

/** The maximum that Telegram returns. */
const LIMIT = 100;
/** How much longer than `timeoutS` an answer may take before the connection counts as stalled. */
const STALLED_AFTER_MS = 10_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** After so many failures one after another, it is reported that nothing can be fetched. */
const REPORTED_FAILURES = 3;
/** Without a conflict for so long, the next one is reported: the two take turns, and either may get updates in between. */
const CONFLICT_COUNTS_MS = 5 * 60_000;
/** How long the last request may take. Telegram keeps one with the offset of the request before waiting for three seconds. */
const CONFIRM_MS = 5_000;
const CONFIRM_AGAIN_MS = 1_000;
/** How long to wait when everything that the server has was fetched before, or it answers without waiting for updates. */
const NOTHING_NEW_PAUSE_MS = 500;

/**
 * Receives updates by long polling: for development, behind firewalls, and on the way back from a webhook. Updates go
 * through the same stages as those of a webhook, so albums, order, duplicates, retries, stores and closing are the same.
 *
 * The offset that confirms updates to Telegram never passes an update that is not handled or safe in a durable store. With
 * the default store, one slow handler therefore holds back what is more than 100 updates behind it; with a durable store,
 * nothing does. Replies that handlers return are sent through the Bot API.
 *
 * @param receiver What handles the updates, as for `webhook`.
 * @param options The token, and what a webhook takes as options too.
 * @returns The poller, once the token is known to be good and no webhook is set.
 * @throws {TelehookError} `ERR_WEBHOOK_SET` if a webhook is set and `takeOver` is `"refuse"`; `ERR_BOT_TOKEN`, `ERR_OPTION`,
 * `ERR_STORE`; what the Bot API refuses with; and, if it cannot be reached at the start or does not answer within 10 s,
 * `ERR_BOT_API_UNREACHABLE` or a `TimeoutError`. Later, polling goes on until it can be reached again.
 * @see https://core.telegram.org/bots/api#getupdates
 *
 * @example
 * ```ts ignore
 * import { poll, updateHandlers } from "@telehook/telehook";
 *
 * const poller = await poll(
 *   updateHandlers({
 *     message: ({ message }) => ({ method: "sendMessage", chat_id: message.chat.id, text: "Hello" }),
 *   }),
 *   { token: process.env.BOT_TOKEN },
 * );
 * await poller.finished;
 * ```
 */
export async function poll(receiver: Receiver, options: PollOptions): Promise<Poller> {
  checkOptionNames("poll", options, POLL_OPTION_NAMES);
  checkSignal("signal", options.signal);
  checkTexts("allowedUpdates", options.allowedUpdates);
  checkFunction("onEvent", options.onEvent);
  const { token, apiRoot, fetch, signal } = options;
  const takeOver = checkOneOf("takeOver", options.takeOver, ["refuse", "delete"]);
  const timeoutS = checkNumber("timeoutS", options.timeoutS, { default: 30, min: 0, max: 50 });
  const endpoint = checkedEndpoint(token, { apiRoot, fetch });
  const poller = new LongPoller(receiver, endpoint, botApi(token, { apiRoot, fetch }), {
    ...options,
    takeOver,
    timeoutS,
  });
  signal?.throwIfAborted();
  const close = () => void poller.close();
  const forget = () => signal?.removeEventListener("abort", close); // it may outlive thousands of pollers
  signal?.addEventListener("abort", close);
  void poller.finished.then(forget, forget);
  try {
    await poller.start();
  } catch (error) {
    forget();
    signal?.throwIfAborted();
    throw error;
  }
  if (signal?.aborted) await poller.close();
  return poller;
}

type CheckedOptions = PollOptions & { readonly takeOver: "refuse" | "delete"; readonly timeoutS: number };

class LongPoller implements Poller {
  readonly finished: Promise<void>;
  readonly #endpoint: Endpoint;
  readonly #api: BotApi;
  readonly #options: CheckedOptions;
  readonly #inbox: Inbox;
  readonly #events: Events;
  readonly #backlog: Backlog;
  readonly #sender: LaneSender;
  readonly #allowedUpdates: readonly string[];
  readonly #stopped = new AbortController();
  #finish: (error?: unknown) => void = () => {};
  /** When another poller was last in the way. */
  #conflictAt = -Infinity;
  /** The highest id that was passed over, and reported. */
  #passedOver = -1;
  #polling: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(receiver: Receiver, endpoint: Endpoint, api: BotApi, options: CheckedOptions) {
    this.#endpoint = endpoint;
    this.#api = api;
    this.#options = options;
    const target = toUpdateReceiver(receiver);
    this.#allowedUpdates = options.allowedUpdates ?? target.allowedUpdates;
    const reportError = errorReporter(options.onError);
    const settings = inboxSettings({ replies: api, ...options });
    const { isDurable } = settings.store;
    const backlog = this.#backlog = new Backlog();
    const done = (id: number) => backlog.done(id);
    this.#events = new Events((event) => {
      if (event.type === "duplicate") done(event.update.update_id);
      return options.onEvent?.(event);
    });
    this.#inbox = new Inbox(
      target,
      {
        ...settings,
        // A durable store takes an update immediately, and it is confirmed. In memory, it is not safe before it is
        // handled.
        acknowledge: options.acknowledge ?? (isDurable ? "received" : "handled"),
        acknowledgeWithinMs: isDurable ? settings.acknowledgeWithinMs : Infinity,
        onDone: isDurable ? undefined : done,
        onStrangeResult: strangeResultReporter(reportError),
      },
      reportError,
      this.#events,
    );
    const replies = new LateReplies(api, this.#events);
    this.#sender = new LaneSender(
      this.#inbox,
      (update) => this.#inbox.laneOf(update),
      replies,
      reportError,
      isDurable ? done : () => {},
    );
    registerPoller(this, {
      ...{ inbox: this.#inbox, events: this.#events, isPolling: true, api },
      receive: (update) => this.#sender.send(update),
    });
    this.finished = new Promise((resolve, reject) => {
      this.#finish = (error) => error === undefined ? resolve() : reject(error);
    });
    this.finished.catch(() => {}); // for callers that do not await it
  }

  async start(): Promise<void> {
    const signal = this.#callSignal();
    const { url } = await readWebhookInfo(this.#api, { signal });
    if (url !== "") {
      if (this.#options.takeOver === "refuse") throw webhookIsSet();
      await this.#api.deleteWebhook({}, { signal });
    }
    await this.#inbox.open();
    this.#polling = this.#run();
  }

  stats(): PollerStats {
    const { running, stored } = this.#inbox.load;
    return { ...this.#events.counts, running, stored, unconfirmed: this.#backlog.size };
  }

  async close(options?: CloseOptions): Promise<void> {
    const timeoutMs = closeTimeoutMs(options);
    await (this.#closing ??= this.#close(timeoutMs));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    let failures = 0;
    while (!this.#stopped.signal.aborted) {
      try {
        const askedAt = performance.now();
        const { highest } = this.#backlog;
        const fetched = await this.#fetch(this.#options.timeoutS);
        pauseMs = FIRST_PAUSE_MS;
        if (failures >= REPORTED_FAILURES) console.warn("telehook: updates can be fetched again");
        failures = 0;
        const fresh = this.#takeIn(fetched);
        for (const update of fresh) this.#sender.send(update);
        if (this.#backlog.highest > highest) continue;
        if (fresh.length === 0 && fetched.length > 0) await this.#backlog.progress(NOTHING_NEW_PAUSE_MS);
        else if (performance.now() - askedAt < NOTHING_NEW_PAUSE_MS) {
          await pause(NOTHING_NEW_PAUSE_MS, this.#stopped.signal); // it does not wait, or ignores the offset
        }
      } catch (error) {
        if (this.#stopped.signal.aborted) return;
        if (!await this.#mayGoOn(error)) {
          this.#finish(error);
          void this.close(); // which waits for this to return
          return;
        }
        if (!isConflict(error) && ++failures === REPORTED_FAILURES) {
          console.warn(
            `telehook: no updates can be fetched: ${reasonOf(error)}. Trying again until it works`,
          );
        }
        // With jitter, or two pollers would disturb each other at the same rate forever.
        const askedMs = error instanceof BotApiError ? 1_000 * Math.max(0, error.retry_after ?? 0) : 0;
        await pause(askedMs + pauseMs * (0.5 + Math.random()), this.#stopped.signal).catch(() => {});
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      }
    }
  }

  /** Ends a call when this is closed, or when its connection has stalled. @param waitMs How long the call waits on purpose. */
  #callSignal(waitMs = 0): AbortSignal {
    return anySignal([this.#stopped.signal, AbortSignal.timeout(waitMs + STALLED_AFTER_MS)]);
  }

  async #fetch(timeoutS: number): Promise<readonly unknown[]> {
    const offset = this.#backlog.ask();
    const params = {
      ...(offset === undefined ? {} : { offset }),
      ...{ limit: LIMIT, timeout: timeoutS, allowed_updates: this.#allowedUpdates },
    };
    // Once: the time limit of a request must not end the pause that Telegram asks for.
    const updates = await callOnce(
      this.#endpoint,
      "getUpdates",
      params,
      this.#callSignal(timeoutS * 1_000),
    );
    if (Array.isArray(updates)) return updates;
    throw new TelehookError(
      "ERR_BOT_API_UNREACHABLE",
      'getUpdates: the answer is not an array of updates. Check "apiRoot"',
    );
  }

  /** What of it is new. What cannot be handled is passed over, or it would be fetched forever and nothing behind it. */
  #takeIn(fetched: readonly unknown[]): readonly Update[] {
    const fresh: Update[] = [];
    for (const each of fetched) {
      if (isUpdate(each)) {
        if (this.#backlog.add(each)) fresh.push(each);
        continue;
      }
      const id = typeof each === "object" && each !== null && "update_id" in each
        ? Number(each.update_id)
        : NaN;
      if (!Number.isSafeInteger(id) || id < 0) continue;
      this.#backlog.passOver(id);
      if (id <= this.#passedOver) continue;
      this.#passedOver = id;
      console.error(`telehook: update ${id} holds nothing that can be handled: it is passed over`);
    }
    return fresh;
  }

  /** Whether what went wrong may pass. Reports it once. */
  async #mayGoOn(error: unknown): Promise<boolean> {
    if (!(error instanceof BotApiError)) return true; // no answer, an answer that is not one, a stalled connection
    const { error_code, description } = error;
    if (error_code === 401 || error_code === 404) return false;
    if (error_code !== 409) return true;
    if (/webhook/i.test(description)) {
      if (this.#options.takeOver === "refuse") return false;
      await this.#api.deleteWebhook({}, { signal: this.#callSignal() }).catch(() => {});
      return true;
    }
    const now = performance.now();
    if (now - this.#conflictAt > CONFLICT_COUNTS_MS) {
      console.warn("telehook: another process is polling this bot too: stop it. Retrying until it is gone");
    }
    this.#conflictAt = now;
    return true;
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#stopped.abort();
    this.#sender.stop();
    const limit = new TimeLimit(timeoutMs);
    await this.#polling;
    await this.#inbox.close(timeoutMs).catch((error) => {
      printError(
        "telehook: the store could not be closed; its updates are handled at the next start:",
        error,
      );
    });
    const reason = `Closed before the reply was sent, after ${timeoutMs} ms`;
    await this.#sender.close(limit, new TelehookError("ERR_CLOSED", reason));
    limit.stop();
    await this.#confirm();
    this.#finish();
  }

  /** Confirms to Telegram what is done: a request with the offset that returns immediately. */
  async #confirm(): Promise<void> {
    const { offset } = this.#backlog;
    if (offset === undefined) return;
    try {
      const signal = AbortSignal.timeout(this.#backlog.isAsked ? CONFIRM_AGAIN_MS : CONFIRM_MS);
      await this.#api.call("getUpdates", { offset, limit: 1, timeout: 0 }, { signal });
    } catch {
      // Then Telegram sends these updates again; with a durable store, they are recognized as duplicates.
    }
  }
}

/** Another poller or a webhook is in the way, which is reported by itself. */
function isConflict(error: unknown): boolean {
  return error instanceof BotApiError && error.error_code === 409;
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return "the Bot API does not answer";
  return plainText(error instanceof TelehookError ? error.message : errorReason(error));
}

function webhookIsSet(): TelehookError {
  return new TelehookError(
    "ERR_WEBHOOK_SET",
    'A webhook is set, and a bot with a webhook cannot be polled: set takeOver to "delete", or delete it with telehook delete',
  );
}
