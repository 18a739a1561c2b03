import { TelehookError } from "../errors/telehook_error.ts";
import { checkNumber, checkOptionNames } from "../checks/options.ts";
import { quote } from "../text/quote.ts";
import { SqliteDatabase } from "./sqlite_database.ts";
import { SqliteInboxStore } from "./sqlite_inbox_store.ts";
import { prepareSchema } from "./sqlite_schema.ts";
import type { InboxStore } from "./store.ts";

/** Bytes that the `-wal` file may keep once a burst is over. */
const LARGEST_IDLE_WAL = 16 * 1024 * 1024;

/** How {@link sqliteStore} keeps what it is given. */
export interface SqliteStoreOptions {
  /**
   * Whether each update is on the disk before it is acknowledged, which takes milliseconds instead of microseconds.
   * Without it, updates survive the end of the process, however it ends; a power failure or a crash of the operating
   * system can take those of the last moments along, but does not damage the file. Default: `false`.
   */
  readonly fsync?: boolean;
  /**
   * Milliseconds after which what a silent process was handling is handed to another one that uses the same file. It
   * must be longer than your code ever blocks its event loop. Default: 30 000.
   */
  readonly leaseMs?: number;
}

/**
 * A store that outlives the process: what was acknowledged is handled after a restart, even after `kill -9`.
 *
 * Several processes on one host may use the same file; each takes what is due, and the order within a queue holds
 * across them. What a process that was killed had begun is free again as soon as one is started on the same host (as
 * Deno needs `--allow-run` and `--allow-sys=hostname` to see), otherwise after `leaseMs`. It is then handled from the
 * start, so that a handler can see an update twice; and it counts as an attempt if it was the only one, or if processes
 * have ended with it twice before, after which such updates are handled one at a time: an update that ends its process
 * is given up after `maxAttempts`, and takes no others along. Not for several worker threads of one process: they take
 * each other for dead.
 *
 * A file is for one bot, on a local disk: updates are known by their `update_id`. It holds your users' messages until
 * they are handled, so make its directory one that others cannot read. SQLite keeps two files beside it, `-wal` and
 * `-shm`. Of what was handled, it remembers the ids of the last 32 768 updates and 10 000 albums for up to 24 hours.
 *
 * @param path The file; made if there is none. Its directory must exist.
 * @param options How safe, and how long a process may be silent.
 * @throws {TelehookError} `ERR_RUNTIME` where there is no `node:sqlite`: it takes Node 22.13 or later, Deno or Bun.
 * `ERR_STORE` if the file cannot be opened or written, is no store, or one of a later version. `ERR_OPTION` if the path
 * or an option has a value it cannot have.
 * @see https://nodejs.org/api/sqlite.html
 *
 * @example
 * ```ts
 * import { tmpdir } from "node:os";
 * import { sqliteStore, webhook } from "@telehook/telehook";
 *
 * const store = sqliteStore(`${tmpdir()}/example-bot.db`);
 * const hook = webhook((update) => console.log(update.update_id), { secretToken: "a-long-random-secret", store });
 * await hook.close(); // closes the store too
 * ```
 */
export function sqliteStore(path: string, options: SqliteStoreOptions = {}): InboxStore {
  checkOptionNames("sqliteStore", options, ["fsync", "leaseMs"]);
  if (typeof path !== "string" || path === "" || path.startsWith(":") || path.startsWith("file:")) {
    throw new TelehookError("ERR_OPTION", `The path of a store must be a file's, not ${quote(path)}`);
  }
  const { fsync = false } = options;
  if (typeof fsync !== "boolean") {
    throw new TelehookError("ERR_OPTION", `"fsync" must be true or false, not ${quote(fsync)}`);
  }
  const leaseMs = checkNumber("leaseMs", options.leaseMs, { default: 30_000, min: 100, max: 3_600_000 });
  const database = new SqliteDatabase(path);
  try {
    prepareSchema(database);
    database.exec(`PRAGMA synchronous = ${fsync ? "FULL" : "NORMAL"}`);
    database.exec(`PRAGMA journal_size_limit = ${LARGEST_IDLE_WAL}`);
    return new SqliteInboxStore(database, leaseMs);
  } catch (error) {
    database.close();
    throw error;
  }
}
