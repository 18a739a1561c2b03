import type { Chat } from "./chat.ts";
import type { User } from "./user.ts";

/** Where a forwarded message comes from. [Bot API](https://core.telegram.org/bots/api#messageorigin) */
export type MessageOrigin =
  | MessageOriginUser
  | MessageOriginHiddenUser
  | MessageOriginChat
  | MessageOriginChannel;

/** Comes from a user. [Bot API](https://core.telegram.org/bots/api#messageoriginuser) */
export interface MessageOriginUser {
  /** Tells the origins apart. */
  type: "user";
  /** When the original was sent, in Unix seconds. */
  date: number;
  /** Who sent it. */
  sender_user: User;
}

/**
 * Comes from a user who does not want to be linked to.
 * [Bot API](https://core.telegram.org/bots/api#messageoriginhiddenuser)
 */
export interface MessageOriginHiddenUser {
  /** Tells the origins apart. */
  type: "hidden_user";
  /** When the original was sent, in Unix seconds. */
  date: number;
  /** The name of who sent it. */
  sender_user_name: string;
}

/** Comes from a group, sent on its behalf. [Bot API](https://core.telegram.org/bots/api#messageoriginchat) */
export interface MessageOriginChat {
  /** Tells the origins apart. */
  type: "chat";
  /** When the original was sent, in Unix seconds. */
  date: number;
  /** The chat on whose behalf it was sent. */
  sender_chat: Chat;
  /** The title of the anonymous administrator who wrote it. */
  author_signature?: string;
}

/** Comes from a channel. [Bot API](https://core.telegram.org/bots/api#messageoriginchannel) */
export interface MessageOriginChannel {
  /** Tells the origins apart. */
  type: "channel";
  /** When the original was sent, in Unix seconds. */
  date: number;
  /** The channel. */
  chat: Chat;
  /** The post's id in the channel. */
  message_id: number;
  /** Who signed the post. */
  author_signature?: string;
}
