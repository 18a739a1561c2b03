import { plainJson } from "./plain_text.ts";

/**
 * A bot token, wherever it appears, also percent-encoded in a URL. It is looked for at the first of several digits only: a path
 * of many digits, which anybody may send, would take seconds.
 */
export const BOT_TOKEN: RegExp = /(?<!\d)\d+(?::|%3A)[\w-]{16,}/gi;

/** A text without bot tokens. */
export function withoutTokens(text: string): string {
  return text.replace(BOT_TOKEN, "<token>");
}

const MAX_LENGTH = 80;

/** A value as a message quotes it: short, on one line, and without a bot token that was passed by mistake. It never throws. */
export function quote(value: unknown): string {
  if (typeof value === "string") {
    const text = withoutTokens(value);
    return plainJson(text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text);
  }
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return kindOfObject(value);
  return String(value);
}

/** A proxy may throw when it is asked what it is. */
function kindOfObject(value: object): string {
  try {
    return value instanceof Promise ? "a promise" : Array.isArray(value) ? "an array" : "an object";
  } catch {
    return "an object";
  }
}

/** Words as a message lists them: `"a", "b"`. */
export function quoteAll(words: readonly string[], conjunction = ", "): string {
  return words.map((each) => `"${each}"`).join(conjunction);
}
