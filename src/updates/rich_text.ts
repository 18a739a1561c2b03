import type { RichMessageButton } from "./rich_message.ts";
import type { User } from "./user.ts";

/**
 * Text in a rich message: a plain string, a sequence, or text with a meaning or a look, nested at will.
 * [Bot API](https://core.telegram.org/bots/api#richtext)
 */
export type RichText =
  | string
  | RichText[]
  | RichTextBold
  | RichTextItalic
  | RichTextUnderline
  | RichTextStrikethrough
  | RichTextSpoiler
  | RichTextDateTime
  | RichTextTextMention
  | RichTextSubscript
  | RichTextSuperscript
  | RichTextMarked
  | RichTextCode
  | RichTextCustomEmoji
  | RichTextMathematicalExpression
  | RichTextUrl
  | RichTextEmailAddress
  | RichTextPhoneNumber
  | RichTextBankCardNumber
  | RichTextMention
  | RichTextHashtag
  | RichTextCashtag
  | RichTextBotCommand
  | RichTextButton
  | RichTextAnchor
  | RichTextAnchorLink
  | RichTextReference
  | RichTextReferenceLink;

/** Bold text. [Bot API](https://core.telegram.org/bots/api#richtextbold) */
export interface RichTextBold {
  /** Tells the texts apart. */
  type: "bold";
  /** The text. */
  text: RichText;
}

/** Italic text. [Bot API](https://core.telegram.org/bots/api#richtextitalic) */
export interface RichTextItalic {
  /** Tells the texts apart. */
  type: "italic";
  /** The text. */
  text: RichText;
}

/** Underlined text. [Bot API](https://core.telegram.org/bots/api#richtextunderline) */
export interface RichTextUnderline {
  /** Tells the texts apart. */
  type: "underline";
  /** The text. */
  text: RichText;
}

/** Struck-out text. [Bot API](https://core.telegram.org/bots/api#richtextstrikethrough) */
export interface RichTextStrikethrough {
  /** Tells the texts apart. */
  type: "strikethrough";
  /** The text. */
  text: RichText;
}

/** Text that is hidden until tapped. [Bot API](https://core.telegram.org/bots/api#richtextspoiler) */
export interface RichTextSpoiler {
  /** Tells the texts apart. */
  type: "spoiler";
  /** The text. */
  text: RichText;
}

/**
 * A moment, shown in the reader's own time.
 * [Bot API](https://core.telegram.org/bots/api#richtextdatetime)
 */
export interface RichTextDateTime {
  /** Tells the texts apart. */
  type: "date_time";
  /** The text. */
  text: RichText;
  /** The moment, in Unix seconds. */
  unix_time: number;
  /** How it is to be shown. */
  date_time_format: string;
}

/**
 * A mention of a user without a username.
 * [Bot API](https://core.telegram.org/bots/api#richtexttextmention)
 */
export interface RichTextTextMention {
  /** Tells the texts apart. */
  type: "text_mention";
  /** The text. */
  text: RichText;
  /** The user. */
  user: User;
}

/** Text set lower. [Bot API](https://core.telegram.org/bots/api#richtextsubscript) */
export interface RichTextSubscript {
  /** Tells the texts apart. */
  type: "subscript";
  /** The text. */
  text: RichText;
}

/** Text set higher. [Bot API](https://core.telegram.org/bots/api#richtextsuperscript) */
export interface RichTextSuperscript {
  /** Tells the texts apart. */
  type: "superscript";
  /** The text. */
  text: RichText;
}

/** Highlighted text. [Bot API](https://core.telegram.org/bots/api#richtextmarked) */
export interface RichTextMarked {
  /** Tells the texts apart. */
  type: "marked";
  /** The text. */
  text: RichText;
}

/** Code, in a monospaced font. [Bot API](https://core.telegram.org/bots/api#richtextcode) */
export interface RichTextCode {
  /** Tells the texts apart. */
  type: "code";
  /** The text. */
  text: RichText;
}

/** A custom emoji. [Bot API](https://core.telegram.org/bots/api#richtextcustomemoji) */
export interface RichTextCustomEmoji {
  /** Tells the texts apart. */
  type: "custom_emoji";
  /** Identifies it, for `getCustomEmojiStickers`. */
  custom_emoji_id: string;
  /** The emoji to show in its place. */
  alternative_text: string;
}

/** A formula. [Bot API](https://core.telegram.org/bots/api#richtextmathematicalexpression) */
export interface RichTextMathematicalExpression {
  /** Tells the texts apart. */
  type: "mathematical_expression";
  /** In LaTeX. */
  expression: string;
}

/** A link. [Bot API](https://core.telegram.org/bots/api#richtexturl) */
export interface RichTextUrl {
  /** Tells the texts apart. */
  type: "url";
  /** The text. */
  text: RichText;
  /** What it opens. */
  url: string;
}

/** An email address. [Bot API](https://core.telegram.org/bots/api#richtextemailaddress) */
export interface RichTextEmailAddress {
  /** Tells the texts apart. */
  type: "email_address";
  /** The text. */
  text: RichText;
  /** The address. */
  email_address: string;
}

/** A phone number. [Bot API](https://core.telegram.org/bots/api#richtextphonenumber) */
export interface RichTextPhoneNumber {
  /** Tells the texts apart. */
  type: "phone_number";
  /** The text. */
  text: RichText;
  /** The number. */
  phone_number: string;
}

/** A bank card number. [Bot API](https://core.telegram.org/bots/api#richtextbankcardnumber) */
export interface RichTextBankCardNumber {
  /** Tells the texts apart. */
  type: "bank_card_number";
  /** The text. */
  text: RichText;
  /** The number. */
  bank_card_number: string;
}

/** A mention by username. [Bot API](https://core.telegram.org/bots/api#richtextmention) */
export interface RichTextMention {
  /** Tells the texts apart. */
  type: "mention";
  /** The text. */
  text: RichText;
  /** The username. */
  username: string;
}

/** A hashtag. [Bot API](https://core.telegram.org/bots/api#richtexthashtag) */
export interface RichTextHashtag {
  /** Tells the texts apart. */
  type: "hashtag";
  /** The text. */
  text: RichText;
  /** The hashtag. */
  hashtag: string;
}

/** A cashtag. [Bot API](https://core.telegram.org/bots/api#richtextcashtag) */
export interface RichTextCashtag {
  /** Tells the texts apart. */
  type: "cashtag";
  /** The text. */
  text: RichText;
  /** The cashtag. */
  cashtag: string;
}

/** A bot command. [Bot API](https://core.telegram.org/bots/api#richtextbotcommand) */
export interface RichTextBotCommand {
  /** Tells the texts apart. */
  type: "bot_command";
  /** The text. */
  text: RichText;
  /** The command. */
  bot_command: string;
}

/** A button. [Bot API](https://core.telegram.org/bots/api#richtextbutton) */
export interface RichTextButton {
  /** Tells the texts apart. */
  type: "button";
  /** The button. */
  button: RichMessageButton;
}

/** A place that links can lead to. [Bot API](https://core.telegram.org/bots/api#richtextanchor) */
export interface RichTextAnchor {
  /** Tells the texts apart. */
  type: "anchor";
  /** Its name. */
  name: string;
}

/** A link to an anchor. [Bot API](https://core.telegram.org/bots/api#richtextanchorlink) */
export interface RichTextAnchorLink {
  /** Tells the texts apart. */
  type: "anchor_link";
  /** The text. */
  text: RichText;
  /** The anchor's name; the top of the message if empty. */
  anchor_name: string;
}

/** A note that links can refer to. [Bot API](https://core.telegram.org/bots/api#richtextreference) */
export interface RichTextReference {
  /** Tells the texts apart. */
  type: "reference";
  /** The text. */
  text: RichText;
  /** Its name. */
  name: string;
}

/** A link to a reference. [Bot API](https://core.telegram.org/bots/api#richtextreferencelink) */
export interface RichTextReferenceLink {
  /** Tells the texts apart. */
  type: "reference_link";
  /** The text. */
  text: RichText;
  /** The reference's name. */
  reference_name: string;
}
