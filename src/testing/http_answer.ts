import { Buffer } from "node:buffer";
import { gunzipSync, inflateSync } from "node:zlib";
import { concatBytes } from "./concat_bytes.ts";

/** An HTTP answer as it came over the wire. */
export interface Answer {
  /** The status code. */
  status: number;
  /** The text behind it. */
  reason: string;
  /** Every header by its lower-case name; the last wins. */
  headers: ReadonlyMap<string, string>;
  /** How the end of the body was told. */
  framing: "content-length" | "chunked" | "none";
  /** The body as it stands after decoding. */
  bytes: Uint8Array;
  /** The body as text. */
  body: string;
  /** Whether the connection may be used again. */
  keepAlive: boolean;
}

/** An answer that Telegram cannot read; the message is what `getWebhookInfo` then tells. */
export class UnreadableAnswer extends Error {}

interface Head extends Pick<Answer, "status" | "reason" | "headers" | "keepAlive"> {
  bodyStart: number;
}

/** A longer head is refused. */
const MAX_HEAD_BYTES = 1 << 18;
/** A longer body of JSON is refused. */
const MAX_BODY_BYTES = 1 << 20;

/**
 * Reads answers out of a connection's bytes as Telegram does: no `Content-Length` means no body, whatever stands
 * behind an answer is taken for the next one, and an interim answer such as `100 Continue` for a whole one.
 */
export class AnswerReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #head: Head | undefined;

  /** How many bytes came that no answer has used yet. */
  get unread(): number {
    return this.#bytes.length;
  }

  /** Adds bytes from the connection. */
  push(chunk: Uint8Array): void {
    this.#bytes = this.#bytes.length > 0 ? concatBytes([this.#bytes, chunk]) : chunk;
  }

  /**
   * Takes the next answer if it is there in full.
   *
   * @throws {UnreadableAnswer} if what came is not an answer that Telegram can read.
   */
  read(): Answer | undefined {
    this.#head ??= readHead(this.#bytes);
    const head = this.#head;
    if (!head) return undefined;
    const found = readBody(this.#bytes, head);
    if (!found) return undefined;
    this.#bytes = this.#bytes.slice(found.end);
    this.#head = undefined;
    const { bodyStart: _, ...answer } = head;
    const bytes = decode(found.bytes, head.headers.get("content-encoding")?.toLowerCase());
    return { ...answer, framing: found.framing, bytes, body: new TextDecoder().decode(bytes) };
  }
}

function readHead(bytes: Uint8Array): Head | undefined {
  const end = indexOf(bytes, "\r\n\r\n", 0);
  if (end < 0) {
    if (bytes.length > MAX_HEAD_BYTES) {
      throw new UnreadableAnswer("Request Header Fields Too Large: total headers size exceeded");
    }
    return undefined;
  }
  const [statusLine = "", ...lines] = latin1(bytes.subarray(0, end)).split("\r\n");
  const [version = "", code = "", ...reason] = statusLine.split(" ");
  if (!version.startsWith("HTTP")) throw new UnreadableAnswer("Not Implemented");
  if (version !== "HTTP/1.1" && version !== "HTTP/1.0") {
    throw new UnreadableAnswer("HTTP Version Not Supported");
  }
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 0) throw new UnreadableAnswer("Bad Request");
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const connection = headers.get("connection")?.toLowerCase();
  return {
    status: Number.parseInt(code, 10) || 0,
    reason: reason.join(" "),
    headers,
    keepAlive: connection === undefined ? version === "HTTP/1.1" : connection !== "close",
    bodyStart: end + 4,
  };
}

type Body = { bytes: Uint8Array; end: number; framing: Answer["framing"] };

function readBody(bytes: Uint8Array, { headers, bodyStart }: Head): Body | undefined {
  const coding = headers.get("transfer-encoding")?.toLowerCase() ?? "";
  if (coding === "chunked") return readChunks(bytes, bodyStart, headers);
  if (coding) throw new UnreadableAnswer("Unimplemented: unsupported transfer-encoding");
  const length = Number.parseInt(headers.get("content-length") ?? "0", 10) || 0;
  checkLength(length, headers);
  const end = bodyStart + length;
  if (bytes.length < end) return undefined;
  const framing = headers.has("content-length") ? "content-length" : "none";
  return { bytes: bytes.slice(bodyStart, end), end, framing };
}

function readChunks(bytes: Uint8Array, start: number, headers: Head["headers"]): Body | undefined {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let at = start;;) {
    const lineEnd = indexOf(bytes, "\r\n", at);
    // Telegram has no room for chunk extensions: a size of more than eight characters ends the exchange.
    if ((lineEnd < 0 ? bytes.length : lineEnd) - at > 8) {
      throw new UnreadableAnswer(
        `Bad Request: Too long length in chunked ${latin1(bytes.subarray(at, lineEnd))}`,
      );
    }
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(latin1(bytes.subarray(at, lineEnd)), 16) || 0;
    length += size;
    checkLength(length, headers);
    const chunkEnd = lineEnd + 2 + size;
    if (bytes.length < chunkEnd + 2) return undefined;
    if (size === 0) return { bytes: concatBytes(parts), end: chunkEnd + 2, framing: "chunked" };
    parts.push(bytes.slice(lineEnd + 2, chunkEnd));
    at = chunkEnd + 2;
  }
}

function decode(bytes: Uint8Array, coding = ""): Uint8Array {
  if (bytes.length === 0 || coding === "" || coding === "none") return bytes;
  if (coding !== "gzip" && coding !== "deflate") {
    throw new UnreadableAnswer("Unsupported Media Type: unsupported content-encoding");
  }
  try {
    return new Uint8Array(bytes[0] === 0x1f ? gunzipSync(bytes) : inflateSync(bytes));
  } catch {
    throw new UnreadableAnswer("Bad Request: invalid compressed content");
  }
}

function checkLength(length: number, headers: Head["headers"]): void {
  if (length > MAX_BODY_BYTES && isParameters(headers)) {
    throw new UnreadableAnswer("Request Entity Too Large: too many parameters");
  }
}

function isParameters(headers: ReadonlyMap<string, string>): boolean {
  return /application\/(json|x-www-form-urlencoded)/i.test(headers.get("content-type") ?? "");
}

function indexOf(bytes: Uint8Array, text: string, from: number): number {
  const codes = [...text].map((char) => char.charCodeAt(0));
  for (let at = from; at <= bytes.length - codes.length; at++) {
    if (codes.every((code, offset) => bytes[at + offset] === code)) return at;
  }
  return -1;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
