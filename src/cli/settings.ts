import { ALL_UPDATE_KINDS, type AllowedUpdates, type BotApi, botApi, deriveSecretToken } from "../../mod.ts";
import { checkApiRoot, TELEGRAM_API_ROOT } from "../bot_api/api_root.ts";
import { assertBotToken } from "../bot_api/bot_token.ts";
import { assertSecretToken } from "../guard/secret_token.ts";
import { webhookUrl } from "../serve/webhook_url.ts";
import { closestWord, didYouMean } from "../text/closest_word.ts";
import { quote } from "../text/quote.ts";
import { redactor } from "../text/redact.ts";
import { type CommandContext, type FlagTable, UsageError } from "./command.ts";
import { environmentValue, type Flags } from "./flags.ts";
import { readTextFile } from "./text_file.ts";

/** The bot token. */
export const TOKEN_FLAG: FlagTable = {
  "token-file": {
    value: "<file>",
    env: "BOT_TOKEN_FILE",
    about: "File with the bot token (default: the environment variable BOT_TOKEN)",
  },
};

/** How to reach the bot, for every command that talks to the Bot API. */
export const BOT_FLAGS: FlagTable = {
  ...TOKEN_FLAG,
  "api-root": {
    value: "<url>",
    env: "TELEGRAM_API_ROOT",
    about: `Bot API server (default: ${TELEGRAM_API_ROOT})`,
  },
};

/** The secret token of the deliveries. */
export const SECRET_FLAGS: FlagTable = {
  "secret-file": {
    value: "<file>",
    env: "WEBHOOK_SECRET_FILE",
    about:
      "File with the secret token of the deliveries (default: WEBHOOK_SECRET, or derived from the bot token)",
  },
  "no-secret": { about: "Use no secret: anyone who knows the URL can post updates" },
};

/** Where updates are delivered. */
export const URL_FLAG: FlagTable = {
  url: {
    value: "<url>",
    env: "WEBHOOK_URL",
    about: "URL that Telegram delivers to: https, port 443, 80, 88 or 8443",
  },
};

/** The kinds of update to subscribe to. */
export const KINDS_FLAG: FlagTable = {
  "allowed-updates": {
    value: "<kinds>",
    about: 'Kinds of update: "message,callback_query", "all", or "default" for all but the opt-in ones',
  },
};

/** A secret and where it comes from, or nothing if it is not set. */
function secretSetting(
  { flags, env }: CommandContext,
  variable: string,
  fileFlag: string,
): { readonly value: string; readonly source: string } | undefined {
  const inEnvironment = environmentValue(env, variable);
  if (inEnvironment !== undefined && !flags.has(fileFlag)) return { value: inEnvironment, source: variable };
  const file = flags.text(fileFlag);
  if (file === undefined) return undefined;
  const [source, value] = [flags.source(fileFlag), readTextFile(file).trim()];
  if (value === "") throw new UsageError(`The file ${quote(file)} of ${source} is empty`);
  return { value, source };
}

/** The bot token, or nothing if it is not set. */
export function optionalBotToken(context: CommandContext): string | undefined {
  const token = secretSetting(context, "BOT_TOKEN", "token-file")?.value;
  if (token === undefined) return undefined;
  assertBotToken(token);
  context.output.hide(redactor(token));
  return token;
}

/** The bot token. */
export function requiredBotToken(context: CommandContext): string {
  const token = optionalBotToken(context);
  if (token !== undefined) return token;
  throw new UsageError(
    "The bot token is missing. Set BOT_TOKEN to the token that @BotFather gave you, or use --token-file",
  );
}

/** The passphrase of a private key, or nothing if it is not set. */
export function passphraseOf(context: CommandContext): string | undefined {
  const passphrase = secretSetting(context, "TLS_PASSPHRASE", "passphrase-file")?.value;
  if (passphrase !== undefined) context.output.hide(redactor(undefined, passphrase));
  return passphrase;
}

/** The server that is called for the bot, or nothing for Telegram's own. */
export function apiRootOf({ flags }: CommandContext): string | undefined {
  const root = flags.text("api-root");
  if (root === undefined) return undefined;
  const checked = checkApiRoot(root, flags.source("api-root"));
  return checked === TELEGRAM_API_ROOT ? undefined : checked;
}

/** A client for the bot. */
export function botApiOf(context: CommandContext): BotApi {
  return botApi(requiredBotToken(context), { apiRoot: apiRootOf(context) });
}

/** The URL of the webhook, checked, or nothing if it is not set. */
export function optionalWebhookUrl(context: CommandContext): URL | undefined {
  const url = context.flags.text("url");
  return url === undefined
    ? undefined
    : webhookUrl(url, apiRootOf(context) === undefined ? "telegram" : "any");
}

/** The URL of the webhook, checked. */
export function requiredWebhookUrl(context: CommandContext): URL {
  const url = optionalWebhookUrl(context);
  if (url !== undefined) return url;
  throw new UsageError(
    "The URL of the webhook is missing. Write --url https://bot.example.org/hook, or set WEBHOOK_URL",
  );
}

/** The secret token of deliveries, and where it comes from: `null` is deliberately none. */
export interface SecretChoice {
  readonly secret: string | null;
  readonly source: string;
}

/** The secret that was chosen, or nothing if it is left open. */
export function chosenSecret(context: CommandContext): SecretChoice | undefined {
  const { flags, output } = context;
  if (flags.has("no-secret")) {
    if (!flags.has("secret-file")) return { secret: null, source: "--no-secret" };
    throw new UsageError("--secret-file and --no-secret cannot be combined");
  }
  const chosen = secretSetting(context, "WEBHOOK_SECRET", "secret-file");
  if (chosen === undefined) return undefined;
  assertSecretToken(chosen.value);
  output.hide(redactor(undefined, chosen.value));
  return { secret: chosen.value, source: chosen.source };
}

/** The secret of deliveries: the chosen one, or the one that is derived from the bot token. */
export async function secretOf(context: CommandContext): Promise<SecretChoice> {
  const chosen = chosenSecret(context);
  if (chosen !== undefined) return chosen;
  const token = optionalBotToken(context);
  if (token !== undefined) return { secret: await deriveSecretToken(token), source: "BOT_TOKEN" };
  throw new UsageError(
    "No secret token: set WEBHOOK_SECRET, set BOT_TOKEN to derive it, or pass --no-secret to accept requests from " +
      "anyone",
  );
}

/**
 * The kinds of update that were named, or nothing. A kind that these types do not know may be newer than they are; one
 * that is nearly one of theirs is misspelled, which Telegram would not report.
 */
export function allowedUpdatesOf(flags: Flags): AllowedUpdates | undefined {
  const text = flags.text("allowed-updates");
  if (text === undefined) return undefined;
  if (text === "all") return ALL_UPDATE_KINDS;
  if (text === "default") return [];
  const known: readonly string[] = ALL_UPDATE_KINDS;
  return text.split(",").map((part) => {
    const kind = part.trim();
    if (!known.includes(kind) && closestWord(kind, known) !== undefined) {
      throw new UsageError(`Unknown kind of update ${quote(kind)}. ${didYouMean(kind, known, "")}`);
    }
    if (!/^[a-z_]+$/.test(kind)) {
      throw new UsageError(
        `--allowed-updates must be kinds separated by commas, such as "message,callback_query", not ${
          quote(text)
        }`,
      );
    }
    return kind;
  });
}
