import { checkFunction } from "../checks/options.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import type { ReceivedUpdate } from "../receiver/receiver.ts";
import { printError } from "../text/printable_error.ts";
import { quote } from "../text/quote.ts";

/** What is known of a failure in addition to the error. */
export interface FailureDetails {
  /** What the receiver got, or what was to be stored. */
  readonly update: ReceivedUpdate;
  /** Which attempt this was, from 1. */
  readonly attempt: number;
  /** `false` once the update is given up. */
  readonly willRetry: boolean;
}

/** Is called with every failure. What it throws itself is only logged. */
export type OnError = (error: unknown, details: FailureDetails) => void | Promise<void>;

/** Reports a failure, and never throws. */
export type ReportError = (error: unknown, details: FailureDetails) => void;

/**
 * Makes the function that reports failures: to `onError`, or to `console.error` if there is none, since a failure that
 * nobody sees is the worst kind. An `onError` that fails must not make an update fail.
 */
export function errorReporter(onError: OnError | undefined): ReportError {
  checkFunction("onError", onError);
  const tell = onError ?? logFailure;
  return (error, details) => {
    try {
      Promise.resolve(tell(error, details)).catch(logOwnFailure);
    } catch (own) {
      logOwnFailure(own);
    }
  };
}

/**
 * Makes the function that reports results that are neither replies nor nothing: the first one only, since the same handler
 * returns the same kind each time. What `condition && reply` and `array.push(…)` yield is meant as nothing.
 */
export function strangeResultReporter(
  reportError: ReportError,
): (update: ReceivedUpdate, value: unknown) => void {
  let isReported = false;
  return (update, value) => {
    const isMeantAsReply = (typeof value === "object" && value !== null) ||
      (typeof value === "string" && value !== "");
    if (isReported || !isMeantAsReply) return;
    isReported = true;
    const error = new TelehookError(
      "ERR_REPLY",
      `A handler returned ${quote(value)}, which is ignored: return a reply such as ` +
        `{ method: "sendMessage", chat_id, text }, or nothing`,
    );
    reportError(error, { update, attempt: 1, willRetry: false });
  };
}

function logFailure(error: unknown, { update, attempt, willRetry }: FailureDetails): void {
  const id = update.update_id;
  const what = error instanceof TelehookError && error.code === "ERR_REPLY"
    ? `the reply to update ${id} was not sent:` // the update itself was handled
    : `update ${id} failed (attempt ${attempt}, ${willRetry ? "will be retried" : "giving up"}):`;
  printError(`telehook: ${what}`, error);
}

function logOwnFailure(error: unknown): void {
  printError("telehook: onError itself failed:", error);
}
