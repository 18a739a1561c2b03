import { TelehookError } from "../errors/telehook_error.ts";
import { quote } from "../text/quote.ts";

/*
 * Paths are compared as the URL standard writes them: bytes beyond ASCII percent-encoded, "." and ".." resolved, "\\" as
 * "/". Bun shows requests in this form only, so it is the one form in which all runtimes agree; and it is safe, since the
 * path only chooses who answers. Who may deliver is decided by the secret token. Node itself answers 400 to bytes beyond
 * ASCII, so the path must be registered with Telegram in its normal form, which is the only one that `wirePath` accepts.
 */

/**
 * Checks the path of the option.
 *
 * @returns The path.
 * @throws {TelehookError} `ERR_PATH` unless it starts with one "/", has no query or fragment, and is in normal form.
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
      `A path cannot contain a query, a fragment, a backslash or white space, unlike ${
        quote(path)
      }: use the part before them, percent-encoded`,
    );
  }
  const normal = normalPath(path);
  if (normal !== path) {
    throw new TelehookError(
      "ERR_PATH",
      `The path ${quote(path)} is not as requests contain it: use ${
        quote(normal)
      }, also in the URL for setWebhook, because Telegram sends the path exactly as it was registered`,
    );
  }
  return path;
}

/** A path in the normal form of the URL standard; what is not a path is returned as it is. */
export function normalPath(path: string): string {
  const url = `http://host${path}`;
  return path.startsWith("/") && URL.canParse(url) ? new URL(url).pathname : path;
}

/** Whether a request's path is the one that {@link wirePath} has checked. Most are in normal form, so that is compared first. */
export function isPath(given: string, path: string): boolean {
  return given === path || normalPath(given) === path;
}

/** The path of a request's target or URL, without query and fragment, from `start` on. */
export function pathFrom(url: string, start: number): string {
  let end = start;
  for (; end < url.length; end++) {
    const code = url.charCodeAt(end);
    if (code === 0x3f || code === 0x23) break; // ? #
  }
  return url.slice(start, end);
}
