import { TelehookError } from "../../errors/telehook_error.ts";
import { quote } from "../../text/quote.ts";

/** Sends one command to the server. Rejects if the server answers with an error. */
export type RedisCommand = (command: string, args: string[]) => Promise<unknown>;

/** Begins to receive the messages of a channel. What it returns or resolves to, if it is a function, ends that. */
export type RedisSubscribe = (channel: string, listener: (message: string) => void) => unknown;

/** Any client: only those methods are called that are named in {@link RedisClient}. */
interface AnyClient {
  call?(command: string, ...args: string[]): Promise<unknown>;
  connect?(): Promise<unknown>;
  send?(command: string, args: string[]): Promise<unknown>;
  sendCommand?(...args: unknown[]): Promise<unknown>;
  subscribe?(channel: string, listener?: (message: string) => void): unknown;
  unsubscribe?(channel: string, listener?: (message: string) => void): unknown;
  on?(event: string, listener: (channel: string, message: string) => void): unknown;
}

/** What a channel of Deno's client is. */
interface DenoSubscription {
  subscribe(channel: string): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  receive(): AsyncIterable<{ readonly channel: string; readonly message: string }>;
}

const WAYS = "node-redis (version 4 or later), ioredis, Bun's RedisClient, Deno's Redis client";

/** How a client is sent commands, found by its methods: no client is imported here. */
export function commandOf(client: unknown): RedisCommand {
  if (typeof client === "function") return client as RedisCommand;
  if (typeof client === "object" && client !== null) {
    const known = client as AnyClient;
    if (typeof known.call === "function") return (command, args) => known.call!(command, ...args);
    if (typeof known.sendCommand === "function") return sendCommandOf(known, known.sendCommand.bind(known));
    if (typeof known.send === "function") {
      return (command, args) => connectingAgain(known, known.send!(command, args));
    }
  }
  throw new TelehookError(
    "ERR_OPTION",
    `redisStore does not recognize this client (${
      quote(client)
    }): pass a connected client of ${WAYS}, or a function ` +
      "(command, args) => Promise that sends a command",
  );
}

/** Four kinds of client have a method of this name. */
function sendCommandOf(
  client: object,
  send: (...args: unknown[]) => Promise<unknown>,
): RedisCommand {
  if ("isConnected" in client) return (command, args) => send(command, args); // Deno's
  if ("nodeClient" in client) { // a cluster of node-redis, which wants to know a key
    return (command, args) =>
      send(command === "EVALSHA" || command === "EVAL" ? args[2] : args[0], false, [command, ...args]);
  }
  if ("acquire" in client) return (command, args) => send(false, [command, ...args]); // Sentinel
  return (command, args) => send([command, ...args]);
}

/**
 * A call of Bun's client. After some time without a server (half a minute, unless its `maxRetries` says otherwise), it refuses
 * every call until it is told to connect: then it is told, for the next call.
 */
async function connectingAgain<T>(client: AnyClient, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Error && error.message === "Connection has failed") {
      client.connect?.().catch(() => {}); // the next call tells
    }
    throw error;
  }
}

/** How a client's messages are received: by any number of listeners to a channel, for which it subscribes once. */
export function subscribeOf(subscriber: unknown): RedisSubscribe {
  const channels = sharedChannels.get(subscriber as object) ?? new Channels(rawSubscribeOf(subscriber));
  sharedChannels.set(subscriber as object, channels);
  return (channel, listener) => channels.add(channel, listener);
}

const sharedChannels = new WeakMap<object, Channels>();

interface Channel {
  readonly listeners: Set<(message: string) => void>;
  readonly subscribed: Promise<unknown>;
}

class Channels {
  readonly #subscribe: RedisSubscribe;
  readonly #channels = new Map<string, Channel>();

  constructor(subscribe: RedisSubscribe) {
    this.#subscribe = subscribe;
  }

  async add(name: string, listener: (message: string) => void): Promise<() => Promise<void>> {
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      const listeners = new Set<(message: string) => void>();
      const tell = (message: string) => {
        for (const each of listeners) each(message);
      };
      channel = { listeners, subscribed: Promise.resolve(this.#subscribe(name, tell)) };
      this.#channels.set(name, channel);
    }
    const { listeners, subscribed } = channel;
    listeners.add(listener);
    const end = async () => {
      listeners.delete(listener);
      if (listeners.size > 0 || this.#channels.get(name)?.listeners !== listeners) return;
      this.#channels.delete(name);
      const unsubscribe = await subscribed;
      if (typeof unsubscribe === "function") await unsubscribe();
    };
    try {
      await subscribed;
    } catch (error) {
      this.#channels.delete(name);
      throw error;
    }
    return end;
  }
}

function rawSubscribeOf(subscriber: unknown): RedisSubscribe {
  if (typeof subscriber === "function") return subscriber as RedisSubscribe;
  if (typeof subscriber === "object" && subscriber !== null) {
    const known = subscriber as AnyClient;
    if (typeof known.subscribe === "function") {
      if (typeof known.call === "function" && typeof known.on === "function") return ioredisSubscribe(known);
      if ("isConnected" in known) return denoSubscribe(known);
      return async (channel, listener) => {
        await connectingAgain(known, Promise.resolve(known.subscribe!(channel, listener)));
        return () => known.unsubscribe?.(channel, listener);
      };
    }
  }
  throw new TelehookError(
    "ERR_OPTION",
    `redisStore does not recognize this subscriber (${
      quote(subscriber)
    }): pass a second connected client of ${WAYS}, ` +
      "or a function (channel, listener) => Promise that subscribes",
  );
}

/** One listener of the client is for all channels. */
function ioredisSubscribe(client: AnyClient): RedisSubscribe {
  const known = new Map<string, (message: string) => void>();
  client.on?.("message", (channel, message) => known.get(channel)?.(message));
  return async (channel, listener) => {
    known.set(channel, listener);
    await client.subscribe?.(channel);
    return () => {
      known.delete(channel);
      return client.unsubscribe?.(channel);
    };
  };
}

/** One subscription is for all channels. */
function denoSubscribe(client: AnyClient): RedisSubscribe {
  const known = new Map<string, (message: string) => void>();
  let first: Promise<DenoSubscription> | undefined;
  return async (channel, listener) => {
    known.set(channel, listener);
    if (first === undefined) {
      first = Promise.resolve(client.subscribe?.(channel)) as Promise<DenoSubscription>;
      first.catch(() => first = undefined); // the next one tries again
      void receive(await first, known);
    } else {
      await (await first).subscribe(channel);
    }
    return async () => {
      known.delete(channel);
      await (await first)?.unsubscribe(channel);
    };
  };
}

async function receive(
  subscription: DenoSubscription,
  known: ReadonlyMap<string, (message: string) => void>,
): Promise<void> {
  try {
    for await (const { channel, message } of subscription.receive()) known.get(channel)?.(message);
  } catch {
    // The connection has ended: what is due is then found when leases are renewed.
  }
}
