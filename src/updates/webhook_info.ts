/** What Telegram says about the bot's webhook. [Bot API](https://core.telegram.org/bots/api#webhookinfo) */
export interface WebhookInfo {
  /** Empty if there is none. */
  url: string;
  /** Whether a certificate was uploaded. */
  has_custom_certificate: boolean;
  /** Updates that wait for delivery. */
  pending_update_count: number;
  /** The address that Telegram connects to. */
  ip_address?: string;
  /** When a delivery last failed, in Unix seconds. */
  last_error_date?: number;
  /** Why it failed, for a person. */
  last_error_message?: string;
  /** When Telegram's server last failed to fetch updates, in Unix seconds. */
  last_synchronization_error_date?: number;
  /** How many connections Telegram opens at most. */
  max_connections?: number;
  /** The kinds that are delivered; all but the opt-in ones if absent. */
  allowed_updates?: string[];
}

/**
 * What an error of the Bot API contains in addition to its message.
 * [Bot API](https://core.telegram.org/bots/api#responseparameters)
 */
export interface ResponseParameters {
  /** The group is now the supergroup with this id. */
  migrate_to_chat_id?: number;
  /** Seconds to wait before trying again. */
  retry_after?: number;
}
