import type { MaybeInaccessibleMessage } from "./inaccessible_message.ts";
import type { User } from "./user.ts";

/**
 * A user pressed a button under a message. Their app waits for `answerCallbackQuery`.
 * [Bot API](https://core.telegram.org/bots/api#callbackquery)
 */
export interface CallbackQuery {
  /** For `answerCallbackQuery`. */
  id: string;
  /** Who pressed it. */
  from: User;
  /** The message with the button, if the bot sent it. */
  message?: MaybeInaccessibleMessage;
  /** The message with the button, if sent through inline mode. */
  inline_message_id?: string;
  /** Stands for the chat; stays the same, for high scores in games. */
  chat_instance: string;
  /** The `callback_data` of the button, as the user's app says: the message may have no such button. */
  data?: string;
  /** The game to start. */
  game_short_name?: string;
}
