import type { TelegramQueue } from "../store/store.ts";
import type { FlatUpdate } from "../updates/mod.ts";

/**
 * The Telegram queue that an update was in: Telegram sends the next update of a queue only after the one before it
 * was acknowledged, so this is the order to keep. Taken from `Client::add_update` of Telegram's open-source
 * [Bot API server](https://github.com/tdlib/telegram-bot-api).
 *
 * @returns What is the same for all updates of one queue and for no others: a chat's id for its messages, which costs no
 * string, else a name. An update of a kind whose queue is not known has one of its own.
 */
export function telegramQueueOf(update: FlatUpdate): TelegramQueue {
  const message = update.message ?? update.edited_message ?? update.channel_post ??
    update.edited_channel_post;
  if (message) {
    const id = message.chat?.id;
    return typeof id === "number" ? id : named("chat", id, update);
  }
  const business = update.business_message ?? update.edited_business_message ??
    update.deleted_business_messages;
  if (business) return named("business", business.chat?.id, update);
  const boost = update.chat_boost ?? update.removed_chat_boost;
  if (boost) return named("boost", boost.chat?.id, update);
  const payment = update.shipping_query ?? update.pre_checkout_query;
  if (payment) return named("payment", payment.from?.id, update);
  if (update.callback_query) return named("callback", update.callback_query.from?.id, update);
  if (update.inline_query) return named("inline", update.inline_query.from?.id, update);
  if (update.chosen_inline_result) return named("chosen", update.chosen_inline_result.from?.id, update);
  if (update.message_reaction) return named("reaction", update.message_reaction.chat?.id, update);
  if (update.message_reaction_count) {
    return named("reactions", update.message_reaction_count.chat?.id, update);
  }
  if (update.my_chat_member) return named("me", update.my_chat_member.chat?.id, update);
  if (update.chat_member) return named("member", update.chat_member.old_chat_member?.user?.id, update);
  if (update.chat_join_request) return named("member", update.chat_join_request.from?.id, update);
  if (update.poll) return named("poll", update.poll.id, update);
  if (update.poll_answer) return named("poll", update.poll_answer.poll_id, update);
  if (update.guest_message) return named("guest", update.guest_message.chat?.id, update);
  if (update.business_connection) return named("connection", update.business_connection.user?.id, update);
  if (update.purchased_paid_media) return named("purchase", update.purchased_paid_media.from?.id, update);
  if (update.managed_bot) return named("managed", update.managed_bot.user?.id, update);
  return named("update", undefined, update);
}

/** What departs from the documented shape has no order to keep, and must not share one by accident. */
function named(queue: string, id: number | string | undefined, update: FlatUpdate): string {
  const isId = typeof id === "number" || typeof id === "string";
  return isId ? `${queue} ${id}` : `update ${update.update_id}`;
}
