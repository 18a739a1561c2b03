import type { BotApi, BotApiCallOptions } from "../bot_api/bot_api.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import { plainText } from "../text/plain_text.ts";
import type { WebhookInfo } from "../updates/webhook_info.ts";

/**
 * What Telegram knows of the webhook, exactly as it says it.
 *
 * @throws {TelehookError} `ERR_BOT_API_UNREACHABLE` if the answer is something else, because the server only looks like
 * a Bot API.
 */
export async function readWebhookInfo(api: BotApi, options?: BotApiCallOptions): Promise<WebhookInfo> {
  const info: unknown = await api.getWebhookInfo(options);
  if (!isWebhookInfo(info)) {
    throw new TelehookError(
      "ERR_BOT_API_UNREACHABLE",
      'getWebhookInfo: the answer does not describe a webhook. Check "apiRoot"',
    );
  }
  return info;
}

/** What Telegram knows of the webhook, without control characters, so that it can be printed. */
export function plainWebhookInfo(info: WebhookInfo): WebhookInfo {
  const { ip_address, last_error_message, allowed_updates } = info;
  return {
    ...info,
    url: plainText(info.url, 2048),
    ...typeof ip_address === "string" && { ip_address: plainText(ip_address) },
    ...typeof last_error_message === "string" && { last_error_message: plainText(last_error_message) },
    ...Array.isArray(allowed_updates) && {
      allowed_updates: allowed_updates.map((kind) => plainText(String(kind), 40)),
    },
  };
}

function isWebhookInfo(value: unknown): value is WebhookInfo {
  return typeof value === "object" && value !== null && "url" in value && typeof value.url === "string" &&
    "pending_update_count" in value && typeof value.pending_update_count === "number";
}
