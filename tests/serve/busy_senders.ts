import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { rawDelivery, textUpdate } from "./raw_connection.ts";

/** What senders have met with. */
export interface Met {
  /** Answers with status 200, and with another. */
  handled: number;
  refused: number;
  /** Answers other than 200 that did not announce the end of their connection. */
  notLast: number;
  /** Connections that a reset ended, whether a request was under way or not. */
  resets: number;
  /** Requests whose connection ended without an answer. */
  cut: number;
  /** Connections that were ended between two requests, properly. */
  ended: number;
  /** Attempts to connect that nobody listened to. */
  turnedAway: number;
}

/**
 * Senders that keep a server busy as Telegram's does: each has one connection, sends the next update as soon as the last
 * one was answered, and connects again when the connection has ended. One that nobody listens to gives up.
 */
export class BusySenders {
  readonly met: Met = { handled: 0, refused: 0, notLast: 0, resets: 0, cut: 0, ended: 0, turnedAway: 0 };
  /** Errors that were not expected. */
  readonly surprises: string[] = [];
  readonly #port: number;
  readonly #cert: string | undefined;
  #isStopped = false;
  #nextId = 1;
  readonly #senders: Promise<void>[] = [];

  /** @param cert The certificate to verify the server by, if it speaks HTTPS. */
  constructor(port: number, count: number, cert?: string) {
    this.#port = port;
    this.#cert = cert;
    for (let n = 0; n < count; n++) this.#senders.push(this.#send(n + 1));
  }

  /** Resolves when all have given up. */
  async end(): Promise<Met> {
    await Promise.all(this.#senders);
    return this.met;
  }

  /** Ends them after the answers that they wait for. */
  async stop(): Promise<Met> {
    this.#isStopped = true;
    return await this.end();
  }

  async #send(chat: number): Promise<void> {
    while (!this.#isStopped) {
      const socket = await this.#connected();
      if (socket === undefined) return;
      await this.#sendOn(socket, chat);
    }
  }

  #connected(): Promise<Socket | undefined> {
    return new Promise((resolve) => {
      const address = { port: this.#port, host: "127.0.0.1", noDelay: true };
      const socket: Socket = this.#cert === undefined
        ? connect(address)
        : connectTls({ ...address, ca: this.#cert, checkServerIdentity: () => undefined });
      const fail = (error: Error) => {
        if (codeOf(error) === "ECONNREFUSED") this.met.turnedAway++;
        else this.#failed(error);
        resolve(undefined);
      };
      socket.once("error", fail);
      socket.once(this.#cert === undefined ? "connect" : "secureConnect", () => {
        socket.off("error", fail);
        resolve(socket);
      });
    });
  }

  /** Sends one update after the other, until the connection has ended. */
  #sendOn(socket: Socket, chat: number): Promise<void> {
    return new Promise((resolve) => {
      let received = "";
      let isWaiting = false;
      let hasFailed = false;
      const send = () => {
        isWaiting = true;
        socket.write(rawDelivery({ update: textUpdate(this.#nextId++, "hello", chat) }));
      };
      socket.on("data", (chunk) => {
        received += chunk.toString("latin1");
        const end = received.indexOf("\r\n\r\n");
        if (end === -1) return;
        const head = received.slice(0, end).toLowerCase();
        const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0);
        if (received.length < end + 4 + length) return;
        received = "";
        isWaiting = false;
        const isLast = /\r\nconnection: close/.test(head);
        if (head.startsWith("http/1.1 200")) this.met.handled++;
        else {
          this.met.refused++;
          if (!isLast) this.met.notLast++;
        }
        if (isLast || this.#isStopped) socket.end();
        else send();
      });
      socket.on("error", (error) => {
        hasFailed = true;
        this.#failed(error);
      });
      socket.on("end", () => {
        if (isWaiting) this.met.cut++;
        else if (!socket.writableEnded) this.met.ended++;
        isWaiting = false;
      });
      socket.on("close", () => {
        if (isWaiting && !hasFailed) this.met.cut++;
        resolve();
      });
      send();
    });
  }

  #failed(error: Error): void {
    if (["ECONNRESET", "EPIPE"].includes(codeOf(error))) this.met.resets++;
    else this.surprises.push(codeOf(error));
  }
}

function codeOf(error: Error): string {
  return "code" in error ? String(error.code) : error.message;
}
