/**
 * A Bot API call that Telegram makes itself because it finds it in the answer to an update. You do not get its result
 * or its error. `setWebhook`, `deleteWebhook`, `close`, `logOut` and `get…` are not executed this way.
 *
 * @see https://core.telegram.org/bots/api#making-requests-when-getting-updates
 */
export interface WebhookReply {
  /** The method, such as `"sendMessage"`. */
  readonly method: string;
  /**
   * Its parameters, spelled as the Bot API spells them. A `Blob` or bytes among them are uploaded; `undefined` and
   * `null` are left out. `TypedReply` types the most used methods.
   */
  readonly [parameter: string]: unknown;
}

/** Whether what a receiver returned is meant as a webhook reply. */
export function isWebhookReply(result: unknown): result is WebhookReply {
  return typeof result === "object" && result !== null && "method" in result &&
    typeof result.method === "string";
}
