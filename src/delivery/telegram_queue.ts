import type { FlatUpdate } from "../updates/update.ts";
import type { UpdateKind } from "../updates/update_kind.ts";

type Owner = "chat" | "from" | "user" | "member" | "id" | "poll_id";

/**
 * The queue of each kind, and whose it is. Taken from `Client::add_update` of Telegram's open-source
 * [Bot API server](https://github.com/tdlib/telegram-bot-api); the last two are not in the public source and are guesses.
 */
const QUEUES: Readonly<Record<UpdateKind, readonly [queue: string, owner: Owner]>> = {
  message: ["chat", "chat"],
  edited_message: ["chat", "chat"],
  channel_post: ["chat", "chat"],
  edited_channel_post: ["chat", "chat"],
  business_message: ["business", "chat"],
  edited_business_message: ["business", "chat"],
  deleted_business_messages: ["business", "chat"],
  guest_message: ["guest", "chat"],
  message_reaction: ["reaction", "chat"],
  message_reaction_count: ["reactions", "chat"],
  my_chat_member: ["me", "chat"],
  chat_boost: ["boost", "chat"],
  removed_chat_boost: ["boost", "chat"],
  callback_query: ["callback", "from"],
  inline_query: ["inline", "from"],
  chosen_inline_result: ["chosen", "from"],
  shipping_query: ["payment", "from"],
  pre_checkout_query: ["payment", "from"],
  chat_member: ["member", "member"],
  chat_join_request: ["member", "from"],
  business_connection: ["connection", "user"],
  purchased_paid_media: ["guest", "from"], // the queue of a guest message of the chat with the same id
  managed_bot: ["managed", "user"],
  poll: ["poll", "id"],
  poll_answer: ["poll", "poll_id"],
  subscription: ["subscription", "user"],
  stopped_message_generation: ["stopped", "chat"],
};

/**
 * The Telegram queue that an update was in. Telegram sends the next update of a queue only after the one before it was
 * acknowledged, so this is the order to keep.
 *
 * @returns The same value for all updates of a queue, and for no others: a chat's id for its messages, which needs no
 * text, otherwise a text. An update of an unknown kind, or without an owner, has its own queue.
 */
export function telegramQueueOf(update: FlatUpdate): number | string {
  const message = update.message ?? update.edited_message ?? update.channel_post ??
    update.edited_channel_post;
  if (message !== undefined) {
    const id = message.chat?.id;
    if (typeof id === "number") return id;
  }
  for (const kind in update) {
    if (!Object.hasOwn(QUEUES, kind)) continue;
    const [queue, owner] = QUEUES[kind as UpdateKind];
    const id = ownerId(update[kind as UpdateKind], owner);
    if (typeof id === "number" || typeof id === "string") return `${queue} ${id}`;
  }
  return `update ${update.update_id}`;
}

function ownerId(content: unknown, owner: Owner): unknown {
  if (owner === "id" || owner === "poll_id") return fieldOf(content, owner);
  // A change of membership belongs to the member, not to the user who made it.
  if (owner === "member") return fieldOf(fieldOf(fieldOf(content, "old_chat_member"), "user"), "id");
  return fieldOf(fieldOf(content, owner), "id");
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
