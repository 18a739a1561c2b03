import { TelehookError } from "../errors/telehook_error.ts";

/**
 * The address of a Bot API server, without a slash at its end.
 *
 * @param name What to call it in a message.
 * @throws {TelehookError} `ERR_OPTION` for what is no plain http or https URL.
 */
export function checkApiRoot(apiRoot: string, name: string): string {
  const url = URL.canParse(apiRoot) ? new URL(apiRoot) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username + url.password + url.search + url.hash !== "") {
    // Not quoted: someone who gives the whole address gives the token.
    throw new TelehookError(
      "ERR_OPTION",
      `${name} must be an http or https URL without user name, query or fragment`,
    );
  }
  return (url.origin + url.pathname).replace(/\/+$/, "");
}
