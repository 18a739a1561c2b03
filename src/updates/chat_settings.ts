import type { User } from "./user.ts";

/** The owner of the chat left. [Bot API](https://core.telegram.org/bots/api#chatownerleft) */
export interface ChatOwnerLeft {
  /** Who will own it unless the old owner returns. */
  new_owner?: User;
}

/** The chat has a new owner. [Bot API](https://core.telegram.org/bots/api#chatownerchanged) */
export interface ChatOwnerChanged {
  /** The new owner. */
  new_owner: User;
}

/**
 * The auto-delete timer was set.
 * [Bot API](https://core.telegram.org/bots/api#messageautodeletetimerchanged)
 */
export interface MessageAutoDeleteTimerChanged {
  /** Seconds after which messages are deleted. */
  message_auto_delete_time: number;
}

/**
 * The price of writing to a channel changed.
 * [Bot API](https://core.telegram.org/bots/api#directmessagepricechanged)
 */
export interface DirectMessagePriceChanged {
  /** Whether one can write to it at all. */
  are_direct_messages_enabled: boolean;
  /** Telegram Stars for each message; 0 if absent. */
  direct_message_star_count?: number;
}

/**
 * The price of writing in a chat changed.
 * [Bot API](https://core.telegram.org/bots/api#paidmessagepricechanged)
 */
export interface PaidMessagePriceChanged {
  /** Telegram Stars for each message of a user who is not an administrator. */
  paid_message_star_count: number;
}
