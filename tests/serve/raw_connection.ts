import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { strict as assert } from "node:assert";
import type { TestContext } from "node:test";

/** An answer, read by the letter of the protocol. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A delivery in the form in which Telegram sends it. */
export interface RawDelivery {
  readonly update?: object;
  /** In place of `update`: any text, every character a byte. */
  readonly body?: string;
  readonly method?: string;
  readonly target?: string;
  /** `null` leaves the header out. */
  readonly secret?: string | null;
  readonly contentType?: string | null;
  /** More headers, each with its line end. */
  readonly headers?: string;
}

export const SECRET = "my-Secret_1";

/** How long a server may take, in milliseconds, before a test is told that it hangs. */
const PATIENCE_MS = 6_000;

/** The bytes of a delivery, every character one. */
export function rawDelivery(delivery: RawDelivery = {}): string {
  const { method = "POST", target = "/", secret = SECRET, contentType = "application/json" } = delivery;
  const body = delivery.body ?? escaped(delivery.update ?? textUpdate(1));
  return `${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n` +
    (secret === null ? "" : `X-Telegram-Bot-Api-Secret-Token: ${secret}\r\n`) +
    (contentType === null ? "" : `Content-Type: ${contentType}\r\n`) +
    `Content-Length: ${body.length}\r\nConnection: keep-alive\r\nAccept-Encoding: gzip, deflate\r\n` +
    `${delivery.headers ?? ""}\r\n${body}`;
}

/** The head of a delivery whose body comes in chunks, or with whatever framing is given. */
export function rawHead(framing: string): string {
  return rawDelivery({ body: "" }).replace("Content-Length: 0\r\n", framing);
}

/** A text message in a private chat. */
export function textUpdate(id: number, text = "hello", chat = 111): { update_id: number; message: object } {
  return {
    update_id: id,
    message: {
      message_id: id,
      from: { id: chat, is_bot: false, first_name: "Ällen" },
      chat: { id: chat, first_name: "Ällen", type: "private" },
      date: 1_785_000_001,
      text,
    },
  };
}

/** A part of an album. */
export function albumPart(id: number, group = "13900000000000001"): { update_id: number; message: object } {
  const update = textUpdate(id);
  return {
    ...update,
    message: {
      ...update.message,
      text: undefined,
      media_group_id: group,
      photo: [{ file_id: `f${id}`, file_unique_id: `u${id}`, width: 1, height: 1 }],
    },
  };
}

function escaped(update: object): string {
  const hex = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(update).replace(/[\u0080-\uffff]/g, hex).replace(",", ",\n");
}

/** A connection on which a test says exactly which bytes go over the wire, and sees exactly which come back. */
export class RawConnection {
  readonly #socket: Socket;
  #received = "";
  #isClosed = false;
  #wake = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Uint8Array) => {
      for (const byte of chunk) this.#received += String.fromCharCode(byte);
      this.#wake();
    });
    socket.on("error", () => {}); // "close" follows
    socket.on("close", () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  /** Connects; with `tls`, after the handshake. */
  static open(port: number, tls?: ConnectionOptions, host = "127.0.0.1"): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket: Socket = tls
        ? connectTls({ host, port, ...tls }, () => resolve(connection))
        : connectPlain({ host, port }, () => resolve(connection));
      const connection = new RawConnection(socket);
      socket.once("error", reject);
    });
  }

  /** What came and was not read as part of an answer. */
  get received(): string {
    return this.#received;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** Sends text, every character one byte. */
  send(text: string): void {
    this.#socket.write(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  }

  /** Sends something and resolves once the system has taken it. */
  sent(text: string): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.write(Uint8Array.from(text, (character) => character.charCodeAt(0)), () => resolve());
    });
  }

  /** Sends the same bytes again and again until so many are sent, or there is an answer, or the other side has closed. */
  async pour(bytes: Uint8Array, total: number): Promise<void> {
    for (let sent = 0; sent < total && this.#received === "" && !this.#isClosed; sent += bytes.length) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#socket.write(bytes, () => resolve());
      });
    }
  }

  /**
   * Reads the next answer and holds it to what Telegram can read: one Content-Length, no chunks, no interim answer, no
   * content coding.
   *
   * @param by `"runtime"` for an answer that the runtime gives before our code sees anything.
   */
  async answer(by: "telehook" | "runtime" = "telehook"): Promise<RawAnswer> {
    await this.#until(() => this.#received.includes("\r\n\r\n"), "the head of an answer");
    const headEnd = this.#received.indexOf("\r\n\r\n");
    const [start = "", ...lines] = this.#received.slice(0, headEnd).split("\r\n");
    const status = Number(/^HTTP\/1\.[01] (\d{3})\b/.exec(start)?.[1]);
    assert.ok(status >= 200, `an interim or unreadable answer: ${start}`);
    const headers = new Map<string, string>();
    for (const line of lines) {
      const name = line.slice(0, line.indexOf(":")).toLowerCase();
      // Deno says once more that the connection ends, where a body was not read.
      assert.ok(!headers.has(name) || (by === "runtime" && name === "connection"), `"${name}" twice`);
      headers.set(name, line.slice(line.indexOf(":") + 1).trim());
    }
    assert.equal(headers.get("transfer-encoding"), undefined);
    assert.equal(headers.get("content-encoding"), undefined);
    if (by === "telehook") assert.match(headers.get("content-length") ?? "none", /^\d+$/);
    const end = headEnd + 4 + Number(headers.get("content-length") ?? 0);
    await this.#until(() => this.#received.length >= end, "the body of an answer");
    const body = this.#received.slice(headEnd + 4, end);
    this.#received = this.#received.slice(end);
    return { status, headers, body };
  }

  /** Sends a delivery and reads its answer, behind which no byte may follow. */
  async deliver(delivery: RawDelivery = {}): Promise<RawAnswer> {
    this.send(rawDelivery(delivery));
    const answer = await this.answer();
    assert.equal(this.#received, "", "bytes behind an answer");
    return answer;
  }

  /** Resolves when the other side, or the test, has closed it. */
  closed(): Promise<void> {
    return this.#until(() => this.#isClosed, "the end of the connection");
  }

  /** Resolves when there is something to read, or nothing more will arrive. */
  closedOrAnswered(): Promise<void> {
    return this.#until(() => this.#isClosed || this.#received.includes("\r\n\r\n"), "an answer or the end");
  }

  /** Reads over one interim answer. */
  skipInterim(): void {
    this.#received = this.#received.slice(this.#received.indexOf("\r\n\r\n") + 4);
  }

  /** Ends our half: the other side reads an end of file. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #until(isSo: () => boolean, what: string): Promise<void> {
    if (isSo()) return Promise.resolve();
    const problem = (why: string) =>
      new Error(`${why} while waiting for ${what}; got ${this.#received.slice(0, 300)}`);
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => {
        clearTimeout(deadline);
        this.#wake = () => {};
        end();
      };
      const deadline = setTimeout(() => settle(() => reject(problem("Too long"))), PATIENCE_MS);
      this.#wake = () => {
        if (isSo()) settle(resolve);
        else if (this.#isClosed) settle(() => reject(problem("The connection was closed")));
      };
      this.#wake();
    });
  }
}

/** Opens connections to a server for one test, after which they are ended, and then the server is closed. */
export function connector(
  t: TestContext,
  port: number,
  close: () => Promise<unknown>,
): () => Promise<RawConnection> {
  const connections: RawConnection[] = [];
  t.after(async () => {
    for (const connection of connections) connection.destroy();
    await close();
  });
  return async () => {
    const connection = await RawConnection.open(port);
    connections.push(connection);
    return connection;
  };
}
