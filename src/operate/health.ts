import type { Events } from "../events/events.ts";
import type { Inbox } from "../inbox/inbox.ts";

/** Whether a webhook takes updates at the moment, and how much is under way. */
export interface WebhookHealth {
  /**
   * `"ok"`, or why updates are refused at the moment:
   *
   * - `"closing"`: `close()` was called.
   * - `"storeFailing"`: the latest call of the store failed, less than 30 seconds ago.
   * - `"outage"`: several chats fail and none succeeds; the latest failure is less than 60 seconds ago.
   * - `"overloaded"`: as many updates are pending as `maxPending` and `maxPendingChars` allow.
   */
  readonly status: "ok" | "closing" | "storeFailing" | "outage" | "overloaded";
  /** Calls of the receiver that have not ended. */
  readonly running: number;
  /** Updates that have not been answered yet. */
  readonly unanswered: number;
  /** Updates in the store that are not handled yet, as far as this process knows. */
  readonly stored: number;
}

/** Whether a host of many bots takes updates at the moment, and how much is under way in all of them. */
export interface BotHostHealth extends WebhookHealth {
  /**
   * `"closing"` after `close()`, `"overloaded"` at `maxPendingInAll`, and what is wrong with the bots if every one of them
   * refuses updates. Otherwise `"ok"`: what is wrong with one bot must not take the others away.
   */
  readonly status: WebhookHealth["status"];
  /** How many bots there are. */
  readonly bots: number;
  /** How many of them refuse updates at the moment. */
  readonly unhealthy: number;
}

/*
 * A failure counts for a limited time. A load balancer that sends nothing to a process that is not healthy would otherwise
 * never learn that it is healthy again: only an update shows that.
 */
const STORE_FAILURE_COUNTS_MS = 30_000;
const OUTAGE_COUNTS_MS = 60_000;

/** How healthy a webhook is. Nothing is asked for it: not the store, and not Telegram. */
export function healthOf(inbox: Inbox, events: Events): WebhookHealth {
  const { running, unanswered, stored } = inbox.load;
  return { status: statusOf(inbox, events), running, unanswered, stored };
}

function statusOf(inbox: Inbox, events: Events): WebhookHealth["status"] {
  if (inbox.isClosing) return "closing";
  if (events.storeFailedMsAgo < STORE_FAILURE_COUNTS_MS) return "storeFailing";
  if (inbox.outageFailedMsAgo < OUTAGE_COUNTS_MS) return "outage";
  return inbox.isOverloaded ? "overloaded" : "ok";
}
