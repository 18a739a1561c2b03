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

/**
 * A body that arrives in pieces, up to a limit. Pieces are copied into one buffer: each may be a single byte, which takes
 * hundreds of bytes of memory as a chunk of its own.
 */
export class BodyChunks {
  readonly #limit: number;
  /** The first piece, which is usually all of it, or a buffer with room behind the others. */
  #bytes: Uint8Array = NOTHING;
  #length = 0;

  /** @param limit The maximum total size, in bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws {UnreadableBody} If it is not bytes, or the body is too large. */
  add(chunk: unknown): void {
    if (!isBytes(chunk)) throw new UnreadableBody(BROKEN_BODY); // a stream that somebody made may hold anything
    const length = this.#length + chunk.length;
    if (length > this.#limit) throw new UnreadableBody(TOO_LARGE);
    if (this.#length === 0) {
      this.#bytes = chunk;
    } else {
      if (length > this.#bytes.length) this.#grow(length);
      this.#bytes.set(chunk, this.#length);
    }
    this.#length = length;
  }

  /** All pieces together, so that a character that was split between two of them is decoded correctly. */
  join(): Uint8Array {
    return this.#length === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.#length);
  }

  #grow(length: number): void {
    const larger = new Uint8Array(
      Math.min(this.#limit, Math.max(2 * this.#bytes.length, length, SMALLEST_BUFFER)),
    );
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

const NOTHING = /* @__PURE__ */ new Uint8Array(0);
const SMALLEST_BUFFER = 4_096;
