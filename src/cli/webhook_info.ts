import { type BotApi, TelehookError, type WebhookInfo } from "../../mod.ts";

/**
 * What Telegram knows of the webhook.
 *
 * @throws {TelehookError} `ERR_BOT_API_UNREACHABLE` if the answer is something else, as of a server that only looks like
 * a Bot API.
 */
export async function webhookInfo(api: BotApi): Promise<WebhookInfo> {
  const info: unknown = await api.getWebhookInfo();
  if (isWebhookInfo(info)) return info;
  throw new TelehookError(
    "ERR_BOT_API_UNREACHABLE",
    'The answer to "getWebhookInfo" says nothing of a webhook: check --api-root (TELEGRAM_API_ROOT)',
  );
}

function isWebhookInfo(value: unknown): value is WebhookInfo {
  return typeof value === "object" && value !== null && "url" in value && typeof value.url === "string" &&
    "pending_update_count" in value && typeof value.pending_update_count === "number";
}
