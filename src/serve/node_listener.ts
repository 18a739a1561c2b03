import { isPromiseLike } from "../platform/promises.ts";
import { ACKNOWLEDGED, ALREADY_READ, type Answer, LAST_ANSWER } from "../answers/answer.ts";
import type { DeliveryHead } from "../guard/head.ts";
import { pathFrom } from "../guard/path.ts";
import { isBytes } from "../parse/body_bytes.ts";
import { jsonOf, readRest } from "../parse/node_body.ts";
import { Pipeline, type Router } from "../pipeline.ts";
import type { Awaitable } from "../store/inbox_store.ts";
import { type DeliveryHandler, routerOf } from "../webhook.ts";

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
  /** Whether its connection has ended. */
  readonly destroyed?: boolean;
  /** Whether the body has been read completely. */
  readonly readableEnded: boolean;
  /** Whether any of the body has been read. */
  readonly readableDidRead?: boolean;
  /** How chunks were decoded, if something has called `setEncoding()`. */
  readonly readableEncoding?: string | null;
  /** What a body parser made of the body, if there was one before us. */
  readonly body?: unknown;
  /** The next chunk, or `null` if there is none yet. */
  read(): unknown;
  /** Reads the rest and throws it away. */
  resume(): unknown;
  /** Learns of what happens. */
  on(event: "readable" | "end" | "error" | "close", listener: () => void): unknown;
  /** Learns no more of it. */
  removeListener(event: "readable", listener: () => void): unknown;
}

/** As much of `http.ServerResponse` as is used. */
export interface NodeResponse {
  /** Whether somebody else has answered already. */
  readonly headersSent: boolean;
  /** Sends the status and the headers. */
  writeHead(status: number, headers: Record<string, string>): unknown;
  /** Sends an empty body and is done. */
  end(): unknown;
  /** Sends the body and is done. */
  end(body: Uint8Array): unknown;
}

/**
 * A listener for `http.createServer` and anything else that accepts a request listener.
 *
 * @returns A promise that is resolved when the answer was sent, or nobody is left who could receive it. It is never
 * rejected. Servers ignore it; h3, Nitro, Koa and Fastify wait for it.
 */
export type NodeListener = (request: NodeRequest, response: NodeResponse) => Promise<void>;

/**
 * Makes a webhook, or a host of many bots, a listener for `http.createServer`, `https.createServer`, Express, Connect, Fastify, Koa, h3 and the like.
 * No `Request` is built on the way: the bytes go straight into the webhook's stages.
 *
 * It also works behind a body parser that has already read the stream: `request.body` is used then, whether it is an
 * object, text, bytes, a `Blob` or a web stream. A parser that keeps its result elsewhere (`ctx.request.body` of Koa,
 * `request.body` of Fastify) must be told: `ctx.req.body = ctx.request.body`. The limit of such a parser comes first: give
 * `express.json()` a `limit` of `"1mb"`, or mount the webhook before it.
 *
 * @param handler What `webhook(receiver, options)` or `botHost(receiver, options)` returned.
 * @throws {TelehookError} `ERR_OPTION` if it is something else.
 * @see https://nodejs.org/api/http.html#event-request
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
export function toNodeListener(handler: DeliveryHandler): NodeListener {
  return toHeldNodeListener(handler, () => undefined);
}

/**
 * The same, for a server that can keep its answers back.
 *
 * @param held What an answer waits for that is ready, if anything.
 */
export function toHeldNodeListener(
  handler: DeliveryHandler,
  held: () => Promise<void> | undefined,
): NodeListener {
  const router = routerOf(handler);
  return async (request, response) => {
    try {
      const head = new NodeHead(request);
      const found = router.pipelineFor(head);
      const pipeline = isPromiseLike(found) ? await found : found;
      if (!(pipeline instanceof Pipeline)) {
        request.resume(); // read and thrown away, so that the sender reads the answer
        await held();
        return send(response, pipeline, router);
      }
      let answer: Awaitable<Answer> | undefined = pipeline.guard(head) ??
        receiveRead(pipeline, request, head);
      if (answer === undefined) {
        // A body that arrived in the same packet as its head, as nearly every one does, is there as soon as the code
        // that called this is done, and is whole if it has the length that was declared: then no event has to be waited
        // for.
        await undefined;
        const chunk = request.read();
        const isWhole = isBytes(chunk) && chunk.length === head.contentLength;
        answer = isWhole ? pipeline.receiveBytes(chunk, head) : receiveRest(pipeline, request, chunk, head);
      }
      if (isPromiseLike(answer)) answer = await answer;
      const kept = held();
      if (kept !== undefined) await kept;
      send(response, answer, router);
      pipeline.outlive([]);
    } catch {
      // It is not a request of node:http, or not one that can be used: nothing else can throw here.
      try {
        send(response, router.front.refuseMisuse(NOT_NODE), router);
      } catch {
        // Nor is that a response: there is nobody to answer.
      }
    }
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
    return pathFrom(target, 0);
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

const NOT_NODE =
  "toNodeListener must be called with a request and a response of node:http, as in listener(request, response)";

/** Receives a body that something before the webhook has read; `undefined` if nothing has. */
function receiveRead(
  pipeline: Pipeline,
  request: NodeRequest,
  head: NodeHead,
): Awaitable<Answer> | undefined {
  if (hasParsedBody(request)) return receiveParsed(pipeline, request.body, head);
  return request.readableEnded || request.readableDidRead === true
    ? pipeline.refuse(ALREADY_READ, head)
    : undefined;
}

/** Receives a body of which only a first chunk is there, or none. */
async function receiveRest(
  pipeline: Pipeline,
  request: NodeRequest,
  first: unknown,
  head: NodeHead,
): Promise<Answer> {
  try {
    return await pipeline.receiveBytes(await readRest(pipeline.bodies, request, first), head);
  } catch (error) {
    request.resume(); // read and thrown away, so that the sender reaches the point at which it reads the answer
    return pipeline.refuseBody(error, head);
  }
}

/** Parsers of Express 4 set `{}` and leave the stream untouched when a body is not of their type. */
function hasParsedBody({ body, readableEnded }: NodeRequest): boolean {
  if (body === undefined || readableEnded) return body !== undefined;
  return typeof body !== "object" || body === null || tagOf(body) !== "Object" ||
    Object.keys(body).length > 0;
}

/** A platform that imitates Node's requests may pass the body in any form that a `Request` can have. */
function receiveParsed(pipeline: Pipeline, body: unknown, head: NodeHead): Awaitable<Answer> {
  if (isBytes(body)) return pipeline.receiveBytes(body, head);
  if (typeof body === "string") return pipeline.receiveText(body.replace(/^\uFEFF/, ""), head); // as in bytes
  if (/^(ArrayBuffer|Blob|File|ReadableStream)$/.test(tagOf(body))) {
    return receiveBodyInit(pipeline, body, head);
  }
  return isJsonOfBuffer(body)
    ? pipeline.receiveBytes(Uint8Array.from(body.data), head)
    : pipeline.receiveValue(body, head);
}

/** What `JSON.stringify` makes of a `Buffer`, and some platforms pass on. */
function isJsonOfBuffer(body: unknown): body is { readonly data: readonly number[] } {
  return typeof body === "object" && body !== null && "type" in body && body.type === "Buffer" &&
    "data" in body && Array.isArray(body.data);
}

async function receiveBodyInit(pipeline: Pipeline, body: unknown, head: NodeHead): Promise<Answer> {
  let value: unknown;
  try {
    value = await jsonOf(pipeline.bodies, body);
  } catch (error) {
    return pipeline.refuseBody(error, head);
  }
  return await pipeline.receiveValue(value, head);
}

function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

const EMPTY = { "content-length": "0" };
const NOTHING = new Uint8Array(0);
const encoder = new TextEncoder();

/** Always with a length: without one, Node would answer in chunks. */
function send(response: NodeResponse, answer: Answer, { front, isClosing }: Router): void {
  if (response.headersSent) {
    front.sayOnce(
      "Something else had answered a request before the webhook did: let the webhook alone answer it, " +
        "or the failures and replies of handlers are lost.",
    );
    return;
  }
  if (answer === ACKNOWLEDGED && !isClosing) {
    response.writeHead(200, EMPTY);
    response.end();
    return;
  }
  const { status, headers, body } = answer;
  const bytes = typeof body === "string" ? encoder.encode(body) : body ?? NOTHING;
  response.writeHead(status, {
    ...headers,
    ...isClosing && LAST_ANSWER,
    "content-length": String(bytes.length),
  });
  response.end(bytes);
}
