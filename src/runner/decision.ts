import type { Events } from "../events/events.ts";
import type { CallContext } from "../receiver/call_context.ts";
import type { ReceivedUpdate, ReceiverResult } from "../receiver/receiver.ts";
import { GiveUp, ReceiverClosed, RetryLater } from "../receiver/verdicts.ts";
import { isWebhookReply, type WebhookReply } from "../receiver/webhook_reply.ts";
import type { Lane, Tries } from "../store/inbox_store.ts";
import { type Failures, NO_TRIES } from "./failures.ts";
import type { ReportError } from "./report_error.ts";
import type { SeenUpdates } from "./seen_updates.ts";

/** How a call of the receiver ended. */
export type End = { readonly value: Awaited<ReceiverResult>; readonly error?: never } | {
  readonly error: unknown;
};

/** What becomes of an update whose call has ended. */
export type Decision =
  | { readonly type: "handled"; readonly reply?: WebhookReply | undefined }
  /** Again, after that time, by its sender or from the store. */
  | {
    readonly type: "retry";
    readonly error: unknown;
    readonly storeAfterMs: number;
    /** The time that the sender is told, or `undefined` for its own delays. */
    readonly senderAfterMs: number | undefined;
    readonly tries: Tries;
  }
  | { readonly type: "park"; readonly error: unknown }
  /** The receiver accepts nothing more: it is for the next start. */
  | { readonly type: "closed" };

const HANDLED: Decision = { type: "handled" };
const CLOSED: Decision = { type: "closed" };

/** An update as it is decided about. */
export interface Case {
  /** What the receiver got, and the id that it is known by. */
  readonly update: ReceivedUpdate;
  readonly id: number;
  readonly lane: () => Lane;
  readonly tries: Tries;
  /** When it had failed before at the latest, if it has. */
  readonly failedAt?: number | undefined;
  readonly context: CallContext;
  /** When the call began, as the events tell it. */
  readonly since: number;
  /** Whether it was acknowledged before. */
  readonly isAcknowledged: boolean;
  /** Whether the store keeps it if it is to be tried again; otherwise its sender does. */
  readonly isKept: boolean;
}

/** What decisions have to keep to. */
export interface DecisionSettings {
  /** Whether failures with single updates are the sender's affair alone, which gets each of them. */
  readonly isSenderResponsible: boolean;
  /** Is called with results that are neither replies nor nothing. */
  readonly onStrangeResult: (update: ReceivedUpdate, value: unknown) => void;
}

/** What is asked, and told, to decide. */
export interface DecisionParts {
  readonly events: Events;
  readonly failures: Failures;
  readonly seen: SeenUpdates;
  readonly reportError: ReportError;
  readonly settings: DecisionSettings;
}

/** Decides what becomes of an update, and tells the events, `onError`, and whoever counts failures. */
export function decide(parts: DecisionParts, it: Case, ended: End): Decision {
  const { events, failures, reportError, seen, settings } = parts;
  const { update, id, context: { attempt }, since, isAcknowledged, isKept } = it;
  const end = readable(ended);
  if (!("error" in end)) {
    const { value } = end;
    events.handled(update, attempt, since, isAcknowledged);
    if (failures.isWatching) failures.succeeded(id, it.lane());
    seen.done(id);
    if (value === undefined) return HANDLED;
    if (isWebhookReply(value)) return { type: "handled", reply: value };
    settings.onStrangeResult(update, value);
    return HANDLED;
  }
  const { error } = end;
  if (error instanceof ReceiverClosed) {
    failures.passed();
    return CLOSED;
  }
  if (error instanceof RetryLater) {
    failures.passed();
    const { afterMs } = error;
    const senderAfterMs = failures.retryAfterMs(update, afterMs);
    events.postponed(update, attempt, since, isKept ? afterMs : senderAfterMs);
    return { type: "retry", error, storeAfterMs: afterMs, senderAfterMs, tries: it.tries };
  }
  if (settings.isSenderResponsible && !isKept) {
    return { type: "retry", error, storeAfterMs: 0, senderAfterMs: undefined, tries: NO_TRIES };
  }
  if (error instanceof GiveUp) failures.passed();
  const verdict = error instanceof GiveUp ? undefined : failures.failed(id, it.lane(), it.tries, {
    failedAt: it.failedAt,
    isStored: isAcknowledged,
  });
  const willRetry = verdict?.willRetry ?? false;
  const senderAfterMs = failures.isOutage ? failures.retryAfterMs(update) : undefined;
  const retryAfterMs = isKept ? verdict?.retryAfterMs : senderAfterMs;
  events.failed(
    update,
    { attempt, since, background: isAcknowledged },
    error,
    willRetry,
    willRetry ? retryAfterMs : undefined,
  );
  reportError(error, { update, attempt, willRetry });
  if (verdict === undefined || !willRetry) return { type: "park", error };
  return {
    ...{ type: "retry", error, senderAfterMs },
    ...{ tries: verdict.tries, storeAfterMs: verdict.retryAfterMs },
  };
}

/** How a call ended, or that this cannot be told: what a handler returns or throws may itself throw when it is read. */
function readable(end: End): End {
  try {
    if ("error" in end) {
      void (end.error instanceof Error);
      void String(end.error);
    } else isWebhookReply(end.value);
    return end;
  } catch {
    return { error: new TypeError("The handler returned or threw a value that cannot be read") };
  }
}
