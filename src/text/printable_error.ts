import { inspect } from "../platform/inspect.ts";
import { UNREADABLE } from "./error_reason.ts";
import { redactedCopy, redactor } from "./redact.ts";

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
 * An error as it may be printed. Consoles print the text of an error as it is, and a handler may have put into it what a user
 * wrote; they print its properties too, and there `fetch` of Bun and other clients keep the address, with the bot's token in it.
 * An error without control characters and tokens is returned itself, with everything that belongs to it, any other as its text.
 * What a `Response` or a `Map` prints is in none of its properties: only the console's own text shows it.
 */
function printableError(error: unknown): unknown {
  const text = typeof error === "string" ? error : inspect(error);
  if (text !== undefined) {
    const printable = printableText(text);
    return printable === text && !hasToken(error) ? error : printable;
  }
  const isPrintable = !hasToken(error) && !(error instanceof Error && hasControls(error));
  return isPrintable ? error : redactedCopy(error, printableText);
}

/** A text of somebody else's as it may be printed: it keeps its lines. */
export function printableText(text: string): string {
  return withoutTokens(withoutControls(text));
}

const withoutTokens = /* @__PURE__ */ redactor(undefined);

function withoutControls(text: string): string {
  return text.replace(UNPRINTABLE, "·");
}

function hasControls(error: Error, depth = 0): boolean {
  const text = `${error.name}${error.message}${error.stack}`;
  if (withoutControls(text) !== text) return true;
  return depth < 8 && error.cause instanceof Error && hasControls(error.cause, depth + 1);
}

/** How deep and how much a console may print, and more. */
const DEEPEST = 8;
const MOST_VALUES = 10_000;
const MOST_ITEMS = 1_000;

/** Whether a bot token is among the properties of a value. What cannot be read or is too large to tell counts as if. */
function hasToken(thrown: unknown): boolean {
  const seen = new Set<unknown>([thrown]);
  let level = [thrown];
  for (let depth = 0; depth < DEEPEST && level.length > 0; depth++) {
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value === "string" && withoutTokens(value) !== value) return true;
      if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) continue;
      const values = printedValues(value);
      if (values === undefined) return true;
      for (const inner of values) {
        if (seen.size > MOST_VALUES) return true;
        if (seen.has(inner)) continue;
        seen.add(inner);
        next.push(inner);
      }
    }
    level = next;
  }
  return false;
}

/** The properties of a value, without calling a getter, and of an error also what is not enumerable. */
function printedValues(value: object): readonly unknown[] | undefined {
  try {
    if (Array.isArray(value)) return value.slice(0, MOST_ITEMS);
    const keys = Reflect.ownKeys(value).slice(0, MOST_VALUES + 1);
    const properties = keys.map((key) => Object.getOwnPropertyDescriptor(value, key));
    if (value instanceof Error) return [value.stack, ...properties.map((property) => property?.value)];
    return properties.filter((property) => property?.enumerable).map((property) => property?.value);
  } catch {
    return undefined; // a Proxy, which consoles print without asking it
  }
}
