import { Buffer } from "node:buffer";
import { BotApiRefusal } from "./refusal.ts";

type FormField = readonly [name: string, value: string | File];

/**
 * Reads the fields of a `multipart/form-data` body: a file where the part has a file name. The runtimes' own
 * `formData()` is too strict: Telegram takes part headers without a space and file names without quotes.
 *
 * @throws {BotApiRefusal} 400 if it cannot be read.
 * @see https://www.rfc-editor.org/rfc/rfc7578
 */
export function readFormData(contentType: string, body: Uint8Array): FormField[] {
  const boundary = headerParameters(contentType).get("boundary");
  if (!boundary) throw unreadable("boundary not found");
  // What precedes the first boundary is not a part; the line break makes the first look like the others.
  const bytes = Buffer.concat([Buffer.from("\r\n"), body]);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const fields: FormField[] = [];
  let end = bytes.indexOf(delimiter);
  while (end >= 0) {
    const start = end + delimiter.length;
    if (bytes.toString("latin1", start, start + 2) === "--") return fields;
    end = bytes.indexOf(delimiter, start);
    if (end >= 0) fields.push(readPart(bytes.subarray(start, end)));
  }
  throw unreadable("closing boundary not found");
}

/** Reads what is between two boundaries: the rest of the first one's line, headers, an empty line, the content. */
function readPart(part: Buffer): FormField {
  const headEnd = part.indexOf("\r\n\r\n");
  const [, ...lines] = part.toString("utf8", 0, Math.max(headEnd, 0)).split("\r\n");
  const headers = new Map(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
  }));
  const disposition = headerParameters(headers.get("content-disposition") ?? "");
  const name = disposition.get("name");
  if (!name) throw unreadable("field name in multipart data is empty");
  const content = part.subarray(headEnd + 4);
  const fileName = disposition.get("filename");
  if (fileName === undefined) return [name, content.toString()];
  return [name, new File([new Uint8Array(content)], fileName, { type: headers.get("content-type") ?? "" })];
}

/** The parameters of a header such as `form-data; name="a"; filename=b.txt`, by their lower-case names. */
function headerParameters(header: string): Map<string, string> {
  const found = header.matchAll(/;\s*([^\s=;]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^;]*))/g);
  return new Map([...found].map(([, name = "", quoted, bare = ""]) => [
    name.toLowerCase(),
    quoted === undefined ? bare.trim() : unescaped(quoted),
  ]));
}

/** Takes back what browsers (percent signs) and others (backslashes) write for what would end a quoted value. */
function unescaped(quoted: string): string {
  return quoted.replace(/\\(["\\])/g, "$1").replace(/%(22|0A|0D)/gi, (code) => decodeURIComponent(code));
}

function unreadable(what: string): BotApiRefusal {
  return new BotApiRefusal(400, `Bad Request: ${what}`);
}
