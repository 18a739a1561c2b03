import type {
  CopyTextButton,
  DisabledButton,
  LoginUrl,
  SwitchInlineQueryChosenChat,
} from "./inline_keyboard.ts";
import type { RichBlock } from "./rich_block.ts";
import type { RichText } from "./rich_text.ts";
import type { WebAppInfo } from "./web_app.ts";

/** A message made of blocks. [Bot API](https://core.telegram.org/bots/api#richmessage) */
export interface RichMessage {
  /** The blocks. */
  blocks: RichBlock[];
  /** Reads from right to left. */
  is_rtl?: boolean;
}

/**
 * A button within a rich message. Besides its appearance, it has exactly one field, which says what it does.
 * [Bot API](https://core.telegram.org/bots/api#richmessagebutton)
 */
export interface RichMessageButton {
  /** Its label. */
  text: RichText;
  /** Red, green, blue, or like a link. */
  style?: "danger" | "success" | "primary" | "link";
  /** Opens this HTTP or `tg://` address. */
  url?: string;
  /** Sends a callback query with these bytes. */
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
  /** Cannot be pressed. */
  disabled?: DisabledButton;
}
