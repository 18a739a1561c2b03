import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { TestContext } from "node:test";

/** Looks like a real one. Put together here so that no stack or source excerpt can hold it by chance. */
export const BOT_TOKEN = ["123456789", "AAF" + "x".repeat(16) + "-_" + "9".repeat(14)].join(":");

/** A request as it came over the wire. */
export interface ReceivedRequest {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: Uint8Array;
}

/** Answers a request, the first one with index 0. */
export type Responder = (response: ServerResponse, request: ReceivedRequest, index: number) => void;

/** Starts an HTTP server on a free port of the loopback address, which stops when the test ends. */
export async function startServer(
  t: Pick<TestContext, "after">,
  respond: Responder,
): Promise<{ apiRoot: string; requests: ReceivedRequest[] }> {
  const requests: ReceivedRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    request.on("end", () => {
      const { method, url, headers } = request;
      const received = { method, url, headers, body: Buffer.concat(chunks) };
      requests.push(received);
      respond(response, received, requests.length - 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    })
  );
  return { apiRoot: `http://127.0.0.1:${portOf(server.address())}`, requests };
}

/** Answers with a JSON value. */
export function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

/** Answers as the Bot API does when all is well. */
export function ok(response: ServerResponse, result: unknown = true): void {
  json(response, 200, { ok: true, result });
}

/** The text of a request's body. */
export function textOf(request: ReceivedRequest | undefined): string {
  return new TextDecoder().decode(request?.body);
}

function portOf(address: ReturnType<ReturnType<typeof createServer>["address"]>): number {
  if (address === null || typeof address === "string") throw new Error("The server has no port");
  return address.port;
}
