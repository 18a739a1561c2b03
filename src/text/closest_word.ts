/** With fewer letters, the beginning of a word says too little. */
const SHORTEST_BEGINNING = 4;

/**
 * The word that was probably meant: the nearest one, or the only one that begins like this. Case does not matter.
 *
 * @param maxEdits How many letters may be wrong: by default, one in three.
 */
export function closestWord(
  word: string,
  words: readonly string[],
  maxEdits: number = Math.max(1, Math.floor(word.length / 3)),
): string | undefined {
  const [best] = words
    // A longer difference cannot be bridged, and comparing takes the product of both lengths.
    .filter((each) => Math.abs(each.length - word.length) <= maxEdits)
    .map((each) => ({ each, edits: editsBetween(word.toLowerCase(), each.toLowerCase()) }))
    .filter(({ edits }) => edits <= maxEdits)
    .sort((a, b) => a.edits - b.edits);
  return best?.each ?? onlyBeginningWith(word, words);
}

/** `hostname` for `host`. */
function onlyBeginningWith(beginning: string, words: readonly string[]): string | undefined {
  if (beginning.length < SHORTEST_BEGINNING) return undefined;
  const [found, another] = words.filter((each) => each.toLowerCase().startsWith(beginning.toLowerCase()));
  return another === undefined ? found : undefined;
}

/**
 * The end of a message about an unknown word: `Did you mean "message"?`, or what else to do if no word is near.
 *
 * @param fallback What the message says if no word is near, such as a list of all words.
 * @param write How the word is written, quoted: by default alone.
 * @param maxEdits How many letters may be wrong: by default, one in three.
 */
export function didYouMean(
  word: string,
  words: readonly string[],
  fallback: string,
  write: (word: string) => string = (each) => each,
  maxEdits?: number,
): string {
  const meant = closestWord(word, words, maxEdits);
  return meant === undefined ? fallback : `Did you mean "${write(meant)}"?`;
}

/** How many letters must be inserted, removed, replaced or swapped with their neighbor. */
function editsBetween(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(Math.min(
        at(row, j - 1) + 1,
        at(last, j) + 1,
        at(last, j - 1) + (isSame ? 0 : 1),
        isSwap ? at(beforeLast, j - 2) + 1 : Infinity,
      ));
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
