import { maxConnectionsAt, TELEGRAM_API_ROOT } from "../bot_api/api_root.ts";
import { describeKinds } from "../webhook_check/explain_webhook.ts";
import { plainWebhookInfo, readWebhookInfo } from "../webhook_check/webhook_info.ts";
import type { Command, CommandContext } from "./command.ts";
import {
  allowedUpdatesOf,
  apiRootOf,
  BOT_FLAGS,
  botApiOf,
  KINDS_FLAG,
  requiredWebhookUrl,
  SECRET_FLAGS,
  secretOf,
  URL_FLAG,
} from "./settings.ts";
import { readTextFile } from "./text_file.ts";

/** `telehook set` */
export const command: Command = {
  summary: "Tell Telegram where to deliver updates",
  usage: "telehook set --url <url> [options]",
  about:
    "Tells Telegram where to deliver the bot's updates (setWebhook). Without WEBHOOK_SECRET or --secret-file, the " +
    "secret token is derived from the bot token, as telehook's servers do, so there is nothing to store or configure.",
  flags: {
    ...URL_FLAG,
    ...SECRET_FLAGS,
    ...KINDS_FLAG,
    certificate: {
      value: "<file>",
      about: "PEM certificate to upload, if the server uses a self-signed one",
    },
    "max-connections": {
      value: "<n>",
      about: "How many deliveries at the same time: 1 to 100, more with --api-root (default: 40)",
    },
    "ip-address": {
      value: "<ip>",
      about: "IPv4 address to deliver to, instead of the address that the host name resolves to",
    },
    "drop-pending": { about: "Discard pending updates" },
    ...BOT_FLAGS,
  },
  examples: [
    "BOT_TOKEN=… telehook set --url https://bot.example.org/hook",
    "telehook set --token-file token.txt --url https://203.0.113.7:8443/hook --certificate telehook-cert.pem",
  ],
  run,
};

async function run(context: CommandContext): Promise<number> {
  const { flags, output } = context;
  const api = botApiOf(context);
  const url = requiredWebhookUrl(context);
  const { secret, source } = await secretOf(context);
  const certificate = flags.text("certificate");
  const allowedUpdates = allowedUpdatesOf(flags);
  const maxConnections = maxConnectionsAt(apiRootOf(context) ?? TELEGRAM_API_ROOT);
  await api.setWebhook({
    url: url.href,
    secret_token: secret ?? undefined,
    allowed_updates: allowedUpdates,
    certificate: certificate === undefined ? undefined : readTextFile(certificate),
    max_connections: flags.number("max-connections", { min: 1, max: maxConnections }),
    ip_address: flags.text("ip-address"),
    drop_pending_updates: flags.has("drop-pending") || undefined,
  });
  output.text(`${output.paint("green", "✓")} Telegram now delivers to ${url.href}.`, 2);
  output.text(`  Kinds of update: ${await kindsNow(allowedUpdates)}.`, 2);
  output.text(
    secret === null
      ? "  There is no secret token: anyone who knows the URL can post updates."
      : source === "BOT_TOKEN"
      ? "  The secret token is derived from the bot token: use deriveSecretToken(token) in your code, or telehook listen."
      : `  The secret token is the one from ${source}.`,
    2,
  );
  return 0;

  /** Telegram keeps the kinds that were set before, unless they are set. */
  async function kindsNow(set: readonly string[] | undefined): Promise<string> {
    if (set !== undefined) return describeKinds(set);
    const { allowed_updates } = plainWebhookInfo(await readWebhookInfo(api));
    return `unchanged, ${describeKinds(allowed_updates)}. To change this, use --allowed-updates`;
  }
}
