import type { Message } from "./message.ts";
import type { StarAmount } from "./payment.ts";

/** State and price of a suggested post. [Bot API](https://core.telegram.org/bots/api#suggestedpostinfo) */
export interface SuggestedPostInfo {
  /** What was decided. */
  state: "pending" | "approved" | "declined";
  /** Free if absent. */
  price?: SuggestedPostPrice;
  /** When it is to appear, in Unix seconds; within 30 days if absent. */
  send_date?: number;
}

/** What a suggested post costs. [Bot API](https://core.telegram.org/bots/api#suggestedpostprice) */
export interface SuggestedPostPrice {
  /** `XTR` for Telegram Stars, `TON` for grams. */
  currency: "XTR" | "TON";
  /** In Telegram Stars or in nanograms, by the currency. */
  amount: number;
}

/** A suggested post was approved. [Bot API](https://core.telegram.org/bots/api#suggestedpostapproved) */
export interface SuggestedPostApproved {
  /** The post; holds no `reply_to_message`. */
  suggested_post_message?: Message;
  /** What was paid. */
  price?: SuggestedPostPrice;
  /** When it will appear, in Unix seconds. */
  send_date: number;
}

/**
 * A suggested post was not approved, for lack of money.
 * [Bot API](https://core.telegram.org/bots/api#suggestedpostapprovalfailed)
 */
export interface SuggestedPostApprovalFailed {
  /** The post; holds no `reply_to_message`. */
  suggested_post_message?: Message;
  /** What it would have cost. */
  price: SuggestedPostPrice;
}

/** A suggested post was declined. [Bot API](https://core.telegram.org/bots/api#suggestedpostdeclined) */
export interface SuggestedPostDeclined {
  /** The post; holds no `reply_to_message`. */
  suggested_post_message?: Message;
  /** Why. */
  comment?: string;
}

/** A suggested post was paid. [Bot API](https://core.telegram.org/bots/api#suggestedpostpaid) */
export interface SuggestedPostPaid {
  /** The post; holds no `reply_to_message`. */
  suggested_post_message?: Message;
  /** `XTR` for Telegram Stars, `TON` for grams. */
  currency: "XTR" | "TON";
  /** Nanograms that the channel got; `TON` only. */
  amount?: number;
  /** Telegram Stars that the channel got; `XTR` only. */
  star_amount?: StarAmount;
}

/**
 * The money for a suggested post went back.
 * [Bot API](https://core.telegram.org/bots/api#suggestedpostrefunded)
 */
export interface SuggestedPostRefunded {
  /** The post; holds no `reply_to_message`. */
  suggested_post_message?: Message;
  /** The post did not stay for 24 hours, or the payer took the payment back. */
  reason: "post_deleted" | "payment_refunded";
}
