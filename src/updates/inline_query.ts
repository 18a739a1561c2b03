import type { Location } from "./location.ts";
import type { User } from "./user.ts";

/** A user types a query after the bot's name. [Bot API](https://core.telegram.org/bots/api#inlinequery) */
export interface InlineQuery {
  /** For `answerInlineQuery`. */
  id: string;
  /** Who types. */
  from: User;
  /** What they typed; up to 256 characters. */
  query: string;
  /** Which results to send next, as the bot said last time. */
  offset: string;
  /** Where they type; `sender` is the private chat with the bot. Absent for secret chats. */
  chat_type?: "sender" | "private" | "group" | "supergroup" | "channel";
  /** Where the user is, if the bot asks for it. */
  location?: Location;
}

/**
 * A user sent one of the bot's results. Needs inline feedback to be on at BotFather.
 * [Bot API](https://core.telegram.org/bots/api#choseninlineresult)
 */
export interface ChosenInlineResult {
  /** The result's id. */
  result_id: string;
  /** Who sent it. */
  from: User;
  /** Where the user is, if the bot asks for it. */
  location?: Location;
  /** The message, for editing; only if it has an inline keyboard. */
  inline_message_id?: string;
  /** What they had typed. */
  query: string;
}
