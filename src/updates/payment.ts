import type { User } from "./user.ts";

/** An invoice. [Bot API](https://core.telegram.org/bots/api#invoice) */
export interface Invoice {
  /** The product's name. */
  title: string;
  /** What the product is. */
  description: string;
  /** Deep-link parameter of the bot that makes this invoice. */
  start_parameter: string;
  /** ISO 4217 code, or `XTR` for Telegram Stars. */
  currency: string;
  /** In the smallest unit of the currency: 145 is 1.45 USD. */
  total_amount: number;
}

/**
 * A user entered an address and waits for the shipping costs.
 * [Bot API](https://core.telegram.org/bots/api#shippingquery)
 */
export interface ShippingQuery {
  /** For `answerShippingQuery`. */
  id: string;
  /** Who buys. */
  from: User;
  /** The payload that the bot gave the invoice. */
  invoice_payload: string;
  /** Where to ship. */
  shipping_address: ShippingAddress;
}

/**
 * A user is about to pay. The bot must answer within 10 seconds.
 * [Bot API](https://core.telegram.org/bots/api#precheckoutquery)
 */
export interface PreCheckoutQuery {
  /** For `answerPreCheckoutQuery`. */
  id: string;
  /** Who buys. */
  from: User;
  /** ISO 4217 code, or `XTR` for Telegram Stars. */
  currency: string;
  /** In the smallest unit of the currency: 145 is 1.45 USD. */
  total_amount: number;
  /** The payload that the bot gave the invoice. */
  invoice_payload: string;
  /** The way of shipping that was chosen. */
  shipping_option_id?: string;
  /** What the buyer filled in. */
  order_info?: OrderInfo;
}

/** A payment went through. [Bot API](https://core.telegram.org/bots/api#successfulpayment) */
export interface SuccessfulPayment {
  /** ISO 4217 code, or `XTR` for Telegram Stars. */
  currency: string;
  /** In the smallest unit of the currency: 145 is 1.45 USD. */
  total_amount: number;
  /** The payload that the bot gave the invoice. */
  invoice_payload: string;
  /** When the subscription ends, in Unix seconds. */
  subscription_expiration_date?: number;
  /** Pays for a subscription. */
  is_recurring?: true;
  /** The first payment for a subscription. */
  is_first_recurring?: true;
  /** The way of shipping that was chosen. */
  shipping_option_id?: string;
  /** What the buyer filled in. */
  order_info?: OrderInfo;
  /** The payment's id at Telegram; a refund needs it. */
  telegram_payment_charge_id: string;
  /** The payment's id at the provider. */
  provider_payment_charge_id: string;
}

/** A payment was refunded. [Bot API](https://core.telegram.org/bots/api#refundedpayment) */
export interface RefundedPayment {
  /** Always `XTR`, Telegram Stars, so far. */
  currency: string;
  /** In the smallest unit of the currency: 145 is 1.45 USD. */
  total_amount: number;
  /** The payload that the bot gave the invoice. */
  invoice_payload: string;
  /** The payment's id at Telegram. */
  telegram_payment_charge_id: string;
  /** The payment's id at the provider. */
  provider_payment_charge_id?: string;
}

/**
 * What a buyer filled in, as far as the invoice asked.
 * [Bot API](https://core.telegram.org/bots/api#orderinfo)
 */
export interface OrderInfo {
  /** The buyer's name. */
  name?: string;
  /** The buyer's phone number. */
  phone_number?: string;
  /** The buyer's email address. */
  email?: string;
  /** Where to ship. */
  shipping_address?: ShippingAddress;
}

/** Where to ship. [Bot API](https://core.telegram.org/bots/api#shippingaddress) */
export interface ShippingAddress {
  /** ISO 3166-1 alpha-2. */
  country_code: string;
  /** Empty where there is none. */
  state: string;
  /** City. */
  city: string;
  /** First line of the street. */
  street_line1: string;
  /** Second line of the street. */
  street_line2: string;
  /** Post code. */
  post_code: string;
}

/**
 * A user's subscription to the bot changed.
 * [Bot API](https://core.telegram.org/bots/api#botsubscriptionupdated)
 */
export interface BotSubscriptionUpdated {
  /** Who subscribed. */
  user: User;
  /** The payload that the bot gave the invoice. */
  invoice_payload: string;
  /** Cancelled by the user, taken up again, or a payment failed. */
  state: "canceled" | "active" | "failed";
}

/** A number of Telegram Stars. [Bot API](https://core.telegram.org/bots/api#staramount) */
export interface StarAmount {
  /** Whole Telegram Stars, rounded towards 0; may be negative. */
  amount: number;
  /** Billionths on top; negative only where `amount` is not positive. */
  nanostar_amount?: number;
}
