import { connect, type Socket } from "node:net";
import { connect as connectTls, TLSSocket } from "node:tls";
import type { Clock } from "./clock.ts";
import type { BreakPoint } from "./faults.ts";
import { AnswerReader, type HttpAnswer, UnreadableAnswer } from "./http_answer.ts";
import type { Network, SocketAddress } from "./network.ts";
import { socketErrorText, tlsErrorText } from "./socket_error.ts";

/** Where a connection leads. */
export interface Destination extends SocketAddress {
  /** The host and port of the webhook's URL, by which the network routes. */
  name?: string;
  /** For HTTPS: the host name to ask for (none for an address) and what is wrong with the certificate, if anything. */
  tls?: { serverName: string; check: (socket: TLSSocket) => string | undefined };
}

/** What goes wrong with a request: the connection breaks, its answer never arrives, or this is called once it is sent. */
export type Hazard = BreakPoint | "lost answer" | (() => void);

/** What a connection tells its sender. */
export interface ConnectionEvents {
  /** It stands. */
  opened(): void;
  /** Bytes are on their way over a slow network: the other side owes nothing for now. */
  onTheWay?(): void;
  /** What was sent has been answered completely. */
  answered(answer: HttpAnswer): void;
  /** Something failed, in the words that `getWebhookInfo` shows. The connection closes then. */
  failed(message: string): void;
  /** It is over, by whichever side. */
  closed(): void;
  /** Bytes arrived that belong to no answer. */
  unasked(bytes: number): void;
}

/**
 * Telegram reads everything in the socket at one time, so a long head that is on its way has this long to come, in real
 * time.
 */
const REST_OF_HEAD_MS = 50;

/** A sender that hears nothing for this long closes the connection, with or without a request under way. */
const PATIENCE_MS = 60_000;

/** One TCP or TLS connection to the webhook, which carries one request at a time. */
export class Connection {
  /** 1 for the first connection of a webhook. */
  readonly id: number;
  /** Where it really leads; nothing if it was refused. */
  readonly place: SocketAddress | undefined;

  #socket: Socket | undefined;
  #clock: Clock;
  #events: ConnectionEvents;
  #network: Network | undefined;
  #reader = new AnswerReader();
  #unsent: Uint8Array | undefined;
  #hazard: Hazard | undefined;
  #isOpen = false;
  #isWaiting = false;
  #isClosed = false;
  /** Whether the other side has something to do, as opposed to bytes that are on their way. */
  #isOwed = true;
  #arrivals = new Set<() => void>();
  #lastArrival = Number.NEGATIVE_INFINITY;
  #stopTimer: () => void = () => {};
  #headTimer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Starts to connect. What is sent before it is open goes out when it is.
   *
   * @param network How far away the receiver is and where it really is. Default: right where the destination says.
   */
  constructor(id: number, to: Destination, clock: Clock, events: ConnectionEvents, network?: Network) {
    this.id = id;
    this.#clock = clock;
    this.#events = events;
    this.#network = network;
    this.place = network ? network.placeFor(to, id) : to;
    this.#restartTimer();
    if (this.place) this.#socket = this.#connect(this.place, to.tls);
    else queueMicrotask(() => this.#fail("Connection refused"));
  }

  /** Whether an answer is due, or the connection is only being made. */
  get isBusy(): boolean {
    return !this.#isClosed && this.#isOwed && (this.#isWaiting || !this.#isOpen);
  }

  /**
   * Sends a request. Its answer comes through {@link ConnectionEvents.answered}.
   *
   * @param hazard What goes wrong with it, if anything.
   */
  send(request: Uint8Array, hazard?: Hazard): void {
    if (hazard === "before request") return this.close();
    this.#hazard = hazard;
    this.#isWaiting = true;
    this.#restartTimer();
    if (this.#isOpen) this.#write(request);
    else this.#unsent = request;
  }

  /** Ends the connection. */
  close(): void {
    if (this.#isClosed) return;
    this.#end();
    this.#socket?.destroy();
    this.#events.closed();
  }

  #connect({ address: host, port }: SocketAddress, tls: Destination["tls"]): Socket {
    const halfTrips = tls ? 4 : 2;
    const opened = (problem: () => string | undefined) => {
      this.#isOwed = false;
      this.#later(halfTrips, () => this.#opened(problem()));
    };
    // The certificate is checked by Telegram's rules, which no TLS library has.
    const socket: Socket = tls
      ? connectTls(
        { host, port, servername: tls.serverName, rejectUnauthorized: false },
        () => opened(() => socket instanceof TLSSocket ? tls.check(socket) : undefined),
      )
      : connect({ host, port }, () => opened(() => undefined));
    socket.setNoDelay(true);
    socket.on("data", (chunk: Uint8Array) => this.#received(chunk));
    socket.on("error", (error) => {
      const message = tls && !this.#isOpen ? tlsErrorText(error) : socketErrorText(error);
      this.#later(1, () => this.#fail(message));
    });
    for (const event of ["end", "close"]) socket.on(event, () => this.#later(1, () => this.close()));
    return socket;
  }

  /** Does something when it has come so far over the network, never before what was on its way earlier. */
  #later(halfTrips: number, run: () => void): void {
    if (this.#isClosed) return;
    const now = this.#clock.now();
    const at = Math.max(now + halfTrips * (this.#network?.halfTripMs(this.id) ?? 0), this.#lastArrival);
    if (at <= now) return run();
    this.#lastArrival = at;
    this.#isOwed = false;
    const cancel = this.#clock.after(at - now, () => {
      this.#arrivals.delete(cancel);
      run();
    });
    this.#arrivals.add(cancel);
    this.#events.onTheWay?.();
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
    this.#isOwed = true;
    this.#later(1, () => {
      this.#isOwed = true;
      if (this.#hazard === "during request") {
        this.#socket?.write(request.subarray(0, request.length / 2), () => this.close());
        return;
      }
      this.#socket?.write(request, () => {
        if (this.#hazard === "before answer") this.close();
        else if (typeof this.#hazard === "function") this.#hazard();
      });
    });
    // What followed the last answer is read as the answer to this request, as Telegram does.
    if (this.#reader.unread > 0) this.#read();
  }

  #received(chunk: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#isWaiting && this.#hazard === "during answer") return this.close();
    if (this.#isWaiting && this.#hazard === "lost answer") {
      this.#isOwed = false;
      return this.#events.onTheWay?.();
    }
    this.#later(1, () => {
      this.#isOwed = true;
      this.#reader.push(chunk);
      if (this.#isWaiting) this.#read();
      else this.#events.unasked(chunk.length);
    });
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
      const breaks = this.#hazard === "after answer";
      this.#events.answered(answer);
      if (!answer.keepAlive || breaks) this.close();
    } catch (error) {
      if (!(error instanceof UnreadableAnswer)) throw error;
      this.#refuse(error);
    }
  }

  /** Fails, and writes its own HTTP answer to the server, as Telegram does. */
  #refuse({ code, message }: UnreadableAnswer): void {
    if (this.#isClosed) return;
    this.#events.failed(message);
    this.#end();
    const answer = `HTTP/1.1 ${code} ${statusText(code)}\r\nContent-Length: 0\r\n\r\n`;
    this.#socket?.end(answer, () => this.#socket?.destroy());
    this.#events.closed();
  }

  #end(): void {
    this.#isClosed = true;
    this.#stopTimer();
    clearTimeout(this.#headTimer);
    for (const cancel of this.#arrivals) cancel();
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
