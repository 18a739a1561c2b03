import { Buffer } from "node:buffer";
import { gunzipSync, inflateRawSync, inflateSync } from "node:zlib";
import { concatBytes } from "./concat_bytes.ts";

/** An HTTP answer as it was received. */
export interface HttpAnswer {
  /** The status code. */
  status: number;
  /** The text behind it. */
  reason: string;
  /** Every header by its lower-case name; of two with one name, the first. */
  headers: ReadonlyMap<string, string>;
  /** How the end of the body was marked. */
  framing: "content-length" | "chunked" | "none";
  /** The body as it stands after decoding. */
  bytes: Uint8Array;
  /** The body as text. */
  body: string;
  /** Whether the connection may be used again. */
  keepAlive: boolean;
}

/** An answer that Telegram cannot read; the message is what `getWebhookInfo` then tells. */
export class UnreadableAnswer extends Error {
  /** The status that Telegram writes back before it closes the connection. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** A head that is longer and has no end yet is refused. */
const MAX_HEAD_BYTES = 1 << 18;
/** A longer body of parameters is refused, counted after decompression. */
const MAX_PARAMETER_BYTES = 1 << 20;

/**
 * Reads answers out of a connection's bytes as Telegram does: no `Content-Length` means no body, whatever follows
 * behind an answer is taken for the next one, and an interim answer such as `100 Continue` for a whole one.
 */
export class AnswerReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #head: Head | undefined;

  /** How many bytes have arrived that no answer has used yet. */
  get unread(): number {
    return this.#bytes.length;
  }

  /** Whether the head is too long, unless its end is among the bytes that the socket holds ready. */
  get isHeadTooLong(): boolean {
    return this.#head === undefined && this.#bytes.length > MAX_HEAD_BYTES;
  }

  /** Adds bytes from the connection. */
  push(chunk: Uint8Array): void {
    this.#bytes = this.#bytes.length > 0 ? concatBytes([this.#bytes, chunk]) : chunk;
  }

  /**
   * Takes the next answer if it is there in full.
   *
   * @throws {UnreadableAnswer} if what arrived is not an answer that Telegram can read.
   */
  read(): HttpAnswer | undefined {
    this.#head ??= readHead(this.#bytes);
    const head = this.#head;
    if (!head) return undefined;
    const found = readBody(this.#bytes, head);
    if (!found) return undefined;
    this.#bytes = this.#bytes.slice(found.end);
    this.#head = undefined;
    const { status, reason, headers, keepAlive, coding, type } = head;
    const bytes = decode(found.bytes, coding);
    checkLength(bytes.length, type);
    const body = new TextDecoder().decode(bytes);
    return { status, reason, headers, keepAlive, framing: found.framing, bytes, body };
  }
}

/** The start of an answer. Of two headers with one name the first is shown, but the last decides how the body is read. */
interface Head extends Pick<HttpAnswer, "status" | "reason" | "headers" | "keepAlive"> {
  bodyStart: number;
  length: string | undefined;
  type: string;
  coding: string;
  transfer: string;
}

/** Goes through a head from one mark to the next, as Telegram does; every way to go wrong is the same `Bad Request`. */
class HeadCursor {
  #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /** Whether the next line goes on with the header above it. */
  get isFolded(): boolean {
    return this.#text[this.#at] === " " || this.#text[this.#at] === "\t";
  }

  /** What precedes the mark, line breaks included. */
  until(mark: string): string {
    const end = this.#text.indexOf(mark, this.#at);
    if (end < 0) throw new UnreadableAnswer(400, "Bad Request");
    const found = this.#text.slice(this.#at, end);
    this.#at = end + mark.length;
    return found;
  }
}

function readHead(bytes: Uint8Array): Head | undefined {
  const end = indexOf(bytes, "\r\n\r\n", 0);
  if (end < 0) return undefined;
  const text = latin1(bytes.subarray(0, end + 2));
  const version = text.slice(0, Math.max(text.indexOf(" "), 0));
  if (!version.startsWith("HTTP")) throw new UnreadableAnswer(501, "Not Implemented");
  if (version !== "HTTP/1.1" && version !== "HTTP/1.0") {
    throw new UnreadableAnswer(505, "HTTP Version Not Supported");
  }
  const cursor = new HeadCursor(text);
  cursor.until(" ");
  // Without a space behind the code, the code ends at the first space of the first header, which is lost with it.
  const status = leadingInteger(cursor.until(" "));
  const reason = cursor.until("\r\n");
  const first = new Map<string, string>();
  const last = new Map<string, string>();
  while (!cursor.isAtEnd) {
    // A line without a colon becomes part of the next header's name.
    const name = trimmed(cursor.until(":")).toLowerCase();
    let value = cursor.until("\r\n");
    while (cursor.isFolded) value += `\r\n${cursor.until("\r\n")}`;
    last.set(name, trimmed(value));
    if (!first.has(name)) first.set(name, trimmed(value));
  }
  const connection = last.get("connection")?.toLowerCase();
  return {
    status,
    reason,
    headers: first,
    keepAlive: connection === undefined ? version === "HTTP/1.1" : connection !== "close",
    bodyStart: end + 4,
    length: last.get("content-length"),
    type: last.get("content-type") ?? "",
    coding: last.get("content-encoding")?.toLowerCase() ?? "",
    transfer: last.get("transfer-encoding")?.toLowerCase() ?? "",
  };
}

type Body = { bytes: Uint8Array; end: number; framing: HttpAnswer["framing"] };

function readBody(bytes: Uint8Array, head: Head): Body | undefined {
  const { transfer, bodyStart, coding, type } = head;
  if (transfer !== "" && transfer !== "chunked") {
    throw new UnreadableAnswer(501, "Unimplemented: unsupported transfer-encoding");
  }
  const length = Number(/^\d*/.exec(head.length ?? "")?.[0] ?? 0);
  if (transfer === "" && length === 0) {
    const framing = head.length === undefined ? "none" : "content-length";
    return { bytes: new Uint8Array(0), end: bodyStart, framing };
  }
  if (coding !== "" && coding !== "gzip" && coding !== "deflate") {
    throw new UnreadableAnswer(415, "Unsupported Media Type: unsupported content-encoding");
  }
  if (transfer === "chunked") return readChunks(bytes, head);
  if (coding === "") checkLength(length, type);
  const end = bodyStart + length;
  return bytes.length < end
    ? undefined
    : { bytes: bytes.slice(bodyStart, end), end, framing: "content-length" };
}

function readChunks(bytes: Uint8Array, { bodyStart, coding, type }: Head): Body | undefined {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let at = bodyStart;;) {
    const lineEnd = indexOf(bytes, "\r\n", at);
    // Telegram has no room for chunk extensions: a size of more than eight characters ends the exchange.
    if ((lineEnd < 0 ? bytes.length : lineEnd) - at > 8) {
      throw new UnreadableAnswer(
        400,
        `Bad Request: Too long length in chunked ${
          latin1(bytes.subarray(at, lineEnd < 0 ? undefined : lineEnd))
        }`,
      );
    }
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(latin1(bytes.subarray(at, lineEnd)), 16) || 0;
    length += size;
    if (coding === "") checkLength(length, type);
    const chunkEnd = lineEnd + 2 + size;
    if (bytes.length < chunkEnd + 2) return undefined;
    if (size === 0) return { bytes: concatBytes(parts), end: chunkEnd + 2, framing: "chunked" };
    parts.push(bytes.slice(lineEnd + 2, chunkEnd));
    at = chunkEnd + 2;
  }
}

/** Undoes `Content-Encoding`. The data tells which of the two codings it is; what follows its end is ignored. */
function decode(bytes: Uint8Array, coding: string): Uint8Array {
  if (bytes.length === 0 || coding === "") return bytes;
  try {
    return new Uint8Array(bytes[0] === 0x1f ? gunzipSync(firstMember(bytes)) : inflateSync(bytes));
  } catch (error) {
    const number = error instanceof Error ? Reflect.get(error, "errno") : undefined;
    throw new UnreadableAnswer(400, `Bad Request: zlib error ${typeof number === "number" ? number : -3}`);
  }
}

/**
 * The first of several compressed files that stand one behind another.
 *
 * @see https://www.rfc-editor.org/rfc/rfc1952#section-2.3
 */
function firstMember(bytes: Uint8Array): Uint8Array {
  const flags = bytes[3] ?? 0;
  let at = 10;
  if (flags & 4) at += 2 + (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0);
  for (const hasText of [flags & 8, flags & 16]) {
    if (hasText) at = bytes.indexOf(0, at) + 1;
  }
  if (flags & 2) at += 2;
  const inflated: unknown = inflateRawSync(bytes.subarray(at), { info: true });
  const engine: unknown = Reflect.get(Object(inflated), "engine");
  return bytes.subarray(0, at + Number(Reflect.get(Object(engine), "bytesWritten")) + 8);
}

function checkLength(length: number, type: string): void {
  if (length > MAX_PARAMETER_BYTES && /application\/(json|x-www-form-urlencoded)/i.test(type)) {
    throw new UnreadableAnswer(413, "Request Entity Too Large: too many parameters");
  }
}

/** The number that a text starts with: 0 for `"+200"`. */
function leadingInteger(text: string): number {
  return Number(/^-?\d+/.exec(text)?.[0] ?? 0);
}

function trimmed(text: string): string {
  return text.replace(/^[ \t\r\n\0\v]+|[ \t\r\n\0\v]+$/g, "");
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
