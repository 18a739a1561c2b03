/** An update on its way to the bot: an id, and one object under the name of its kind. */
export interface TestUpdate {
  /** Telegram's number for it, growing by one. */
  update_id: number;
  /** What happened, under the name of its kind. */
  [kind: string]: unknown;
}

/** The kinds of update, in the order in which `getWebhookInfo` names them. */
export const UPDATE_KINDS: readonly string[] = [
  "message",
  "edited_message",
  "channel_post",
  "edited_channel_post",
  "inline_query",
  "chosen_inline_result",
  "callback_query",
  "shipping_query",
  "pre_checkout_query",
  "poll",
  "poll_answer",
  "my_chat_member",
  "chat_member",
  "chat_join_request",
  "chat_boost",
  "removed_chat_boost",
  "message_reaction",
  "message_reaction_count",
  "business_connection",
  "business_message",
  "edited_business_message",
  "deleted_business_messages",
  "purchased_paid_media",
  "managed_bot",
  "guest_message",
  "subscription",
  "stopped_message_generation",
];

const NOT_BY_DEFAULT: ReadonlySet<string> = new Set([
  "chat_member",
  "message_reaction",
  "message_reaction_count",
]);

/** Which kinds a bot gets that never asked for any. */
export const DEFAULT_KINDS: readonly string[] = UPDATE_KINDS.filter((kind) => !NOT_BY_DEFAULT.has(kind));

/** The name of an update's kind: its first key that is not `update_id`. */
export function updateKindOf(update: object): string {
  return Object.keys(update).find((key) => key !== "update_id") ?? "";
}
