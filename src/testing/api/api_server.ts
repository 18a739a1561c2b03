import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { BotApiRefusal } from "./refusal.ts";
import { concatBytes } from "../concat_bytes.ts";
import { bodyParameters, type Parameters, queryParameters } from "./parameters.ts";
import type { MethodResult } from "./webhook_registration.ts";

/** Does what a method asks for. */
export type MethodHandler = (method: string, parameters: Parameters) => Promise<MethodResult>;

/** A body over this size is refused. */
const MAX_BODY_BYTES = 64 << 20;

/** Serves `/bot<token>/<method>` over HTTP, in the envelope of the Bot API. */
export class ApiServer {
  #server: Server;
  #token: string;
  #handle: MethodHandler;

  /** @param token The one token that it knows. */
  constructor(token: string, handle: MethodHandler) {
    this.#token = token;
    this.#handle = handle;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  /** Listens on a loopback address; 0 is any free port. Resolves with the port. */
  listen(port: number, hostname: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, hostname, () => {
        const address = this.#server.address();
        resolve(typeof address === "object" && address ? address.port : port);
      });
    });
  }

  /** Stops listening and closes every connection. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: { status: number; body: object; retryAfter?: number | undefined };
    try {
      answer = { status: 200, body: { ok: true, ...await this.#call(request) } };
    } catch (error) {
      const refusal = error instanceof BotApiRefusal
        ? error
        : new BotApiRefusal(500, `Internal Server Error: ${error instanceof Error ? error.message : error}`);
      const { code, message, parameters } = refusal;
      const body = {
        ok: false,
        error_code: code,
        description: message,
        ...Object.keys(parameters).length > 0 && { parameters },
      };
      answer = { status: code, body, retryAfter: parameters.retry_after };
    }
    const bytes = new TextEncoder().encode(JSON.stringify(answer.body));
    response.writeHead(answer.status, {
      "Content-Type": "application/json",
      "Content-Length": bytes.length,
      ...answer.retryAfter !== undefined && { "Retry-After": String(answer.retryAfter) },
    });
    response.end(bytes);
  }

  async #call(request: IncomingMessage): Promise<MethodResult> {
    const body = await readBody(request);
    const url = new URL(request.url ?? "/", "http://localhost");
    const [, token, method] = /^\/bot([^/]*)\/(.*)$/.exec(decodeURIComponent(url.pathname)) ?? [];
    if (token === undefined || method === undefined) throw new BotApiRefusal(404, "Not Found");
    if (!token.includes(":")) throw new BotApiRefusal(401, "Unauthorized: invalid token specified");
    if (token !== this.#token) throw new BotApiRefusal(401, "Unauthorized");
    const inBody = bodyParameters(request.headers["content-type"] ?? "", body);
    const parameters = { ...inBody, ...queryParameters(url.searchParams) };
    const name = method || (typeof parameters.method === "string" ? parameters.method : "");
    if (!/^[A-Za-z]+$/.test(name)) throw new BotApiRefusal(404, "Not Found: method not found");
    return await this.#handle(name, parameters);
  }
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new BotApiRefusal(413, "Request Entity Too Large");
    chunks.push(chunk);
  }
  return concatBytes(chunks);
}
