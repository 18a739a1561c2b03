// Fatal, so that no byte is silently replaced; a byte order mark is skipped, as RFC 8259 (section 8.1) allows.
const utf8 = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();
const BYTE_ORDER_MARK_BYTES = 3;

/** The text of a body, or `undefined` if its bytes are not UTF-8. */
export function decodeBody(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Whether a text that the runtime decoded leniently, as `Request.text()` does, is what its bytes said.
 *
 * What is not UTF-8 becomes U+FFFD, of three bytes, in place of one or two: the text is then longer than its body was.
 * (In place of three bytes it is as long. So a character of four bytes that was cut after the third passes, as U+FFFD.)
 *
 * @param bytes How many bytes the body had.
 */
export function isFaithful(text: string, bytes: number): boolean {
  if (!text.includes("\uFFFD")) return true; // nearly every text: Telegram sends nothing but ASCII
  const length = encoder.encode(text).length;
  return length === bytes || length + BYTE_ORDER_MARK_BYTES === bytes;
}
