import type { Chat } from "./chat.ts";
import type { User } from "./user.ts";

/** A boost was added to a chat, or changed. [Bot API](https://core.telegram.org/bots/api#chatboostupdated) */
export interface ChatBoostUpdated {
  /** The boosted chat. */
  chat: Chat;
  /** The boost. */
  boost: ChatBoost;
}

/** A boost was taken from a chat. [Bot API](https://core.telegram.org/bots/api#chatboostremoved) */
export interface ChatBoostRemoved {
  /** The chat that was boosted. */
  chat: Chat;
  /** The boost's id. */
  boost_id: string;
  /** When, in Unix seconds. */
  remove_date: number;
  /** Where the boost came from. */
  source: ChatBoostSource;
}

/** A boost of a chat. [Bot API](https://core.telegram.org/bots/api#chatboost) */
export interface ChatBoost {
  /** The boost's id. */
  boost_id: string;
  /** When it was added, in Unix seconds. */
  add_date: number;
  /** When it runs out unless prolonged, in Unix seconds. */
  expiration_date: number;
  /** Where it comes from. */
  source: ChatBoostSource;
}

/** Where a boost comes from. [Bot API](https://core.telegram.org/bots/api#chatboostsource) */
export type ChatBoostSource = ChatBoostSourcePremium | ChatBoostSourceGiftCode | ChatBoostSourceGiveaway;

/**
 * From someone with Telegram Premium, or who gave it away.
 * [Bot API](https://core.telegram.org/bots/api#chatboostsourcepremium)
 */
export interface ChatBoostSourcePremium {
  /** Tells the sources apart. */
  source: "premium";
  /** Who boosted. */
  user: User;
}

/**
 * From a Telegram Premium gift code.
 * [Bot API](https://core.telegram.org/bots/api#chatboostsourcegiftcode)
 */
export interface ChatBoostSourceGiftCode {
  /** Tells the sources apart. */
  source: "gift_code";
  /** For whom the code was made. */
  user: User;
}

/** From a giveaway. [Bot API](https://core.telegram.org/bots/api#chatboostsourcegiveaway) */
export interface ChatBoostSourceGiveaway {
  /** Tells the sources apart. */
  source: "giveaway";
  /** The giveaway's message; 0 if not sent yet, and it may be deleted already. */
  giveaway_message_id: number;
  /** Who won; Telegram Premium giveaways only. */
  user?: User;
  /** Telegram Stars to share; Star giveaways only. */
  prize_star_count?: number;
  /** The giveaway ended without a winner. */
  is_unclaimed?: true;
}

/** A user boosted the chat. [Bot API](https://core.telegram.org/bots/api#chatboostadded) */
export interface ChatBoostAdded {
  /** How many boosts the user added. */
  boost_count: number;
}
