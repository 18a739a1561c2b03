// Fatal, so that no byte is silently replaced, as Request.text() would; a byte order mark is skipped, as RFC 8259
// (section 8.1) allows.
const utf8 = /* @__PURE__ */ new TextDecoder("utf-8", { fatal: true });

/** The text of a body, or `undefined` if its bytes are not UTF-8. */
export function decodeBody(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
