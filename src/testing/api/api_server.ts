import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { BotApiRefusal, tooManyRequests } from "./refusal.ts";
import type { CallFault, CallFaults } from "../call_faults.ts";
import type { Clock } from "../clock.ts";
import { ANOTHER_POLL } from "./get_updates.ts";
import { concatBytes } from "../concat_bytes.ts";
import { bodyParameters, type Parameters, queryParameters } from "./parameters.ts";
import type { MethodResult } from "./webhook_registration.ts";

/** A bot that the server answers for. */
export interface ServedBot {
  /** Carries out a call. */
  request(method: string, parameters: Parameters): Promise<MethodResult>;
  /** What is to go wrong with its calls. */
  readonly callFaults: CallFaults;
  /** The time that it lives by. */
  readonly clock: Clock;
}

interface HttpReply {
  status: number;
  body: string;
  contentType?: string | undefined;
  retryAfter?: number | undefined;
}

/** A body over this size is refused. */
const MAX_BODY_BYTES = 64 << 20;

/** Serves `/bot<token>/<method>` over HTTP, in the envelope of the Bot API. */
export class ApiServer {
  #server: Server;
  #find: (token: string) => ServedBot | undefined;

  /** @param find The bot with this token, if there is one. */
  constructor(find: (token: string) => ServedBot | undefined) {
    this.#find = find;
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
    let fault: CallFault | undefined;
    let reply: HttpReply;
    try {
      const { bot, method, parameters } = await this.#read(request);
      fault = bot.callFaults.take(method);
      if (fault && "breakConnection" in fault && fault.breakConnection === "before call") {
        return void response.destroy();
      }
      reply = await answerWith(fault, bot, method, parameters);
    } catch (error) {
      reply = refusal(error);
    }
    if (fault && "stall" in fault) return;
    const broken = fault && "breakConnection" in fault ? fault.breakConnection : undefined;
    if (broken === "before answer") return void response.destroy();
    const { status, body, contentType = "application/json", retryAfter } = reply;
    const bytes = new TextEncoder().encode(body);
    response.writeHead(status, {
      "Content-Type": contentType,
      "Content-Length": bytes.length,
      ...retryAfter !== undefined && { "Retry-After": String(retryAfter) },
    });
    if (broken === "during answer") {
      response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
    } else response.end(bytes);
  }

  async #read(
    request: IncomingMessage,
  ): Promise<{ bot: ServedBot; method: string; parameters: Parameters }> {
    const body = await readBody(request);
    const url = new URL(request.url ?? "/", "http://localhost");
    const [, token, method] = /^\/bot([^/]*)\/(.*)$/.exec(decodeURIComponent(url.pathname)) ?? [];
    if (token === undefined || method === undefined) throw new BotApiRefusal(404, "Not Found");
    if (!token.includes(":")) throw new BotApiRefusal(401, "Unauthorized: invalid token specified");
    const bot = this.#find(token);
    if (!bot) throw new BotApiRefusal(401, "Unauthorized");
    const inBody = bodyParameters(request.headers["content-type"] ?? "", body);
    const parameters = { ...inBody, ...queryParameters(url.searchParams) };
    const name = method || (typeof parameters.method === "string" ? parameters.method : "");
    if (!/^[A-Za-z]+$/.test(name)) throw new BotApiRefusal(404, "Not Found: method not found");
    return { bot, method: name, parameters };
  }
}

async function answerWith(
  fault: CallFault | undefined,
  bot: ServedBot,
  method: string,
  parameters: Parameters,
): Promise<HttpReply> {
  if (fault && "answer" in fault) return { body: "", ...fault.answer };
  if (fault && "tooManyRequests" in fault) throw tooManyRequests(fault.tooManyRequests);
  if (fault && "conflict" in fault) {
    throw new BotApiRefusal(409, fault.conflict === true ? ANOTHER_POLL : fault.conflict);
  }
  if (fault && "delayMs" in fault) {
    const { delayMs } = fault;
    await new Promise<void>((resolve) => bot.clock.after(delayMs, resolve));
  }
  const limit = fault && "atMost" in fault ? { limit: fault.atMost } : {};
  const result = await bot.request(method, { ...parameters, ...limit });
  return { status: 200, body: JSON.stringify({ ok: true, ...result }) };
}

function refusal(error: unknown): HttpReply {
  const { code, message, parameters } = error instanceof BotApiRefusal
    ? error
    : new BotApiRefusal(500, `Internal Server Error: ${error instanceof Error ? error.message : error}`);
  const body = {
    ok: false,
    error_code: code,
    description: message,
    ...Object.keys(parameters).length > 0 && { parameters },
  };
  return { status: code, body: JSON.stringify(body), retryAfter: parameters.retry_after };
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
