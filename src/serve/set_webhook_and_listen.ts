import { botApi, type BotApiOptions, checkedEndpoint } from "../bot_api/bot_api.ts";
import { deriveSecretToken } from "../bot_api/derive_secret_token.ts";
import type { SetWebhookParams } from "../bot_api/webhook_params.ts";
import { type Receiver, toUpdateReceiver } from "../receiver/receiver.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import { secretCheck } from "../guard/secret_token.ts";
import { checkNumber, checkOptionNames } from "../checks/options.ts";
import { anySignal } from "../platform/any_signal.ts";
import { quote } from "../text/quote.ts";
import { listen, LISTEN_OPTION_NAMES, type ListenOptions } from "./listen.ts";
import { registerWebhook } from "./register_webhook.ts";
import type { WebhookServer } from "./server.ts";
import { loadTls, type TlsOptions } from "./tls_options.ts";
import { webhookUrl } from "./webhook_url.ts";

/** Options of {@link setWebhookAndListen}: those of {@link listen}, and what to register. */
export interface SetWebhookAndListenOptions
  extends Omit<ListenOptions, "secretToken">, Omit<BotApiOptions, "signal"> {
  /** The bot's token, as @BotFather shows it. */
  readonly token: string;
  /**
   * The parameters of `setWebhook`. `allowed_updates` is what the receiver handles, `secret_token` is derived from the bot
   * token, and `certificate` is that of `tls` if it is self-signed, unless given here. A `url` without a scheme is
   * `https://`.
   */
  readonly webhook: SetWebhookParams;
  /**
   * The secrets that deliveries may have: by default the one that is registered. `null` registers none and
   * deliberately accepts updates from anyone. Of several, the first is registered.
   */
  readonly secretToken?: string | readonly string[] | null;
  /**
   * How long to call `setWebhook` again while Telegram cannot be reached or answers 429 or 5xx, in milliseconds, with
   * growing pauses. Meanwhile the server already answers, for a webhook that is registered from the last start. Default:
   * 60 000; 0 tries once, `Infinity` does not give up.
   */
  readonly registerWithinMs?: number | undefined;
}

const OPTION_NAMES = {
  ...LISTEN_OPTION_NAMES,
  token: true,
  webhook: true,
  registerWithinMs: true,
  apiRoot: true,
  fetch: true,
} as const satisfies Record<keyof SetWebhookAndListenOptions, true>;

/**
 * Starts a server and registers it with Telegram. It starts listening, then registers the webhook, so that Telegram's
 * first delivery finds it. It closes the server again if Telegram refuses.
 *
 * If several processes share a port (`reusePort`, or a cluster), one of them registers. The others call {@link listen}
 * with the same secret, {@link deriveSecretToken} of the bot's token.
 *
 * `path` is the URL's unless given, and with `tls` so is `port`. With `tls`, Telegram connects to this server directly:
 * its certificate is checked against the URL, and uploaded if it is self-signed. Behind a proxy that connects to this
 * server by HTTPS, call {@link listen} and {@link BotApi.setWebhook} instead.
 *
 * Closing does not delete the webhook: Telegram keeps the updates for the next start.
 *
 * @param receiver Receives the updates.
 * @param options The bot's token, what to register, and everything that {@link listen} takes.
 * @returns The server, once Telegram has registered it.
 * @throws {BotApiError} If Telegram refuses.
 * @throws {TelehookError} `ERR_WEBHOOK_URL` for a URL that Telegram cannot deliver to, `ERR_TLS` for a certificate by
 * which Telegram cannot verify the URL's host, `ERR_BOT_TOKEN`, `ERR_BOT_API_UNREACHABLE`, `ERR_CLOSED` if the server is
 * closed before it is registered, and anything that {@link listen} throws.
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
  checkOptionNames("setWebhookAndListen", options, OPTION_NAMES);
  const {
    token,
    webhook: params,
    apiRoot,
    fetch,
    secretToken,
    registerWithinMs,
    path,
    port,
    ...listenOptions
  } = options;
  const { signal, tls } = listenOptions;
  const endpoint = checkedEndpoint(token, { apiRoot, fetch });
  const withinMs = checkNumber("registerWithinMs", registerWithinMs, {
    default: 60_000,
    min: 0,
    max: Infinity,
  });
  if (typeof params !== "object" || params === null) {
    throw new TelehookError(
      "ERR_OPTION",
      `"webhook" must be what setWebhook takes, such as { url }, not ${quote(params)}`,
    );
  }
  const url = webhookUrl(params.url, apiRoot === undefined ? "telegram" : "any");
  const secrets = await secretsFor(params.secret_token, secretToken, token);
  const [registered] = secrets ?? [];
  const certificate = tls === undefined
    ? params.certificate
    : await checkedCertificate(tls, url, path, params);

  const ownPort = port === undefined && tls !== undefined ? Number(url.port) || 443 : port;
  const server = await listen(receiver, {
    replies: botApi(token, { apiRoot, fetch }),
    ...listenOptions,
    ...(ownPort !== undefined && { port: ownPort }),
    path: path === undefined ? url.pathname : path,
    secretToken: secrets,
  });
  const filter = toUpdateReceiver(receiver);
  const allowedUpdates = params.allowed_updates ?? filter.allowedUpdates;
  filter.onRegistered?.(allowedUpdates); // now, so that nothing can subscribe to a kind that is not requested
  const closed = new AbortController();
  void server.finished.then(() => {
    closed.abort(
      new TelehookError("ERR_CLOSED", "The server was closed before Telegram had registered the webhook"),
    );
  });
  try {
    await registerWebhook(
      endpoint,
      {
        ...params,
        url: url.href,
        allowed_updates: allowedUpdates,
        secret_token: registered,
        ...certificate !== undefined && { certificate },
      },
      withinMs,
      signal ? anySignal([signal, closed.signal]) : closed.signal,
    );
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

/**
 * Finds now what would otherwise fail at each delivery, since Telegram connects to this server directly.
 *
 * @returns The certificate to upload, if any.
 */
async function checkedCertificate(
  tls: TlsOptions,
  url: URL,
  path: string | undefined,
  { certificate }: SetWebhookParams,
): Promise<SetWebhookParams["certificate"]> {
  if (path !== undefined && path !== url.pathname) {
    throw new TelehookError(
      "ERR_OPTION",
      `"path" is ${quote(path)}, and the URL has ${
        quote(url.pathname)
      }: with "tls", no proxy is there to change it. ` +
        'Leave out "path"',
    );
  }
  const [{ pair }, { checkHost, isSelfIssued }] = await Promise.all([
    loadTls(tls),
    import("../tls/host_check.ts"),
  ]);
  if (url.protocol !== "https:") return certificate;
  const uploaded = certificate ?? (isSelfIssued(pair.cert) ? pair.cert : undefined);
  const isIpv6 = url.hostname.startsWith("["); // only with a Bot API server of one's own
  if (!isIpv6) checkHost(pair.cert, url.hostname, uploaded !== undefined, 'The certificate of "tls"');
  return uploaded;
}

/** The secrets that are valid; the first is to be registered. */
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
