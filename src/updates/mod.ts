/**
 * The updates of Bot API 10.3 and everything in them, under Telegram's own names, and the albums that
 * telehook makes of them.
 *
 * @module
 */
export type * from "./business.ts";
export type * from "./callback_query.ts";
export type * from "./chat.ts";
export type * from "./chat_background.ts";
export type * from "./chat_boost.ts";
export type * from "./chat_join.ts";
export type * from "./chat_member.ts";
export type * from "./chat_settings.ts";
export type * from "./checklist.ts";
export type * from "./community.ts";
export type * from "./contact.ts";
export type * from "./external_reply.ts";
export type * from "./game.ts";
export type * from "./gift.ts";
export type * from "./giveaway.ts";
export type * from "./inaccessible_message.ts";
export type * from "./inline_keyboard.ts";
export type * from "./inline_query.ts";
export * from "./is_inaccessible_message.ts";
export type * from "./location.ts";
export type * from "./managed_bot.ts";
export type * from "./media.ts";
export * from "./media_group.ts";
export type * from "./message.ts";
export type * from "./message_generation.ts";
export type * from "./message_origin.ts";
export type * from "./message_text.ts";
export type * from "./paid_media.ts";
export type * from "./passport.ts";
export type * from "./payment.ts";
export type * from "./poll.ts";
export type * from "./reaction.ts";
export type * from "./rich_block.ts";
export type * from "./rich_block_layout.ts";
export type * from "./rich_block_media.ts";
export type * from "./rich_message.ts";
export type * from "./rich_text.ts";
export type * from "./sticker.ts";
export type * from "./suggested_post.ts";
export type * from "./topic.ts";
export type * from "./unique_gift.ts";
export type * from "./update.ts";
export * from "./update_kind.ts";
export type * from "./user.ts";
export type * from "./video_chat.ts";
export type * from "./web_app.ts";
export type * from "./webhook_info.ts";
