import { TelehookError } from "../errors/telehook_error.ts";
import type { Events } from "../events/events.ts";
import { Abortable } from "../platform/abort.ts";
import { anySignal } from "../platform/any_signal.ts";
import { pause } from "../platform/pause.ts";
import { untilAborted } from "../platform/until_aborted.ts";
import type { ReceivedUpdate } from "../receiver/receiver.ts";
import type { WebhookReply } from "../receiver/webhook_reply.ts";
import { errorReason } from "../text/error_reason.ts";
import { quote } from "../text/quote.ts";
import { checkReply, LONGEST_CONTENT } from "./reply_body.ts";

/** Sends replies that cannot be part of an answer. `botApi(token)` returns one. */
export interface ReplySender {
  /** Calls a Bot API method. */
  call(method: string, params: object, options?: { readonly signal?: AbortSignal }): Promise<unknown>;
}

/** How long a reply is kept in case its answer was lost and the update arrives again. */
const KEPT_MS = 60_000;
const MOST_KEPT = 1_000;
/** How large they may be together, in characters and bytes of files. */
const MOST_KEPT_CHARS = 2 ** 23;
const MOST_ATTEMPTS = 6;
const FIRST_PAUSE_MS = 1_000;
/** The time limit of an attempt, files included: a silent connection must not hold up its lane. */
const ATTEMPT_MS = 120_000;

interface Kept {
  readonly reply: WebhookReply;
  readonly chars: number;
  readonly until: number;
}

/**
 * Replies that are not simply part of the answer. A reply that is returned after the answer is sent through the Bot API; a
 * reply that was part of an answer is kept for a minute, in case the answer was lost.
 */
export class LateReplies {
  readonly #sender: ReplySender | undefined;
  readonly #events: Events;
  readonly #kept = new Map<number, Kept>();
  #keptChars = 0;
  readonly #sending = new Abortable();
  #closed: Error | undefined;

  constructor(sender: ReplySender | undefined, events: Events) {
    this.#sender = sender;
    this.#events = events;
  }

  /**
   * Keeps the reply that an answer contains.
   *
   * @returns Whether it may contain it: what is too large for an answer is to be sent, if anything can send it.
   */
  keep(updateId: number, reply: WebhookReply): boolean {
    const now = performance.now();
    const chars = charsOf(reply);
    if (chars > LONGEST_CONTENT && this.#sender !== undefined) return false;
    this.#forget(updateId);
    this.#kept.set(updateId, { reply, chars, until: now + KEPT_MS });
    this.#keptChars += chars;
    for (const [oldest, { until }] of this.#kept) {
      if (until > now && this.#kept.size <= MOST_KEPT && this.#keptChars <= MOST_KEPT_CHARS) break;
      this.#forget(oldest);
    }
    return true;
  }

  #forget(updateId: number): void {
    this.#keptChars -= this.#kept.get(updateId)?.chars ?? 0;
    this.#kept.delete(updateId);
  }

  /** The kept reply to an update that arrives again, if there is one. */
  keptFor(updateId: number): WebhookReply | undefined {
    if (this.#kept.size === 0) return undefined;
    const kept = this.#kept.get(updateId);
    return kept !== undefined && kept.until > performance.now() ? kept.reply : undefined;
  }

  /** Ends what is being sent, and what waits to be sent again. */
  close(reason: Error): void {
    this.#closed = reason;
    this.#sending.abort(reason);
  }

  /**
   * Sends a reply through the Bot API. Retries if the Bot API fails or cannot be reached, until this is closed.
   *
   * @returns An `ERR_REPLY` with the cause, if it could not be sent.
   */
  async send(update: ReceivedUpdate, reply: WebhookReply): Promise<unknown> {
    const { method } = reply;
    const sending = this.#sending.begin();
    const { signal } = sending;
    try {
      if (this.#closed !== undefined) throw this.#closed;
      checkReply(reply);
      if (this.#sender === undefined) throw noSender(method);
      this.#forget(update.update_id); // or it would be in the answer to a repeat too
      const { method: _, ...params } = reply; // a getter of the handler's may throw
      for (let attempt = 1;; attempt++) {
        const tooLong = AbortSignal.timeout(ATTEMPT_MS);
        try {
          const either = anySignal([signal, tooLong]);
          await untilAborted(Promise.resolve(this.#sender.call(method, params, { signal: either })), either);
          this.#events.replySent(update, reply);
          return undefined;
        } catch (error) {
          const mayPass = error === tooLong.reason || isPassing(error);
          if (signal.aborted || attempt === MOST_ATTEMPTS || !mayPass) throw error;
        }
        await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1), signal);
      }
    } catch (cause) {
      const error = cause instanceof TelehookError && cause.code === "ERR_REPLY"
        ? cause
        : notSent(method, cause);
      this.#events.replyFailed(update, reply, error);
      return error;
    } finally {
      this.#sending.end(sending);
    }
  }
}

/** About how large a reply is: what is in it decides. One that fails when it is read cannot be sent either. */
function charsOf(reply: WebhookReply): number {
  const seen = new Set<object>();
  const size = (value: unknown): number => {
    if (typeof value === "string") return value.length;
    if (typeof value !== "object" || value === null) return 0;
    if (value instanceof Blob) return value.size;
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value.byteLength;
    if (seen.has(value)) return 0;
    seen.add(value);
    let sum = 0;
    for (const each of Object.values(value)) sum += size(each);
    return sum;
  };
  try {
    return size(reply);
  } catch {
    return 0;
  }
}

function notSent(method: string, cause: unknown): TelehookError {
  const why = cause instanceof TelehookError ? cause.message : errorReason(cause);
  return new TelehookError("ERR_REPLY", `The reply ${quote(method)} was not sent: ${why}`, { cause });
}

function noSender(method: string): TelehookError {
  return new TelehookError(
    "ERR_REPLY",
    `The reply "${method}" was not sent, because Telegram had already received its answer: set "replies" to ` +
      `botApi(token), or call the method in the handler`,
  );
}

/** Whether the same call may succeed later: the Bot API has failed, was called too often, or cannot be reached. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof TelehookError)) return false;
  if (error.code === "ERR_BOT_API_UNREACHABLE") return true;
  if (!("error_code" in error) || typeof error.error_code !== "number") return false;
  return error.error_code >= 500 || error.error_code === 429;
}
