import type { Bytes } from "./der.ts";
import { hintForOneLine, hintForText } from "./pem_hints.ts";
import { Unreadable } from "./unreadable.ts";

/**
 * One `-----BEGIN …-----` block of RFC 7468, with the `Name: value` lines that RFC 1421 puts before the data.
 */
export interface PemBlock {
  readonly label: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly bytes: Bytes;
}

/** Labels are quoted in messages. Anything else in their place may be a key whose line breaks are lost. */
const EDGE = /^-----(BEGIN|END) ([A-Z0-9 ]{1,40})-----$/;

/** Reads all blocks of a text, in order. Text between blocks is left out. */
export function readPem(text: string): [PemBlock, ...PemBlock[]] {
  const hint = hintForOneLine(text);
  if (hint !== undefined) throw new Unreadable("damaged", hint);
  const blocks: PemBlock[] = [];
  // A block begins on the last line of another one where files were joined and the first has no line break at its end.
  const lines = text.split(/\r\n|\n|\r|(?<=-----)(?=-----BEGIN )/).map((line) => line.trim());
  for (let index = 0; index < lines.length; index++) {
    const label = labelOf("BEGIN", lines[index]);
    if (label === undefined) continue;
    let end = index + 1;
    while (end < lines.length && labelOf("END", lines[end]) !== label) end++;
    if (end === lines.length) {
      throw new Unreadable("damaged", `"-----BEGIN ${label}-----" has no "-----END ${label}-----"`);
    }
    blocks.push(readBlock(label, lines.slice(index + 1, end)));
    index = end;
  }
  const [first, ...rest] = blocks;
  if (first === undefined) throw new Unreadable("damaged", hintForText(text));
  return [first, ...rest];
}

/** Writes a block with lines of 64 characters. */
export function writePem(label: string, bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  const lines = btoa(binary).replace(/.{1,64}/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
}

function labelOf(edge: "BEGIN" | "END", line = ""): string | undefined {
  // A file may start with a byte order mark, which trim() takes away.
  const [, found, label] = EDGE.exec(line) ?? [];
  return found === edge ? label : undefined;
}

function readBlock(label: string, lines: string[]): PemBlock {
  const headers = new Map<string, string>();
  const data = lines.filter((line) => {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon), line.slice(colon + 1).trim());
    return colon < 0;
  });
  try {
    return { label, headers, bytes: Uint8Array.from(atob(data.join("")), (char) => char.charCodeAt(0)) };
  } catch {
    throw new Unreadable("damaged", `the content of "-----BEGIN ${label}-----" is not Base64`);
  }
}
