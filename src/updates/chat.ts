/** A private chat, group, supergroup or channel. [Bot API](https://core.telegram.org/bots/api#chat) */
export interface Chat {
  /** Negative for groups and channels; needs up to 52 bits, so a number holds it. */
  id: number;
  /** What sort of chat it is. */
  type: "private" | "group" | "supergroup" | "channel";
  /** The name of a group, supergroup or channel. */
  title?: string;
  /** Without the `@`. */
  username?: string;
  /** First name of the other side of a private chat. */
  first_name?: string;
  /** Last name of the other side of a private chat. */
  last_name?: string;
  /** A supergroup with topics. */
  is_forum?: true;
  /** The direct messages chat of a channel. */
  is_direct_messages?: true;
  /** @deprecated Undocumented; sent for groups. */
  all_members_are_administrators?: boolean;
  /** Undocumented: sent for groups, with everything `false`. */
  accepted_gift_types?: AcceptedGiftTypes;
}

/**
 * The gifts that a chat takes; Telegram documents it for `getChat` only.
 * [Bot API](https://core.telegram.org/bots/api#acceptedgifttypes)
 */
export interface AcceptedGiftTypes {
  /** Regular gifts without a limit. */
  unlimited_gifts: boolean;
  /** Regular gifts of which there is a limited number. */
  limited_gifts: boolean;
  /** Unique gifts. */
  unique_gifts: boolean;
  /** Telegram Premium subscriptions. */
  premium_subscription: boolean;
  /** Unique gifts that come from channels. */
  gifts_from_channels: boolean;
}
