import type { User } from "./user.ts";

/**
 * A stretch of text that is a link, a command, bold, and so on.
 * [Bot API](https://core.telegram.org/bots/api#messageentity)
 */
export interface MessageEntity {
  /**
   * What the stretch is; `text_link` is a link with a text of its own, `text_mention` a user without a
   * username.
   */
  type:
    | "mention"
    | "hashtag"
    | "cashtag"
    | "bot_command"
    | "url"
    | "email"
    | "phone_number"
    | "bold"
    | "italic"
    | "underline"
    | "strikethrough"
    | "spoiler"
    | "blockquote"
    | "expandable_blockquote"
    | "code"
    | "pre"
    | "text_link"
    | "text_mention"
    | "custom_emoji"
    | "date_time";
  /** Where it starts, in UTF-16 code units, as JavaScript counts. */
  offset: number;
  /** How long it is, in UTF-16 code units, as JavaScript counts. */
  length: number;
  /** What a `text_link` opens. */
  url?: string;
  /** Whom a `text_mention` means. */
  user?: User;
  /** The programming language of a `pre`. */
  language?: string;
  /** Identifies a `custom_emoji`, for `getCustomEmojiStickers`. */
  custom_emoji_id?: string;
  /** The moment that a `date_time` shows, in Unix seconds. */
  unix_time?: number;
  /** How a `date_time` is to be shown. */
  date_time_format?: string;
}

/** How the preview of a link is shown. [Bot API](https://core.telegram.org/bots/api#linkpreviewoptions) */
export interface LinkPreviewOptions {
  /** There is no preview. */
  is_disabled?: boolean;
  /** The link to preview; the first one in the text if absent. */
  url?: string;
  /** The preview's media is shown small. */
  prefer_small_media?: boolean;
  /** The preview's media is shown large. */
  prefer_large_media?: boolean;
  /** The preview stands above the text. */
  show_above_text?: boolean;
}

/** The part of a message that a reply quotes. [Bot API](https://core.telegram.org/bots/api#textquote) */
export interface TextQuote {
  /** The quoted text. */
  text: string;
  /** Formatting in `text`. */
  entities?: MessageEntity[];
  /** About where it starts in the original, in UTF-16 code units. */
  position: number;
  /** Chosen by the sender, not by Telegram. */
  is_manual?: true;
}
