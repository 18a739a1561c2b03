/// <reference lib="esnext.disposable" preserve="true" />
// Symbol.asyncDispose is part of the published types, and not of every consumer's lib.
import { type Answer, CLOSING, tryLater, WRONG_PATH } from "../answers/answer.ts";
import { toResponse } from "../answers/to_response.ts";
import { botApi, checkedEndpoint } from "../bot_api/bot_api.ts";
import { assertBotToken } from "../bot_api/bot_token.ts";
import { deriveSecretToken } from "../bot_api/derive_secret_token.ts";
import type { BotApiFetch } from "../bot_api/send_request.ts";
import type { SetWebhookParams } from "../bot_api/webhook_params.ts";
import { checkAddress, checkFunction, checkNumber, checkOptionNames } from "../checks/options.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import type { DeliveryHead } from "../guard/head.ts";
import { normalPath, wirePath } from "../guard/path.ts";
import { SECRET_TOKEN_HEADER } from "../guard/secret_token.ts";
import { RequestHead } from "../guard/request_head.ts";
import { type CloseOptions, closeTimeoutMs } from "../inbox/closing.ts";
import {
  type HostedBot,
  type Receiver,
  toUpdateReceiver,
  type UpdateReceiver,
} from "../receiver/receiver.ts";
import { inTurns } from "../platform/next_turn.ts";
import { isPromiseLike } from "../platform/promises.ts";
import type { BotHostHealth } from "../operate/health.ts";
import { type Measured, Metrics, metricsText } from "../operate/metrics.ts";
import { createPages, type Pages } from "../operate/pages.ts";
import { Pipeline, type Router } from "../pipeline.ts";
import type { Awaitable, InboxStore } from "../store/inbox_store.ts";
import { printError } from "../text/printable_error.ts";
import { quote } from "../text/quote.ts";
import {
  answerRequest,
  createWebhook,
  type DeliveryHandler,
  refuseWrongPlace,
  registerHandler,
  type Webhook,
  WEBHOOK_OPTION_NAMES,
  type WebhookOptions,
} from "../webhook.ts";
import { HostMember, type RegisteredParams } from "./host_member.ts";
import { LookUps } from "./look_ups.ts";

/** Options of {@link botHost}: those of a webhook, for each bot, and how bots are found and registered. */
export interface BotHostOptions extends Omit<WebhookOptions, "secretToken" | "path" | "store" | "replies"> {
  /** The path before the bot's id, without a slash at its end. Default: `""`, so that bot 123 has the path `/123`. */
  readonly pathPrefix?: string;
  /**
   * Looks up the token of a bot that was not added, by its id: in a database, for example. `undefined` or `null` if there
   * is none.
   * At most 100 look-ups run at the same time; it should end by itself if the database does not answer.
   * Default: only bots that were added are known.
   */
  readonly find?: (id: number) => string | null | undefined | Promise<string | null | undefined>;
  /** The address at which Telegram reaches this host. With it, `add` registers the webhook. */
  readonly url?: string;
  /** The Bot API server. Default: `https://api.telegram.org`. */
  readonly apiRoot?: string;
  /** What sends the calls of the Bot API. Default: the global `fetch`. */
  readonly fetch?: BotApiFetch;
  /** The store of each bot, such as `(id) => redisStore(client, { name: String(id) })`. Default: memory. */
  readonly store?: (id: number) => InboxStore;
  /** The maximum number of pending updates of all bots; more are answered 503. Default: 100 000. */
  readonly maxPendingInAll?: number;
}

/**
 * Many bots behind one web-standard handler: give it to `listen`, `toNodeListener`, `Deno.serve` or, as it is, to a
 * platform that takes an object with `fetch`; or call it.
 */
export interface BotHost extends DeliveryHandler {
  /** The handler itself, for platforms that take an object with `fetch`. */
  readonly fetch: (request: Request, ...args: unknown[]) => Promise<Response>;
  /** The ids of all bots of this host. */
  readonly ids: readonly number[];
  /** The webhook of a bot, if the host has it. */
  get(id: number): Webhook | undefined;
  /**
   * Adds a bot, and registers its webhook if the host has a `url`: at most once a second, as Telegram demands, and again
   * for as long as Telegram answers 429. A bot that the host already has stays as it is, and is registered again; with
   * another token, as after `/revoke`, it is removed first, as {@link BotHost.remove | remove} does it.
   *
   * @param token The bot token, as @BotFather shows it.
   * @param params Parameters of `setWebhook` beyond `url` and `secret_token`.
   * @returns The bot's id.
   * @throws {TelehookError} `ERR_BOT_TOKEN`, `ERR_CLOSED` if the host is closed or the bot is removed before it is
   * registered, and what its store and `setWebhook` throw.
   */
  add(token: string, params?: Omit<SetWebhookParams, "url" | "secret_token">): Promise<number>;
  /**
   * Removes a bot, after waiting for its own handlers. Its webhook stays registered, so that Telegram keeps its
   * updates for another host; call `deleteWebhook` to stop them.
   *
   * @returns Whether the host had it.
   */
  remove(id: number, options?: CloseOptions): Promise<boolean>;
  /**
   * Tells whether updates are accepted at the moment, for a route of your own: answer 200 if `status` is `"ok"`, and
   * otherwise 503. The option `health` does that.
   */
  health(): BotHostHealth;
  /** Closes all bots. */
  close(options?: CloseOptions): Promise<void>;
  /** Closes, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

const HOST_OPTION_NAMES: readonly string[] = [
  ...Object.keys(WEBHOOK_OPTION_NAMES).filter((name) => !["secretToken", "path", "replies"].includes(name)),
  ...["pathPrefix", "find", "url", "apiRoot", "fetch", "maxPendingInAll"],
];

/** How often the pending updates of all bots are counted, as long as there cannot be too many. */
const COUNT_EVERY_MS = 100;
/** When there may be too many, the same in milliseconds for each bot, so that counting takes a small part of the time. */
const COUNT_AGAIN_MS = 0.02;
/** Handled updates that are remembered for each bot: 32 KiB at most, and nothing for bots that get no updates. */
const REMEMBERED_UPDATES = 4_096;

const FULL = /* @__PURE__ */ tryLater(1_000, "Too many updates are pending");
const NOT_LOOKED_UP = /* @__PURE__ */ tryLater(1_000, "The bot cannot be looked up at the moment");
const REPORT_EVERY_MS = 60_000;

/**
 * Hosts many bots on one server. Each has its own path, which ends in its id and never contains its token, a secret
 * that is derived from its token, and its own inbox: the limits, order and failures of one bot do not affect others.
 * (Two bots must never share one `webhook`: each has its own `update_id`s, so that updates of one would be taken for duplicates
 * of the other's.)
 *
 * @param receiver What handles the updates of all bots; `context.bot` tells which bot an update is for.
 * @param options How bots are found and registered, and what a webhook takes as options.
 * @throws {TelehookError} `ERR_OPTION` if an option is unknown or has an invalid value.
 *
 * @example
 * ```ts
 * import { botHost } from "@telehook/telehook";
 *
 * const host = botHost((update, { bot }) => console.log(bot?.id, update.update_id), {});
 * await host.add("123456789:AAexample");
 * console.log(host.ids); // [ 123456789 ]
 * await host.close();
 * ```
 */
export function botHost(receiver: Receiver, options: BotHostOptions): BotHost {
  const bots = new HostedBots(receiver, options);
  const answer = (request: Request, ...args: unknown[]): Promise<Response> => bots.answer(request, args);
  const host: BotHost = Object.defineProperty(
    Object.assign(answer, {
      fetch: answer,
      ids: [],
      get: (id: number) => bots.get(id)?.hook,
      add: (token: string, params?: RegisteredParams) => bots.add(token, params),
      remove: (id: number, closing?: CloseOptions) => bots.remove(id, closing),
      health: () => bots.health(),
      close: (closing?: CloseOptions) => bots.close(closing),
      [Symbol.asyncDispose]: () => bots.close(),
    }),
    "ids",
    { get: () => bots.ids, enumerable: true },
  );
  registerHandler(host, bots);
  return host;
}

class HostedBots implements Router {
  readonly path = undefined;
  /** It receives no updates. */
  readonly front: Pipeline;
  readonly #receiver: UpdateReceiver;
  readonly #options: BotHostOptions;
  readonly #webhookOptions: Omit<WebhookOptions, "secretToken">;
  readonly #prefix: string;
  readonly #maxPendingInAll: number;
  readonly #members = new Map<number, HostMember>();
  /** All pipelines that can still count something. */
  readonly #measured = new Set<Measured>();
  readonly #pages: Pages | undefined;
  #metrics: Metrics | undefined;
  readonly #lookUps = new LookUps((id) => this.#lookUp(id));
  #pending = 0;
  #countedAt = -Infinity;
  /** Bots that are being removed, and when that is done. */
  readonly #removing = new Map<number, Promise<void>>();
  #isClosing = false;
  /** When a look-up that fails is reported again. */
  #reportAt = -Infinity;

  constructor(receiver: Receiver, options: BotHostOptions) {
    checkOptionNames("botHost", options, HOST_OPTION_NAMES);
    checkFunction("find", options.find);
    checkFunction("store", options.store);
    const {
      pathPrefix = "",
      find: _,
      url,
      apiRoot,
      fetch,
      store: __,
      maxPendingInAll,
      health,
      metrics,
      ...rest
    } = options;
    if (typeof pathPrefix !== "string" || pathPrefix.endsWith("/")) {
      throw new TelehookError(
        "ERR_OPTION",
        `"pathPrefix" must be a path without a slash at its end, not ${quote(pathPrefix)}`,
      );
    }
    this.#prefix = pathPrefix === "" ? "/" : `${wirePath(pathPrefix)}/`;
    this.#receiver = toUpdateReceiver(receiver);
    this.#options = options;
    this.#webhookOptions = rest;
    this.#maxPendingInAll = checkNumber("maxPendingInAll", maxPendingInAll, {
      ...{ default: 100_000, min: 1, max: Infinity },
    });
    checkAddress("url", url, "https://bots.example");
    checkOptionNames("botHost", rest, WEBHOOK_OPTION_NAMES);
    // Wrong webhook options throw now, and not when the first bot is added.
    this.front = new Pipeline(receiver, { ...rest, secretToken: null });
    this.#measured.add(this.front);
    this.#pages = createPages({ health, metrics }, {
      health: () => this.health(),
      metrics: () => metricsText([[undefined, this.metrics]]),
    });
    if (metrics !== undefined) void this.metrics;
    botApi("1:check", { apiRoot, fetch });
  }

  get ids(): readonly number[] {
    return [...this.#members.keys()];
  }

  get(id: number): HostMember | undefined {
    return this.#members.get(id);
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  get unanswered(): number {
    let sum = 0;
    for (const { pipeline } of this.#members.values()) sum += pipeline.unanswered;
    return sum;
  }

  health(): BotHostHealth {
    const found: { -readonly [K in keyof BotHostHealth]: BotHostHealth[K] } = {
      ...{ status: "ok", running: 0, unanswered: 0, stored: 0, bots: this.#members.size, unhealthy: 0 },
    };
    let trouble: BotHostHealth["status"] = "ok";
    for (const { pipeline } of this.#members.values()) {
      const { status, running, unanswered, stored } = pipeline.health();
      found.running += running;
      found.unanswered += unanswered;
      found.stored += stored;
      if (status === "ok") continue;
      trouble = status;
      found.unhealthy++;
    }
    if (found.unhealthy === found.bots) found.status = trouble;
    if (found.unanswered + found.stored >= this.#maxPendingInAll) found.status = "overloaded";
    if (this.#isClosing) found.status = "closing";
    return found;
  }

  /** The sums over all bots. Whoever asks first begins the measuring of durations. */
  get metrics(): Metrics {
    return this.#metrics ??= new Metrics({
      measured: () => this.#measured,
      isHealthy: () => this.health().status === "ok",
      certificate: () => this.front.certificate,
      bots: () => {
        const { bots: all, unhealthy } = this.health();
        return { all, unhealthy };
      },
    });
  }

  async answer(request: Request, args: readonly unknown[]): Promise<Response> {
    try {
      const finding = this.pipelineFor(new RequestHead(request, args));
      // Others wait for the same look-up: it must not end with the sender that came first, as on Workers.
      if (isPromiseLike(finding)) this.front.outlive(args, Promise.resolve(finding));
      const found = await finding;
      if (found instanceof Pipeline) return await answerRequest(found, request, args);
      return toResponse(found, this.#isClosing);
    } catch {
      return toResponse(refuseWrongPlace(this.front, request, args), this.#isClosing);
    }
  }

  pipelineFor(head: DeliveryHead): Awaitable<Pipeline | Answer> {
    const { path } = head;
    const id = this.#idIn(path) ?? this.#idIn(normalPath(path));
    if (id === undefined) return this.#pages?.(head) ?? this.front.refuse(WRONG_PATH, head);
    const member = this.#members.get(id);
    if (member !== undefined) return this.#isFull() ? this.front.refuse(FULL, head) : member.pipeline;
    if (this.#isClosing) return this.front.refuse(CLOSING, head);
    // Only what can be a delivery is worth a look-up.
    const isDelivery = head.method === "POST" && typeof head.header(SECRET_TOKEN_HEADER) === "string";
    if (!isDelivery) return this.front.refuse(WRONG_PATH, head);
    if (this.#options.find === undefined) return this.front.refuse(WRONG_PATH, head);
    if (!this.#lookUps.mayFind(id)) return this.front.refuse(NOT_LOOKED_UP, head);
    return this.#lookUps.find(id)?.then(
      (found) => found?.pipeline ?? this.front.refuse(WRONG_PATH, head),
      (error) => {
        if (this.#isClosing) return this.front.refuse(CLOSING, head);
        this.#reportLookUp(error);
        return this.front.refuse(NOT_LOOKED_UP, head);
      },
    ) ?? this.front.refuse(WRONG_PATH, head);
  }

  #reportLookUp(error: unknown): void {
    const now = performance.now();
    if (now < this.#reportAt) return;
    this.#reportAt = now + REPORT_EVERY_MS;
    printError("telehook: the token of a bot could not be looked up (reported once a minute):", error);
  }

  async add(token: string, params: RegisteredParams = {}): Promise<number> {
    assertBotToken(token);
    const id = idOf(token);
    let member = this.#members.get(id);
    while (member?.token !== token) {
      if (member !== undefined) await this.#dismiss(id, member, closeTimeoutMs());
      member = this.#members.get(id) ?? await this.#admit(id, token);
    }
    await member.pipeline.inbox.open(); // which another call may have begun
    const { url } = this.#options;
    if (url !== undefined) await member.register(new URL(`${this.#prefix}${id}`, url).href, params);
    return id;
  }

  async remove(id: number, options?: CloseOptions): Promise<boolean> {
    const timeoutMs = closeTimeoutMs(options);
    const member = this.#members.get(id);
    if (member === undefined) return false;
    await this.#dismiss(id, member, timeoutMs);
    return true;
  }

  async #dismiss(id: number, member: HostMember, timeoutMs: number): Promise<void> {
    this.#members.delete(id);
    const reason = `Bot ${id} was removed before its webhook was registered: add it again`;
    const removed = member.close(new TelehookError("ERR_CLOSED", reason), timeoutMs);
    this.#removing.set(id, removed);
    try {
      await removed;
    } finally {
      this.#removing.delete(id);
      this.#measured.delete(member.pipeline);
      this.#metrics?.unwatch(member.pipeline);
    }
  }

  async close(options?: CloseOptions): Promise<void> {
    const timeoutMs = closeTimeoutMs(options);
    this.#isClosing = true;
    const until = performance.now() + timeoutMs;
    const reason = hostClosed();
    this.#lookUps.stop(reason); // who waits for one is answered now
    const closed = [...this.#removing.values(), this.front.inbox.close(0)];
    await inTurns(this.#members.values(), (member) => {
      const leftMs = Math.max(0, Math.round(until - performance.now()));
      const closing = member.close(reason, leftMs);
      closing.catch(() => {}); // it is told when all were begun
      closed.push(closing);
    });
    await Promise.all(closed);
  }

  /** The bot's id in a path. */
  #idIn(path: string): number | undefined {
    if (!path.startsWith(this.#prefix)) return undefined;
    let id = 0;
    for (let index = this.#prefix.length; index < path.length; index++) {
      const digit = path.charCodeAt(index) - 48;
      if (digit < 0 || digit > 9) return undefined;
      id = id * 10 + digit;
      if (id > Number.MAX_SAFE_INTEGER) return undefined;
    }
    return id > 0 ? id : undefined;
  }

  async #lookUp(id: number): Promise<HostMember | undefined> {
    const token = await this.#options.find?.(id);
    if (token === undefined || token === null || idOf(token) !== id) return undefined;
    return this.#members.get(id) ?? await this.#admit(id, token);
  }

  async #admit(id: number, token: string): Promise<HostMember> {
    const { apiRoot, fetch, store } = this.#options;
    const endpoint = checkedEndpoint(token, { apiRoot, fetch });
    const api = botApi(token, { apiRoot, fetch });
    const secretToken = await deriveSecretToken(token);
    while (this.#removing.has(id)) await this.#removing.get(id)?.catch(() => {}); // two inboxes must not share its store
    const there = this.#members.get(id); // added twice at the same time
    if (there !== undefined) return there;
    if (this.#isClosing) throw hostClosed();
    const hook = createWebhook(forBot(this.#receiver, { id, api }), {
      ...this.#webhookOptions,
      ...{ secretToken, replies: api },
      ...(store === undefined ? {} : { store: store(id) }),
    }, { rememberedUpdates: REMEMBERED_UPDATES, isOneOfMany: true });
    const member = new HostMember(hook, endpoint, secretToken);
    const { pipeline } = member;
    this.#members.set(id, member);
    this.#lookUps.added(id);
    try {
      await pipeline.inbox.open();
    } catch (error) {
      // Its store may have a file open.
      if (this.#members.get(id) === member) await this.#dismiss(id, member, 0).catch(() => {});
      throw error;
    }
    if (this.#members.get(id) !== member) return member; // removed meanwhile
    this.#measured.add(pipeline);
    this.#metrics?.watch(pipeline);
    return member;
  }

  #isFull(): boolean {
    const now = performance.now();
    const sinceMs = now - this.#countedAt;
    const isTooMany = this.#pending >= this.#maxPendingInAll; // of what has come since, much may be handled already
    if (sinceMs > COUNT_EVERY_MS || (isTooMany && sinceMs > COUNT_AGAIN_MS * this.#members.size)) {
      this.#pending = 0;
      for (const { pipeline } of this.#members.values()) {
        const { unanswered, stored } = pipeline.inbox.load;
        this.#pending += unanswered + stored;
      }
      this.#countedAt = now;
    }
    return this.#pending++ >= this.#maxPendingInAll;
  }
}

function hostClosed(): TelehookError {
  return new TelehookError("ERR_CLOSED", "The host is closed: create another one");
}

function idOf(token: string): number {
  return Number(token.slice(0, token.indexOf(":")));
}

/** Returns the receiver for one bot: it adds `context.bot`. */
function forBot(receiver: UpdateReceiver, bot: HostedBot): UpdateReceiver {
  return {
    get allowedUpdates() {
      return receiver.allowedUpdates;
    },
    get mediaGroupKinds() {
      return receiver.mediaGroupKinds;
    },
    receive: (update, context) => receiver.receive(update, Object.assign(context, { bot })),
  };
}
