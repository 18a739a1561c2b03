import { connect, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Clock } from "./clock.ts";
import type { BreakPoint } from "./faults.ts";
import { type Answer, AnswerReader, UnreadableAnswer } from "./http_answer.ts";
import { socketErrorText, tlsErrorText } from "./socket_error.ts";

/** Where a connection leads. */
export interface Destination {
  /** A loopback address. */
  address: string;
  /** Its port. */
  port: number;
  /** For HTTPS: the host name to ask for (none for an address) and what is wrong with the certificate, if anything. */
  tls?: { serverName: string; check: (socket: TLSSocket) => string | undefined };
}

/** What a connection tells its sender. */
export interface ConnectionEvents {
  /** It stands. */
  opened(): void;
  /** A whole answer came to what was sent. */
  answered(answer: Answer): void;
  /** Something failed, in the words that `getWebhookInfo` shows. The connection closes then. */
  failed(message: string): void;
  /** It is over, by whichever side. */
  closed(): void;
  /** Bytes came that belong to no answer. */
  unasked(bytes: number): void;
}

/** Telegram reads all that a socket holds at once, so a long head that is on its way has this long to come, in real time. */
const REST_OF_HEAD_MS = 50;

/** A sender that hears nothing for this long closes the connection, with or without a request under way. */
const PATIENCE_MS = 60_000;

/** One TCP or TLS connection to the webhook, which carries one request at a time. */
export class Connection {
  /** 1 for the first connection of a webhook. */
  readonly id: number;

  #socket: Socket;
  #clock: Clock;
  #events: ConnectionEvents;
  #reader = new AnswerReader();
  #unsent: Uint8Array | undefined;
  #breakAt: BreakPoint | undefined;
  #isOpen = false;
  #isWaiting = false;
  #isClosed = false;
  #stopTimer: () => void = () => {};
  #headTimer: ReturnType<typeof setTimeout> | undefined;

  /** Starts to connect. What is sent before it is open goes out when it is. */
  constructor(id: number, to: Destination, clock: Clock, events: ConnectionEvents) {
    this.id = id;
    this.#clock = clock;
    this.#events = events;
    const { address: host, port, tls } = to;
    if (tls) {
      // The certificate is checked by Telegram's rules below, which no TLS library has.
      const options = { host, port, servername: tls.serverName, rejectUnauthorized: false };
      const socket = connectTls(options, () => this.#opened(tls.check(socket)));
      this.#socket = socket;
    } else {
      this.#socket = connect({ host, port }, () => this.#opened(undefined));
    }
    this.#socket.setNoDelay(true);
    this.#socket.on("data", (chunk: Uint8Array) => this.#received(chunk));
    this.#socket.on(
      "error",
      (error) => this.#fail(tls && !this.#isOpen ? tlsErrorText(error) : socketErrorText(error)),
    );
    this.#socket.on("end", () => this.close());
    this.#socket.on("close", () => this.close());
    this.#restartTimer();
  }

  /** Whether an answer is due, or the connection is only being made. */
  get isBusy(): boolean {
    return !this.#isClosed && (this.#isWaiting || !this.#isOpen);
  }

  /** Whether a request could be sent. */
  get isReady(): boolean {
    return !this.#isClosed && !this.#isWaiting;
  }

  /**
   * Sends a request. Its answer comes through {@link ConnectionEvents.answered}.
   *
   * @param breakAt Where the connection breaks, if it is to.
   */
  send(request: Uint8Array, breakAt?: BreakPoint): void {
    if (breakAt === "before request") return this.close();
    this.#breakAt = breakAt;
    this.#isWaiting = true;
    this.#restartTimer();
    if (this.#isOpen) this.#write(request);
    else this.#unsent = request;
  }

  /** Ends the connection. */
  close(): void {
    if (this.#isClosed) return;
    this.#end();
    this.#socket.destroy();
    this.#events.closed();
  }

  #end(): void {
    this.#isClosed = true;
    this.#stopTimer();
    clearTimeout(this.#headTimer);
  }

  #opened(certificateProblem: string | undefined): void {
    if (this.#isClosed) return;
    if (certificateProblem) return this.#fail(certificateProblem);
    this.#isOpen = true;
    if (this.#unsent) this.#write(this.#unsent);
    this.#unsent = undefined;
    this.#events.opened();
  }

  #write(request: Uint8Array): void {
    if (this.#breakAt === "during request") {
      this.#socket.write(request.subarray(0, request.length / 2), () => this.close());
      return;
    }
    this.#socket.write(request, () => {
      if (this.#breakAt === "before answer") this.close();
    });
    // What stood behind the last answer is read as the answer to this request, as Telegram does.
    if (this.#reader.unread > 0) this.#read();
  }

  #received(chunk: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#isWaiting && this.#breakAt === "during answer") return this.close();
    this.#reader.push(chunk);
    if (this.#isWaiting) this.#read();
    else this.#events.unasked(chunk.length);
  }

  #read(): void {
    clearTimeout(this.#headTimer);
    try {
      const answer = this.#reader.read();
      if (!answer) {
        if (this.#reader.isHeadTooLong) {
          const tooLong = new UnreadableAnswer(431, `${statusText(431)}: total headers size exceeded`);
          this.#headTimer = setTimeout(() => this.#refuse(tooLong), REST_OF_HEAD_MS);
        }
        return;
      }
      this.#isWaiting = false;
      this.#restartTimer();
      if (this.#reader.unread > 0) this.#events.unasked(this.#reader.unread);
      this.#events.answered(answer);
      if (!answer.keepAlive || this.#breakAt === "after answer") this.close();
    } catch (error) {
      if (!(error instanceof UnreadableAnswer)) throw error;
      this.#refuse(error);
    }
  }

  /** Fails, and writes an HTTP answer of its own to the server, as Telegram does. */
  #refuse({ code, message }: UnreadableAnswer): void {
    if (this.#isClosed) return;
    this.#events.failed(message);
    this.#end();
    const answer = `HTTP/1.1 ${code} ${statusText(code)}\r\nContent-Length: 0\r\n\r\n`;
    this.#socket.end(answer, () => this.#socket.destroy());
    this.#events.closed();
  }

  #fail(message: string): void {
    if (this.#isClosed) return;
    this.#events.failed(message);
    this.close();
  }

  #restartTimer(): void {
    this.#stopTimer();
    this.#stopTimer = this.#clock.after(PATIENCE_MS, () => {
      if (this.#isWaiting) this.#fail("Read timeout expired");
      else this.close();
    });
  }
}

function statusText(code: number): string {
  const texts: Readonly<Record<number, string>> = {
    400: "Bad Request",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
    505: "HTTP Version Not Supported",
  };
  return texts[code] ?? "";
}
