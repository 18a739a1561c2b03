import type { BusinessConnection, BusinessMessagesDeleted } from "./business.ts";
import type { CallbackQuery } from "./callback_query.ts";
import type { ChatBoostRemoved, ChatBoostUpdated } from "./chat_boost.ts";
import type { ChatJoinRequest } from "./chat_join.ts";
import type { ChatMemberUpdated } from "./chat_member.ts";
import type { ChosenInlineResult, InlineQuery } from "./inline_query.ts";
import type { ManagedBotUpdated } from "./managed_bot.ts";
import type { Message } from "./message.ts";
import type { MessageGenerationStopped } from "./message_generation.ts";
import type { PaidMediaPurchased } from "./paid_media.ts";
import type { BotSubscriptionUpdated, PreCheckoutQuery, ShippingQuery } from "./payment.ts";
import type { Poll, PollAnswer } from "./poll.ts";
import type { MessageReactionCountUpdated, MessageReactionUpdated } from "./reaction.ts";

/**
 * Every kind of update that Bot API 10.3 documents, in its order.
 *
 * @see https://core.telegram.org/bots/api#update
 *
 * @example Ask Telegram for everything, the opt-in kinds included
 * ```ts
 * import { ALL_UPDATE_KINDS } from "@telehook/telehook";
 *
 * const params = { url: "https://example.com/bot", allowed_updates: ALL_UPDATE_KINDS };
 * ```
 */
export const ALL_UPDATE_KINDS = [
  "message",
  "edited_message",
  "channel_post",
  "edited_channel_post",
  "business_connection",
  "business_message",
  "edited_business_message",
  "deleted_business_messages",
  "guest_message",
  "message_reaction",
  "message_reaction_count",
  "inline_query",
  "chosen_inline_result",
  "callback_query",
  "shipping_query",
  "pre_checkout_query",
  "purchased_paid_media",
  "poll",
  "poll_answer",
  "my_chat_member",
  "chat_member",
  "chat_join_request",
  "chat_boost",
  "removed_chat_boost",
  "managed_bot",
  "subscription",
  "stopped_message_generation",
] as const;

/**
 * The kinds that Telegram sends only if `allowed_updates` contains them.
 *
 * @see https://core.telegram.org/bots/api#setwebhook
 *
 * @example What a bot gets that never set `allowed_updates`
 * ```ts
 * import { ALL_UPDATE_KINDS, OPT_IN_UPDATE_KINDS, type UpdateKind } from "@telehook/telehook";
 *
 * const optIn = new Set<UpdateKind>(OPT_IN_UPDATE_KINDS);
 * const byDefault = ALL_UPDATE_KINDS.filter((kind) => !optIn.has(kind));
 * ```
 */
export const OPT_IN_UPDATE_KINDS = ["message_reaction", "message_reaction_count", "chat_member"] as const;

/**
 * A kind of update: the name of the one field that an update has in addition to `update_id`.
 *
 * @see https://core.telegram.org/bots/api#update
 */
export type UpdateKind = (typeof ALL_UPDATE_KINDS)[number];

/**
 * What an update of each kind holds.
 *
 * @see https://core.telegram.org/bots/api#update
 *
 * @example
 * ```ts
 * import type { UpdateKindTypes } from "@telehook/telehook";
 *
 * function greet(message: UpdateKindTypes["message"]) {
 *   return `Hello ${message.from?.first_name}`;
 * }
 * ```
 */
export interface UpdateKindTypes {
  /** A new message in a private chat, group or supergroup. */
  message: Message;
  /** A message was edited, perhaps in a way that a bot cannot see. */
  edited_message: Message;
  /** A new post in a channel. */
  channel_post: Message;
  /** A channel post was edited, perhaps in a way that a bot cannot see. */
  edited_channel_post: Message;
  /** The bot was connected to a business account, disconnected, or its rights changed. */
  business_connection: BusinessConnection;
  /** A new message in a connected business account. */
  business_message: Message;
  /** A message in a connected business account was edited. */
  edited_business_message: Message;
  /** Messages in a connected business account were deleted. */
  deleted_business_messages: BusinessMessagesDeleted;
  /** A user called the bot from a chat of which it is not a member. */
  guest_message: Message;
  /** Opt-in: a user's reaction changed. The bot must be an administrator; reactions of bots are not reported. */
  message_reaction: MessageReactionUpdated;
  /** Opt-in: anonymous reactions changed. The bot must be an administrator. */
  message_reaction_count: MessageReactionCountUpdated;
  /** A user types a query after the bot's name. */
  inline_query: InlineQuery;
  /** A user sent an inline result. Needs inline feedback to be on at BotFather. */
  chosen_inline_result: ChosenInlineResult;
  /** A user pressed a button under a message. */
  callback_query: CallbackQuery;
  /** A user entered an address and waits for the shipping costs. */
  shipping_query: ShippingQuery;
  /** A user is about to pay. The bot must answer within 10 seconds. */
  pre_checkout_query: PreCheckoutQuery;
  /** A user bought paid media for which the bot had set a payload. */
  purchased_paid_media: PaidMediaPurchased;
  /** A poll changed that the bot sent, or any poll that was stopped manually. */
  poll: Poll;
  /** A user voted in a poll that the bot sent and that is not anonymous. */
  poll_answer: PollAnswer;
  /** The bot's status in a chat changed. In private chats: it was blocked or unblocked. */
  my_chat_member: ChatMemberUpdated;
  /** Opt-in: a user's status in a chat changed. The bot must be an administrator. */
  chat_member: ChatMemberUpdated;
  /** A user asks to join a chat. The bot must be allowed to invite users. */
  chat_join_request: ChatJoinRequest;
  /** A chat boost was added or changed. The bot must be an administrator. */
  chat_boost: ChatBoostUpdated;
  /** A chat boost was removed. The bot must be an administrator. */
  removed_chat_boost: ChatBoostRemoved;
  /** A bot that this bot manages was created, or its token or owner changed. */
  managed_bot: ManagedBotUpdated;
  /** A user's subscription to the bot changed. */
  subscription: BotSubscriptionUpdated;
  /** A user pressed Stop on a message that the bot was still writing. */
  stopped_message_generation: MessageGenerationStopped;
}
