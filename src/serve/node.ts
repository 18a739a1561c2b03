/**
 * The adapter for `node:http` and `node:https`, and the listener for servers that you start yourself.
 *
 * @module
 */
import type { Webhook } from "../webhook.ts";
import { nodeBuiltin } from "./node_builtin.ts";
import { type NodeListener, toNodeListener } from "./node_listener.ts";
import { type ServeOptions, startServer, type WebhookServer } from "./server.ts";
import { KEEP_ALIVE_MS, type StartTransport } from "./transport.ts";

export { type NodeListener, type NodeRequest, type NodeResponse, toNodeListener } from "./node_listener.ts";

/** As much of `http.Server` as is used, so that the types load where there are none of Node's. */
interface NodeServer {
  listen(options: { port: number; host: string }): unknown;
  address(): { readonly port: number } | string | null;
  close(closed: () => void): unknown;
  closeIdleConnections(): void;
  closeAllConnections(): void;
  on(event: "checkContinue", listener: NodeListener): unknown;
  on(event: "connection", listener: (socket: NodeSocket) => void): unknown;
  once(event: "listening" | "error", listener: (error?: unknown) => void): unknown;
}

interface NodeSocket {
  destroy(): unknown;
  once(event: "close", listener: () => void): unknown;
}

interface NodeHttp {
  createServer(options: Record<string, unknown>, listener: NodeListener): NodeServer;
}

/**
 * Serves a webhook with `node:http`, or `node:https` if `tls` is given.
 *
 * @param hook What `webhook(receiver, options)` returned.
 * @param options Where to listen, and with which certificate.
 * @throws {TelehookError} `ERR_LISTEN` if the address or port cannot be had, `ERR_TLS` if the certificate or key cannot
 * be used, `ERR_RUNTIME` where there is no `node:http`.
 * @see https://nodejs.org/api/http.html
 *
 * @example
 * ```ts ignore
 * import { webhook } from "@telehook/telehook";
 * import { serve } from "@telehook/telehook/node";
 *
 * const hook = webhook((update) => console.log(update.update_id), { secretToken: "a-long-random-secret" });
 * const server = await serve(hook, { port: 8080 });
 * console.log(server.url);
 * await server.finished;
 * ```
 */
export function serve(hook: Webhook, options?: ServeOptions): Promise<WebhookServer> {
  return startServer("node", startNode, hook, options);
}

const startNode: StartTransport = (hook, { port, hostname, tls }) => {
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
  server.on("checkContinue", listener); // a plain answer instead of "100 Continue", which Telegram cannot read
  // closeAllConnections() knows nothing of those in the middle of a TLS handshake, and they keep a process alive.
  const sockets = new Set<NodeSocket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
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
      });
    });
    server.listen({ port, host: hostname });
  });
};
