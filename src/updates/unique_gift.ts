import type { Chat } from "./chat.ts";
import type { MessageEntity } from "./message_text.ts";
import type { Sticker } from "./sticker.ts";

/** A unique gift was sent or received. [Bot API](https://core.telegram.org/bots/api#uniquegiftinfo) */
export interface UniqueGiftInfo {
  /** The gift. */
  gift: UniqueGift;
  /** How the new owner came by it. */
  origin: "upgrade" | "transfer" | "resale" | "gifted_upgrade" | "offer";
  /** What the giver wrote. */
  text?: string;
  /** Formatting in `text`. */
  entities?: MessageEntity[];
  /** Only the receiver sees the giver and the text. */
  is_private?: true;
  /** `XTR` for Telegram Stars, `TON` for grams; when it was bought from another user. */
  last_resale_currency?: "XTR" | "TON";
  /** In Telegram Stars or in nanograms, by the currency. */
  last_resale_amount?: number;
  /** For the bot's gift methods; only when a business account received it. */
  owned_gift_id?: string;
  /** Telegram Stars to pass it on; absent if the bot cannot. */
  transfer_star_count?: number;
  /** From when it can be passed on, in Unix seconds. */
  next_transfer_date?: number;
  /** @deprecated Undocumented; use `last_resale_amount`. */
  last_resale_star_count?: number;
}

/**
 * A gift of which there is only one, made from a regular gift.
 * [Bot API](https://core.telegram.org/bots/api#uniquegift)
 */
export interface UniqueGift {
  /** The regular gift that it was made from. */
  gift_id: string;
  /** That gift's name for people. */
  base_name: string;
  /** Its name in `https://t.me/nft/…`. */
  name: string;
  /** Its number among those made from the same gift. */
  number: number;
  /** What it looks like. */
  model: UniqueGiftModel;
  /** The symbol that its pattern repeats. */
  symbol: UniqueGiftSymbol;
  /** What is behind it. */
  backdrop: UniqueGiftBackdrop;
  /** The regular gift was for Telegram Premium only. */
  is_premium?: true;
  /** Gone: another gift was crafted from it. */
  is_burned?: true;
  /** Lives on the TON blockchain; Telegram can neither resell nor pass it on. */
  is_from_blockchain?: true;
  /** The colors that it gives its owner's name. */
  colors?: UniqueGiftColors;
  /** The chat that published it. */
  publisher_chat?: Chat;
}

/** What a unique gift looks like. [Bot API](https://core.telegram.org/bots/api#uniquegiftmodel) */
export interface UniqueGiftModel {
  /** Its name. */
  name: string;
  /** Its picture. */
  sticker: Sticker;
  /** How many of 1000 upgrades get it; 0 if crafted. */
  rarity_per_mille: number;
  /** How rare it is, if crafted. */
  rarity?: "uncommon" | "rare" | "epic" | "legendary";
}

/**
 * The symbol in the pattern of a unique gift.
 * [Bot API](https://core.telegram.org/bots/api#uniquegiftsymbol)
 */
export interface UniqueGiftSymbol {
  /** Its name. */
  name: string;
  /** Its picture. */
  sticker: Sticker;
  /** How many of 1000 upgrades get it. */
  rarity_per_mille: number;
}

/** What is behind a unique gift. [Bot API](https://core.telegram.org/bots/api#uniquegiftbackdrop) */
export interface UniqueGiftBackdrop {
  /** Its name. */
  name: string;
  /** Its colors. */
  colors: UniqueGiftBackdropColors;
  /** How many of 1000 upgrades get it. */
  rarity_per_mille: number;
}

/**
 * The colors behind a unique gift.
 * [Bot API](https://core.telegram.org/bots/api#uniquegiftbackdropcolors)
 */
export interface UniqueGiftBackdropColors {
  /** As 0xRRGGBB. */
  center_color: number;
  /** As 0xRRGGBB. */
  edge_color: number;
  /** As 0xRRGGBB. */
  symbol_color: number;
  /** As 0xRRGGBB. */
  text_color: number;
}

/**
 * The colors that a unique gift gives its owner's name, replies and link previews.
 * [Bot API](https://core.telegram.org/bots/api#uniquegiftcolors)
 */
export interface UniqueGiftColors {
  /** Custom emoji of the model. */
  model_custom_emoji_id: string;
  /** Custom emoji of the symbol. */
  symbol_custom_emoji_id: string;
  /** As 0xRRGGBB. */
  light_theme_main_color: number;
  /** One to three more, as 0xRRGGBB. */
  light_theme_other_colors: number[];
  /** As 0xRRGGBB. */
  dark_theme_main_color: number;
  /** One to three more, as 0xRRGGBB. */
  dark_theme_other_colors: number[];
}
