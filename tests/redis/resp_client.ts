import { connect, type Socket } from "node:net";

/** A minimal Redis client: as much of RESP3 as the store needs, over one connection. */
export interface RespClient {
  /** Sends a command. Commands are pipelined. */
  readonly send: (command: string, args: string[]) => Promise<unknown>;
  /** Subscribes to a channel, on the same connection. */
  readonly subscribe: (channel: string, listener: (message: string) => void) => Promise<void>;
  close(): void;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * Connects when the first command is sent, and again after the connection has ended: commands that were under way are
 * then rejected.
 */
export function respClient(url: string): RespClient {
  const { hostname, port, password } = new URL(url);
  const listeners = new Map<string, (message: string) => void>();
  let socket: Socket | undefined;
  let waiting: Waiting[] = [];

  const open = (): Socket => {
    if (socket !== undefined) return socket;
    const made = connect(Number(port), hostname);
    const read = replies((reply) => {
      if (reply instanceof Push) {
        const [kind, channel, message] = reply.items;
        if (kind === "message") return listeners.get(String(channel))?.(String(message));
        // What follows is that a command to subscribe has succeeded.
      }
      const first = waiting.shift();
      if (waiting.length === 0) made.unref(); // an idle connection does not keep the tests running
      if (reply instanceof Error) first?.reject(reply);
      else first?.resolve(reply);
    });
    made.setNoDelay(true);
    made.on("data", (chunk) => {
      if (socket === made) read(chunk);
    });
    const end = (error: Error) => {
      if (socket !== made) return;
      socket = undefined;
      const lost = waiting;
      waiting = [];
      made.destroy();
      for (const each of lost) each.reject(error);
    };
    made.on("error", end);
    made.on("close", () => end(new Error("The connection was closed")));
    socket = made;
    const auth = password === "" ? [] : ["AUTH", "default", decodeURIComponent(password)];
    void send("HELLO", ["3", ...auth]).catch(() => {});
    return made;
  };

  const send = (command: string, args: string[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const connection = open();
      waiting.push({ resolve, reject });
      connection.ref();
      const parts = [command, ...args].map((each) => `$${Buffer.byteLength(each)}\r\n${each}\r\n`);
      connection.write(`*${parts.length}\r\n${parts.join("")}`);
    });

  return {
    send,
    async subscribe(channel, listener) {
      listeners.set(channel, listener);
      await send("SUBSCRIBE", [channel]);
    },
    close() {
      const ended = socket;
      socket = undefined;
      for (const each of waiting) each.reject(new Error("The client was closed"));
      waiting = [];
      ended?.destroy();
    },
  };
}

/** What the server sends unasked. */
class Push {
  readonly items: unknown[];
  constructor(items: unknown[]) {
    this.items = items;
  }
}

/** Reads replies from chunks, however these are cut. */
function replies(onReply: (reply: unknown) => void): (chunk: Uint8Array) => void {
  let buffer = Buffer.alloc(0);
  let at = 0;
  const INCOMPLETE = Symbol();

  const line = (): string | typeof INCOMPLETE => {
    const end = buffer.indexOf("\r\n", at);
    if (end < 0) return INCOMPLETE;
    const text = buffer.toString("utf8", at, end);
    at = end + 2;
    return text;
  };
  const value = (): unknown => {
    const head = line();
    if (head === INCOMPLETE) return INCOMPLETE;
    const rest = (head as string).slice(1);
    switch ((head as string)[0]) {
      case "+":
        return rest;
      case "-":
        return new Error(rest);
      case ":":
        return Number(rest);
      case "_":
        return null;
      case "$":
      case "=": { // a text with its kind before it
        const length = Number(rest);
        if (length < 0) return null;
        if (buffer.length < at + length + 2) return INCOMPLETE;
        const text = buffer.toString("utf8", at, at + length);
        at += length + 2;
        return (head as string)[0] === "=" ? text.slice(4) : text;
      }
      default: {
        const items: unknown[] = [];
        for (let left = Number(rest) * ((head as string)[0] === "%" ? 2 : 1); left > 0; left--) {
          const item = value();
          if (item === INCOMPLETE) return INCOMPLETE;
          items.push(item);
        }
        return (head as string)[0] === ">" ? new Push(items) : items;
      }
    }
  };
  return (chunk) => {
    buffer = buffer.length === 0 ? Buffer.from(chunk) : Buffer.concat([buffer, chunk]);
    while (buffer.length > 0) {
      at = 0;
      const reply = value();
      if (reply === INCOMPLETE) return;
      buffer = buffer.subarray(at);
      onReply(reply);
    }
  };
}
