import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";

/** An error that the server has answered. */
export class ServerError extends Error {
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** What every client returns. */
export interface Rows {
  readonly rows: Record<string, string | null>[];
}

interface Question {
  readonly bytes: Buffer;
  readonly rows: Record<string, string | null>[];
  columns: string[];
  error?: Error;
  readonly resolve: (rows: Rows) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One connection to a PostgreSQL server that trusts its users: as much of the protocol as the tests need, so that they run
 * where no package can be installed.
 */
export class WireConnection {
  readonly #socket: Socket;
  readonly #asked: Question[] = [];
  #received = Buffer.alloc(0);
  #isReady = false;
  #failure: Error | undefined;
  /** Is called with each notification. */
  onNotification: (channel: string, payload: string) => void = () => {};
  onEnd: () => void = () => {};

  constructor(url: string) {
    const { hostname, port, username, pathname } = new URL(url);
    this.#socket = connect({ host: hostname, port: Number(port) });
    this.#socket.setNoDelay(true);
    this.#socket.on("connect", () => {
      const database = pathname.slice(1) || username;
      const body = Buffer.from(
        `\0\x03\0\0user\0${username}\0database\0${database}\0client_encoding\0UTF8\0\0`,
      );
      this.#socket.write(Buffer.concat([int32(body.length + 4), body]));
    });
    this.#socket.on("data", (chunk) => this.#receive(chunk as Buffer));
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("Connection terminated")));
  }

  get waiting(): number {
    return this.#asked.length;
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  query(text: string, values: (string | null)[] = []): Promise<Rows> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#asked.push({ bytes: questionOf(text, values), rows: [], columns: [], resolve, reject });
      this.#socket.ref();
      if (this.#isReady && this.#asked.length === 1) this.#send();
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #send(): void {
    const [first] = this.#asked;
    if (first !== undefined) this.#socket.write(first.bytes);
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    while (this.#received.length >= 5) {
      const length = this.#received.readInt32BE(1) + 1;
      if (this.#received.length < length) return;
      const type = String.fromCharCode(this.#received[0] ?? 0);
      const body = this.#received.subarray(5, length);
      this.#received = this.#received.subarray(length);
      this.#message(type, body);
    }
  }

  #message(type: string, body: Buffer): void {
    const [first] = this.#asked;
    if (type === "T" && first !== undefined) first.columns = columnsOf(body);
    else if (type === "D" && first !== undefined) first.rows.push(rowOf(body, first.columns));
    else if (type === "E") {
      const fields = new Map(body.toString().split("\0").map((field) => [field[0], field.slice(1)]));
      const error = new ServerError(fields.get("M") ?? "", fields.get("C") ?? "");
      if (first === undefined || !this.#isReady) this.#fail(error);
      else first.error = error;
    } else if (type === "A") {
      const [channel = "", payload = ""] = body.subarray(4).toString().split("\0");
      this.onNotification(channel, payload);
    } else if (type === "R" && body.readInt32BE(0) !== 0) {
      this.#fail(new Error("This server wants a password"));
    } else if (type === "Z") {
      if (this.#isReady && first !== undefined) {
        this.#asked.shift();
        if (first.error === undefined) first.resolve({ rows: first.rows });
        else first.reject(first.error);
      }
      this.#isReady = true;
      this.#send();
      if (this.#asked.length === 0) this.#socket.unref(); // what is idle keeps no process alive
    }
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    for (const { reject } of this.#asked.splice(0)) reject(error);
    this.#socket.destroy();
    this.onEnd();
  }
}

/** Several connections, and a function that runs a statement on one of them. */
export function wirePool(url: string, size = 4) {
  const connections: WireConnection[] = [];
  const any = (): WireConnection => {
    for (const [i, each] of [...connections.entries()].reverse()) {
      if (each.hasFailed) connections.splice(i, 1);
    }
    const idle = connections.find(({ waiting }) => waiting === 0);
    if (idle !== undefined) return idle;
    if (connections.length < size) connections.push(new WireConnection(url));
    return connections.reduce((least, each) => each.waiting < least.waiting ? each : least);
  };
  const count = { queries: 0 };
  return {
    /** How many statements were run. */
    count,
    query(text: string, values: (string | null)[] = []): Promise<Rows> {
      count.queries++;
      return any().query(text, values);
    },
    /** Receives what is sent to a channel, as PGlite does. */
    async listen(channel: string, listener: (payload: string) => void): Promise<() => void> {
      const listening = new WireConnection(url);
      listening.onNotification = (from, payload) => {
        if (from === channel) listener(payload);
      };
      await listening.query(`listen "${channel}"`);
      return () => listening.close();
    },
    close(): void {
      for (const each of connections) each.close();
    },
  };
}

/** The same in the shape of the `Pool` of pg, which also tells that its listening connection has ended. */
export function listeningPool(url: string, size?: number) {
  const pool = wirePool(url, size);
  return {
    totalCount: 0,
    query(statement: string | { text: string; values: (string | null)[] }, values?: (string | null)[]) {
      if (typeof statement === "string") return pool.query(statement, values);
      return pool.query(statement.text, statement.values);
    },
    async connect() {
      const own = new WireConnection(url);
      await own.query("select 1");
      return {
        on(event: string, listener: (message: { channel: string; payload?: string }) => void) {
          if (event === "notification") {
            own.onNotification = (channel, payload) => listener({ channel, payload });
          } else if (event === "end") own.onEnd = () => listener({ channel: "" });
        },
        query: (text: string) => own.query(text),
        release: () => own.close(),
      };
    },
    close: pool.close,
  };
}

function questionOf(text: string, values: readonly (string | null)[]): Buffer {
  const parameters = values.flatMap((value) => {
    if (value === null) return [int32(-1)];
    const bytes = Buffer.from(value);
    return [int32(bytes.length), bytes];
  });
  return Buffer.concat([
    message("P", Buffer.from(`\0${text}\0`), int16(0)),
    message("B", Buffer.from("\0\0"), int16(0), int16(values.length), ...parameters, int16(0)),
    message("D", Buffer.from("P\0")),
    message("E", Buffer.from("\0"), int32(0)),
    message("S"),
  ]);
}

function message(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

function columnsOf(body: Buffer): string[] {
  const columns: string[] = [];
  for (let i = 2, left = body.readInt16BE(0); left > 0; left--) {
    const end = body.indexOf(0, i);
    columns.push(body.toString("utf8", i, end));
    i = end + 19;
  }
  return columns;
}

function rowOf(body: Buffer, columns: readonly string[]): Record<string, string | null> {
  const row: Record<string, string | null> = {};
  let i = 2;
  for (const column of columns) {
    const length = body.readInt32BE(i);
    i += 4;
    row[column] = length < 0 ? null : body.toString("utf8", i, i + length);
    i += Math.max(0, length);
  }
  return row;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}
