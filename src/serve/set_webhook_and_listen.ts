import { botApi, type BotApiOptions } from "../bot_api/bot_api.ts";
import { deriveSecretToken } from "../bot_api/derive_secret_token.ts";
import type { SetWebhookParams } from "../bot_api/webhook_params.ts";
import { type Receiver, toUpdateReceiver } from "../receiver/receiver.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import { secretCheck } from "../guard/secret_token.ts";
import { checkOptionNames } from "../checks/options.ts";
import { quote } from "../text/quote.ts";
import { listen, LISTEN_OPTION_NAMES, type ListenOptions } from "./listen.ts";
import type { WebhookServer } from "./server.ts";
import { webhookUrl } from "./webhook_url.ts";

/** Options of {@link setWebhookAndListen}: those of {@link listen}, and what to register. */
export interface SetWebhookAndListenOptions
  extends Omit<ListenOptions, "secretToken">, Omit<BotApiOptions, "signal"> {
  /** The bot's token, as @BotFather shows it. */
  readonly token: string;
  /**
   * What to call `setWebhook` with. `allowed_updates` is what the receiver handles and `secret_token` is derived from
   * the bot token, unless given here. A `url` without a scheme is `https://`.
   */
  readonly webhook: SetWebhookParams;
  /**
   * The secrets that deliveries may have: by default the one that is registered. `null` registers none and lets anyone
   * post. Of several, the first is registered.
   */
  readonly secretToken?: string | readonly string[] | null;
}

/**
 * Starts a server and registers it with Telegram: one call, and updates come. It listens first, so that Telegram's first
 * delivery finds it, and closes again if Telegram refuses.
 *
 * Of several processes on one port (`reusePort`, or a cluster), one registers, before the others or alone: they call
 * {@link listen} with the same secret, {@link deriveSecretToken} of the bot's token.
 *
 * `path` is the URL's unless given, and with `tls` so is `port`. Closing does not delete the webhook: Telegram keeps the
 * updates for the next start.
 *
 * @param receiver What gets the updates.
 * @param options The bot's token, what to register, and everything that {@link listen} takes.
 * @returns The server, once Telegram knows it.
 * @throws {BotApiError} If Telegram refuses.
 * @throws {TelehookError} `ERR_WEBHOOK_URL` for a URL that Telegram cannot deliver to, `ERR_BOT_TOKEN`,
 * `ERR_BOT_API_UNREACHABLE`, and whatever {@link listen} throws.
 * @see https://core.telegram.org/bots/api#setwebhook
 *
 * @example
 * ```ts ignore
 * import { setWebhookAndListen, updateHandlers } from "@telehook/telehook";
 *
 * const server = await setWebhookAndListen(
 *   updateHandlers({ message: ({ message }) => console.log(message.text) }),
 *   { token: "123456789:AAexample", webhook: { url: "https://bot.example.org/telegram" }, port: 8080 },
 * );
 * await server.finished;
 * ```
 */
export async function setWebhookAndListen(
  receiver: Receiver,
  options: SetWebhookAndListenOptions,
): Promise<WebhookServer> {
  checkOptionNames("setWebhookAndListen", options, [
    ...LISTEN_OPTION_NAMES,
    "token",
    "webhook",
    "apiRoot",
    "fetch",
  ]);
  const { token, webhook: params, apiRoot, fetch, secretToken, path, port, ...listenOptions } = options;
  const { signal, tls } = listenOptions;
  const api = botApi(token, { apiRoot, fetch, signal });
  if (typeof params !== "object" || params === null) {
    throw new TelehookError(
      "ERR_OPTION",
      `"webhook" must be what setWebhook takes, such as { url }, not ${quote(params)}`,
    );
  }
  const url = webhookUrl(params.url, apiRoot === undefined ? "telegram" : "any");
  const secrets = await secretsFor(params.secret_token, secretToken, token);
  const [registered] = secrets ?? [];

  const ownPort = port === undefined && tls !== undefined ? Number(url.port) || 443 : port;
  const server = await listen(receiver, {
    ...listenOptions,
    ...(ownPort !== undefined && { port: ownPort }),
    path: path === undefined ? url.pathname : path,
    secretToken: secrets,
  });
  const filter = toUpdateReceiver(receiver);
  const allowedUpdates = params.allowed_updates ?? filter.allowedUpdates;
  filter.onRegistered?.(allowedUpdates); // at once, so that nobody subscribes in between to what is not asked for
  try {
    await api.setWebhook({
      ...params,
      url: url.href,
      allowed_updates: allowedUpdates,
      secret_token: registered,
    });
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

/** The secrets that are valid, the one to register first. */
async function secretsFor(
  registered: string | undefined,
  accepted: string | readonly string[] | null | undefined,
  token: string,
): Promise<readonly string[] | null> {
  if (accepted === null) {
    if (registered === undefined) return null;
    throw new TelehookError(
      "ERR_SECRET_TOKEN",
      '"secretToken" is null, yet "webhook.secret_token" is given: keep one',
    );
  }
  if (accepted !== undefined) secretCheck(accepted);
  const others = typeof accepted === "string" ? [accepted] : accepted ?? [];
  if (registered !== undefined) return [...new Set([registered, ...others])];
  return others.length > 0 ? others : [await deriveSecretToken(token)];
}
