import type { Chat } from "./chat.ts";
import type { User } from "./user.ts";

/**
 * The bot was connected to a business account, disconnected, or its rights changed.
 * [Bot API](https://core.telegram.org/bots/api#businessconnection)
 */
export interface BusinessConnection {
  /** The connection's id. */
  id: string;
  /** Whose account it is. */
  user: User;
  /** Private chat with that user. */
  user_chat_id: number;
  /** When it was made, in Unix seconds. */
  date: number;
  /** What the bot may do. */
  rights?: BusinessBotRights;
  /** Whether it is in force. */
  is_enabled: boolean;
}

/**
 * What a bot may do for a business account.
 * [Bot API](https://core.telegram.org/bots/api#businessbotrights)
 */
export interface BusinessBotRights {
  /** Write in private chats that got a message in the last 24 hours. */
  can_reply?: true;
  /** Mark messages as read. */
  can_read_messages?: true;
  /** Delete what the bot sent. */
  can_delete_sent_messages?: true;
  /** Delete all private messages. */
  can_delete_all_messages?: true;
  /** Change first and last name. */
  can_edit_name?: true;
  /** Change the bio. */
  can_edit_bio?: true;
  /** Change the profile photo. */
  can_edit_profile_photo?: true;
  /** Change the username. */
  can_edit_username?: true;
  /** Change who may send gifts. */
  can_change_gift_settings?: true;
  /** See gifts and the balance of Telegram Stars. */
  can_view_gifts_and_stars?: true;
  /** Turn regular gifts into Telegram Stars. */
  can_convert_gifts_to_stars?: true;
  /** Pass on and upgrade gifts. */
  can_transfer_and_upgrade_gifts?: true;
  /** Take Telegram Stars, or pay for gifts with them. */
  can_transfer_stars?: true;
  /** Post, edit and delete stories. */
  can_manage_stories?: true;
}

/**
 * Messages were deleted from a business account.
 * [Bot API](https://core.telegram.org/bots/api#businessmessagesdeleted)
 */
export interface BusinessMessagesDeleted {
  /** The connection's id. */
  business_connection_id: string;
  /** The chat; the bot may have no access to it. */
  chat: Chat;
  /** The messages. */
  message_ids: number[];
}
