import { UNREADABLE } from "./error_reason.ts";
import { redactedCopy } from "./redact.ts";

/** As in `plainText`, but an error has lines. */
const UNPRINTABLE =
  /(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\u2028\u2029\ufeff\ufff9-\ufffb]/gu;

/**
 * Prints an error, which may be anything that a user's code threw. It never throws: an error may fail when it is read, and the
 * console reads what this does not.
 */
export function printError(line: string, error: unknown): void {
  try {
    console.error(line, printableError(error));
  } catch {
    console.error(line, UNREADABLE);
  }
}

/**
 * An error as it may be printed on a terminal. Consoles print the text of an error as it is, and a handler may have put into
 * it what a user wrote. An error without control characters is returned itself, with everything that belongs to it.
 */
function printableError(error: unknown): unknown {
  if (typeof error === "string") return withoutControls(error);
  return error instanceof Error && hasControls(error) ? redactedCopy(error, withoutControls) : error;
}

function withoutControls(text: string): string {
  return text.replace(UNPRINTABLE, "·");
}

function hasControls(error: Error, depth = 0): boolean {
  const text = `${error.name}${error.message}${error.stack}`;
  if (withoutControls(text) !== text) return true;
  return depth < 8 && error.cause instanceof Error && hasControls(error.cause, depth + 1);
}
