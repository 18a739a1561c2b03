import { type Answer, BROKEN_BODY, NOT_UTF8, SEND_AGAIN, TOO_LARGE } from "../answers/answer.ts";
import { decodeBody } from "./decode_body.ts";
import { isBytes, joinChunks } from "./join_chunks.ts";

/**
 * Reads the bodies of `Request`s as text: never more than `limit` bytes of one, and no byte silently replaced.
 *
 * The runtimes' own `text()` costs a fraction of reading bytes and decoding them, but puts U+FFFD where a body is not
 * UTF-8. Telegram escapes all that is not ASCII, so nearly every body has none. One that has, and that may as well have
 * been sent so, can be judged only by its bytes, which are gone: its sender is asked to send it again, and from then
 * on all bodies are read exactly.
 */
export class BodyReader {
  readonly #limit: number;
  #isExact = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Whether `request.text()` will do, whose result is then for {@link BodyReader.check}.
   *
   * @param declared Its `Content-Length`, which the guard has checked and the runtime enforces: nothing is left to count.
   */
  trusts(declared: number | undefined): declared is number {
    return declared !== undefined && !this.#isExact;
  }

  /** The text that `request.text()` gave for a body of a declared length, or what the delivery is refused with. */
  check(text: string, declared: number): string | Answer {
    // A Request that somebody made may declare anything. A UTF-16 unit is at most three bytes of UTF-8.
    if (text.length * 3 > this.#limit && byteLength(text) > this.#limit) return TOO_LARGE;
    if (!text.includes(REPLACEMENT)) return text;
    if (byteLength(text) > declared) return NOT_UTF8; // it takes three bytes, and stands for three at the most
    this.#isExact = true;
    return SEND_AGAIN;
  }

  /** Reads byte by byte: the text, or what the delivery is refused with. */
  async readExactly({ body }: Request): Promise<string | Answer> {
    const bytes = body === null ? new Uint8Array(0) : await this.#readCounting(body);
    return bytes instanceof Uint8Array ? decodeBody(bytes) ?? NOT_UTF8 : bytes;
  }

  async #readCounting(body: ReadableStream<Uint8Array>): Promise<Uint8Array | Answer> {
    const reader = body.getReader();
    const chunks: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return joinChunks(chunks, length);
      if (!isBytes(value)) return BROKEN_BODY; // a stream that somebody made may hold anything
      length += value.length;
      if (length > this.#limit) {
        reader.cancel().catch(() => {}); // the sender may never end it: do not wait
        return TOO_LARGE;
      }
      chunks.push(value);
    }
  }
}

const REPLACEMENT = "\uFFFD";
const encoder = /* @__PURE__ */ new TextEncoder();

function byteLength(text: string): number {
  return encoder.encode(text).length;
}
