import type { WebhookReply } from "../receiver/webhook_reply.ts";

/** What became of an update, for its sender. */
export type Outcome =
  /** Handled, safe in the store, parked, or a duplicate of such: the sender may forget it. */
  | { readonly type: "acknowledged" }
  /** Handled, and the receiver returned a webhook reply. */
  | { readonly type: "replied"; readonly reply: WebhookReply }
  /** Not handled and not kept: the sender is to send it again, by its own delays or after the given time. */
  | { readonly type: "failed"; readonly error: unknown; readonly retryAfterMs?: number | undefined }
  /** Not even tried: nothing succeeds at the moment. */
  | { readonly type: "outage"; readonly retryAfterMs: number }
  | { readonly type: "overloaded" }
  | { readonly type: "closing" };

// Most updates end in one of these, so they are made once.
export const ACKNOWLEDGED: Outcome = { type: "acknowledged" };
export const OVERLOADED: Outcome = { type: "overloaded" };
export const CLOSING: Outcome = { type: "closing" };
