import { ALREADY_READ, BROKEN_BODY, TOO_LARGE } from "../answers/answer.ts";
import { BodyChunks, decodeBody, UnreadableBody } from "./body_bytes.ts";
import { BodyTimeout, Reading } from "./body_timeout.ts";

/** As much of a `Request` as is used to read its body. */
export type RequestBody = Pick<Request, "body" | "bodyUsed" | "json" | "text">;

/** The facts by which a way to read a `Request` is chosen. */
export interface BodyFacts {
  /** How long the body is said to be, in bytes. The guard has compared it with the limit. */
  readonly contentLength: number | undefined;
  /** Whether a server holds the sender to that length. A `Request` that a program made may declare anything. */
  readonly isLengthEnforced: boolean;
}

/** The JSON of a body that is being read. Methods, because a promise for it would cost as much as checking the head. */
export abstract class JsonReading extends Reading {
  /** Called with the value that was read, unless `fail` is called. */
  abstract receive(value: unknown): void;
}

/** Of at most so many bytes are nearly all updates. */
const SMALL = 65_536;

/** Reads bodies, whichever way they arrive: no more bytes than the limit, and for no longer than the time limit. */
export class BodyReader {
  /** The most bytes that a body may have. */
  readonly maxBytes: number;
  /** The time limit of all bodies. */
  readonly timeout: BodyTimeout;

  /**
   * @param maxBytes The most bytes that a body may have.
   * @param timeoutMs The longest time that a body may take to arrive, in milliseconds.
   */
  constructor(maxBytes: number, timeoutMs: number) {
    this.maxBytes = maxBytes;
    this.timeout = new BodyTimeout(timeoutMs);
  }

  /**
   * Reads the JSON of a `Request`, in the cheapest way that keeps the limits. The platform's `json()` costs least, but cannot
   * count, and holds what it has read until the client goes away. So it is for what a server has declared to be small.
   */
  readJson(
    request: RequestBody,
    { contentLength = Infinity, isLengthEnforced }: BodyFacts,
    reading: JsonReading,
  ): void {
    if (request.bodyUsed === undefined) throw new TypeError("Not a Request");
    if (request.bodyUsed) return reading.fail(new UnreadableBody(ALREADY_READ));
    const isSmall = contentLength <= SMALL;
    const isParsed = isSmall && isLengthEnforced;
    const body = isParsed
      ? request.json()
      : isSmall
      ? request.text()
      : this.#readStream(request.body, reading);
    this.timeout.start(reading);
    body.then((read) => {
      if (!this.timeout.end(reading)) return;
      let value = read;
      if (!isParsed) {
        try {
          value = this.#parse(read);
        } catch (error) {
          return reading.fail(error);
        }
      }
      reading.receive(value);
    }, (error) => {
      if (!this.timeout.end(reading)) return;
      const isHeld = !request.bodyUsed && request.body?.locked; // by somebody who has not read any of it yet
      reading.fail(isHeld ? new UnreadableBody(ALREADY_READ) : error);
    });
  }

  /** @returns Its text. */
  async #readStream(body: ReadableStream<Uint8Array> | null, reading: JsonReading): Promise<string> {
    const chunks = new BodyChunks(this.maxBytes);
    if (body === null) return "";
    const reader = body.getReader();
    // The sender may never end it, so nobody waits for that.
    reading.cancel = () => void reader.cancel().catch(() => {});
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) chunks.add(next.value);
    } catch (error) {
      reading.cancel();
      throw error;
    }
    return decodeBody(chunks.join());
  }

  #parse(text: unknown): unknown {
    if (typeof text !== "string") throw new UnreadableBody(BROKEN_BODY);
    // A UTF-16 unit is at most three bytes of UTF-8, so few bodies have to be counted.
    if (text.length * 3 > this.maxBytes && encoder.encode(text).length > this.maxBytes) {
      throw new UnreadableBody(TOO_LARGE);
    }
    return JSON.parse(text);
  }
}

const encoder = /* @__PURE__ */ new TextEncoder();
