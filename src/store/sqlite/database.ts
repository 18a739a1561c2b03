import { TelehookError } from "../../errors/telehook_error.ts";
import { fullPath } from "../../platform/full_path.ts";
import { nodeBuiltin } from "../../platform/node_builtin.ts";
import { quote } from "../../text/quote.ts";

/** What a statement binds and returns here. */
export type SqlValue = string | number | null;

/**
 * As much of `node:sqlite` as the store needs. A row's type is what the statement's columns are. Values are bound in the
 * order of plain question marks: Node 22 takes numbered ones for named.
 */
export interface Statement<Row> {
  get(...values: SqlValue[]): Row | undefined;
  all(...values: SqlValue[]): Row[];
  run(...values: SqlValue[]): { readonly changes: number | bigint };
}

interface Connection {
  exec(sql: string): void;
  prepare<Row>(sql: string): Statement<Row>;
  close(): void;
}

interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => Connection;
}

interface NodeFs {
  openSync(path: string, flags: string, mode: number): number;
  closeSync(file: number): void;
  statSync(path: string, options: { throwIfNoEntry: false }): { readonly ino: number } | undefined;
}

/**
 * How long a call waits for a file that another process has locked, with the event loop blocked. Processes that use the
 * store hold it for less than a millisecond; who waits longer tries again later.
 */
const BUSY_TIMEOUT_MS = 10;

/**
 * A database file on `node:sqlite`, which Deno and Bun have too. Every error that it throws is `ERR_STORE` and names
 * the file.
 *
 * @see https://nodejs.org/api/sqlite.html
 */
export class SqliteDatabase {
  readonly path: string;
  readonly #fullPath: string;
  readonly #connection: Connection;
  readonly #begin: Statement<never>;
  readonly #commit: Statement<never>;
  readonly #inode: number | undefined;
  #isOpen = true;

  constructor(path: string) {
    const { DatabaseSync } = nodeSqlite();
    this.path = path;
    this.#fullPath = fullPath(path);
    makePrivate(path);
    this.#connection = this.attempt(() => new DatabaseSync(path));
    this.#inode = this.#inodeAtPath();
    this.setBusyTimeout(true);
    // Takes the write lock first: one that reads first could find, when it writes, that another process has written.
    this.#begin = this.prepare("BEGIN IMMEDIATE");
    this.#commit = this.prepare("COMMIT");
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether this file is still at its path: one that was removed can be written, and ends with the process. */
  get isThere(): boolean {
    const inode = this.#inodeAtPath();
    return inode === undefined || inode === this.#inode;
  }

  exec(sql: string): void {
    this.attempt(() => this.#connection.exec(sql));
  }

  prepare<Row>(sql: string): Statement<Row> {
    return this.attempt(() => this.#connection.prepare<Row>(sql));
  }

  /** Whether a call waits a moment for a file that is locked, or fails immediately. */
  setBusyTimeout(isWaiting: boolean): void {
    this.exec(`PRAGMA busy_timeout = ${isWaiting ? BUSY_TIMEOUT_MS : 0}`);
  }

  /**
   * Does all of the work, or nothing if it throws.
   *
   * @throws {LockedError} If another process has locked the file.
   */
  transaction<T>(work: () => T): T {
    return this.attempt(() => {
      this.#begin.run();
      try {
        const result = work();
        this.#commit.run();
        return result;
      } catch (error) {
        this.#rollBack();
        throw error;
      }
    });
  }

  /** Makes what SQLite throws an error that names the file. */
  attempt<T>(work: () => T): T {
    if (!this.#isOpen) throw this.error("is closed: make another one.");
    try {
      return work();
    } catch (error) {
      if (error instanceof TelehookError) throw error;
      throw isLocked(error) ? new LockedError(this.path, error) : this.failure(error);
    }
  }

  failure(cause: unknown): TelehookError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return this.error(`failed: ${reason}`, cause);
  }

  error(what: string, cause?: unknown): TelehookError {
    return new TelehookError("ERR_STORE", `The store ${quote(this.path)} ${what}`, { cause });
  }

  /** The error for a file that works, but is not one that this code can use. */
  refusal(why: string): TelehookError {
    return new TelehookError("ERR_STORE", `The file ${quote(this.path)} cannot be a store: ${why}`);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#connection.close();
  }

  /** The number of the file at the path, -1 if there is none, `undefined` if it may not be looked at. */
  #inodeAtPath(): number | undefined {
    try {
      const file = nodeBuiltin<NodeFs>("node:fs").statSync(this.#fullPath, { throwIfNoEntry: false });
      return file === undefined ? -1 : file.ino;
    } catch {
      return undefined;
    }
  }

  #rollBack(): void {
    try {
      this.#connection.exec("ROLLBACK");
    } catch {
      // After some failures, a full disk among them, SQLite has done so itself.
    }
  }
}

/** Another process has locked the file. What was to be done can be done later. */
export class LockedError extends TelehookError {
  constructor(path: string, cause: unknown) {
    super(
      "ERR_STORE",
      `The store ${
        quote(path)
      } is locked by another process: end what holds the lock, such as a backup or a shell.`,
      { cause },
    );
  }
}

/** SQLite's number for a locked file, which Deno does not tell, and its text. */
function isLocked(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : undefined;
  return code === 5 || (code === undefined && error.message.includes("database is locked"));
}

/** Makes a file that is not there yet, for its owner alone. SQLite gives `-wal` and `-shm` the same permissions. */
function makePrivate(path: string): void {
  try {
    const { openSync, closeSync } = nodeBuiltin<NodeFs>("node:fs");
    closeSync(openSync(path, "wx", 0o600));
  } catch {
    // It is there already, or cannot be made: SQLite says why.
  }
}

function nodeSqlite(): NodeSqlite {
  try {
    return nodeBuiltin<NodeSqlite>("node:sqlite");
  } catch (cause) {
    throw new TelehookError(
      "ERR_RUNTIME",
      'This runtime has no "node:sqlite", which sqliteStore needs: use Node 22.13 or later, Deno or Bun, or another store.',
      { cause },
    );
  }
}
