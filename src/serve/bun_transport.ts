import { KEEP_ALIVE_MS, type PemPair, type StartTransport } from "./transport.ts";

/** As much of `Bun.serve` as is used, so that the types load where there are none of Bun's. */
interface BunServe {
  serve(options: {
    port: number;
    hostname: string;
    tls?: PemPair;
    idleTimeout: number;
    maxRequestBodySize: number;
    development: false;
    reusePort: boolean;
    fetch: BunFetch;
  }): BunServer;
}

interface BunServer {
  readonly port: number;
  reload(options: { fetch: BunFetch }): unknown;
  stop(closeActiveConnections?: boolean): Promise<void>;
}

type BunFetch = (request: Request, server: unknown) => Promise<Response>;

// The webhook's own limit answers; Bun would only cut the connection. This one is for what no answer is worth.
const LARGEST_BODY = 2 ** 30;

/** Starts `Bun.serve`. A listener has one certificate for life, so a new certificate takes a new listener. */
export const startBun: StartTransport = (hook, { port, hostname, reusePort, tls }) => {
  const { Bun } = globalThis as { Bun?: BunServe };
  if (Bun === undefined) throw new ReferenceError("There is no Bun.serve here");
  const open = (port: number, tls: PemPair | undefined, reusePort: boolean) =>
    Bun.serve({
      port,
      hostname,
      ...(tls && { tls }),
      idleTimeout: KEEP_ALIVE_MS / 1000,
      maxRequestBodySize: LARGEST_BODY,
      development: false,
      reusePort, // true unless said otherwise, and then a busy port would be shared instead of refused
      fetch: hook,
    });

  let server = open(port, tls, reusePort);
  if (tls && !reusePort) {
    // The port is free, then. Only a listener that shares it can hand it over to one with another certificate.
    const free = server.port;
    void server.stop(true);
    server = open(free, tls, true);
  }
  const servers = new Set([server]);
  let isStopping = false;
  return Promise.resolve({
    port: server.port,
    stop() {
      isStopping = true;
      return Promise.all(Array.from(servers, (each) => each.stop()));
    },
    cut() {
      for (const each of servers) void each.stop(true);
    },
    async replaceTls(pair) {
      const old = server;
      server = open(old.port, pair, true);
      servers.add(server);
      await emptied(old, hook, () => isStopping);
      void old.stop().then(() => servers.delete(old));
    },
  });
};

/**
 * How long no request may have come before a listener is stopped, and how long that may take, in milliseconds. Stopping
 * closes what is idle: a connection that has been quiet for so long is unlikely to have a delivery on its way.
 */
const QUIET_MS = 500;
const EMPTYING_MS = 5_000;

/** Asks whoever still delivers to a listener to come anew, and resolves when nobody is left who does. */
async function emptied(server: BunServer, hook: BunFetch, isStopping: () => boolean): Promise<void> {
  const since = performance.now();
  let latest = since;
  server.reload({
    async fetch(request, server) {
      latest = performance.now();
      const response = await hook(request, server);
      response.headers.set("connection", "close");
      return response;
    },
  });
  for (let now = since; now - latest < QUIET_MS && now - since < EMPTYING_MS; now = performance.now()) {
    if (isStopping()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
