import { isPromise, isPromiseLike } from "./platform/promises.ts";
import {
  ACKNOWLEDGED,
  ALREADY_READ,
  type Answer,
  BROKEN_BODY,
  CLOSING,
  FAILED,
  MALFORMED_JSON,
  misuse,
  NOT_JSON,
  NOT_POST,
  OVERLOADED,
  replyWith,
  tryLater,
  UNKNOWN_ADDRESS,
} from "./answers/answer.ts";
import { checkFunction } from "./checks/options.ts";
import { type Receiver, toUpdateReceiver, type UpdateReceiver } from "./receiver/receiver.ts";
import type { WebhookReply } from "./receiver/webhook_reply.ts";
import { serializeReply } from "./replies/reply_body.ts";
import { type ClientAddress, clientAddress } from "./guard/client_address.ts";
import type { DeliveryHead } from "./guard/head.ts";
import { createGuard, type Guard, type GuardOptions, MAX_BODY_BYTES } from "./guard/guard.ts";
import { Inbox } from "./inbox/inbox.ts";
import { type InboxOptions, inboxSettings } from "./inbox/inbox_options.ts";
import type { Outcome } from "./runner/outcome.ts";
import { errorReporter, type ReportError, strangeResultReporter } from "./runner/report_error.ts";
import type { Awaitable } from "./store/inbox_store.ts";
import { REMEMBERED_UPDATES } from "./store/limits.ts";
import { decodeBody, UnreadableBody } from "./parse/body_bytes.ts";
import { BodyReader } from "./parse/body_reader.ts";
import { isJson, isUpdate, whyNotUpdate } from "./parse/parse_update.ts";
import { hasWaitUntil, type WaitUntil, waitUntilOf } from "./platform/wait_until.ts";
import { isWorker } from "./platform/workers.ts";
import type { Update } from "./updates/mod.ts";
import { Events, type OnEvent, type Origin } from "./events/events.ts";
import type { LogFunction } from "./events/log.ts";
import { healthOf, type WebhookHealth } from "./operate/health.ts";
import { Metrics, metricsText } from "./operate/metrics.ts";
import { createPages, type Pages, type PagesOptions } from "./operate/pages.ts";
import { SECRET_TOKEN_HEADER } from "./guard/secret_token.ts";
import { type Redact, redactor } from "./text/redact.ts";

/** All options of a webhook. */
export interface PipelineOptions extends GuardOptions, InboxOptions, PagesOptions {
  /** Called with everything that happens, for metrics and traces. Default: nothing, which costs nothing. */
  readonly onEvent?: OnEvent;
  /**
   * Receives the lines of the log: the first refusal of each kind in a minute, with the address and the path; handlers that
   * hang; outages; a store that fails; a renewed certificate that cannot be used. `false` logs nothing. Default: `console.warn`, each line beginning with `telehook: `;
   * only refusals if there is an `onEvent`. Failures of handlers go to `onError`.
   */
  readonly log?: LogFunction | false | undefined;
  /**
   * Keeps a serverless instance running until the promise is settled: called while work goes on, such as a pending album or a
   * slow receiver, after an answer and before it. Default: the platform's own `waitUntil`, found on Netlify, Deno Deploy and
   * Vercel, and on Cloudflare Workers with `hook(request, env, context)`. Elsewhere, pass the function: `waitUntil: after` with
   * `after` from `next/server`.
   */
  readonly waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
}

const WITHOUT_CONTEXT =
  "What is left after an answer ends with its request on Workers, and is never handled: pass on the context, as in " +
  "hook(request, env, context), or hook(request, this.ctx) in a Durable Object";

/** Finds the pipeline of a delivery: a webhook has one for all, a host of many bots has one for each bot's path. */
export interface Router {
  /** The only path that is answered, if there is only one. */
  readonly path: string | undefined;
  /** Whether every answer tells its sender that the connection ends with it. */
  readonly isClosing: boolean;
  /** Updates that have not been answered yet. */
  readonly unanswered: number;
  /** The pipeline that refuses what belongs to none. */
  readonly front: Pipeline;
  /** The numbers of all of its pipelines. Whoever asks first begins the measuring of durations. */
  readonly metrics: Metrics;
  /** The pipeline of a delivery, or what it is refused with if there is none. */
  pipelineFor(head: DeliveryHead): Awaitable<Pipeline | Answer>;
}

/** What only tests, and hosts of many bots, set. */
export interface PipelineLimits {
  /** How long a body may take to arrive, in milliseconds. */
  readonly bodyTimeoutMs?: number;
  /** How many acknowledged updates are remembered. */
  readonly rememberedUpdates?: number;
  /** Whether its process has others, of other bots. */
  readonly isOneOfMany?: boolean;
}

/**
 * How long a body may take to arrive, in milliseconds: Telegram sends one in a single write, and waits 60 s for an
 * answer.
 */
const BODY_TIMEOUT_MS = 30_000;

/** What else the console says about a refusal, once: the operator can do something about these, and the sender cannot. */
const ADVICE = /* @__PURE__ */ new Map([
  [
    ALREADY_READ,
    "Mount the webhook before the body parser, or pass on the body: as request.body to toNodeListener, or in a new Request",
  ],
  [
    UNKNOWN_ADDRESS,
    '"allowedAddresses" needs it: pass what the platform gives you, or { remoteAddr: { hostname } }, as the second argument',
  ],
]);

/**
 * guard ─▶ parse ─▶ inbox ─▶ dispatch, wired once for each webhook. The ways in (a `Request`, a `node:http` message, a Lambda
 * event) read a head and a body, and send the answer; everything between is here.
 */
export class Pipeline implements Router {
  /** The only path that is answered, if the option is set. */
  readonly path: string | undefined;
  readonly #guard: Guard;
  readonly bodies: BodyReader;
  readonly receiver: UpdateReceiver;
  readonly inbox: Inbox;
  readonly events: Events;
  readonly #reportError: ReportError;
  readonly #addressOf: ClientAddress;
  readonly #redact: Redact;
  readonly #pages: Pages | undefined;
  #metrics: Metrics | undefined;
  /** The certificate that the server uses, in PEM. */
  certificate: string | undefined;
  readonly #waitUntil: WaitUntil | undefined;
  /** What the console has said. */
  readonly #said = new Set<string>();

  constructor(receiver: Receiver, options: PipelineOptions, limits: PipelineLimits = {}) {
    const { bodyTimeoutMs = BODY_TIMEOUT_MS, rememberedUpdates = REMEMBERED_UPDATES, isOneOfMany = false } =
      limits;
    checkFunction("waitUntil", options.waitUntil);
    this.#waitUntil = options.waitUntil;
    this.path = options.path;
    this.#guard = createGuard(options);
    this.bodies = new BodyReader(options.maxBodyBytes ?? MAX_BODY_BYTES, bodyTimeoutMs);
    this.receiver = toUpdateReceiver(receiver);
    this.#reportError = errorReporter(options.onError);
    this.#addressOf = clientAddress(options.trustedProxy);
    this.#redact = redactor(undefined, ...[options.secretToken].flat());
    this.events = new Events(options.onEvent, options.log);
    const settings = {
      ...inboxSettings(options),
      ...{ rememberedUpdates, isOneOfMany },
      onStrangeResult: strangeResultReporter(this.#reportError),
    };
    this.inbox = new Inbox(this.receiver, settings, this.#reportError, this.events);
    this.#pages = createPages(options, {
      health: () => this.health(),
      metrics: () => metricsText([[undefined, this.metrics]]),
    });
    if (options.metrics !== undefined) void this.metrics;
  }

  /** Whether updates are accepted at the moment. */
  health(): WebhookHealth {
    return healthOf(this.inbox, this.events);
  }

  /** The numbers of this webhook. The first call starts the measurement of durations. */
  get metrics(): Metrics {
    return this.#metrics ??= new Metrics({
      measured: () => [this],
      isHealthy: () => this.health().status === "ok",
      certificate: () => this.certificate,
    });
  }

  /** Whether it is closing. Every answer then tells its sender that the connection ends with it. */
  get isClosing(): boolean {
    return this.inbox.isClosing;
  }

  get unanswered(): number {
    return this.inbox.load.unanswered;
  }

  get front(): Pipeline {
    return this;
  }

  pipelineFor(_: DeliveryHead): Pipeline {
    return this;
  }

  /** What a request is answered with before its body is read, if it is: a refusal, or a page for those who operate this. */
  guard(head: DeliveryHead): Awaitable<Answer> | undefined {
    const refusal = this.#guard(head);
    if (refusal === undefined) return undefined;
    return (refusal === NOT_POST ? this.#pages?.(head) : undefined) ?? this.refuse(refusal, head);
  }

  /** Notes that a delivery is refused. */
  refuse(refusal: Answer, head: DeliveryHead | undefined): Answer {
    this.events.refused(refusal.status, refusal.reason, this.#originOf(head));
    const advice = ADVICE.get(refusal);
    if (advice !== undefined) this.sayOnce(`${refusal.reason}: ${advice}.`);
    return refusal;
  }

  /** Who sent a delivery, for the events. */
  #originOf(head: DeliveryHead | undefined): (() => Origin) | undefined {
    if (head === undefined) return undefined;
    return () => ({
      address: this.#addressOf(head),
      path: this.#redact(head.path),
      get headers() {
        const headers: Record<string, string> = {};
        for (const [name, value] of head.headers) {
          const key = name.toLowerCase();
          headers[key] = key === SECRET_TOKEN_HEADER ? "<secret>" : value;
        }
        return headers;
      },
    });
  }

  /** Refuses a delivery whose body could not be read, or is not JSON. */
  refuseBody(error: unknown, head: DeliveryHead | undefined): Answer {
    if (error instanceof UnreadableBody) return this.refuse(error.answer, head);
    if (!(error instanceof Error) || error.name !== "SyntaxError") return this.refuse(BROKEN_BODY, head);
    return this.refuse(isJson(head?.header("content-type")) ? MALFORMED_JSON : NOT_JSON, head);
  }

  /** Answers a request that should not have been given to the webhook in this form, and says why. */
  refuseMisuse(advice: string): Answer {
    this.sayOnce(`${advice}.`);
    return this.refuse(misuse(advice), undefined);
  }

  /** Says something to the operator, however often it happens. */
  sayOnce(message: string): void {
    if (this.#said.has(message)) return;
    this.#said.add(message);
    console.error(`telehook: ${message}`);
  }

  /** Receives the bytes of a body that passed the guard. */
  receiveBytes(bytes: Uint8Array, head: DeliveryHead): Awaitable<Answer> {
    return this.receiveText(decodeBody(bytes), head);
  }

  /** Receives a body that was decoded already. */
  receiveText(text: string, head: DeliveryHead): Awaitable<Answer> {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      return this.refuseBody(error, head);
    }
    return this.receiveValue(value, head, text);
  }

  /**
   * Receives a body that was parsed already.
   *
   * @param text Its JSON, if that is known.
   */
  receiveValue(value: unknown, head: DeliveryHead | undefined, text?: string): Awaitable<Answer> {
    if (!isUpdate(value)) return this.refuse(whyNotUpdate(value), head);
    const size = text?.length ?? head?.contentLength; // about
    const origin = this.events.hasListeners ? this.#originOf(head) : undefined;
    let outcome: Awaitable<Outcome>;
    try {
      outcome = this.inbox.receive(value, text, size, origin);
    } catch (error) {
      return this.#fail(value, error);
    }
    return isPromiseLike(outcome)
      ? outcome.then((each) => this.#answerTo(value, each, head), (error) => this.#fail(value, error))
      : this.#answerTo(value, outcome, head);
  }

  /** Receives an update that nobody waits for the answer to: a reply is sent through the Bot API. */
  async receiveUnasked(update: Update, head: DeliveryHead): Promise<void> {
    try {
      const outcome = await this.inbox.receive(update, undefined, undefined, this.#originOf(head));
      if (outcome.type !== "replied") return void await this.#answerTo(update, outcome, head);
      this.events.answered(update, ACKNOWLEDGED.status);
      await this.inbox.sendReply(update, outcome.reply);
    } catch (error) {
      this.#fail(update, error);
    }
  }

  /**
   * Tells the platform that work goes on.
   *
   * @param args What the platform passed in addition to the request.
   * @param work Until when. Default: until nothing is under way, if something is.
   */
  outlive(args: readonly unknown[], work?: Promise<unknown>): void {
    try {
      if (work === undefined && !this.inbox.isBusy) return;
      const waitUntil = this.#waitUntil ?? waitUntilOf(args);
      if (waitUntil === undefined) {
        if (work === undefined && isWorker()) this.sayOnce(WITHOUT_CONTEXT);
        return;
      }
      this.inbox.rearm(); // so that timers end with the promise below, and not before
      const until = work ?? this.inbox.idle();
      if (isWorker()) this.inbox.carry(until);
      const waits = waitUntil(until);
      if (isPromise(waits)) waits.catch(() => {});
    } catch {
      // A context that is over cannot wait. The update is as safe as it was: the answer must still be sent.
    }
  }

  /** Where a timer ends with the request that has set it, sets timers again in this request. */
  rearmIn(args: readonly unknown[]): void {
    if (hasWaitUntil(args)) this.inbox.rearm();
  }

  /** A store or a fault of ours has thrown where nothing is expected to: the update is Telegram's still. */
  #fail(update: Update, error: unknown): Answer {
    this.#reportError(error, { update, attempt: 1, willRetry: true });
    this.events.answered(update, FAILED.status);
    return FAILED;
  }

  #replyTo(update: Update, reply: WebhookReply): Awaitable<Answer> {
    const failed = (error: unknown): Answer => {
      // The update itself was handled: sending it again would not repair the reply.
      this.#reportError(error, { update, attempt: 1, willRetry: false });
      return ACKNOWLEDGED;
    };
    try {
      const body = serializeReply(reply);
      if (typeof body === "string") return replyWith(body);
      return body.then(({ bytes, contentType }) => replyWith(bytes, contentType)).catch(failed);
    } catch (error) {
      return failed(error);
    }
  }

  #answerTo(update: Update, outcome: Outcome, head: DeliveryHead | undefined): Awaitable<Answer> {
    switch (outcome.type) {
      case "acknowledged":
        this.events.answered(update, ACKNOWLEDGED.status);
        return ACKNOWLEDGED;
      case "replied":
        this.events.answered(update, ACKNOWLEDGED.status, outcome.reply);
        return this.#replyTo(update, outcome.reply);
      case "failed": {
        const { retryAfterMs } = outcome;
        const answer = retryAfterMs === undefined ? FAILED : tryLater(retryAfterMs, "");
        this.events.answered(update, answer.status);
        return answer;
      }
      case "outage":
        return this.#putOff(
          update,
          tryLater(outcome.retryAfterMs, "Nothing can be handled at the moment"),
          head,
        );
      case "overloaded":
        return this.#putOff(update, OVERLOADED, head);
      case "closing":
        return this.#putOff(update, CLOSING, head);
    }
  }

  /** An update is not taken now: it is Telegram's still. */
  #putOff(update: Update, refusal: Answer, head: DeliveryHead | undefined): Answer {
    this.events.answered(update, refusal.status);
    return this.refuse(refusal, head);
  }
}
