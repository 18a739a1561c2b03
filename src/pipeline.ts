import {
  ACKNOWLEDGED,
  type Answer,
  CLOSING,
  FAILED,
  MALFORMED_JSON,
  NOT_POST,
  NOT_UTF8,
  OVERLOADED,
  replyWith,
  tryLater,
} from "./answers/answer.ts";
import { type Receiver, toUpdateReceiver, type UpdateReceiver } from "./receiver/receiver.ts";
import { serializeReply } from "./replies/reply_body.ts";
import type { WebhookReply } from "./receiver/webhook_reply.ts";
import { type ClientAddress, clientAddress } from "./guard/client_address.ts";
import type { DeliveryHead } from "./guard/head.ts";
import { createGuard, type Guard, type GuardOptions, MAX_BODY_BYTES } from "./guard/guard.ts";
import { Inbox } from "./inbox/inbox.ts";
import { type InboxOptions, inboxSettings } from "./inbox/inbox_options.ts";
import type { Outcome } from "./runner/outcome.ts";
import { errorReporter, type ReportError, strangeResultReporter } from "./runner/report_error.ts";
import type { Awaitable } from "./store/inbox_store.ts";
import { decodeBody } from "./parse/decode_body.ts";
import { isUpdate, whyNotUpdate } from "./parse/parse_update.ts";
import type { Update } from "./updates/mod.ts";
import { Events, type OnEvent, type Origin } from "./events/events.ts";
import type { LogFunction } from "./events/log.ts";
import { healthOf, type WebhookHealth } from "./operate/health.ts";
import { Metrics, metricsText } from "./operate/metrics.ts";
import { createPages, type Pages, type PagesOptions } from "./operate/pages.ts";
import { SECRET_TOKEN_HEADER } from "./guard/secret_token.ts";
import { type Redact, redactor } from "./text/redact.ts";

/** Everything that a webhook can be told. */
export interface PipelineOptions extends GuardOptions, InboxOptions, PagesOptions {
  /** Is called with everything that happens, for metrics and traces. Default: nothing, which costs nothing. */
  readonly onEvent?: OnEvent;
  /**
   * Receives the lines of the log: the first refusal of each kind in a minute, with the address and the path; handlers that
   * hang; outages; a store that fails. `false` logs nothing. Default: `console.warn`, each line beginning with `telehook: `.
   * Failures of handlers go to `onError`.
   */
  readonly log?: LogFunction | false | undefined;
}

/**
 * guard ─▶ parse ─▶ inbox ─▶ dispatch, wired once for each webhook. The ways in (a `Request`, a `node:http` message)
 * bring a head and then bytes, and send the answer; everything between is here.
 */
export class Pipeline {
  /** The only path that is answered, if one was named. */
  readonly path: string | undefined;
  readonly #guard: Guard;
  readonly maxBodyBytes: number;
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

  constructor(receiver: Receiver, options: PipelineOptions) {
    this.path = options.path;
    this.#guard = createGuard(options);
    this.maxBodyBytes = options.maxBodyBytes ?? MAX_BODY_BYTES;
    this.receiver = toUpdateReceiver(receiver);
    this.#reportError = errorReporter(options.onError);
    this.#addressOf = clientAddress(options.trustedProxy);
    this.#redact = redactor(undefined, ...[options.secretToken].flat());
    this.events = new Events(options.onEvent, options.log);
    const settings = {
      ...inboxSettings(options),
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

  /** The numbers of this webhook. Whoever asks first begins the measuring of durations. */
  get metrics(): Metrics {
    return this.#metrics ??= new Metrics(this.inbox, this.events, () => this.certificate);
  }

  /** Whether it is closing. Every answer then tells its sender that the connection ends with it. */
  get isClosing(): boolean {
    return this.inbox.isClosing;
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
          if (name.toLowerCase() !== SECRET_TOKEN_HEADER) headers[name.toLowerCase()] = value;
        }
        return headers;
      },
    });
  }

  /** Takes the bytes of a body that passed the guard. */
  takeBytes(bytes: Uint8Array, head?: DeliveryHead): Awaitable<Answer> {
    const text = decodeBody(bytes);
    return text === undefined ? this.refuse(NOT_UTF8, head) : this.takeText(text, head);
  }

  /** Takes a body that somebody has decoded already. */
  takeText(text: string, head?: DeliveryHead): Awaitable<Answer> {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return this.refuse(MALFORMED_JSON, head);
    }
    return this.takeValue(value, head, text, text.length);
  }

  /** Takes a body that somebody has parsed already. */
  takeValue(value: unknown, head?: DeliveryHead, text?: string, size?: number): Awaitable<Answer> {
    if (!isUpdate(value)) return this.refuse(whyNotUpdate(value), head);
    const origin = this.events.hasListeners ? this.#originOf(head) : undefined;
    let outcome: Awaitable<Outcome>;
    try {
      outcome = this.inbox.receive(value, text, size, origin);
    } catch (error) {
      return this.#fail(value, error);
    }
    return outcome instanceof Promise
      ? outcome.then((each) => this.#answerTo(value, each, head), (error) => this.#fail(value, error))
      : this.#answerTo(value, outcome, head);
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
