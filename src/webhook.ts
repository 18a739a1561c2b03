/// <reference lib="esnext.disposable" preserve="true" />
// Symbol.asyncDispose is part of the published types, and not of every consumer's lib.
import { isPromiseLike } from "./platform/promises.ts";
import type { Answer } from "./answers/answer.ts";
import { toResponse } from "./answers/to_response.ts";
import type { Receiver } from "./receiver/receiver.ts";
import type { WebhookReply } from "./receiver/webhook_reply.ts";
import type { ParkedBatch } from "./store/inbox_store.ts";
import { TelehookError } from "./errors/telehook_error.ts";
import { mountAdvice } from "./guard/mount_advice.ts";
import { RequestHead } from "./guard/request_head.ts";
import { type CloseOptions, closeTimeoutMs } from "./inbox/closing.ts";
import { INBOX_OPTION_NAMES } from "./inbox/inbox_options.ts";
import { submit } from "./inbox/submit.ts";
import { checkOptionNames } from "./checks/options.ts";
import { JsonReading } from "./parse/body_reader.ts";
import type { WebhookHealth } from "./operate/health.ts";
import { metricsText } from "./operate/metrics.ts";
import { Pipeline, type PipelineLimits, type PipelineOptions, type Router } from "./pipeline.ts";
import type { Update, UpdateKind } from "./updates/mod.ts";
import type { WebhookCounts } from "./events/events.ts";

/** Options of {@link webhook}: who may deliver, and when updates are acknowledged. Only `secretToken` must be given. */
export interface WebhookOptions extends PipelineOptions {}

/** The names of all options of a webhook, for code that passes them on. */
export const WEBHOOK_OPTION_NAMES: Readonly<Record<keyof WebhookOptions, true>> = {
  secretToken: true,
  path: true,
  allowedAddresses: true,
  trustedProxy: true,
  maxBodyBytes: true,
  ...INBOX_OPTION_NAMES,
  health: true,
  metrics: true,
  onEvent: true,
  log: true,
  waitUntil: true,
};

/** What servers serve, and platforms call: {@link Webhook}, or a {@link BotHost} of many bots. */
export interface DeliveryHandler {
  /**
   * Answers one delivery. It never throws and never rejects.
   *
   * @param request The delivery, as the runtime passes it.
   * @param args Everything that the platform passes after it.
   */
  (request: Request, ...args: unknown[]): Promise<Response>;
  /** Answers 503 from now on, and waits for what runs. */
  close(options?: CloseOptions): Promise<void>;
  /** Closes, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A webhook as a web-standard handler: give it to `Deno.serve`, as `fetch` to `Bun.serve` or a worker, or call it.
 * It never throws and never rejects.
 */
export interface Webhook extends DeliveryHandler {
  /**
   * Answers one delivery.
   *
   * @param request The delivery, as the runtime passes it.
   * @param args Everything that the platform passes after it, in which the client's address (Deno, Bun, Hono, h3,
   * SvelteKit) and `waitUntil` (Workers, Netlify) are found automatically.
   */
  (request: Request, ...args: unknown[]): Promise<Response>;

  /** The update kinds that the receiver needs, for the `allowed_updates` of `setWebhook`. */
  readonly allowedUpdates: readonly UpdateKind[];

  /**
   * Processes an update from another source: a queue, a test, polling of your own. Pass in the next update of a chat when this
   * one has resolved, as Telegram does: what is passed in before is handled at the same time, unless the `lane` option is set.
   *
   * @param update The update, as Telegram sent it.
   * @returns A promise that resolves when the update is handled or safe in the store, with the reply that the receiver
   * returned, if any. Telegram does not see that reply: send it yourself; `replies` sends what is larger than an answer may be.
   * @throws {TelehookError} `ERR_UPDATE` if it is not an update, `ERR_OVERLOADED` if too many are pending, `ERR_CLOSED` after
   * closing; and anything that the receiver throws. The update is not kept then: pass it in again. The last of
   * `maxAttempts` failures is reported only to `onError`, since the update is parked.
   */
  receive(update: Update): Promise<WebhookReply | undefined>;

  /** How much is under way, and counters since the webhook was created. */
  stats(): WebhookStats;

  /**
   * Tells whether updates are accepted at the moment, for a route of your own: answer 200 if `status` is `"ok"`, and
   * otherwise 503. The option `health` does that.
   *
   * @see {@link WebhookOptions.health}
   */
  health(): WebhookHealth;

  /** Updates that were given up, in the order of their ids, as long as `parkedForMs` keeps them. */
  parked(): AsyncIterable<ParkedBatch>;

  /**
   * Handles a parked update again, behind everything in its lane. `context.isReplay` is `true` then.
   *
   * @param id Its {@link ParkedBatch.id}.
   * @returns Whether there was one.
   */
  replay(id: number): Promise<boolean>;

  /**
   * Removes a parked update.
   *
   * @param id Its {@link ParkedBatch.id}.
   * @returns Whether there was one.
   */
  discard(id: number): Promise<boolean>;

  /**
   * Answers 503 from now on, so that Telegram keeps its updates, delivers pending albums and waits for running
   * handlers. When the time is over, the receivers' signals are aborted. A durable store keeps its pending albums, and
   * what still comes of albums until it is closed.
   *
   * @param options How long to wait: `timeoutMs`, 10 000 by default.
   * @returns A promise that is resolved when it is closed.
   * @throws {TelehookError} `ERR_OPTION` for a wrong option, without closing; `ERR_STORE`, or what the store throws, if
   * that could not be closed: what it has claimed is then due when its lease ends.
   */
  close(options?: CloseOptions): Promise<void>;

  /** Closes, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What {@link Webhook.stats} returns. */
export interface WebhookStats extends WebhookCounts {
  /** Calls of the receiver that have not ended. */
  readonly running: number;
  /** Updates that have not been answered yet. */
  readonly unanswered: number;
  /** Updates in the store that are not handled yet, as far as this process knows. */
  readonly stored: number;
  /** Whether nothing can be handled at the moment: several chats fail and none succeeds. */
  readonly isOutage: boolean;
}

/** The pipelines behind the handlers, for the ways in that do not go through a `Request`. */
const routers = new WeakMap<object, Router>();

/** Lets servers and `toNodeListener` take a handler. */
export function registerHandler(handler: DeliveryHandler, router: Router): void {
  routers.set(handler, router);
}

/** Whether this was made by {@link webhook} or `botHost`. */
export function isDeliveryHandler(value: unknown): value is DeliveryHandler {
  return typeof value === "function" && routers.has(value);
}

/**
 * How deliveries find their pipeline behind a handler.
 *
 * @throws {TelehookError} `ERR_OPTION` if it was made by neither {@link webhook} nor `botHost`.
 */
export function routerOf(handler: DeliveryHandler): Router {
  const router = routers.get(handler);
  if (router !== undefined) return router;
  throw new TelehookError(
    "ERR_OPTION",
    "This takes what webhook(receiver, options) or botHost(receiver, options) returned, not another handler",
  );
}

/**
 * The pipeline of a webhook.
 *
 * @throws {TelehookError} `ERR_OPTION` if it was not made by {@link webhook}.
 */
export function pipelineOf(hook: Webhook): Pipeline {
  const router = routers.get(hook);
  if (router instanceof Pipeline) return router;
  throw new TelehookError(
    "ERR_OPTION",
    "This takes what webhook(receiver, options) returned, not another handler",
  );
}

/**
 * Makes a webhook: a function from `Request` to `Response` that checks a delivery, parses its update, merges albums,
 * and hands it to your code.
 *
 * @param receiver A function for every update, or what `updateHandlers` or `updateStreams` made.
 * @param options Who may deliver, and when updates are acknowledged.
 * @throws {TelehookError} If an option is unknown or has an invalid value.
 * @see https://core.telegram.org/bots/webhooks
 *
 * @example
 * ```ts
 * import { updateHandlers, webhook } from "@telehook/telehook";
 *
 * const hook = webhook(
 *   updateHandlers({
 *     message: ({ message }) => ({ method: "sendMessage", chat_id: message.chat.id, text: "Hello" }),
 *   }),
 *   { secretToken: "a-long-random-secret" },
 * );
 *
 * const response = await hook(
 *   new Request("https://bot.example/", {
 *     method: "POST",
 *     headers: {
 *       "content-type": "application/json",
 *       "x-telegram-bot-api-secret-token": "a-long-random-secret",
 *     },
 *     body: JSON.stringify({ update_id: 1, message: { message_id: 1, date: 0, chat: { id: 42, type: "private" } } }),
 *   }),
 * );
 * console.log(await response.json()); // { method: "sendMessage", chat_id: 42, text: "Hello" }
 * ```
 */
export function webhook(receiver: Receiver, options: WebhookOptions): Webhook {
  const hook = createWebhook(receiver, options);
  // What the last process left comes first; but not before the caller has received the webhook.
  void Promise.resolve().then(() => pipelineOf(hook).inbox.openAtLast());
  return hook;
}

/**
 * A webhook that does not touch its store until its inbox is told to start: a server has to listen first.
 *
 * @param limits What only tests, and hosts of many bots, set.
 */
export function createWebhook(
  receiver: Receiver,
  options: WebhookOptions,
  limits?: PipelineLimits,
): Webhook {
  checkOptionNames("webhook", options, WEBHOOK_OPTION_NAMES);
  const pipeline = new Pipeline(receiver, options, limits);
  const { receiver: target, inbox, events } = pipeline;

  // The first parameter is declared because Deno.serve gives a handler without any no request.
  const answer = (request: Request, ...args: unknown[]): Promise<Response> =>
    answerRequest(pipeline, request, args);

  const close = async (closing?: CloseOptions) => await inbox.close(closeTimeoutMs(closing));
  const hook: Webhook = Object.defineProperty(
    Object.assign(answer, {
      allowedUpdates: target.allowedUpdates,
      receive: (update: Update) => submit(inbox, update),
      stats: () => ({ ...events.counts, ...inbox.load }),
      health: () => pipeline.health(),
      parked: () => inbox.parked(),
      replay: (id: number) => inbox.replay(id),
      discard: (id: number) => inbox.discard(id),
      close,
      [Symbol.asyncDispose]: () => close(),
    }),
    "allowedUpdates",
    { get: () => target.allowedUpdates, enumerable: true },
  );
  registerHandler(hook, pipeline);
  return hook;
}

/** Answers a delivery that came as a `Request`. It never rejects. */
export function answerRequest(
  pipeline: Pipeline,
  request: Request,
  args: readonly unknown[],
): Promise<Response> {
  return new Promise((resolve) => new RequestDelivery(pipeline, request, args, resolve).begin());
}

/** Answers what is not a `Request`, or not one that can be used: the handler was mounted in the wrong place. */
export function refuseWrongPlace(pipeline: Pipeline, request: unknown, args: readonly unknown[]): Answer {
  const refusal = pipeline.refuseMisuse(mountAdvice(request));
  endNodeResponse(args[0], refusal);
  return refusal;
}

/**
 * The numbers of a webhook, or the sums over all bots of a host, in the text format of Prometheus, for a route of your own;
 * the option `metrics` does the rest. How long handlers take and how large albums are is measured from the first call on, or from the beginning with that option.
 *
 * @param hook The webhook, or the host; or several by the value that the label `bot` shall have for each.
 * @returns The text. Its `Content-Type` is `text/plain; version=0.0.4; charset=utf-8`. Numbers of a store that does not
 * answer within 2 seconds are left out.
 * @throws {TelehookError} `ERR_OPTION` if it was made by neither {@link webhook} nor `botHost`.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 *
 * @example
 * ```ts
 * import { prometheusText, webhook } from "@telehook/telehook";
 *
 * const hook = webhook(() => {}, { secretToken: "a-long-random-secret" });
 * console.log(await prometheusText(hook));
 * // # HELP telehook_updates_handled_total Updates and media groups that were handled.
 * // …
 * await hook.close();
 * ```
 */
export async function prometheusText(
  hook: DeliveryHandler | ReadonlyMap<string, DeliveryHandler>,
): Promise<string> {
  const hooks: Iterable<readonly [string | undefined, DeliveryHandler]> = typeof hook === "function"
    ? [[undefined, hook]]
    : hook;
  return await metricsText([...hooks].map(([bot, each]) => [bot, routerOf(each).metrics] as const));
}

/** One delivery as a `Request`, on its way to a `Response`. */
class RequestDelivery extends JsonReading {
  readonly #pipeline: Pipeline;
  readonly #request: Request;
  readonly #args: readonly unknown[];
  readonly #resolve: (response: Response) => void;
  #head: RequestHead | undefined;

  constructor(
    pipeline: Pipeline,
    request: Request,
    args: readonly unknown[],
    resolve: (response: Response) => void,
  ) {
    super();
    this.#pipeline = pipeline;
    this.#request = request;
    this.#args = args;
    this.#resolve = resolve;
  }

  begin(): void {
    try {
      if (this.#args.length > 0) this.#pipeline.rearmIn(this.#args);
      const head = this.#head = new RequestHead(this.#request, this.#args);
      const refusal = this.#pipeline.guard(head);
      if (isPromiseLike(refusal)) void refusal.then((each) => this.#answer(each));
      else if (refusal !== undefined) this.#answer(refusal);
      else this.#pipeline.bodies.readJson(this.#request, head, this);
    } catch {
      this.#refuse(); // nothing else can throw here
    }
  }

  // Both are called when a body was read: what a host's own Request throws then has no caller.

  receive(value: unknown): void {
    try {
      const answer = this.#pipeline.receiveValue(value, this.#head);
      if (!isPromiseLike(answer)) return this.#answer(answer);
      this.#pipeline.outlive(this.#args, answer); // its sender may go, and on Workers what runs would end with the request
      void answer.then((each) => this.#answer(each));
    } catch {
      this.#refuse();
    }
  }

  fail(error: unknown): void {
    try {
      this.#answer(this.#pipeline.refuseBody(error, this.#head));
    } catch {
      this.#refuse();
    }
  }

  #refuse(): void {
    this.#answer(refuseWrongPlace(this.#pipeline, this.#request, this.#args));
  }

  #answer(answer: Answer): void {
    this.#resolve(toResponse(answer, this.#pipeline.isClosing));
    this.#pipeline.outlive(this.#args);
  }
}

/** A server of Node waits for its response object, and ignores what its listener returns. */
function endNodeResponse(response: unknown, { status, headers, body }: Answer): void {
  try {
    const { writeHead, end } = response as Record<string, unknown>;
    if (typeof writeHead !== "function" || typeof end !== "function") return;
    writeHead.call(response, status, { ...headers, "content-length": String(body?.length ?? 0) });
    end.call(response, body);
  } catch {
    // Then it is nobody's response.
  }
}
