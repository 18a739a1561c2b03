/**
 * A text that somebody else wrote, safe to print on one line: control characters could move the cursor or rewrite what
 * stands on the terminal, and marks of direction could turn a line around.
 */
export function plainText(text: string, longest = 300): string {
  const line = text
    .replace(/\r?\n/g, " ⏎ ")
    .replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/gu, "·");
  const characters = [...line];
  return characters.length > longest ? `${characters.slice(0, longest - 1).join("")}…` : line;
}
