import { ACKNOWLEDGED, type Answer, BROKEN_BODY, LAST_ANSWER, TOO_LARGE } from "../answers/answer.ts";
import type { DeliveryHead } from "../guard/head.ts";
import type { Awaitable } from "../store/inbox_store.ts";
import { isBytes, joinChunks } from "../parse/join_chunks.ts";
import type { Pipeline } from "../pipeline.ts";
import { pipelineOf, type Webhook } from "../webhook.ts";

/** As much of `http.IncomingMessage` as is used, with what Express and body parsers add to it. */
export interface NodeRequest {
  /** Such as `"POST"`. */
  readonly method?: string | undefined;
  /** The target: path and query. */
  readonly url?: string | undefined;
  /** Express's: the URL before a router took its prefix off. */
  readonly originalUrl?: string | undefined;
  /** By lower-case name. */
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  /** Tells the address of the other end. */
  readonly socket: { readonly remoteAddress?: string | undefined };
  /** Whether the whole message has been received. */
  readonly complete: boolean;
  /** Whether the body has been read to its end. */
  readonly readableEnded: boolean;
  /** What a body parser made of the body, if there was one before us. */
  readonly body?: unknown;
  /** The next chunk, or `null` if there is none yet. */
  read(): unknown;
  /** Reads the rest and throws it away. */
  resume(): unknown;
  /** Learns of what happens. */
  on(event: "readable" | "end" | "error", listener: () => void): unknown;
  /** Learns no more of it. */
  removeListener(event: "readable", listener: () => void): unknown;
}

/** As much of `http.ServerResponse` as is used. */
export interface NodeResponse {
  /** Whether somebody else has answered already. */
  readonly headersSent: boolean;
  /** Sends the status and the headers. */
  writeHead(status: number, headers: Record<string, string>): unknown;
  /** Sends the body and is done. */
  end(body?: Uint8Array): unknown;
}

/** A listener for `http.createServer` and whatever else takes one. */
export type NodeListener = (request: NodeRequest, response: NodeResponse) => void;

/**
 * A webhook as a listener for `http.createServer`, `https.createServer`, Express, Connect and the like. No `Request` is
 * built on the way: the bytes go straight into the webhook's stages.
 *
 * It also works behind a body parser that has already consumed the stream: `request.body` is taken then, whether it is
 * an object, text or bytes.
 *
 * @param hook What `webhook(receiver, options)` returned.
 * @throws {TelehookError} `ERR_OPTION` if it is something else.
 *
 * @example
 * ```ts ignore
 * import { createServer } from "node:http";
 * import { webhook } from "@telehook/telehook";
 * import { toNodeListener } from "@telehook/telehook/node";
 *
 * const hook = webhook((update) => console.log(update.update_id), { secretToken: "a-long-random-secret" });
 * createServer({ keepAliveTimeout: 75_000 }, toNodeListener(hook)).listen(8080);
 * // Express: app.post("/telegram", toNodeListener(hook))
 * ```
 */
export function toNodeListener(hook: Webhook): NodeListener {
  const pipeline = pipelineOf(hook);
  return (request, response) => {
    const head = new NodeHead(request);
    const refusal = pipeline.guard(head);
    if (refusal !== undefined) answerWith(response, refusal, pipeline);
    else if (hasParsedBody(request)) answerWith(response, takeParsed(pipeline, request.body, head), pipeline);
    else if (request.readableEnded) send(response, pipeline.refuse(BROKEN_BODY, head), pipeline); // somebody has read it and kept it
    else receiveBody(request, head, response, pipeline);
  };
}

class NodeHead implements DeliveryHead {
  readonly #request: NodeRequest;

  constructor(request: NodeRequest) {
    this.#request = request;
  }

  get method(): string {
    return this.#request.method ?? "";
  }

  get path(): string {
    let target = this.#request.originalUrl ?? this.#request.url ?? "/";
    // The absolute form that RFC 9112 (section 3.2.2) makes every server take.
    if (!target.startsWith("/")) target = target.replace(/^[a-z]+:\/\/[^/?#]*/i, "") || "/";
    const end = target.search(/[?#]/);
    return end === -1 ? target : target.slice(0, end);
  }

  get address(): string | undefined {
    return this.#request.socket.remoteAddress;
  }

  get contentLength(): number | undefined {
    const declared = this.header("content-length");
    return declared === undefined ? undefined : Number(declared);
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return typeof value === "object" ? value.join(", ") : value;
  }

  get headers(): Iterable<readonly [string, string]> {
    return Object.keys(this.#request.headers).map((name) => [name, this.header(name) ?? ""]);
  }
}

/**
 * A body that came in the same packet as its head, as nearly every one does, is there as soon as whoever called the
 * listener is done, and is whole if it has the length that was declared: then no event has to be waited for.
 */
function receiveBody(
  request: NodeRequest,
  head: NodeHead,
  response: NodeResponse,
  pipeline: Pipeline,
): void {
  queueMicrotask(() => {
    const chunk = request.read();
    if (isBytes(chunk) && chunk.length === head.contentLength) {
      answerWith(response, pipeline.takeBytes(chunk, head), pipeline);
    } else receivePieces(request, head, chunk, response, pipeline);
  });
}

/**
 * Reads with `read()` and is done as soon as the message is complete, which costs less than a `data` listener and the
 * wait for `end`. A client that goes away in the middle is no error: there is nobody to answer.
 *
 * @param first What `read()` has given already.
 */
function receivePieces(
  request: NodeRequest,
  head: NodeHead,
  first: unknown,
  response: NodeResponse,
  pipeline: Pipeline,
): void {
  const chunks: Uint8Array[] = [];
  let length = 0;
  let isDone = false;

  const take = (chunk: unknown) => {
    if (isDone || !isBytes(chunk)) return;
    chunks.push(chunk);
    length += chunk.length;
    if (length > pipeline.maxBodyBytes) refuseRest();
  };
  const takeMore = () => {
    for (let chunk = request.read(); chunk !== null; chunk = request.read()) take(chunk);
    if (request.complete) finish();
  };
  const finish = () => {
    if (isDone) return;
    isDone = true;
    answerWith(response, pipeline.takeBytes(joinChunks(chunks, length), head), pipeline);
  };
  const refuseRest = () => {
    isDone = true;
    request.removeListener("readable", takeMore);
    request.resume(); // read and thrown away, so that the sender gets to the point of hearing the answer
    send(response, pipeline.refuse(TOO_LARGE, head), pipeline);
  };

  take(first);
  if (isDone) return;
  request.on("readable", takeMore);
  request.on("end", finish);
  request.on("error", ignore);
}

function ignore(): void {}

/** Parsers of Express 4 leave `{}` and the stream untouched when a body is not of their type. */
function hasParsedBody({ body, readableEnded }: NodeRequest): boolean {
  if (body === undefined || readableEnded) return body !== undefined;
  return typeof body !== "object" || body === null || Object.keys(body).length > 0;
}

function takeParsed(pipeline: Pipeline, body: unknown, head: NodeHead): Awaitable<Answer> {
  if (typeof body === "string") return pipeline.takeText(body.replace(/^\uFEFF/, ""), head); // as where bytes are decoded
  if (isBytes(body)) return pipeline.takeBytes(body, head);
  return pipeline.takeValue(body, head);
}

function answerWith(response: NodeResponse, answer: Awaitable<Answer>, pipeline: Pipeline): void {
  if (answer instanceof Promise) void answer.then((each) => send(response, each, pipeline));
  else send(response, answer, pipeline);
}

const EMPTY = { "content-length": "0" };
const encoder = new TextEncoder();

/** Always with a length: without one, Node would answer in chunks. */
function send(response: NodeResponse, answer: Answer, { isClosing }: Pipeline): void {
  if (response.headersSent) return; // a time limit of somebody before us was faster
  if (answer === ACKNOWLEDGED && !isClosing) {
    response.writeHead(200, EMPTY);
    response.end();
    return;
  }
  const body = typeof answer.body === "string" ? encoder.encode(answer.body) : answer.body ?? undefined;
  response.writeHead(answer.status, {
    ...answer.headers,
    ...isClosing && LAST_ANSWER,
    "content-length": String(body?.length ?? 0),
  });
  response.end(body);
}
