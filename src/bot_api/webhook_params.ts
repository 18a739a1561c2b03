import { TelehookError } from "../errors/telehook_error.ts";
import { assertSecretToken } from "../guard/secret_token.ts";
import { checkBoolean, checkNumber, checkOptionNames, checkText, checkTexts } from "../checks/options.ts";
import type { AllowedUpdates } from "./allowed_updates.ts";
import type { WebhookCertificate } from "./certificate_file.ts";

/**
 * The parameters of `setWebhook`, spelt as on the wire.
 *
 * @see https://core.telegram.org/bots/api#setwebhook
 */
export interface SetWebhookParams {
  /** The HTTPS URL to deliver updates to. An empty string removes the webhook. */
  readonly url: string;
  /**
   * The certificate to verify the server by, if it is not from a public CA: PEM text, bytes, a `Blob`, or `{ file }`
   * with the path of a PEM file. It is uploaded. Telegram ignores it if it is a `{ file_id }`.
   */
  readonly certificate?: WebhookCertificate | undefined;
  /** The IPv4 address to deliver to, instead of the address that the URL's host resolves to. */
  readonly ip_address?: string | undefined;
  /**
   * How many connections Telegram may open at the same time: 1–100, default 40. With an `apiRoot` that is not
   * Telegram's, up to 100 000.
   */
  readonly max_connections?: number | undefined;
  /**
   * The kinds of update to send, such as `["message", "callback_query"]`. Empty: every kind except
   * `chat_member`, `message_reaction` and `message_reaction_count`. Default: what was set last.
   */
  readonly allowed_updates?: AllowedUpdates | undefined;
  /** Whether to discard pending updates. Default: `false`. */
  readonly drop_pending_updates?: boolean | undefined;
  /**
   * What Telegram sends in the header `X-Telegram-Bot-Api-Secret-Token`: 1–256 characters of `A-Z a-z 0-9 _ -`.
   * Default: the header is not sent.
   */
  readonly secret_token?: string | undefined;
}

/**
 * The parameters of `deleteWebhook`.
 *
 * @see https://core.telegram.org/bots/api#deletewebhook
 */
export interface DeleteWebhookParams {
  /** Whether to discard pending updates. Default: `false`. */
  readonly drop_pending_updates?: boolean | undefined;
}

const SET_WEBHOOK_PARAMS = {
  url: true,
  certificate: true,
  ip_address: true,
  max_connections: true,
  allowed_updates: true,
  drop_pending_updates: true,
  secret_token: true,
} satisfies Record<keyof SetWebhookParams, true>;

/**
 * Refuses what Telegram would refuse or, worse, ignore: a misspelled `secretToken` would be a webhook without a
 * secret.
 *
 * @param maxConnections The highest `max_connections` that the server accepts.
 * @throws {TelehookError} `ERR_OPTION`, `ERR_SECRET_TOKEN`
 */
export function assertSetWebhookParams(params: SetWebhookParams, maxConnections: number): void {
  checkOptionNames("setWebhook", params, SET_WEBHOOK_PARAMS);
  if (params.url === undefined) {
    throw new TelehookError(
      "ERR_OPTION",
      'setWebhook needs a "url" (an empty one deliberately removes the webhook)',
    );
  }
  checkText("url", params.url);
  checkText("ip_address", params.ip_address);
  checkNumber("max_connections", params.max_connections, { default: 40, min: 1, max: maxConnections });
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
