import type { Chat } from "./chat.ts";
import type { MessageEntity } from "./message_text.ts";
import type { Sticker } from "./sticker.ts";

/** A regular gift was sent or received. [Bot API](https://core.telegram.org/bots/api#giftinfo) */
export interface GiftInfo {
  /** The gift. */
  gift: Gift;
  /** For the bot's gift methods; only when a business account received it. */
  owned_gift_id?: string;
  /** Telegram Stars that it can be turned into. */
  convert_star_count?: number;
  /** Telegram Stars already paid for an upgrade. */
  prepaid_upgrade_star_count?: number;
  /** The upgrade was paid after the gift was sent. */
  is_upgrade_separate?: true;
  /** Can become a unique gift. */
  can_be_upgraded?: true;
  /** What the giver wrote. */
  text?: string;
  /** Formatting in `text`. */
  entities?: MessageEntity[];
  /** Only the receiver sees the giver and the text. */
  is_private?: true;
  /** The `number` reserved for it as a unique gift. */
  unique_gift_number?: number;
}

/** A gift that can be sent. [Bot API](https://core.telegram.org/bots/api#gift) */
export interface Gift {
  /** The gift's id. */
  id: string;
  /** How it looks. */
  sticker: Sticker;
  /** Its price in Telegram Stars. */
  star_count: number;
  /** Telegram Stars to make it unique. */
  upgrade_star_count?: number;
  /** Only for those with Telegram Premium to buy. */
  is_premium?: true;
  /** As a unique gift, it can color its owner's profile. */
  has_colors?: true;
  /** How many of it there are; limited gifts only. */
  total_count?: number;
  /** How many of it are left; limited gifts only. */
  remaining_count?: number;
  /** How many of it the bot may send; limited gifts only. */
  personal_total_count?: number;
  /** How many of it the bot may still send; limited gifts only. */
  personal_remaining_count?: number;
  /** The colors behind it. */
  background?: GiftBackground;
  /** How many different unique gifts it can become. */
  unique_gift_variant_count?: number;
  /** The chat that published it. */
  publisher_chat?: Chat;
}

/** The colors behind a gift. [Bot API](https://core.telegram.org/bots/api#giftbackground) */
export interface GiftBackground {
  /** As 0xRRGGBB. */
  center_color: number;
  /** As 0xRRGGBB. */
  edge_color: number;
  /** As 0xRRGGBB. */
  text_color: number;
}
