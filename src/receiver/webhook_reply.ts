/**
 * A Bot API call that Telegram makes itself because it finds it in the answer to an update. Its result is never told,
 * nor its error; `setWebhook`, `deleteWebhook`, `close`, `logOut` and `get…` are not carried out this way.
 *
 * @see https://core.telegram.org/bots/api#making-requests-when-getting-updates
 */
export interface WebhookReply {
  /** The method, such as `"sendMessage"`. */
  readonly method: string;
  /** Its parameters, spelt as the Bot API spells them. */
  readonly [parameter: string]: unknown;
}

/** Whether what a receiver returned is meant as a webhook reply. */
export function isWebhookReply(result: unknown): result is WebhookReply {
  return typeof result === "object" && result !== null && "method" in result &&
    typeof result.method === "string";
}
