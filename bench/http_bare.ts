/*
 * The floors of bench/http.ts: the server of the runtime that it runs on, which reads the body, parses it and says 200; with
 * `--checks`, on Deno and Bun, after the checks of by_hand.ts.
 */
import type { RequestListener } from "node:http";
import { checksByHand } from "./by_hand.ts";
import { tell, tlsFromEnvironment } from "./http_control.ts";

interface Runtimes {
  Deno?: {
    serve(options: object, handler: (request: Request) => Promise<Response>): { addr: { port: number } };
  };
  Bun?: { serve(options: object): { port: number } };
}

let seen = 0;
const tls = tlsFromEnvironment();
const address = { port: 0, hostname: "127.0.0.1" };

const bare = async (request: Request): Promise<Response> => {
  const update = await request.json();
  if (update.message !== undefined) seen++;
  return new Response();
};

const fetch = globalThis.process.argv.includes("--checks")
  ? checksByHand((request) => request.json(), () => {
    seen++;
  })
  : bare;

const listener: RequestListener = (request, response) => {
  const chunks: Uint8Array[] = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const update = JSON.parse(Buffer.concat(chunks).toString());
    if (update.message !== undefined) seen++;
    response.writeHead(200, { "content-length": "0" });
    response.end();
  });
};

async function serve(): Promise<number> {
  const { Deno, Bun } = globalThis as Runtimes;
  if (Deno) return Deno.serve({ ...address, ...tls, onListen() {} }, fetch).addr.port;
  if (Bun) return Bun.serve({ ...address, ...tls && { tls }, fetch }).port;
  // Only what is needed is loaded, at once, so that bench/cold_start.ts has a floor too.
  const { getBuiltinModule } = globalThis.process;
  const server = tls
    ? getBuiltinModule("node:https").createServer(tls, listener)
    : getBuiltinModule("node:http").createServer(listener);
  await new Promise<void>((resolve) => server.listen(address.port, address.hostname, resolve));
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? bound.port : 0;
}

tell(await serve(), () => seen);
