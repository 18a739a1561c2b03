import { type Answer, BROKEN_BODY, TOO_LARGE } from "../answers/answer.ts";

// As `Request.json()` decodes: what is not UTF-8 becomes U+FFFD, and a byte order mark is skipped.
const utf8 = /* @__PURE__ */ new TextDecoder();

/** Decodes a body. */
export function decodeBody(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

/** Whether this is a chunk of bytes, from any realm: `instanceof` knows only the class of its own realm. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && "subarray" in value;
}

/** Thrown if a body cannot be read. Contains the answer to its delivery. */
export class UnreadableBody extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(answer.reason);
    this.answer = answer;
  }
}

/** The chunks of a body that arrives in pieces, up to a limit. */
export class BodyChunks {
  readonly #limit: number;
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  /** @param limit The maximum total size, in bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws {UnreadableBody} If it is not bytes, or the body is too large. */
  add(chunk: unknown): void {
    if (!isBytes(chunk)) throw new UnreadableBody(BROKEN_BODY); // a stream that somebody made may hold anything
    this.#length += chunk.length;
    if (this.#length > this.#limit) throw new UnreadableBody(TOO_LARGE);
    this.#chunks.push(chunk);
  }

  /** The text of all chunks together, so that a character that was split between two chunks is decoded correctly. */
  join(): Uint8Array {
    const [first] = this.#chunks;
    if (first !== undefined && this.#chunks.length === 1) return first;
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }
}
