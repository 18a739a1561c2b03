/**
 * What must not reach a terminal: control characters can move the cursor or rewrite what is shown, and direction marks
 * can turn a line around.
 */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\u2028\u2029\ufeff\ufff9-\ufffb]/gu;

/** A text that somebody else wrote, safe to print on one line. */
export function plainText(text: string, maxLength = 300): string {
  const beginning = text.slice(0, 2 * (maxLength + 1)); // a character is one unit or two, and a text may be very long
  const line = beginning.replace(/\r?\n/g, " ⏎ ").replace(UNPRINTABLE, "·");
  const characters = [...line];
  return characters.length > maxLength ? `${characters.slice(0, maxLength - 1).join("")}…` : line;
}

/** A value as one line of JSON that is safe to print. A reader of the JSON gets exactly the value. */
export function plainJson(value: unknown): string {
  // JSON.stringify escapes only C0. In its result, such characters are inside of strings.
  return JSON.stringify(value).replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The styles of a terminal, which take no room. */
// deno-lint-ignore no-control-regex
const STYLE = /\x1b\[[\d;]*m/g;

const NO_WIDTH = /[\p{Mn}\p{Me}\u200b-\u200d\ufe00-\ufe0f]/u;
const WIDE =
  /[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;

/** A line as it may be printed by us: without control characters other than our own styles. */
export function styledText(line: string): string {
  const styles = line.match(STYLE) ?? [];
  return line.split(STYLE).map((part) => part.replace(UNPRINTABLE, "·"))
    .reduce((text, part, index) => text + (styles[index - 1] ?? "") + part);
}

/** How many columns a text takes on a terminal. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text.replace(STYLE, "")) {
    columns += NO_WIDTH.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  }
  return columns;
}

/**
 * Breaks a line between words, so that it fits.
 *
 * @param columns How wide a line may be.
 * @param indent By how many columns every line but the first is indented.
 */
export function wrapText(line: string, columns: number, indent = 0): string[] {
  if (columnsOf(line) <= columns) return [line];
  const margin = " ".repeat(indent);
  const lines: string[] = [];
  let current = "";
  // A space belongs to the word behind it, so that columns that are aligned by spaces stay aligned.
  for (const word of line.match(/ *[^ ]+/g) ?? []) {
    let rest = word;
    if (current !== "" && columnsOf(current) + columnsOf(rest) > columns) {
      lines.push(current);
      current = margin;
      rest = rest.trimStart();
    }
    // An address is left whole, so that it can be copied.
    while (current.trim() === "" && columnsOf(current + rest) > columns && !/^\W*https?:/.test(rest)) {
      const room = Math.max(1, columns - columnsOf(current));
      const characters = [...rest];
      if (characters.length <= room) break;
      lines.push(current + characters.slice(0, room).join(""));
      rest = characters.slice(room).join("");
      current = margin;
    }
    current += rest;
  }
  if (current.trim() !== "") lines.push(current);
  return lines;
}

/** Breaks a command line, so that it fits and can still be copied into a shell. */
export function wrapCommand(line: string, columns: number, indent: number): string[] {
  if (columnsOf(line) <= columns) return [line];
  const lines = wrapText(line, columns - 2, indent);
  return lines.map((each, index) => index === lines.length - 1 ? each : `${each} \\`);
}
