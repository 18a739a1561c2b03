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

/** As much of a Node request as is used to read its body. */
export interface NodeBody {
  readonly complete: boolean;
  read(): unknown;
  on(event: "readable" | "end" | "error" | "close", listener: () => void): unknown;
  removeListener(event: "readable", listener: () => void): unknown;
}

/** Of at most so many bytes are nearly all updates. */
const SMALL = 65_536;

/** Reads bodies, whichever way they arrive: no more bytes than the limit, and for no longer than the time limit. */
export class BodyReader {
  readonly #maxBytes: number;
  readonly #timeout: BodyTimeout;

  /**
   * @param maxBytes The most bytes that a body may have.
   * @param timeoutMs The longest time that a body may take to arrive, in milliseconds.
   */
  constructor(maxBytes: number, timeoutMs: number) {
    this.#maxBytes = maxBytes;
    this.#timeout = new BodyTimeout(timeoutMs);
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
    this.#timeout.start(reading);
    body.then((read) => {
      if (!this.#timeout.end(reading)) return;
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
      if (!this.#timeout.end(reading)) return;
      const isHeld = !request.bodyUsed && request.body?.locked; // by somebody who has not read any of it yet
      reading.fail(isHeld ? new UnreadableBody(ALREADY_READ) : error);
    });
  }

  /** Reads the rest of a Node request, of which `first` was read already. */
  readRest(request: NodeBody, first: unknown): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const chunks = new BodyChunks(this.#maxBytes);
      const reading = new PromisedReading(() => resolve(chunks.join()), reject);
      reading.cancel = () => request.removeListener("readable", readMore);
      const end = (error?: unknown) => {
        if (!this.#timeout.end(reading)) return;
        reading.cancel?.();
        if (error === undefined) reading.receive(undefined);
        else reading.fail(error);
      };
      // `read()` until the message is complete costs less than "data" listeners and the wait for "end".
      const readMore = () => {
        try {
          for (let chunk = request.read(); chunk !== null; chunk = request.read()) chunks.add(chunk);
          if (request.complete) end();
        } catch (error) {
          end(error);
        }
      };
      const breakOff = () => end(new UnreadableBody(BROKEN_BODY));
      this.#timeout.start(reading);
      try {
        if (first !== null) chunks.add(first);
      } catch (error) {
        return end(error);
      }
      request.on("readable", readMore);
      request.on("end", () => end());
      request.on("error", breakOff);
      request.on("close", breakOff);
    });
  }

  /** Reads the JSON of a body in any form that a `Request` can have. */
  jsonOf(body: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const reading = new PromisedReading(resolve, reject);
      let request: Request;
      try {
        request = new Request("http://host", {
          method: "POST",
          body: body as BodyInit,
          ...{ duplex: "half" },
        });
      } catch {
        return reading.fail(new UnreadableBody(ALREADY_READ)); // a stream that is locked, or was read
      }
      this.readJson(request, UNKNOWN_LENGTH, reading);
    });
  }

  /** @returns Its text. */
  async #readStream(body: ReadableStream<Uint8Array> | null, reading: JsonReading): Promise<string> {
    const chunks = new BodyChunks(this.#maxBytes);
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
    if (text.length * 3 > this.#maxBytes && encoder.encode(text).length > this.#maxBytes) {
      throw new UnreadableBody(TOO_LARGE);
    }
    return JSON.parse(text);
  }
}

/** A reading that settles a promise. */
class PromisedReading extends JsonReading {
  readonly receive: (value: unknown) => void;
  readonly fail: (error: unknown) => void;

  constructor(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
    super();
    this.receive = resolve;
    this.fail = reject;
  }
}

const UNKNOWN_LENGTH: BodyFacts = { contentLength: undefined, isLengthEnforced: false };
const encoder = /* @__PURE__ */ new TextEncoder();
