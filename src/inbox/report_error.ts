import { checkFunction } from "../checks/options.ts";
import type { ReceivedUpdate } from "../receiver/receiver.ts";

/** What is known of a failure beside the error. */
export interface FailureDetails {
  /** What the receiver was handed, or what was to be stored. */
  readonly update: ReceivedUpdate;
  /** Which attempt this was, from 1. */
  readonly attempt: number;
  /** `false` once the update is given up: nobody will try it again. */
  readonly willRetry: boolean;
}

/** Learns of every failure. What it throws itself is only logged. */
export type OnError = (error: unknown, details: FailureDetails) => void | Promise<void>;

/**
 * Makes the way in which failures are told: `onError`, or `console.error` where none is given, since a failure that
 * nobody sees is the worst kind. An `onError` that fails must not make an update fail.
 */
export function errorReporter(
  onError: OnError | undefined,
): (error: unknown, details: FailureDetails) => void {
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

function logFailure(error: unknown, { update, attempt, willRetry }: FailureDetails): void {
  const next = willRetry ? "it will be tried again" : "it is given up";
  console.error(`telehook: update ${update.update_id} failed (attempt ${attempt}; ${next}):`, error);
}

function logOwnFailure(error: unknown): void {
  console.error("telehook: onError itself failed:", error);
}
