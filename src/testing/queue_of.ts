import { type TestUpdate, updateKindOf } from "./update_kinds.ts";

type Owner = "chat" | "user" | "poll";

/**
 * Which kinds share a queue, and whose it is. Within a queue an update waits for the one before it. The number keeps
 * the queues of one owner apart, and those of the same number share one: a guest message of a chat and a purchase of
 * the user with the same id do.
 *
 * The queues of the last two kinds are guesses: the public sender does not know these kinds yet.
 */
const QUEUES: Readonly<Record<string, readonly [number: number, name: string, owner: Owner]>> = {
  message: [0, "message", "chat"],
  edited_message: [0, "message", "chat"],
  channel_post: [0, "message", "chat"],
  edited_channel_post: [0, "message", "chat"],
  poll: [0, "poll", "poll"],
  poll_answer: [0, "poll", "poll"],
  inline_query: [1, "inline", "user"],
  chosen_inline_result: [2, "chosen", "user"],
  callback_query: [3, "callback", "user"],
  shipping_query: [4, "payment", "user"],
  pre_checkout_query: [4, "payment", "user"],
  my_chat_member: [5, "my_chat_member", "chat"],
  chat_member: [6, "member", "user"],
  chat_join_request: [6, "member", "user"],
  chat_boost: [7, "boost", "chat"],
  removed_chat_boost: [7, "boost", "chat"],
  message_reaction: [8, "reaction", "chat"],
  message_reaction_count: [9, "reaction_count", "chat"],
  business_connection: [10, "business_connection", "user"],
  business_message: [11, "business", "chat"],
  edited_business_message: [11, "business", "chat"],
  deleted_business_messages: [11, "business", "chat"],
  guest_message: [12, "guest", "chat"],
  purchased_paid_media: [12, "paid_media", "user"],
  managed_bot: [13, "managed_bot", "user"],
  subscription: [14, "subscription", "user"],
  stopped_message_generation: [15, "stopped_generation", "chat"],
};

/** Where the ids of queues start that hold a single update. */
const UNSHARED_QUEUES = 1n << 60n;

/** A Telegram queue. */
export interface TelegramQueue {
  /** Decides which updates share it, and comes before higher ones that were loaded at the same time. */
  readonly id: bigint;
  /** What to call it, such as `"message of chat 111"`. */
  readonly name: string;
}

/** The Telegram queue of an update. One of an unknown kind, or without an owner, has its own queue. */
export function queueOf(update: TestUpdate): TelegramQueue {
  const kind = updateKindOf(update);
  const [number, name, owner] = QUEUES[kind] ?? [];
  const id = owner && ownerId(update[kind], kind, owner);
  if (number === undefined || id === undefined || !/^-?\d+$/.test(id)) {
    return { id: UNSHARED_QUEUES + BigInt(update.update_id), name: `update ${update.update_id}` };
  }
  return { id: BigInt(id) + (BigInt(number) << 33n), name: `${name} of ${owner} ${id}` };
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
