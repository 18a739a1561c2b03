import type { CallbackGame } from "./game.ts";
import type { WebAppInfo } from "./web_app.ts";

/** The keyboard under a message. [Bot API](https://core.telegram.org/bots/api#inlinekeyboardmarkup) */
export interface InlineKeyboardMarkup {
  /** Rows of buttons. */
  inline_keyboard: InlineKeyboardButton[][];
  /** The user's app opens a reply to the message. */
  force_reply?: boolean;
}

/**
 * A button under a message. Besides its appearance, it has exactly one field, which says what it does.
 * [Bot API](https://core.telegram.org/bots/api#inlinekeyboardbutton)
 */
export interface InlineKeyboardButton {
  /** Its label. */
  text: string;
  /** Custom emoji before the label. */
  icon_custom_emoji_id?: string;
  /** Red, green or blue; up to the app if absent. */
  style?: "danger" | "success" | "primary";
  /** Opens this HTTP or `tg://` address. */
  url?: string;
  /** Sends a callback query with these 1 to 64 bytes. */
  callback_data?: string;
  /** Opens this Web App. */
  web_app?: WebAppInfo;
  /** Logs the user in on a website. */
  login_url?: LoginUrl;
  /** Lets the user choose a chat, and starts this inline query there. */
  switch_inline_query?: string;
  /** Starts this inline query in the same chat. */
  switch_inline_query_current_chat?: string;
  /** Lets the user choose a chat of some sorts, and starts an inline query there. */
  switch_inline_query_chosen_chat?: SwitchInlineQueryChosenChat;
  /** Copies a text. */
  copy_text?: CopyTextButton;
  /** Starts the game; always the first button. */
  callback_game?: CallbackGame;
  /** Pays the invoice; always the first button. */
  pay?: boolean;
  /** Cannot be pressed. */
  disabled?: DisabledButton;
}

/** A website on which a button logs the user in. [Bot API](https://core.telegram.org/bots/api#loginurl) */
export interface LoginUrl {
  /** HTTPS address, to which the user's data are added. */
  url: string;
  /** The label in forwarded messages. */
  forward_text?: string;
  /** The bot that authorizes; this one if absent. */
  bot_username?: string;
  /** Asks whether the bot may write to the user. */
  request_write_access?: boolean;
}

/**
 * Which chats the user may choose for an inline query.
 * [Bot API](https://core.telegram.org/bots/api#switchinlinequerychosenchat)
 */
export interface SwitchInlineQueryChosenChat {
  /** The query to start with. */
  query?: string;
  /** Private chats with users. */
  allow_user_chats?: boolean;
  /** Private chats with bots. */
  allow_bot_chats?: boolean;
  /** Groups and supergroups. */
  allow_group_chats?: boolean;
  /** Channels. */
  allow_channel_chats?: boolean;
}

/** A text for a button to copy. [Bot API](https://core.telegram.org/bots/api#copytextbutton) */
export interface CopyTextButton {
  /** 1 to 256 characters. */
  text: string;
}

/**
 * Marks a button that cannot be pressed; empty.
 * [Bot API](https://core.telegram.org/bots/api#disabledbutton)
 */
// deno-lint-ignore no-empty-interface
export interface DisabledButton {}
