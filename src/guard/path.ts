import { TelehookError } from "../errors/telehook_error.ts";
import { quote } from "../text/quote.ts";

/**
 * A path as requests have it: percent-encoded as a URL is, so that `"/привет"` and what Telegram sends for it agree.
 *
 * @throws {TelehookError} `ERR_PATH` unless it starts with one "/" and has no query or fragment.
 */
export function wirePath(path: unknown): string {
  if (typeof path !== "string" || !path.startsWith("/") || path.startsWith("//")) {
    throw new TelehookError(
      "ERR_PATH",
      `A path must be a string that starts with one "/", not ${quote(path)}`,
    );
  }
  if (/[?#\\\s]/.test(path)) {
    throw new TelehookError(
      "ERR_PATH",
      `A path has no query, fragment, backslash or white space, unlike ${
        quote(path)
      }: write the part before them, percent-encoded`,
    );
  }
  const written = new URL(path, "http://host").pathname;
  if (/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(path)) {
    throw new TelehookError(
      "ERR_PATH",
      `A path cannot have "." or ".." segments, unlike ${quote(path)}: write ${quote(written)}`,
    );
  }
  return written;
}
