import { TelehookError } from "../errors/telehook_error.ts";
import { nodeBuiltin } from "../platform/node_builtin.ts";
import {
  type NodeListener,
  type NodeRequest,
  type NodeResponse,
  toHeldNodeListener,
} from "./node_listener.ts";
import { BEFORE_CLOSING, untilQuiet } from "../platform/quiet.ts";
import { KEEP_ALIVE_MS, type PemPair, type StartTransport, type Transport } from "./transport.ts";

/** As much of `http.Server` as is used, so that the types load where there are none of Node's. */
interface NodeServer {
  listen(options: { port: number; host: string; reusePort: boolean }): unknown;
  address(): { readonly port: number } | string | null;
  close(closed: () => void): unknown;
  closeIdleConnections(): void;
  closeAllConnections(): void;
  /** Only of `node:https`, and not of Bun's. */
  setSecureContext?(options: PemPair): void;
  on(event: "checkContinue" | "checkExpectation", listener: NodeServerListener): unknown;
  on(event: "connection" | "secureConnection", listener: (socket: NodeSocket) => void): unknown;
  on(
    event: "clientError",
    listener: (error: { readonly code?: string }, socket: NodeSocket) => void,
  ): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  once(event: "listening", listener: () => void): unknown;
}

interface NodeSocket {
  readonly bytesRead: number;
  readonly writable: boolean;
  /** Of a TLS socket: whether its handshake is not complete. */
  readonly secureConnecting?: boolean;
  end(data?: string): unknown;
  destroy(): unknown;
  once(event: "close", listener: () => void): unknown;
}

/** A listener for requests of a server of our own, whose sockets and responses have more than those of others. */
type NodeServerListener = (
  request: NodeRequest & { readonly socket: Pick<NodeSocket, "destroy"> },
  response: NodeResponse & Pick<NodeSocket, "once"> & { readonly socket: object | null },
) => void;

interface NodeHttp {
  createServer(options: Record<string, unknown>, listener: NodeServerListener): NodeServer;
}

interface NodeNet {
  readonly Server: {
    new (): object;
    readonly prototype: { readonly close: (this: NodeServer, closed: () => void) => unknown };
  };
}

/**
 * How long one may take for a TLS handshake, to send a head, or a whole request, in milliseconds. A delivery is a few
 * kilobytes from a data center: a sender that takes this long never finishes.
 */
export const REQUEST_MS = 30_000;

/** Starts a server of `node:http`, or of `node:https`, which Deno has too. */
export const startNode: StartTransport = (hook, options) => startNodeWithin(REQUEST_MS, hook, options);

/** Starts a server that gives a sender that many milliseconds for a request. */
export const startNodeWithin = (
  requestMs: number,
  ...[hook, { port, hostname, reusePort, tls, isTlsWatched }]: Parameters<StartTransport>
): Promise<Transport> => {
  if (reusePort && !canSharePorts()) throw cannotShare();
  const { createServer } = nodeBuiltin<NodeHttp>(tls ? "node:https" : "node:http");
  /**
   * Set when the server closes: resolves when all waiting connections are accepted. No answer is sent before, since its
   * sender may open a new connection.
   */
  let accepting: Promise<void> | undefined;
  const listener = withFewUnsent(toHeldNodeListener(hook, () => accepting));
  const server = createServer({
    ...tls,
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: requestMs,
    requestTimeout: requestMs,
    ...tls && { handshakeTimeout: requestMs },
    connectionsCheckingInterval: Math.min(5_000, requestMs),
  }, listener);
  if (isTlsWatched && server.setSecureContext === undefined) throw cannotReplace();
  server.on("checkContinue", listener); // a plain answer instead of "100 Continue", which Telegram cannot read
  server.on("checkExpectation", listener); // nor can it read the chunked 417 that Node has for other expectations
  server.on("clientError", answerBroken);
  const connections = new Connections(server, tls !== undefined);
  return new Promise((resolve, reject) => {
    // For good: a server that cannot accept a connection for a moment must not end the process.
    server.on("error", reject);
    server.once("listening", () => {
      const address = server.address();
      let closed: Promise<void> | undefined;
      resolve({
        port: typeof address === "object" && address !== null ? address.port : port,
        async drain(handled) {
          await (accepting = connections.allAccepted()); // the system resets what still waits
          closed = stopListening(server);
          await handled;
          await untilQuiet(() => connections.received, BEFORE_CLOSING);
        },
        async stop() {
          connections.end();
          if (closed === undefined) return await new Promise<void>((resolve) => server.close(resolve));
          await closed;
          server.close(() => {}); // it ends the timer that checks connections, which keeps the server in memory
        },
        cut() {
          server.closeAllConnections();
          connections.destroy();
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

/**
 * How many requests of one connection may have come behind one whose answer is not sent. Telegram and proxies send the next
 * request after the answer to the one before.
 */
const MOST_UNSENT = 32;

/**
 * Ends connections on which requests are sent whose answers are not read: Node reads more than a thousand at a time, and
 * keeps an answer for each until the connection ends.
 */
function withFewUnsent(listener: NodeListener): NodeServerListener {
  const unsent = new WeakMap<object, number>();
  return (request, response) => {
    if (response.socket === null) { // behind another answer, which has the socket
      const { socket } = request;
      const count = (unsent.get(socket) ?? 0) + 1;
      if (count > MOST_UNSENT) return void socket.destroy();
      unsent.set(socket, count);
      response.once("close", () => unsent.set(socket, (unsent.get(socket) ?? 1) - 1));
    }
    void listener(request, response);
  };
}

/** Resolves behind the poll phase of the event loop, in which connections are accepted: this turn's, or the next one's. */
function afterPoll(): Promise<void> {
  const { setImmediate } = nodeBuiltin<{ setImmediate(callback: () => void): unknown }>("node:timers");
  return new Promise((resolve) => void setImmediate(resolve));
}

/**
 * Stops listening, and resolves when the last connection has ended. The `close()` of an HTTP server would also destroy
 * every connection that is between two requests; a request that has arrived there unread makes the system send a reset.
 */
function stopListening(server: NodeServer): Promise<void> | undefined {
  const { Server } = nodeBuiltin<NodeNet>("node:net");
  if (!(server instanceof Server)) return undefined; // Bun's stop listening and end what is idle in one
  return new Promise((resolve) => Server.prototype.close.call(server, resolve));
}

/** The connections of a server: `closeAllConnections()` knows nothing of those in the middle of a TLS handshake. */
class Connections {
  readonly #all = new Set<NodeSocket>();
  /** Those that requests can come on. */
  readonly #ready: Set<NodeSocket>;
  /** How many were accepted. */
  #count = 0;

  constructor(server: NodeServer, isTls: boolean) {
    server.on("connection", (socket) => {
      this.#count++;
      addUntilClosed(this.#all, socket);
    });
    this.#ready = isTls ? new Set() : this.#all;
    if (isTls) server.on("secureConnection", (socket) => addUntilClosed(this.#ready, socket));
  }

  /**
   * Resolves when none waits to be accepted. Node accepts a single one in each turn of the event loop, and this turn's poll
   * phase may be over.
   */
  async allAccepted(): Promise<void> {
    const since = performance.now();
    for (let idle = 0; idle < 2 && performance.now() - since < BEFORE_CLOSING.limitMs; idle++) {
      const before = this.#count;
      await afterPoll();
      if (this.#count !== before) idle = -1;
    }
  }

  /** How many bytes were received on those that are open; `undefined` if none is. */
  get received(): number | undefined {
    if (this.#ready.size === 0) return undefined;
    let sum = 0;
    for (const { bytesRead } of this.#ready) sum += bytesRead;
    return sum;
  }

  /**
   * Ends our half of each, and reads on until the other half has ended: what is destroyed with something unread in it
   * ends with a reset.
   */
  end(): void {
    for (const socket of this.#ready) socket.end();
  }

  destroy(): void {
    for (const socket of this.#all) socket.destroy();
  }
}

function addUntilClosed(sockets: Set<NodeSocket>, socket: NodeSocket): void {
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
}

const BROKEN: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
};

/**
 * Answers what is not HTTP as Node does, and ends a connection on which nothing came in time without a word: Telegram
 * opens connections before it needs them, and would read a `408` as the answer to a delivery that is just under way.
 * Before the end of a TLS handshake, nothing can be answered: an answer would wait for its end, and keep the connection.
 */
function answerBroken({ code = "" }: { readonly code?: string }, socket: NodeSocket): void {
  const isSilent = code === "ERR_HTTP_REQUEST_TIMEOUT" || code === "ERR_TLS_HANDSHAKE_TIMEOUT";
  if (isSilent || code === "ECONNRESET" || socket.secureConnecting || !socket.writable) socket.destroy();
  else socket.end(`HTTP/1.1 ${BROKEN[code] ?? "400 Bad Request"}\r\nConnection: close\r\n\r\n`);
}

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
