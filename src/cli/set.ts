import type { Command, CommandContext } from "./command.ts";
import { BOT_FLAGS, botApiOf, requiredWebhookUrl, SECRET_FLAGS, secretOf, URL_FLAG } from "./settings.ts";
import { readTextFile } from "./text_file.ts";
import { allowedUpdates, KINDS_FLAG } from "./update_kinds.ts";

/** `telehook set` */
export const set: Command = {
  usage: "telehook set --url <url> [options]",
  about: [
    "Tells Telegram where to deliver the bot's updates (setWebhook). Unless a secret is named, it is derived from the bot",
    "token, as telehook's own servers do: nothing needs to be stored or told to them.",
  ].join("\n"),
  flags: {
    ...URL_FLAG,
    ...SECRET_FLAGS,
    ...KINDS_FLAG,
    certificate: { value: "<file>", about: "PEM certificate to upload, for a server with a self-signed one" },
    "max-connections": {
      value: "<n>",
      about: "How many deliveries at the same time, 1 to 100, 40 by default",
    },
    "ip-address": { value: "<ip>", about: "IPv4 address to deliver to, whatever the host's name leads to" },
    "drop-pending": { about: "Drop the updates that wait" },
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
  const secret = await secretOf(context);
  const certificate = flags.text("certificate");
  await api.setWebhook({
    url: url.href,
    secret_token: secret ?? undefined,
    allowed_updates: allowedUpdates(flags),
    certificate: certificate === undefined ? undefined : readTextFile(certificate),
    max_connections: flags.number("max-connections", { min: 1, max: 100 }),
    ip_address: flags.text("ip-address"),
    drop_pending_updates: flags.has("drop-pending") || undefined,
  });
  output.print(`Telegram delivers to ${url.href} from now on.`);
  output.print(
    secret === null
      ? "Deliveries have no secret: whoever knows the address can post updates."
      : flags.text("secret") === undefined
      ? "Their secret is derived from the bot token: deriveSecretToken(token) in your code, or telehook listen."
      : `Their secret is the one from ${flags.source("secret")}.`,
  );
  return 0;
}
