/**
 * A refusal of the Bot API. A script of answers throws it to have a method fail.
 *
 * @example
 * ```ts
 * import { BotApiRefusal, startTestBotApi } from "@telehook/telehook/testing";
 *
 * const telegram = await startTestBotApi();
 * telegram.answer("sendMessage", () => {
 *   throw new BotApiRefusal(403, "Forbidden: bot was blocked by the user");
 * });
 * await telegram.close();
 * ```
 */
export class BotApiRefusal extends Error {
  /** `"BotApiRefusal"`. */
  override readonly name: string = "BotApiRefusal";
  /** The error code, also the HTTP status. */
  readonly code: number;
  /** What to do about it: `retry_after` in seconds, or `migrate_to_chat_id`. */
  readonly parameters: { retry_after?: number; migrate_to_chat_id?: number };

  /**
   * Makes one to throw.
   *
   * @param code The error code, also the HTTP status.
   * @param description What went wrong, such as `"Bad Request: chat not found"`.
   * @param parameters What to do about it.
   */
  constructor(
    code: number,
    description: string,
    parameters: { retry_after?: number; migrate_to_chat_id?: number } = {},
  ) {
    super(description);
    this.code = code;
    this.parameters = parameters;
  }
}

/** The refusal of a call that was made too soon. */
export function tooManyRequests(seconds: number): BotApiRefusal {
  return new BotApiRefusal(429, `Too Many Requests: retry after ${seconds}`, { retry_after: seconds });
}
