import { TelehookError } from "../errors/telehook_error.ts";
import { plainText } from "../text/plain_text.ts";
import type { ResponseParameters } from "../updates/webhook_info.ts";

/**
 * The answer of the Bot API when it refuses a request.
 *
 * @see https://core.telegram.org/bots/api#making-requests
 */
export interface BotApiFailure {
  /** The same number as the HTTP status: 400, 401, 403, 404, 409, 429, … */
  readonly error_code: number;
  /** What Telegram says is wrong. */
  readonly description: string;
  /** Details that code can use, if there are any. */
  readonly parameters?: ResponseParameters;
}

const ADVICE: Readonly<Record<number, string>> = {
  401: ". Check the bot token",
  404: ". Check the bot token and the method's name",
};

/**
 * The Bot API understood a request and refused it. Its {@link TelehookError.code | code} is `ERR_BOT_API`;
 * compare {@link BotApiError.error_code | error_code} to tell one refusal from another.
 *
 * @see https://core.telegram.org/bots/api#making-requests
 *
 * @example
 * ```ts
 * import { botApi, BotApiError } from "@telehook/telehook";
 *
 * const refusal = { ok: false, error_code: 401, description: "Unauthorized" };
 * const api = botApi("123456789:AAexample", { fetch: () => Promise.resolve(Response.json(refusal)) });
 * try {
 *   await api.getWebhookInfo();
 * } catch (error) {
 *   if (!(error instanceof BotApiError)) throw error;
 *   console.log(error.method, error.error_code, error.description); // getWebhookInfo 401 Unauthorized
 * }
 * ```
 */
export class BotApiError extends TelehookError {
  /** `BotApiError`. */
  override readonly name: string = "BotApiError";

  /** The Bot API method that was called, such as `setWebhook`. */
  readonly method: string;

  /** Telegram's number for the refusal, the same as the HTTP status. */
  readonly error_code: number;

  /** Why it was refused, in Telegram's words. */
  readonly description: string;

  /**
   * Seconds to wait before the request can be repeated. A 429 that says so is repeated automatically; it is thrown only
   * by `setWebhookAndListen`, if that would take longer than its `registerWithinMs`.
   */
  readonly retry_after: number | undefined;

  /** The identifier of the supergroup that the group has become. */
  readonly migrate_to_chat_id: number | undefined;

  /**
   * Makes the error of a refused call.
   *
   * @param method The Bot API method that was called.
   * @param failure What the Bot API answered.
   */
  constructor(method: string, failure: BotApiFailure) {
    const { error_code, description, parameters } = failure;
    super(
      "ERR_BOT_API",
      `The Bot API refused "${method}" with ${error_code} "${plainText(description)}"${
        ADVICE[error_code] ?? ""
      }`,
    );
    this.method = method;
    this.error_code = error_code;
    this.description = description;
    this.retry_after = parameters?.retry_after;
    this.migrate_to_chat_id = parameters?.migrate_to_chat_id;
  }
}
