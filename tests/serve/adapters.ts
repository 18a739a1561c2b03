import { createServer } from "node:http";
import type { TestContext } from "node:test";
import { listen, type ListenOptions, type Receiver, webhook } from "../../mod.ts";
import { serve as serveBun } from "../../src/serve/bun.ts";
import { serve as serveDeno } from "../../src/serve/deno.ts";
import { serve as serveNode, toNodeListener } from "../../src/serve/node.ts";
import type { ServerRuntime } from "../../src/serve/transport.ts";
import { connector, type RawConnection, SECRET } from "./raw_connection.ts";

/** The runtime that the tests run on. */
export const RUNTIME: ServerRuntime = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";

/** A started server, whichever way it was started. */
export interface Started {
  readonly port: number;
  close(): Promise<void>;
}

/** A way to start a server. */
export interface Adapter {
  readonly name: string;
  /** Whose HTTP server it is, since that is what answers malformed requests. */
  readonly server: ServerRuntime;
  start(receiver: Receiver, options: Partial<ListenOptions>): Promise<Started>;
}

const defaults = { secretToken: SECRET, hostname: "127.0.0.1", port: 0 };
const native = { deno: serveDeno, bun: serveBun, node: serveNode }[RUNTIME];

/** Every way to start a server on this runtime: `listen`, its adapters, and a `node:http` server of the user's own. */
export const ADAPTERS: readonly Adapter[] = [
  {
    name: `listen() on ${RUNTIME}`,
    server: RUNTIME,
    start: (receiver, options) => listen(receiver, { ...defaults, ...options }),
  },
  ...(RUNTIME === "node" ? [] : [{
    name: `the adapter for node on ${RUNTIME}`,
    server: "node" as const,
    start: (receiver: Receiver, options: Partial<ListenOptions>) => start(serveNode, receiver, options),
  }]),
  {
    name: `the adapter for ${RUNTIME}`,
    server: RUNTIME,
    start: (receiver, options) => start(native, receiver, options),
  },
  { name: `toNodeListener() on ${RUNTIME}`, server: "node", start: startOwnServer },
];

function start(
  serve: typeof serveNode,
  receiver: Receiver,
  options: Partial<ListenOptions>,
): Promise<Started> {
  const { port = 0, hostname = "127.0.0.1", tls, signal, ...webhookOptions } = options;
  const hook = webhook(receiver, { secretToken: SECRET, path: "/", ...webhookOptions });
  return serve(hook, { port, hostname, ...(tls && { tls }), ...(signal && { signal }) });
}

async function startOwnServer(receiver: Receiver, options: Partial<ListenOptions>): Promise<Started> {
  const hook = webhook(receiver, { secretToken: SECRET, path: "/", ...options });
  const server = createServer({ keepAliveTimeout: 75_000 }, toNodeListener(hook));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port");
  return {
    port: address.port,
    async close() {
      await hook.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A server for one test, with as many connections as it likes; all is closed when the test ends. */
export interface Scene {
  readonly server: Started;
  connect(): Promise<RawConnection>;
}

/** Starts a server for one test. */
export async function scene(
  t: TestContext,
  adapter: Adapter,
  receiver: Receiver,
  options: Partial<ListenOptions> = {},
): Promise<Scene> {
  const server = await adapter.start(receiver, options);
  return { server, connect: connector(t, server.port, () => server.close()) };
}
