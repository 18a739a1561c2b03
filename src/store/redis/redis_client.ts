import { TelehookError } from "../../errors/telehook_error.ts";
import { quote } from "../../text/quote.ts";

/** Sends one command to the server. Rejects if the server answers with an error. */
export type RedisCommand = (command: string, args: string[]) => Promise<unknown>;

/** Begins to receive the messages of a channel. What it returns or resolves to, if it is a function, ends that. */
export type RedisSubscribe = (channel: string, listener: (message: string) => void) => unknown;

/** Any client: only those methods are called that are named in {@link RedisClient}. */
interface AnyClient {
  call?(command: string, ...args: string[]): Promise<unknown>;
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
    const any = client as AnyClient;
    if (typeof any.call === "function") return (command, args) => any.call!(command, ...args);
    if (typeof any.sendCommand === "function") return sendCommandOf(any, any.sendCommand.bind(any));
    if (typeof any.send === "function") return (command, args) => any.send!(command, args);
  }
  throw new TelehookError(
    "ERR_OPTION",
    `redisStore does not recognise this client (${quote(client)}): pass a connected client of ${WAYS}, or a function ` +
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
    return (command, args) => send(command === "EVALSHA" || command === "EVAL" ? args[2] : args[0], false, [command, ...args]);
  }
  if ("acquire" in client) return (command, args) => send(false, [command, ...args]); // Sentinel
  return (command, args) => send([command, ...args]);
}

/** How a client's messages are received. */
export function subscribeOf(subscriber: unknown): RedisSubscribe {
  if (typeof subscriber === "function") return subscriber as RedisSubscribe;
  if (typeof subscriber === "object" && subscriber !== null) {
    const any = subscriber as AnyClient;
    if (typeof any.subscribe === "function") {
      if (typeof any.call === "function" && typeof any.on === "function") return ioredisChannels(any);
      if ("isConnected" in any) return denoChannels(any);
      return async (channel, listener) => {
        await any.subscribe!(channel, listener);
        return () => any.unsubscribe?.(channel, listener);
      };
    }
  }
  throw new TelehookError(
    "ERR_OPTION",
    `redisStore does not recognise this subscriber (${quote(subscriber)}): pass a second connected client of ${WAYS}, ` +
      "or a function (channel, listener) => Promise that subscribes",
  );
}

/** Subscribers that are shared by several stores have one listener for all channels. */
const listeners = new WeakMap<object, Map<string, (message: string) => void>>();

function ioredisChannels(client: AnyClient): RedisSubscribe {
  let channels = listeners.get(client);
  if (channels === undefined) {
    const made = new Map<string, (message: string) => void>();
    listeners.set(client, channels = made);
    client.on?.("message", (channel, message) => made.get(channel)?.(message));
  }
  const known = channels;
  return async (channel, listener) => {
    known.set(channel, listener);
    await client.subscribe?.(channel);
    return () => {
      known.delete(channel);
      return client.unsubscribe?.(channel);
    };
  };
}

const denoSubscriptions = new WeakMap<object, Promise<DenoSubscription>>();

function denoChannels(client: AnyClient): RedisSubscribe {
  let channels = listeners.get(client);
  if (channels === undefined) listeners.set(client, channels = new Map());
  const known = channels;
  return async (channel, listener) => {
    known.set(channel, listener);
    const first = denoSubscriptions.get(client);
    if (first === undefined) {
      const made = Promise.resolve(client.subscribe?.(channel)) as Promise<DenoSubscription>;
      denoSubscriptions.set(client, made);
      void receive(await made, known);
    } else {
      await (await first).subscribe(channel);
    }
    return async () => {
      known.delete(channel);
      await (await denoSubscriptions.get(client))?.unsubscribe(channel);
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
