import type { Chat } from "./chat.ts";
import type { User } from "./user.ts";

/** A user asks to join a chat. [Bot API](https://core.telegram.org/bots/api#chatjoinrequest) */
export interface ChatJoinRequest {
  /** The chat to join. */
  chat: Chat;
  /** Who asks. */
  from: User;
  /** Private chat with who asks: the bot may write there for five minutes, even if they never started it. */
  user_chat_id: number;
  /** When, in Unix seconds. */
  date: number;
  /** The user's bio. */
  bio?: string;
  /** The link through which they came. */
  invite_link?: ChatInviteLink;
  /** For a bot that decides about requests: it must answer within 10 seconds. */
  query_id?: string;
}

/** An invite link of a chat. [Bot API](https://core.telegram.org/bots/api#chatinvitelink) */
export interface ChatInviteLink {
  /** The link; cut off with `…` when another administrator made it. */
  invite_link: string;
  /** Who made it. */
  creator: User;
  /** An administrator has to let users in. */
  creates_join_request: boolean;
  /** The permanent link of its creator. */
  is_primary: boolean;
  /** Works no longer. */
  is_revoked: boolean;
  /** Its name, seen by administrators. */
  name?: string;
  /** When it expires, in Unix seconds. */
  expire_date?: number;
  /** How many members may have joined through it at the same time; 1 to 99999. */
  member_limit?: number;
  /** Requests that wait for an answer. */
  pending_join_request_count?: number;
  /** Seconds between two payments for the subscription. */
  subscription_period?: number;
  /** Telegram Stars to pay for each period. */
  subscription_price?: number;
}
