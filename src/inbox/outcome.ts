import type { WebhookReply } from "../receiver/webhook_reply.ts";

/** What became of an update, for whoever brought it. */
export type Outcome =
  /** Handled, safe in the store, given up, or a duplicate of such: whoever brought it may forget it. */
  | { readonly type: "acknowledged" }
  /** Handled, and the receiver returned a webhook reply. */
  | { readonly type: "replied"; readonly reply: WebhookReply }
  /** Not handled and not kept: bring it again. */
  | { readonly type: "failed"; readonly error: unknown }
  | { readonly type: "overloaded" }
  | { readonly type: "closing" };

// Most updates end in one of these, so they are made once.
export const ACKNOWLEDGED: Outcome = { type: "acknowledged" };
export const OVERLOADED: Outcome = { type: "overloaded" };
export const CLOSING: Outcome = { type: "closing" };
