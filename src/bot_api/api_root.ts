import { TelehookError } from "../errors/telehook_error.ts";

/** Telegram's own Bot API server. */
export const TELEGRAM_API_ROOT = "https://api.telegram.org";

/**
 * The address of a Bot API server, without a slash at its end.
 *
 * @param name What to call it in a message.
 * @throws {TelehookError} `ERR_OPTION` unless it is a plain http or https URL.
 */
export function checkApiRoot(apiRoot: string, name: string): string {
  const url = URL.canParse(apiRoot) ? new URL(apiRoot) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username + url.password + url.search + url.hash !== "") {
    // Not quoted: if the whole address was passed, it contains the token.
    throw new TelehookError(
      "ERR_OPTION",
      `${name} must be an http or https URL without user name, query or fragment`,
    );
  }
  return (url.origin + url.pathname).replace(/\/+$/, "");
}

/** How many connections `setWebhook` accepts: a Bot API server of your own allows more than Telegram's. */
export function maxConnectionsAt(apiRoot: string): number {
  return apiRoot === TELEGRAM_API_ROOT ? 100 : 100_000;
}
