import type { User } from "./user.ts";

/**
 * A stretch of text that is a link, a command, bold, and so on. `type` narrows it: only a `"text_link"` has a `url`.
 * [Bot API](https://core.telegram.org/bots/api#messageentity)
 */
export type MessageEntity =
  | PlainEntity
  | TextLinkEntity
  | TextMentionEntity
  | PreEntity
  | CustomEmojiEntity
  | DateTimeEntity;

/** A stretch of text that needs nothing else to be described. [Bot API](https://core.telegram.org/bots/api#messageentity) */
export interface PlainEntity {
  /** What the stretch is. */
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
    | "code";
  /** Where it starts, in UTF-16 code units, as JavaScript counts. */
  offset: number;
  /** How long it is, in UTF-16 code units, as JavaScript counts. */
  length: number;
}

/** A link with its own text. [Bot API](https://core.telegram.org/bots/api#messageentity) */
export interface TextLinkEntity {
  /** What the stretch is. */
  type: "text_link";
  /** Where it starts, in UTF-16 code units, as JavaScript counts. */
  offset: number;
  /** How long it is, in UTF-16 code units, as JavaScript counts. */
  length: number;
  /** What it opens. */
  url: string;
}

/** A mention of a user without a username. [Bot API](https://core.telegram.org/bots/api#messageentity) */
export interface TextMentionEntity {
  /** What the stretch is. */
  type: "text_mention";
  /** Where it starts, in UTF-16 code units, as JavaScript counts. */
  offset: number;
  /** How long it is, in UTF-16 code units, as JavaScript counts. */
  length: number;
  /** The user. */
  user: User;
}

/** A block of code. [Bot API](https://core.telegram.org/bots/api#messageentity) */
export interface PreEntity {
  /** What the stretch is. */
  type: "pre";
  /** Where it starts, in UTF-16 code units, as JavaScript counts. */
  offset: number;
  /** How long it is, in UTF-16 code units, as JavaScript counts. */
  length: number;
  /** Its programming language. */
  language?: string;
}

/** A custom emoji. [Bot API](https://core.telegram.org/bots/api#messageentity) */
export interface CustomEmojiEntity {
  /** What the stretch is. */
  type: "custom_emoji";
  /** Where it starts, in UTF-16 code units, as JavaScript counts. */
  offset: number;
  /** How long it is, in UTF-16 code units, as JavaScript counts. */
  length: number;
  /** Its identifier, for `getCustomEmojiStickers`. */
  custom_emoji_id: string;
}

/** A date and time. [Bot API](https://core.telegram.org/bots/api#messageentity) */
export interface DateTimeEntity {
  /** What the stretch is. */
  type: "date_time";
  /** Where it starts, in UTF-16 code units, as JavaScript counts. */
  offset: number;
  /** How long it is, in UTF-16 code units, as JavaScript counts. */
  length: number;
  /** The moment, in Unix seconds. */
  unix_time: number;
  /** How it is to be shown. */
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
  /** The preview is shown above the text. */
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
