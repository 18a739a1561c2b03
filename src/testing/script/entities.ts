/** A marked part of a text: https://core.telegram.org/bots/api#messageentity */
export interface Entity {
  offset: number;
  length: number;
  type: string;
}

/** What Telegram marks in a text on its own. */
const PATTERNS: readonly (readonly [type: string, pattern: RegExp])[] = [
  ["bot_command", /(?<![\w/])\/[A-Za-z0-9_]{1,32}(?:@\w{3,32})?(?![\w/])/g],
  ["url", /https?:\/\/[^\s]+[^\s.,;:!?)]/g],
  ["email", /(?<![\w.])[\w.+-]+@[\w-]+\.[\w.-]*\w/g],
  ["mention", /(?<![\w@.+-])@[A-Za-z]\w{3,31}\b/g],
  ["hashtag", /(?<![\w#])#(?=\p{L}|\w*[A-Za-z_])[\p{L}\w]+/gu],
];

/** Finds the commands, addresses, mentions and hashtags of a text, first come first. */
export function findEntities(text: string): Entity[] {
  const found: Entity[] = [];
  for (const [type, pattern] of PATTERNS) {
    for (const { index, 0: { length } } of text.matchAll(pattern)) {
      const isTaken = found.some((entity) =>
        index < entity.offset + entity.length && entity.offset < index + length
      );
      if (!isTaken) found.push({ offset: index, length, type });
    }
  }
  return found.sort((a, b) => a.offset - b.offset);
}
