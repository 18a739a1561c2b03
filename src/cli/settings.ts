import { type BotApi, botApi, deriveSecretToken } from "../../mod.ts";
import { checkApiRoot } from "../bot_api/api_root.ts";
import { assertBotToken } from "../bot_api/bot_token.ts";
import { assertSecretToken } from "../guard/secret_token.ts";
import { webhookUrl } from "../serve/webhook_url.ts";
import type { CommandContext, FlagTable } from "./command.ts";
import { readTextFile } from "./text_file.ts";
import { UsageError } from "./usage_error.ts";

/** How to reach the bot, for every command that talks to the Bot API. */
export const BOT_FLAGS: FlagTable = {
  "token-file": {
    value: "<file>",
    env: "BOT_TOKEN_FILE",
    about: "File with the bot token; otherwise it comes from BOT_TOKEN",
  },
  "api-root": {
    value: "<url>",
    env: "TELEGRAM_API_ROOT",
    about: "Bot API server, https://api.telegram.org by default",
  },
};

/** The secret of the deliveries. */
export const SECRET_FLAGS: FlagTable = {
  secret: {
    value: "<text>",
    env: "WEBHOOK_SECRET",
    about: "Secret token of the deliveries; derived from the bot token by default",
  },
  "no-secret": { about: "Have no secret: whoever knows the address can post updates" },
};

/** Where deliveries are to go. */
export const URL_FLAG: FlagTable = {
  url: {
    value: "<url>",
    env: "WEBHOOK_URL",
    about: "Address that Telegram delivers to: https, port 443, 80, 88 or 8443",
  },
};

/** The bot token, or nothing if none was named. */
export function optionalBotToken({ flags, env, output }: CommandContext): string | undefined {
  const given = env.BOT_TOKEN?.trim() || undefined;
  const file = flags.has("token-file") || given === undefined ? flags.text("token-file") : undefined;
  const token = file === undefined ? given : readTextFile(file).trim();
  if (token === undefined) return undefined;
  assertBotToken(token);
  output.hide(token);
  output.hide(token.slice(token.indexOf(":") + 1));
  return token;
}

/** The bot token. */
export function requiredBotToken(context: CommandContext): string {
  const token = optionalBotToken(context);
  if (token !== undefined) return token;
  throw new UsageError(
    "The bot token is missing: set BOT_TOKEN to what @BotFather shows, or name a file that holds it with --token-file",
  );
}

/** The server that is called for the bot, or nothing for Telegram's own. */
export function apiRootOf({ flags }: CommandContext): string | undefined {
  const root = flags.text("api-root");
  return root === undefined ? undefined : checkApiRoot(root, flags.source("api-root"));
}

/** A client for the bot. */
export function botApiOf(context: CommandContext): BotApi {
  return botApi(requiredBotToken(context), { apiRoot: apiRootOf(context) });
}

/** The address of the webhook, checked, or nothing if none was named. */
export function optionalWebhookUrl(context: CommandContext): URL | undefined {
  const url = context.flags.text("url");
  return url === undefined
    ? undefined
    : webhookUrl(url, apiRootOf(context) === undefined ? "telegram" : "any");
}

/** The address of the webhook, checked. */
export function requiredWebhookUrl(context: CommandContext): URL {
  const url = optionalWebhookUrl(context);
  if (url !== undefined) return url;
  throw new UsageError(
    "The address of the webhook is missing: write --url https://bot.example.org/hook, or set WEBHOOK_URL",
  );
}

/** The secret that was named; `null` for none on purpose; nothing if it is left open. */
export function chosenSecret({ flags, output }: CommandContext): string | null | undefined {
  if (flags.has("no-secret")) {
    if (!flags.has("secret")) return null;
    throw new UsageError("--secret and --no-secret say different things, write one of them");
  }
  const secret = flags.text("secret");
  if (secret === undefined) return undefined;
  assertSecretToken(secret);
  output.hide(secret);
  return secret;
}

/** The secret of deliveries: the one that was named, none on purpose, or the one that follows from the bot token. */
export async function secretOf(context: CommandContext): Promise<string | null> {
  const chosen = chosenSecret(context);
  if (chosen !== undefined) return chosen;
  const token = optionalBotToken(context);
  if (token !== undefined) return await deriveSecretToken(token);
  throw new UsageError(
    "It is not said which secret deliveries have: set WEBHOOK_SECRET, or BOT_TOKEN to derive it from, or write " +
      "--no-secret to let anyone post",
  );
}
