import { TelehookError } from "../errors/telehook_error.ts";
import { nodeBuiltin } from "../platform/node_builtin.ts";
import { type NodeListener, toNodeListener } from "./node_listener.ts";
import { KEEP_ALIVE_MS, type PemPair, type StartTransport } from "./transport.ts";

/** As much of `http.Server` as is used, so that the types load where there are none of Node's. */
interface NodeServer {
  listen(options: { port: number; host: string; reusePort: boolean }): unknown;
  address(): { readonly port: number } | string | null;
  close(closed: () => void): unknown;
  closeIdleConnections(): void;
  closeAllConnections(): void;
  /** Only of `node:https`, and not of Bun's. */
  setSecureContext?(options: PemPair): void;
  on(event: "checkContinue" | "checkExpectation", listener: NodeListener): unknown;
  on(event: "connection", listener: (socket: NodeSocket) => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  once(event: "listening", listener: () => void): unknown;
}

interface NodeSocket {
  destroy(): unknown;
  once(event: "close", listener: () => void): unknown;
}

interface NodeHttp {
  createServer(options: Record<string, unknown>, listener: NodeListener): NodeServer;
}

/** Starts a server of `node:http`, or of `node:https`, which Deno has too. */
export const startNode: StartTransport = (hook, { port, hostname, reusePort, tls, isTlsWatched }) => {
  if (reusePort && !canSharePorts()) throw cannotShare();
  const { createServer } = nodeBuiltin<NodeHttp>(tls ? "node:https" : "node:http");
  const listener = toNodeListener(hook);
  const server = createServer({
    ...tls,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // A delivery is a few kilobytes from a data centre: whoever takes this long to send one never will.
    headersTimeout: 30_000,
    requestTimeout: 30_000,
    connectionsCheckingInterval: 5_000,
  }, listener);
  if (isTlsWatched && server.setSecureContext === undefined) throw cannotReplace();
  server.on("checkContinue", listener); // a plain answer instead of "100 Continue", which Telegram cannot read
  server.on("checkExpectation", listener); // nor can it read the chunked 417 that Node has for other expectations
  // closeAllConnections() knows nothing of those in the middle of a TLS handshake, and they keep a process alive.
  const sockets = new Set<NodeSocket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return new Promise((resolve, reject) => {
    // For good: a server that cannot accept a connection for a moment must not end the process.
    server.on("error", reject);
    server.once("listening", () => {
      const address = server.address();
      resolve({
        port: typeof address === "object" && address !== null ? address.port : port,
        stop: () =>
          new Promise<void>((closed) => {
            server.close(() => closed());
            server.closeIdleConnections();
          }),
        cut() {
          server.closeAllConnections();
          for (const socket of sockets) socket.destroy();
        },
        replaceTls(pair) {
          if (server.setSecureContext === undefined) return Promise.reject(cannotReplace());
          return Promise.resolve(server.setSecureContext(pair));
        },
      });
    });
    server.listen({ port, host: hostname, reusePort });
  });
};

/** Whether `node:http` takes `reusePort`; Node before 22.12 and 23.1 ignores it without a word, and so does Bun. */
function canSharePorts(): boolean {
  const { process } = globalThis as { process?: { readonly versions: Record<string, string> } };
  const { node = "", bun } = process?.versions ?? {};
  const [major = 0, minor = 0] = node.split(".").map(Number);
  return bun === undefined && (major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12));
}

function cannotShare(): TelehookError {
  return new TelehookError(
    "ERR_RUNTIME",
    'This runtime\'s node:http cannot share a port by "reusePort": on Node before 22.12, start the processes with node:cluster, without the option; on Bun, use listen()',
  );
}

function cannotReplace(): TelehookError {
  return new TelehookError(
    "ERR_RUNTIME",
    "This runtime's node:https cannot replace a certificate: use listen() or its own adapter",
  );
}
