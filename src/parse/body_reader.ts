import { ALREADY_READ, BROKEN_BODY, TOO_LARGE } from "../answers/answer.ts";
import { BodyChunks, decodeBody, UnreadableBody } from "./body_bytes.ts";
import { longestBurstMs, nextTurn } from "../platform/next_turn.ts";
import { BodyTimeout, Reading } from "./body_timeout.ts";

/** The part of a `Request` that is used to read its body. */
export type RequestBody = Pick<Request, "body" | "bodyUsed" | "json" | "text">;

/** The facts that decide how a `Request` is read. */
export interface BodyFacts {
  /** The declared length of the body, in bytes. The guard has compared it with the limit. */
  readonly contentLength: number | undefined;
  /** Whether a server enforces that length. A `Request` that a program created may declare anything. */
  readonly isLengthEnforced: boolean;
}

/** Receives the JSON of a body. These are methods, because a promise would cost as much as checking the head. */
export abstract class JsonReading extends Reading {
  /** Called with the value that was read, unless `fail` is called. */
  abstract receive(value: unknown): void;
}

/** Nearly all updates have at most this many bytes. */
const SMALL = 65_536;

/** After how many chunks the clock is looked at. */
const CHUNKS_PER_LOOK = 64;

/** Reads bodies of every form, up to a size limit and a time limit. */
export class BodyReader {
  /** The maximum size of a body, in bytes. */
  readonly maxBytes: number;
  /** The time limit of all bodies. */
  readonly timeout: BodyTimeout;

  /**
   * @param maxBytes The maximum size of a body, in bytes.
   * @param timeoutMs The maximum time that a body may take to arrive, in milliseconds.
   */
  constructor(maxBytes: number, timeoutMs: number) {
    this.maxBytes = maxBytes;
    this.timeout = new BodyTimeout(timeoutMs);
  }

  /**
   * Reads the JSON of a `Request`, in the cheapest way that keeps the limits. The platform's `json()` is the cheapest, but it does
   * not count bytes, and keeps what it has read until the client disconnects. So it is used only if a server enforces a small
   * declared length.
   */
  readJson(
    request: RequestBody,
    { contentLength = Infinity, isLengthEnforced }: BodyFacts,
    reading: JsonReading,
  ): void {
    const isSmall = contentLength <= SMALL;
    const isParsed = isSmall && isLengthEnforced;
    if (!isParsed) {
      if (request.bodyUsed === undefined) throw new TypeError("Not a Request");
      if (request.bodyUsed) return reading.fail(new UnreadableBody(ALREADY_READ));
    }
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
      // Deno and Bun reject at once with this type. Asking them for `bodyUsed` beforehand costs Deno as much as a header.
      const isTaken = isParsed ? error instanceof TypeError : isSmall && isHeld(request);
      reading.fail(isTaken ? new UnreadableBody(ALREADY_READ) : error);
    });
  }

  /** @returns Its text. */
  async #readStream(body: ReadableStream<Uint8Array> | null, reading: JsonReading): Promise<string> {
    const chunks = new BodyChunks(this.maxBytes);
    if (body === null) return "";
    const reader = readerOf(body);
    // The sender may never end the body, so this is not awaited.
    reading.cancel = () => void Promise.resolve().then(() => reader.cancel()).catch(() => {});
    try {
      let turnBegan = performance.now();
      let count = 0;
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        chunks.add(next.value);
        // Chunks that are there already are read without the event loop turning, and each may be a single byte.
        if (++count % CHUNKS_PER_LOOK !== 0 || performance.now() - turnBegan < longestBurstMs()) continue;
        await nextTurn();
        turnBegan = performance.now();
      }
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

/** The only reader of a body: its lock shows nothing any longer once it is ours. */
function readerOf(body: ReadableStream<Uint8Array>): ReadableStreamDefaultReader<Uint8Array> {
  try {
    return body.getReader();
  } catch (error) {
    throw body.locked ? new UnreadableBody(ALREADY_READ) : error;
  }
}

/** Whether somebody holds the body who has not read any of it yet. */
function isHeld(request: RequestBody): boolean {
  try {
    return !request.bodyUsed && request.body?.locked === true;
  } catch {
    return false; // a host's own Request may throw anything
  }
}

const encoder = /* @__PURE__ */ new TextEncoder();
