import { consoleText } from "./console_text.ts";
import { UNREADABLE } from "./error_reason.ts";
import { withoutTokens } from "./quote.ts";
import { redactedBeginning, redactedCopy } from "./redact.ts";

/** As in `plainText`, but an error has lines. */
const UNPRINTABLE =
  /(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\u2028\u2029\ufeff\ufff9-\ufffb]/gu;

/** As many characters of a text are printed. To look through megabytes would stop the event loop. */
const MOST_PRINTED = 2 ** 16;

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
 * An error as it may be printed: itself, with everything that belongs to it, unless its text has control characters or a bot's
 * token, or is very long. Consoles print what a user wrote, which a handler may have put into an error, and the address that
 * `fetch` of Bun and others keep in a property, or in a `Response`, of which only the console's own text shows it.
 */
function printableError(error: unknown): unknown {
  const text = typeof error === "string" ? error : consoleText(error);
  if (text === undefined) return redactedCopy(error, printableText); // nobody can tell what would be printed
  const printable = printableText(text);
  return printable === text ? error : printable;
}

/** A text of somebody else's as it may be printed: it keeps its lines, unless it is very long. */
export function printableText(text: string): string {
  return redactedBeginning(text, MOST_PRINTED, (beginning) => withoutTokens(withoutControls(beginning)));
}

function withoutControls(text: string): string {
  return text.replace(UNPRINTABLE, "·");
}
