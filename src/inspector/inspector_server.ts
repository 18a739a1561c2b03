import { TelehookError } from "../errors/telehook_error.ts";
import { nodeBuiltin } from "../platform/node_builtin.ts";
import { type Inspection, InspectionError } from "./inspection.ts";
import { PAGE_HTML, PAGE_SCRIPT, PAGE_STYLE } from "./page_files.ts";
import type { Changes } from "./protocol.ts";

/** As much of `node:http` as is used. */
interface Http {
  createServer(listener: (request: HttpRequest, response: HttpResponse) => void): HttpServer;
}

interface HttpServer {
  listen(options: { port: number; host: string }): unknown;
  address(): { readonly port: number } | string | null;
  close(closed: () => void): unknown;
  closeAllConnections(): void;
  unref(): unknown;
  once(event: "listening", listener: () => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
}

interface HttpRequest extends AsyncIterable<Uint8Array> {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
}

interface HttpResponse {
  writeHead(status: number, headers: Record<string, string>): unknown;
  write(text: string): unknown;
  end(text?: string): unknown;
  on(event: "drain", listener: () => void): unknown;
  once(event: "close", listener: () => void): unknown;
}

const HOST = "127.0.0.1";
const LARGEST_BODY = 2 ** 22;
/** Tells that the connection is alive, to both sides. */
const HEARTBEAT_MS = 15_000;

const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/**
 * Serves the page. It shows what people write to the bot and can make the bot act, so a request needs three things: the token
 * in its path, which only who started this knows; a `Host` of this machine, since a name of somebody else's can be made to
 * lead here; and, if there is one, an `Origin` that is the page itself.
 */
export async function startInspectorServer(
  inspection: Inspection,
  port: number,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const token = randomToken();
  const streams = new Set<HttpResponse>();
  const { createServer } = nodeBuiltin<Http>("node:http");
  let ownPort = port;
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => {
      const isRefusal = error instanceof InspectionError ||
        (error instanceof TelehookError && error.code === "ERR_OPTION");
      const text = isRefusal ? error.message : "It failed";
      send(response, isRefusal ? 400 : 500, "text/plain; charset=utf-8", text);
    });
  });

  const answer = async (request: HttpRequest, response: HttpResponse): Promise<void> => {
    const { method, headers, url = "" } = request;
    const { host, origin } = headers;
    const hosts = [`${HOST}:${ownPort}`, `localhost:${ownPort}`];
    if (typeof host !== "string" || !hosts.includes(host)) return refuse(response, 403, "Wrong host");
    if (origin !== undefined && origin !== `http://${host}`) return refuse(response, 403, "Wrong origin");
    const [, given = "", ...rest] = (url.split("?")[0] ?? "").split("/");
    if (!isSame(given, token)) {
      return refuse(response, 404, "Open the address that was printed, token included");
    }
    const path = rest.join("/");
    if (method === "GET") return await get(path, response);
    if (method !== "POST") return refuse(response, 405, "GET and POST only");
    if (origin === undefined) return refuse(response, 403, "Wrong origin"); // browsers send it with every POST
    await post(path, await readJson(request));
    json(response, {});
  };

  const get = async (path: string, response: HttpResponse): Promise<void> => {
    switch (path) {
      case "":
        return send(response, 200, "text/html; charset=utf-8", PAGE_HTML);
      case "page.css":
        return send(response, 200, "text/css; charset=utf-8", PAGE_STYLE);
      case "page.js":
        return send(response, 200, "text/javascript; charset=utf-8", PAGE_SCRIPT);
      case "changes":
        return stream(response);
      case "parked":
        return json(response, await inspection.parked());
      case "telegram":
        return json(response, await inspection.telegram());
    }
    const [, number] = /^delivery\/(\d+)$/.exec(path) ?? [];
    if (number === undefined) return refuse(response, 404, "There is nothing here");
    json(response, inspection.detail(Number(number)));
  };

  const post = async (path: string, body: unknown): Promise<void> => {
    const { number, id, updates } = body as Record<string, unknown>;
    if (path === "replay") return await inspection.replay(Number(number), updates ?? undefined);
    if (path === "replay-parked") return await inspection.replayParked(Number(id));
    if (path === "discard") return await inspection.discard(Number(id));
    throw new InspectionError("There is nothing here");
  };

  const stream = (response: HttpResponse): void => {
    response.writeHead(200, { ...HEADERS, "content-type": "text/event-stream" });
    streams.add(response);
    // A page that does not read, as in a tab that sleeps, gets no changes, which would pile up here. It gets everything
    // again when it reads again.
    let isFull = false;
    let hasMissed = false;
    const tell = (changes: Changes) => {
      if (isFull) hasMissed = true;
      else isFull = response.write(`data: ${JSON.stringify(changes)}\n\n`) === false;
    };
    let unsubscribe = inspection.subscribe(tell);
    response.on("drain", () => {
      isFull = false;
      if (!hasMissed) return;
      hasMissed = false;
      unsubscribe();
      unsubscribe = inspection.subscribe(tell);
    });
    const heartbeat = setInterval(() => response.write(": alive\n\n"), HEARTBEAT_MS);
    response.once("close", () => {
      clearInterval(heartbeat);
      unsubscribe();
      streams.delete(response);
    });
  };

  await new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.once("listening", resolve);
    server.listen({ port, host: HOST });
  });
  const address = server.address();
  if (typeof address === "object" && address !== null) ownPort = address.port;
  server.unref();
  return {
    url: `http://${HOST}:${ownPort}/${token}/`,
    async close() {
      const closed = new Promise<void>((resolve) => void server.close(resolve));
      for (const each of streams) each.end();
      server.closeAllConnections();
      await closed;
    },
  };
}

function send(response: HttpResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { ...HEADERS, "content-type": type });
  response.end(text);
}

function json(response: HttpResponse, value: unknown): void {
  send(response, 200, "application/json", JSON.stringify(value));
}

function refuse(response: HttpResponse, status: number, text: string): void {
  send(response, status, "text/plain; charset=utf-8", `${text}\n`);
}

async function readJson(request: HttpRequest): Promise<unknown> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of request) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > LARGEST_BODY) throw new InspectionError("This is too large");
  }
  try {
    const value: unknown = JSON.parse(text + decoder.decode());
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Likewise.
  }
  throw new InspectionError("This is not JSON");
}

function randomToken(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

/** In a time that does not depend on how much is right. */
function isSame(given: string, token: string): boolean {
  if (given.length !== token.length) return false;
  let difference = 0;
  for (let i = 0; i < token.length; i++) difference |= given.charCodeAt(i) ^ token.charCodeAt(i);
  return difference === 0;
}
