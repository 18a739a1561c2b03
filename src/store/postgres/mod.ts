/**
 * A store on PostgreSQL, for bots that run on several machines.
 *
 * @module
 */

import { checkNumber, checkOptionNames } from "../../checks/options.ts";
import { TelehookError } from "../../errors/telehook_error.ts";
import { BOT_TOKEN, quote } from "../../text/quote.ts";
import type { InboxStore } from "../inbox_store.ts";
import { type PostgresQuery, type PostgresResult, storeQueryOf } from "./postgres_client.ts";
import { PostgresInboxStore } from "./postgres_inbox_store.ts";

export type { PostgresQuery, PostgresResult };

/**
 * A client: a `Pool` of pg, PGlite, the `sql` function of postgres.js, Bun's `SQL`; or a function that runs a statement. It
 * is recognized by its methods.
 */
export type PostgresClient = object | PostgresQuery;

/** How {@link postgresStore} keeps updates. */
export interface PostgresStoreOptions {
  /**
   * Keeps the bots of one schema apart: each bot needs its own name, and all its processes have the same. 1 to 100
   * characters; not the bot's token.
   */
  readonly name: string;
  /**
   * The schema for the tables and functions, which is created if it is missing. Lower-case letters, digits and `_`, at most
   * 63, the first of them not a digit. Default: `"telehook"`.
   */
  readonly schema?: string;
  /**
   * Milliseconds after which what a silent process had claimed falls due again. It must be longer than your code ever
   * blocks its event loop, and than the server is away when it restarts. 1 000 to 3 600 000. Default: 30 000.
   */
  readonly leaseMs?: number;
}

/**
 * A store in a PostgreSQL database, for bots with several processes on any number of machines: what was acknowledged is
 * handled although processes end, the order of each lane holds across all of them, and an album is complete in one place.
 * A handler can complete its update in the same transaction as its own effects (`context.complete`).
 *
 * It needs PostgreSQL 13 or later, a primary, and the isolation level `read committed`, which is the default. Each
 * operation is one statement, so that it works through a pooler in transaction mode. Processes wake each other with
 * `LISTEN` and `NOTIFY` where the client can listen; otherwise they look five times a second, with one statement for all
 * stores of a client.
 *
 * The client remains yours: the store does not close it. Calls that get no answer within ten seconds fail.
 *
 * @param client The client. Any number of stores can share it.
 * @param options The bot's name, and how long a process may be silent.
 * @returns The store. It connects to nothing before it is opened.
 * @throws {TelehookError} `ERR_OPTION` if the client is not recognized, or an option is unknown or has a value that it
 * cannot have. When it is opened, `ERR_STORE` if the server cannot be reached, refuses the password, is a replica or too
 * old, or does not let this user create the schema.
 * @see https://www.postgresql.org/docs/current/runtime-config-wal.html
 *
 * @example
 * ```ts
 * import { postgresStore } from "@telehook/telehook/postgres";
 *
 * // Usually a client, such as new Pool({ connectionString: "postgres://…" }) of pg. Here, a function.
 * const query = (text: string) => Promise.reject(new Error(`Not connected: ${text}`));
 * const store = postgresStore(query, { name: "my-bot" });
 * console.log(store.isShared); // true
 * ```
 */
export function postgresStore(client: PostgresClient, options: PostgresStoreOptions): InboxStore {
  checkOptionNames("postgresStore", options, ["name", "schema", "leaseMs"]);
  const { name, schema = "telehook" } = options;
  if (typeof name !== "string" || !/^\P{Cc}{1,100}$/u.test(name)) {
    throw new TelehookError(
      "ERR_OPTION",
      `"name" must be a text of 1 to 100 characters, not ${quote(name)}: use a name for the bot`,
    );
  }
  if (name.search(BOT_TOKEN) >= 0) {
    throw new TelehookError(
      "ERR_OPTION",
      '"name" contains a bot token, which would be stored: use the bot\'s id',
    );
  }
  if (typeof schema !== "string" || !/^[a-z_][a-z0-9_]{0,62}$/.test(schema) || /^pg_/.test(schema)) {
    throw new TelehookError(
      "ERR_OPTION",
      `"schema" must have lower-case letters, digits and _ only, at most 63, and not begin with a digit or "pg_", not ${
        quote(schema)
      }: use a name such as "telehook"`,
    );
  }
  return new PostgresInboxStore({
    client,
    query: storeQueryOf(client),
    name,
    schema,
    leaseMs: checkNumber("leaseMs", options.leaseMs, { default: 30_000, min: 1_000, max: 3_600_000 }),
  });
}
