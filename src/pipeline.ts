import {
  ACKNOWLEDGED,
  type Answer,
  CLOSING,
  FAILED,
  MALFORMED_JSON,
  NOT_UTF8,
  OVERLOADED,
  replyWith,
  tryLater,
} from "./answers/answer.ts";
import { type Receiver, toUpdateReceiver, type UpdateReceiver } from "./receiver/receiver.ts";
import { serializeReply } from "./replies/reply_body.ts";
import type { WebhookReply } from "./receiver/webhook_reply.ts";
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
import { Events, type OnEvent } from "./events/events.ts";

/** Everything that a webhook can be told. */
export interface PipelineOptions extends GuardOptions, InboxOptions {
  /** Learns of everything that happens, for metrics and traces. Default: nobody does, which costs nothing. */
  readonly onEvent?: OnEvent;
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

  constructor(receiver: Receiver, options: PipelineOptions) {
    this.path = options.path;
    this.#guard = createGuard(options);
    this.maxBodyBytes = options.maxBodyBytes ?? MAX_BODY_BYTES;
    this.receiver = toUpdateReceiver(receiver);
    this.#reportError = errorReporter(options.onError);
    this.events = new Events(options.onEvent);
    const settings = {
      ...inboxSettings(options),
      onStrangeResult: strangeResultReporter(this.#reportError),
    };
    this.inbox = new Inbox(this.receiver, settings, this.#reportError, this.events);
  }

  /** What a delivery is refused with before its body is read, if it is. */
  guard(head: DeliveryHead): Answer | undefined {
    const refusal = this.#guard(head);
    return refusal && this.refuse(refusal);
  }

  /** Notes that a delivery is refused. */
  refuse(refusal: Answer): Answer {
    this.events.refused(refusal.status, refusal.reason);
    return refusal;
  }

  /** Takes the bytes of a body that passed the guard. */
  takeBytes(bytes: Uint8Array): Awaitable<Answer> {
    const text = decodeBody(bytes);
    return text === undefined ? this.refuse(NOT_UTF8) : this.takeText(text);
  }

  /** Takes a body that somebody has decoded already. */
  takeText(text: string): Awaitable<Answer> {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return this.refuse(MALFORMED_JSON);
    }
    return this.takeValue(value, text, text.length);
  }

  /** Takes a body that somebody has parsed already. */
  takeValue(value: unknown, text?: string, size?: number): Awaitable<Answer> {
    if (!isUpdate(value)) return this.refuse(whyNotUpdate(value));
    let outcome: Awaitable<Outcome>;
    try {
      outcome = this.inbox.receive(value, text, size);
    } catch (error) {
      return this.#fail(value, error);
    }
    return outcome instanceof Promise
      ? outcome.then((each) => this.#answerTo(value, each), (error) => this.#fail(value, error))
      : this.#answerTo(value, outcome);
  }

  /** A store or a fault of ours has thrown where nothing is expected to: the update is Telegram's still. */
  #fail(update: Update, error: unknown): Answer {
    this.#reportError(error, { update, attempt: 1, willRetry: true });
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

  #answerTo(update: Update, outcome: Outcome): Awaitable<Answer> {
    switch (outcome.type) {
      case "acknowledged":
        return ACKNOWLEDGED;
      case "replied":
        return this.#replyTo(update, outcome.reply);
      case "failed":
        return outcome.retryAfterMs === undefined ? FAILED : tryLater(outcome.retryAfterMs, "");
      case "outage":
        return this.refuse(tryLater(outcome.retryAfterMs, "Nothing can be handled at the moment"));
      case "overloaded":
        return this.refuse(OVERLOADED);
      case "closing":
        return this.refuse(CLOSING);
    }
  }
}
