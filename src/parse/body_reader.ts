import { ALREADY_READ, BROKEN_BODY, TOO_LARGE } from "../answers/answer.ts";
import { BodyChunks, decodeBody, UnreadableBody } from "./body_bytes.ts";
import { BodyTimeout } from "./body_timeout.ts";

/** The body of a web-standard `Request`. */
export type RequestBody = Pick<Request, "body" | "bodyUsed" | "json" | "text">;

/** The facts by which a way to read a `Request` is chosen. */
export interface BodyFacts {
  /** How long the body is said to be, in bytes. The guard has compared it with the limit. */
  readonly contentLength: number | undefined;
  /** Whether a server holds the sender to that length. A `Request` that a program made may declare anything. */
  readonly isLengthEnforced: boolean;
}

/** A way to read a Node request in pieces, whose type knows nothing of `node:stream`. */
export interface PieceSource {
  readonly complete: boolean;
  read(): unknown;
  on(event: "readable" | "end" | "error" | "close", listener: () => void): unknown;
  removeListener(event: "readable", listener: () => void): unknown;
}

/** Reads bodies, whichever way they come in: no more bytes of one than the limit, and for no longer than the time limit. */
export class BodyReader {
  readonly #maxBytes: number;
  readonly #timeout: BodyTimeout;

  /**
   * @param maxBytes The most bytes of a body.
   * @param timeoutMs The longest time that a body may take to arrive, in milliseconds.
   */
  constructor(maxBytes: number, timeoutMs: number) {
    this.#maxBytes = maxBytes;
    this.#timeout = new BodyTimeout(timeoutMs);
  }

  /**
   * Reads the JSON of a `Request`, in the cheapest way that keeps the limit. The platform's own `json()` costs least, but
   * counts nothing.
   *
   * @returns A promise that is rejected with an {@link UnreadableBody} or whatever the platform has to say.
   */
  readJson(request: RequestBody, { contentLength, isLengthEnforced }: BodyFacts): Promise<unknown> {
    if (request.bodyUsed) return Promise.reject(new UnreadableBody(ALREADY_READ));
    if (contentLength === undefined) return this.#readStream(request.body);
    return this.#limited(
      isLengthEnforced ? request.json() : request.text().then((text) => this.#parse(text)),
    );
  }

  /** Reads the rest of a Node request, of which `first` has been read. */
  async readPieces(request: PieceSource, first: unknown): Promise<Uint8Array> {
    const chunks = new BodyChunks(this.#maxBytes);
    if (first !== null) chunks.add(first);
    let readMore = () => {};
    try {
      // `read()` until the message is complete costs less than "data" listeners and the wait for "end".
      await this.#limited(
        new Promise<void>((resolve, reject) => {
          readMore = () => {
            try {
              for (let chunk = request.read(); chunk !== null; chunk = request.read()) chunks.add(chunk);
              if (request.complete) resolve();
            } catch (error) {
              reject(error);
            }
          };
          request.on("readable", readMore);
          request.on("end", resolve);
          const breakOff = () => reject(new UnreadableBody(BROKEN_BODY));
          request.on("error", breakOff);
          request.on("close", breakOff);
        }),
      );
    } finally {
      request.removeListener("readable", readMore);
    }
    return chunks.join();
  }

  async #readStream(body: ReadableStream<Uint8Array> | null): Promise<unknown> {
    const chunks = new BodyChunks(this.#maxBytes);
    if (body !== null) {
      const reader = body.getReader();
      try {
        await this.#limited((async () => {
          for (let next = await reader.read(); !next.done; next = await reader.read()) chunks.add(next.value);
        })());
      } catch (error) {
        reader.cancel().catch(() => {}); // the sender may never end it: do not wait
        throw error;
      }
    }
    return JSON.parse(decodeBody(chunks.join()));
  }

  #parse(text: string): unknown {
    // A UTF-16 unit is at most three bytes of UTF-8, so few bodies have to be counted.
    if (text.length * 3 > this.#maxBytes && encoder.encode(text).length > this.#maxBytes) {
      throw new UnreadableBody(TOO_LARGE);
    }
    return JSON.parse(text);
  }

  #limited<T>(reading: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#timeout.start(reject);
      reading.then((value) => {
        this.#timeout.end(reject);
        resolve(value);
      }, (error) => {
        this.#timeout.end(reject);
        reject(error);
      });
    });
  }
}

const encoder = /* @__PURE__ */ new TextEncoder();
