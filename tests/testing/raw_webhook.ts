import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, TLSSocket } from "node:tls";
import type { TestContext } from "node:test";

/** A request that reached the webhook, byte for byte. */
export interface SeenRequest {
  /** The whole request as text; every byte is a character. */
  text: string;
  /** The path and query. */
  path: string;
  headers: ReadonlyMap<string, string>;
  body: string;
  /** The update. */
  update: { update_id: number; [kind: string]: unknown };
  /** 1 for the first connection. */
  connection: number;
  /** The text of the message in it. */
  said: string;
}

/** What to do about a request: bytes to answer with, or nothing to stay silent. */
export type Respond = (
  request: SeenRequest,
  socket: Socket,
) => string | undefined | Promise<string | undefined>;

export const OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/** An answer with this status. */
export function status(code: number, headers = ""): string {
  return `HTTP/1.1 ${code} Some Reason\r\n${headers}Content-Length: 0\r\n\r\n`;
}

/** A webhook that shows every byte it gets and says exactly what it is told. */
export class RawWebhook {
  readonly requests: SeenRequest[] = [];
  /** Answers that the sender wrote, which it does where it cannot read one. */
  readonly answers: string[] = [];
  /** Connections that were opened so far. */
  opened = 0;
  respond: Respond;
  /** What it says to every new connection without being asked. */
  greeting: string | undefined;
  /** The server names that TLS connections asked for; false for none. */
  readonly serverNames: (string | false)[] = [];
  port = 0;
  #server: Server;
  #sockets = new Set<Socket>();
  #watchers = new Set<() => void>();

  constructor(respond: Respond, tls?: { cert: string; key: string }) {
    this.respond = respond;
    const onSocket = (socket: Socket) => this.#serve(socket);
    this.#server = tls ? createTlsServer(tls, onSocket) : createServer(onSocket);
  }

  /** How many connections are open. */
  get open(): number {
    return this.#sockets.size;
  }

  /** What the messages said, in the order of their arrival. */
  get said(): string[] {
    return this.requests.map(({ said }) => said);
  }

  listen(port = 0): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, "127.0.0.1", () => {
        const address = this.#server.address();
        this.port = typeof address === "object" && address ? address.port : 0;
        resolve();
      });
    });
  }

  /** Resolves when this is true. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    const connection = ++this.opened;
    if (socket instanceof TLSSocket) this.serverNames.push(Reflect.get(socket, "servername") || false);
    if (this.greeting) socket.write(this.greeting);
    this.#sockets.add(socket);
    let received = "";
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#tell();
    });
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      received += chunk;
      for (let end = requestEnd(received); end > 0; end = requestEnd(received)) {
        const text = received.slice(0, end);
        received = received.slice(end);
        if (text.startsWith("HTTP/")) {
          this.answers.push(text);
          this.#tell();
          continue;
        }
        const request = readRequest(text, connection);
        this.requests.push(request);
        this.#tell();
        Promise.resolve(this.respond(request, socket)).then((answer) => {
          if (answer !== undefined && !socket.destroyed) socket.write(answer, "latin1");
        });
      }
    });
    this.#tell();
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** Starts a webhook that is closed when the test ends. */
export async function rawWebhook(
  t: TestContext,
  respond: Respond = () => OK,
  tls?: { cert: string; key: string },
): Promise<RawWebhook> {
  const webhook = new RawWebhook(respond, tls);
  await webhook.listen();
  t.after(() => webhook.close());
  return webhook;
}

function requestEnd(received: string): number {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return 0;
  const length = Number(/^content-length: (\d+)/im.exec(received.slice(0, headEnd))?.[1] ?? 0);
  const end = headEnd + 4 + length;
  return received.length >= end ? end : 0;
}

function readRequest(text: string, connection: number): SeenRequest {
  const headEnd = text.indexOf("\r\n\r\n");
  const [start = "", ...lines] = text.slice(0, headEnd).split("\r\n");
  const headers = new Map(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  const body = text.slice(headEnd + 4);
  const update = JSON.parse(body || "{}");
  return {
    text,
    path: start.split(" ")[1] ?? "",
    headers,
    body,
    update,
    connection,
    said: update.message?.text ?? "",
  };
}
