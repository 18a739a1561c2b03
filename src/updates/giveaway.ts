import type { Chat } from "./chat.ts";
import type { Message } from "./message.ts";
import type { User } from "./user.ts";

/** A giveaway to take part in. [Bot API](https://core.telegram.org/bots/api#giveaway) */
export interface Giveaway {
  /** The chats to join. */
  chats: Chat[];
  /** When winners are drawn, in Unix seconds. */
  winners_selection_date: number;
  /** How many will win. */
  winner_count: number;
  /** Only who joins after the start may win. */
  only_new_members?: true;
  /** Everyone will see who won. */
  has_public_winners?: true;
  /** A prize on top. */
  prize_description?: string;
  /** Only users from these countries may win; ISO 3166-1 alpha-2, all if absent. */
  country_codes?: string[];
  /** Telegram Stars to share; Star giveaways only. */
  prize_star_count?: number;
  /** Months of Telegram Premium to win; Premium giveaways only. */
  premium_subscription_month_count?: number;
}

/** A giveaway ended, its winners are public. [Bot API](https://core.telegram.org/bots/api#giveawaywinners) */
export interface GiveawayWinners {
  /** The chat that gave. */
  chat: Chat;
  /** The giveaway's message in that chat. */
  giveaway_message_id: number;
  /** When winners were drawn, in Unix seconds. */
  winners_selection_date: number;
  /** How many won. */
  winner_count: number;
  /** Up to 100 of them. */
  winners: User[];
  /** Other chats that had to be joined. */
  additional_chat_count?: number;
  /** Telegram Stars that were shared; Star giveaways only. */
  prize_star_count?: number;
  /** Months of Telegram Premium won; Premium giveaways only. */
  premium_subscription_month_count?: number;
  /** Prizes that nobody got. */
  unclaimed_prize_count?: number;
  /** Only who joined after the start could win. */
  only_new_members?: true;
  /** Cancelled, as its payment was refunded. */
  was_refunded?: true;
  /** A prize on top. */
  prize_description?: string;
}

/** A giveaway was scheduled. [Bot API](https://core.telegram.org/bots/api#giveawaycreated) */
export interface GiveawayCreated {
  /** Telegram Stars to share; Star giveaways only. */
  prize_star_count?: number;
}

/**
 * A giveaway ended, its winners are not public.
 * [Bot API](https://core.telegram.org/bots/api#giveawaycompleted)
 */
export interface GiveawayCompleted {
  /** How many won. */
  winner_count: number;
  /** Prizes that nobody got. */
  unclaimed_prize_count?: number;
  /** The giveaway's message, if not deleted. */
  giveaway_message?: Message;
  /** Gave Telegram Stars; Telegram Premium otherwise. */
  is_star_giveaway?: true;
}
