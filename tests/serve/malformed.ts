import { rawDelivery, rawHead } from "./raw_connection.ts";

const CHUNKED = rawHead("Transfer-Encoding: chunked\r\n");
const DELIVERY = '{"update_id":1,"message":{}}';
const chunked = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
const twice = (first: string, second: string) =>
  rawDelivery().replace(
    /Content-Length: (\d+)\r\n/,
    (_, length: string) =>
      `Content-Length: ${first.replace("N", length)}\r\nContent-Length: ${second.replace("N", length)}\r\n`,
  );
const lengthOf = (text: string) => rawDelivery().replace(/Content-Length: (\d+)/, `Content-Length: ${text}`);

/** Requests that no server may take for an update: each is answered with a refusal or a closed connection. */
export const MALFORMED: readonly (readonly [what: string, bytes: string])[] = [
  [
    "a TLS handshake on a plain port",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\x00\x01\x02\x03".repeat(125),
  ],
  ["lines that are no request", "hello\r\n\r\n"],
  ["zero bytes", "\0".repeat(100) + "\r\n\r\n"],
  ["a method in lower case", rawDelivery({ method: "post" })],
  ["a method that nobody knows", rawDelivery({ method: "TELEGRAM" })],
  ["a version that does not exist", rawDelivery().replace("HTTP/1.1", "HTTP/9.9")],
  ["two different lengths", twice("N", "1")],
  ["two lengths, the first too short", twice("1", "N")],
  [
    "a length beside chunks",
    rawHead("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + chunked(DELIVERY),
  ],
  [
    "chunks beside a length",
    rawHead("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") + chunked(DELIVERY),
  ],
  ["a negative length", lengthOf("-1")],
  ["a length that is no number", lengthOf("lots")],
  ["a length in hexadecimal", lengthOf("0x10")],
  ["a length beyond all numbers", lengthOf("99999999999999999999999999")],
  ["a header without a colon", rawDelivery({ headers: "no colon here\r\n" })],
  ["a header with a zero byte", rawDelivery({ headers: "X-Zero: a\0b\r\n" })],
  ["a header name with a space", rawDelivery({ headers: "X Space : a\r\n" })],
  ["a megabyte of one header", rawDelivery({ headers: `X-Large: ${"x".repeat(2 ** 20)}\r\n` })],
  ["ten thousand headers", rawDelivery({ headers: "X-Many: x\r\n".repeat(10_000) })],
  ["a megabyte of target", rawDelivery({ target: `/${"x".repeat(2 ** 20)}` })],
  ["a chunk size that is no number", CHUNKED + "zz\r\n{}\r\n0\r\n\r\n"],
  ["a negative chunk size", CHUNKED + "-5\r\n{}\r\n0\r\n\r\n"],
  ["a chunk that is longer than it says", CHUNKED + '2\r\n{"update_id":1}\r\n0\r\n\r\n'],
  [
    "a transfer coding that nobody knows",
    rawHead("Transfer-Encoding: rot13\r\nContent-Length: 2\r\n") + "{}",
  ],
];
