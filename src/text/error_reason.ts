import { withoutTokens } from "./quote.ts";
import { redactedBeginning } from "./redact.ts";

/** What is said of an error that fails when it is read, such as an object without a prototype, as some parsers make. */
export const UNREADABLE = "an object that has no text was thrown";

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOENT: "there is no such file or directory",
  EEXIST: "it already exists",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of the path is not a directory",
  ENOSPC: "there is no space left on the device",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  EPIPE: "nobody reads it any longer",
  ECONNREFUSED: "connection refused",
  ConnectionRefused: "connection refused",
  ECONNRESET: "connection reset",
  ETIMEDOUT: "connection timed out",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "the network is unreachable",
};

/**
 * Why something failed, in the same words on every runtime: those of the innermost cause, because on Node all that the
 * outer error says may be "fetch failed". It never throws.
 */
export function errorReason(error: unknown): string {
  try {
    return innermostReason(error);
  } catch {
    return UNREADABLE;
  }
}

/** As many characters of an error are kept. */
const MOST_KEPT = 10_000;

/** An error, or anything else that was thrown, as a text to keep: short, and without a bot's token. It never throws. */
export function errorText(error: unknown): string {
  try {
    return redactedBeginning(String(error), MOST_KEPT, withoutTokens);
  } catch {
    return UNREADABLE;
  }
}

/**
 * How many causes are looked at, since a chain may be a ring. Bun does not overflow its stack in such a recursion, so that it
 * would not end.
 */
const MOST_CAUSES = 8;

function innermostReason(error: unknown, depth = 0): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const known = REASONS[code];
  if (known !== undefined) return known;
  if (error.cause instanceof Error && depth < MOST_CAUSES) return innermostReason(error.cause, depth + 1);
  // Deno's fetch puts no code on its errors.
  if (/connection refused/i.test(error.message)) return "connection refused";
  return error.message.trim() || code || error.name;
}
