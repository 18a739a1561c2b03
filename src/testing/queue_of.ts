import { kindOf, type Update } from "./update_kinds.ts";

type Owner = "chat" | "user" | "poll";

/** Which kinds share a queue, and whose it is. Within a queue an update waits for the one before it. */
const QUEUES: Readonly<Record<string, readonly [queue: string, owner: Owner]>> = {
  message: ["message", "chat"],
  edited_message: ["message", "chat"],
  channel_post: ["message", "chat"],
  edited_channel_post: ["message", "chat"],
  business_message: ["business", "chat"],
  edited_business_message: ["business", "chat"],
  deleted_business_messages: ["business", "chat"],
  guest_message: ["guest", "chat"],
  message_reaction: ["reaction", "chat"],
  message_reaction_count: ["reaction_count", "chat"],
  my_chat_member: ["my_chat_member", "chat"],
  chat_boost: ["boost", "chat"],
  removed_chat_boost: ["boost", "chat"],
  callback_query: ["callback", "user"],
  inline_query: ["inline", "user"],
  chosen_inline_result: ["chosen", "user"],
  shipping_query: ["payment", "user"],
  pre_checkout_query: ["payment", "user"],
  chat_member: ["member", "user"],
  chat_join_request: ["member", "user"],
  business_connection: ["business_connection", "user"],
  purchased_paid_media: ["paid_media", "user"],
  managed_bot: ["managed_bot", "user"],
  subscription: ["subscription", "user"],
  stopped_message_generation: ["stopped_generation", "chat"],
  poll: ["poll", "poll"],
  poll_answer: ["poll", "poll"],
};

const LIFETIME_S: Readonly<Record<string, number>> = {
  callback_query: 150,
  shipping_query: 150,
  pre_checkout_query: 150,
  inline_query: 30,
  chosen_inline_result: 600,
  custom_event: 600,
};

/** How many seconds Telegram tries to deliver an update of this kind before it silently drops it. */
export function lifetimeOf(kind: string): number {
  return LIFETIME_S[kind] ?? 86_400;
}

/**
 * The name of the Telegram queue that an update belongs to, such as `"message of chat 111"`. An update of a kind that
 * nobody knows, or without an owner, has a queue of its own.
 */
export function queueOf(update: Update): string {
  const kind = kindOf(update);
  const [queue, owner] = QUEUES[kind] ?? [];
  const id = queue && owner && ownerId(update[kind], kind, owner);
  return id === undefined ? `update ${update.update_id}` : `${queue} of ${owner} ${id}`;
}

function ownerId(payload: unknown, kind: string, owner: Owner): string | undefined {
  if (owner === "poll") return idAt(payload, kind === "poll" ? "id" : "poll_id");
  if (owner === "chat") return idAt(field(payload, "chat"), "id");
  // A membership change belongs to whom it is about, not to who made it.
  const member = field(field(payload, "new_chat_member"), "user");
  return idAt(member ?? field(payload, "from") ?? field(payload, "user"), "id");
}

function idAt(value: unknown, key: string): string | undefined {
  const id = field(value, key);
  return typeof id === "number" || typeof id === "string" ? String(id) : undefined;
}

function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}
