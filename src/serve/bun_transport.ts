import { HeldAnswers } from "./held_answers.ts";
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
    // The port is free then. Only a listener that shares it can pass it on to one with another certificate.
    const free = server.port;
    void server.stop(true);
    server = open(free, tls, true);
  }
  const stopping = new Map<BunServer, Promise<void>>();

  /** Stops listening, answers what has come, and ends each connection with its answer. */
  const retire = async (server: BunServer): Promise<void> => {
    const held = new HeldAnswers();
    server.reload({ fetch: (request, server) => held.hold(hook(request, server)) });
    await held.untilQuiet();
    stopping.set(server, server.stop().then(() => void stopping.delete(server)));
    held.release();
  };

  return Promise.resolve({
    port: server.port,
    drain: () => retire(server),
    async stop() {
      await Promise.all(stopping.values());
    },
    cut() {
      for (const each of stopping.keys()) void each.stop(true);
    },
    async replaceTls(pair) {
      const old = server;
      server = open(old.port, pair, true);
      await retire(old);
    },
  });
};
