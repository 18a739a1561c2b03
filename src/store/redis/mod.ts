/**
 * A store on Redis or Valkey, for bots that run on several machines.
 *
 * @module
 */

import { checkNumber, checkOptionNames } from "../../checks/options.ts";
import { TelehookError } from "../../errors/telehook_error.ts";
import { BOT_TOKEN, quote } from "../../text/quote.ts";
import type { InboxStore } from "../inbox_store.ts";
import { commandOf, type RedisCommand, type RedisSubscribe, subscribeOf } from "./redis_client.ts";
import { RedisInboxStore } from "./redis_inbox_store.ts";

export type { RedisCommand, RedisSubscribe };

/**
 * A connected client: of node-redis (version 4 or later, also a cluster or Sentinel), ioredis (also a cluster), Bun or
 * Deno; or a function that sends a command. It is recognized by its methods.
 */
export type RedisClient = object | RedisCommand;

/** How {@link redisStore} keeps updates. */
export interface RedisStoreOptions {
  /**
   * Keeps the bots of one server apart: each bot needs its own name, and all its processes have the same. 1 to 100
   * characters, no spaces or braces; not the bot's token. All keys begin with `{telehook:<name>}:`.
   */
  readonly name: string;
  /**
   * Milliseconds after which what a silent process had claimed falls due again. It must be longer than your code ever
   * blocks its event loop, and than the server is away when it restarts. 1 000 to 3 600 000. Default: 30 000.
   */
  readonly leaseMs?: number;
  /**
   * A second connected client, only for subscriptions (or a function that subscribes). With it, processes wake each other
   * at once; without it, they look five times a second, with one command for all stores of a client. (With it, once a
   * second too, should the subscription be lost.) Any number of stores can share it.
   */
  readonly subscriber?: object | RedisSubscribe;
}

/**
 * A store on a Redis or Valkey server, for bots with several processes on any number of machines: what was acknowledged
 * is handled although processes end, the order of each lane holds across all of them, and an album is complete in one
 * place.
 *
 * It needs Redis 6.2 or later, or Valkey, a primary, alone, behind Sentinel or as a cluster, and a `maxmemory-policy` that
 * does not drop keys without a time to live. What the server has written survives its own restart only as its
 * persistence says: `appendonly yes` with `appendfsync always` loses nothing, `everysec` up to two seconds.
 *
 * The client remains yours: you connect and close it. Calls that get no answer within five seconds fail.
 *
 * @param client A connected client. Any number of stores can share it.
 * @param options The bot's name, and how long a process may be silent.
 * @returns The store. It connects to nothing before it is opened.
 * @throws {TelehookError} `ERR_OPTION` if the client is not recognized, or an option is unknown or has a value that it
 * cannot have. When it is opened, `ERR_STORE` if the server cannot be reached, refuses the password, is a replica, too
 * old, or may drop keys.
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/
 *
 * @example
 * ```ts
 * import { redisStore } from "@telehook/telehook/redis";
 *
 * // Usually a client, such as createClient({ url: "redis://…" }) of node-redis. Here, a function.
 * const send = (command: string, args: string[]) => Promise.reject(new Error(`Not connected: ${command} ${args.length}`));
 * const store = redisStore(send, { name: "my-bot" });
 * console.log(store.isShared); // true
 * ```
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions): InboxStore {
  checkOptionNames("redisStore", options, ["name", "leaseMs", "subscriber"]);
  const { name, subscriber } = options;
  if (typeof name !== "string" || !/^[^{}\s\p{Cc}]{1,100}$/u.test(name)) {
    throw new TelehookError(
      "ERR_OPTION",
      `"name" must be a text of 1 to 100 characters without spaces and braces, not ${
        quote(name)
      }: use a name for the bot`,
    );
  }
  if (name.search(BOT_TOKEN) >= 0) {
    throw new TelehookError(
      "ERR_OPTION",
      '"name" contains a bot token, and would be a part of every key: use the bot\'s id',
    );
  }
  return new RedisInboxStore({
    client,
    command: commandOf(client),
    subscribe: subscriber === undefined ? undefined : subscribeOf(subscriber),
    name,
    leaseMs: checkNumber("leaseMs", options.leaseMs, { default: 30_000, min: 1_000, max: 3_600_000 }),
  });
}
