/*
 * One server for bench/http.ts, in a process of its own: `bare` reads the body and parses it, `telehook` has everything
 * on. Says its port and, asked through its standard input, how many updates it has seen.
 */
import { createServer } from "node:http";
import { listen, updateHandlers } from "../mod.ts";
import { SECRET } from "./deliveries.ts";

interface Runtimes {
  Deno?: {
    serve(options: object, handler: (request: Request) => Promise<Response>): { addr: { port: number } };
  };
  Bun?: { serve(options: object): { port: number } };
}

let seen = 0;

async function bare(): Promise<number> {
  const { Deno, Bun } = globalThis as Runtimes;
  const fetch = async (request: Request) => {
    const update = await request.json();
    if (update.message !== undefined) seen++;
    return new Response();
  };
  if (Deno) return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, fetch).addr.port;
  if (Bun) return Bun.serve({ port: 0, hostname: "127.0.0.1", fetch }).port;
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const update = JSON.parse(Buffer.concat(chunks).toString());
      if (update.message !== undefined) seen++;
      response.writeHead(200, { "content-length": "0" });
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function telehook(): Promise<number> {
  const bot = updateHandlers({
    message: () => {
      seen++;
    },
    message_media_group: () => {},
  });
  return (await listen(bot, { secretToken: SECRET, path: "/hook", hostname: "127.0.0.1", port: 0 })).port;
}

const port = await (globalThis.process.argv[2] === "bare" ? bare() : telehook());
console.log(`port ${port}`);
globalThis.process.stdin.on("data", () => console.log(`seen ${seen}`));
