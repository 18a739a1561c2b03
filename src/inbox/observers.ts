import type { Events } from "../events/events.ts";
import type { FailureDetails } from "./report_error.ts";

/** Who learns of what happens. */
export interface Observers {
  readonly reportError: (error: unknown, details: FailureDetails) => void;
  readonly events: Events;
}
