import { ALREADY_READ, BROKEN_BODY } from "../answers/answer.ts";
import { BodyChunks, UnreadableBody } from "./body_bytes.ts";
import { type BodyFacts, type BodyReader, JsonReading } from "./body_reader.ts";

/** The part of a Node request that is used to read its body. */
export interface NodeBody {
  readonly complete: boolean;
  readonly destroyed?: boolean;
  readonly readableEncoding?: string | null;
  read(): unknown;
  on(event: "readable" | "end" | "error" | "close", listener: () => void): unknown;
  removeListener(event: "readable", listener: () => void): unknown;
}

/** Reads the rest of a Node request, of which `first` was read already. */
export function readRest(bodies: BodyReader, request: NodeBody, first: unknown): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks = new BodyChunks(bodies.maxBytes);
    const add = (chunk: unknown) => {
      // Something before the webhook has called setEncoding(). Of other encodings, it is not clear what the text was.
      const isText = typeof chunk === "string" && request.readableEncoding === "utf8";
      chunks.add(isText ? encoder.encode(chunk) : chunk);
    };
    const reading = new PromisedReading(() => resolve(chunks.join()), reject);
    reading.cancel = () => request.removeListener("readable", readMore);
    const end = (error?: unknown) => {
      if (!bodies.timeout.end(reading)) return;
      reading.cancel?.();
      if (error === undefined) reading.receive(undefined);
      else reading.fail(error);
    };
    // `read()` until the message is complete costs less than "data" listeners and the wait for "end".
    const readMore = () => {
      try {
        for (let chunk = request.read(); chunk !== null; chunk = request.read()) add(chunk);
        if (request.complete) end();
      } catch (error) {
        end(error);
      }
    };
    const breakOff = () => end(new UnreadableBody(BROKEN_BODY));
    bodies.timeout.start(reading);
    try {
      if (first !== null) add(first);
    } catch (error) {
      return end(error);
    }
    request.on("readable", readMore);
    request.on("end", () => end());
    request.on("error", breakOff);
    request.on("close", breakOff);
    // Its sender went while a bot was looked up: no event comes any longer.
    if (request.destroyed) request.complete ? end() : breakOff();
  });
}

/** Reads the JSON of a body in any form that a `Request` can have. */
export function jsonOf(bodies: BodyReader, body: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const reading = new PromisedReading(resolve, reject);
    let request: Request;
    try {
      request = new Request("http://host", { method: "POST", body: body as BodyInit, ...{ duplex: "half" } });
    } catch {
      return reading.fail(new UnreadableBody(ALREADY_READ)); // a stream that is locked, or was read
    }
    bodies.readJson(request, UNKNOWN_LENGTH, reading);
  });
}

const encoder = /* @__PURE__ */ new TextEncoder();

const UNKNOWN_LENGTH: BodyFacts = { contentLength: undefined, isLengthEnforced: false };

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
