/** A bot token, wherever it stands. */
export const BOT_TOKEN: RegExp = /\d{5,}(?::|%3a)[\w-]{20,}/gi;

/** What somebody wrote, as a message quotes it: short, on one line, and without a token that stands in it. */
export function quoteValue(value: string): string {
  const safe = value.replace(BOT_TOKEN, "<token>");
  return JSON.stringify(safe.length > 80 ? `${safe.slice(0, 80)}…` : safe);
}
