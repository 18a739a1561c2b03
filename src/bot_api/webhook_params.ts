import { TelehookError } from "../errors/telehook_error.ts";
import { assertSecretToken } from "../guard/secret_token.ts";
import { checkBoolean, checkNumber, checkOptionNames } from "../checks/options.ts";
import type { AllowedUpdates } from "./allowed_updates.ts";
import type { WebhookCertificate } from "./certificate_file.ts";
import { checkText, checkTexts } from "./check_param.ts";

/**
 * The parameters of `setWebhook`, spelt as on the wire.
 *
 * @see https://core.telegram.org/bots/api#setwebhook
 */
export interface SetWebhookParams {
  /** The HTTPS URL to send updates to. An empty string removes the webhook. */
  readonly url: string;
  /**
   * The certificate to verify the server by, when no public authority has signed it. It is uploaded; or left
   * alone by Telegram's server, when it is a `{ file_id }`.
   */
  readonly certificate?: WebhookCertificate | undefined;
  /** The address to send to instead of the one that the URL's host resolves to. */
  readonly ip_address?: string | undefined;
  /**
   * How many connections Telegram may open at once, 1–100, 40 when left out. A Bot API server of your own
   * allows more: set it with `call("setWebhook", …)`.
   */
  readonly max_connections?: number | undefined;
  /**
   * The kinds of update to send, such as `["message", "callback_query"]`. When empty, every kind but
   * `chat_member`, `message_reaction` and `message_reaction_count`; when left out, what was set last.
   */
  readonly allowed_updates?: AllowedUpdates | undefined;
  /** Whether to drop the updates that wait to be sent. */
  readonly drop_pending_updates?: boolean | undefined;
  /**
   * What Telegram sends along in `X-Telegram-Bot-Api-Secret-Token`: 1–256 characters of `A-Z a-z 0-9 _ -`.
   * When left out, nothing is sent along.
   */
  readonly secret_token?: string | undefined;
}

/**
 * The parameters of `deleteWebhook`.
 *
 * @see https://core.telegram.org/bots/api#deletewebhook
 */
export interface DeleteWebhookParams {
  /** Whether to drop the updates that wait to be sent. */
  readonly drop_pending_updates?: boolean | undefined;
}

/**
 * Refuses what Telegram would refuse or, worse, ignore: a misspelt `secretToken` would be a webhook without a
 * secret.
 *
 * @throws {TelehookError} `ERR_OPTION`, `ERR_SECRET_TOKEN`
 */
export function assertSetWebhookParams(params: SetWebhookParams): void {
  checkOptionNames("setWebhook", params, [
    "url",
    "certificate",
    "ip_address",
    "max_connections",
    "allowed_updates",
    "drop_pending_updates",
    "secret_token",
  ]);
  if (params.url === undefined) {
    throw new TelehookError(
      "ERR_OPTION",
      'setWebhook needs a "url" (an empty one removes the webhook, on purpose)',
    );
  }
  checkText("url", params.url);
  checkText("ip_address", params.ip_address);
  checkNumber("max_connections", params.max_connections, { default: 40, min: 1, max: 100 });
  checkTexts("allowed_updates", params.allowed_updates);
  checkBoolean("drop_pending_updates", params.drop_pending_updates);
  if (params.secret_token !== undefined) assertSecretToken(params.secret_token);
}

/**
 * Refuses what Telegram would ignore.
 *
 * @throws {TelehookError} `ERR_OPTION`
 */
export function assertDeleteWebhookParams(params: DeleteWebhookParams): void {
  checkOptionNames("deleteWebhook", params, ["drop_pending_updates"]);
  checkBoolean("drop_pending_updates", params.drop_pending_updates);
}
