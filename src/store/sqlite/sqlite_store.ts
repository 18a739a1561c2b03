import { checkNumber, checkOptionNames } from "../../checks/options.ts";
import { TelehookError } from "../../errors/telehook_error.ts";
import { quote } from "../../text/quote.ts";
import type { InboxStore } from "../inbox_store.ts";
import { LockedError, SqliteDatabase } from "./database.ts";
import { checkVersion } from "./schema.ts";
import { SqliteInboxStore } from "./sqlite_inbox_store.ts";

/** Bytes that the `-wal` file may keep once a burst is over. */
const LARGEST_IDLE_WAL = 16 * 1024 * 1024;

/** How {@link sqliteStore} keeps updates. */
export interface SqliteStoreOptions {
  /**
   * Whether each update is on the disk before it is acknowledged, which takes milliseconds instead of microseconds.
   * Without it, updates survive the end of the process, however it ends; a power failure or a crash of the operating
   * system can lose those of the last moments, but does not damage the file. Default: `false`.
   */
  readonly fsync?: boolean;
  /**
   * Milliseconds after which another process that uses the same file handles what a silent one has claimed. It must be
   * longer than your code ever blocks its event loop. Default: 30 000. 100 to 3 600 000.
   */
  readonly leaseMs?: number;
}

/**
 * A store in a file, which survives the end of the process: what was acknowledged is handled after a restart, even after
 * `kill -9`.
 *
 * Several processes on one host may use the same file; each claims what is due, and the order within a lane holds
 * across them. What a process that was killed had claimed is due again as soon as another one on the same host sees that
 * it is gone (Deno needs `--allow-all` for this on Linux), otherwise after `leaseMs`. It is then handled
 * from the start, so that a handler can see an update twice. An update that ends its process is parked after some attempts,
 * and no other update is. Threads of one process may use the file as processes do, on Linux; elsewhere, they assume that
 * the others have died.
 *
 * A file is for one bot, on a local disk: updates are known by their `update_id`. It holds your users' messages until they
 * are handled, so a new file can be read by its owner alone. SQLite keeps two files next to it, `-wal` and `-shm`. The
 * ids of the last 32 768 updates and 10 000 albums that were handled are remembered for up to 24 hours. If the file is
 * removed or replaced while it is used, nothing more is stored until the process is restarted.
 *
 * @param path The file; made if there is none. Its directory must exist.
 * @param options How safe, and how long a process may be silent.
 * @returns The store, for the option `store` of {@link webhook} and {@link listen}.
 * @throws {TelehookError} `ERR_RUNTIME` where there is no `node:sqlite`: it takes Node 22.13 or later, Deno or Bun.
 * `ERR_STORE` if the file cannot be opened or written, is not a store, or is one of a later version. `ERR_OPTION` if
 * the path or an option has a value that is not allowed.
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
    throw new TelehookError("ERR_OPTION", `The path of a store must be that of a file, not ${quote(path)}.`);
  }
  const { fsync = false } = options;
  if (typeof fsync !== "boolean") {
    throw new TelehookError("ERR_OPTION", `"fsync" must be true or false, not ${quote(fsync)}.`);
  }
  const leaseMs = checkNumber("leaseMs", options.leaseMs, { default: 30_000, min: 100, max: 3_600_000 });
  const database = new SqliteDatabase(path);
  try {
    checkVersion(database);
  } catch (error) {
    // A file that is locked now is looked at again when the store is opened.
    if (!(error instanceof LockedError)) {
      database.close();
      throw error;
    }
  }
  const pragmas = `PRAGMA synchronous = ${
    fsync ? "FULL" : "NORMAL"
  }; PRAGMA journal_size_limit = ${LARGEST_IDLE_WAL}`;
  return new SqliteInboxStore(database, leaseMs, pragmas);
}
