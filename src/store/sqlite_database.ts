import { TelehookError } from "../errors/telehook_error.ts";
import { quote } from "../text/quote.ts";
import { nodeBuiltin } from "../platform/node_builtin.ts";

/** What a statement binds and yields here. */
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

/** How long another process may hold the file before a call gives up. Each holds it for a fraction of a millisecond. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * A database file on `node:sqlite`, which Deno and Bun have too. Whatever it throws is `ERR_STORE` and names the file.
 *
 * @see https://nodejs.org/api/sqlite.html
 */
export class SqliteDatabase {
  readonly #path: string;
  readonly #connection: Connection;
  readonly #begin: Statement<never>;
  readonly #commit: Statement<never>;
  #isOpen = true;

  constructor(path: string) {
    const { DatabaseSync } = nodeSqlite();
    this.#path = path;
    this.#connection = this.attempt(() => new DatabaseSync(path));
    this.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    // Takes the write lock at once: one that reads first could find, when it writes, that another process has written.
    this.#begin = this.prepare("BEGIN IMMEDIATE");
    this.#commit = this.prepare("COMMIT");
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  exec(sql: string): void {
    this.attempt(() => this.#connection.exec(sql));
  }

  prepare<Row>(sql: string): Statement<Row> {
    return this.attempt(() => this.#connection.prepare<Row>(sql));
  }

  /** Does all that is done in it, or nothing if it throws. */
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
    if (!this.#isOpen) {
      throw new TelehookError("ERR_STORE", `The store ${quote(this.#path)} is closed: make another one`);
    }
    try {
      return work();
    } catch (error) {
      throw error instanceof TelehookError ? error : this.failure(error);
    }
  }

  failure(cause: unknown): TelehookError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new TelehookError("ERR_STORE", `The store ${quote(this.#path)} failed: ${reason}`, { cause });
  }

  /** The error for a file that works, but is not one that this code can use. */
  refusal(why: string): TelehookError {
    return new TelehookError("ERR_STORE", `The file ${quote(this.#path)} cannot be a store: ${why}`);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#connection.close();
  }

  #rollBack(): void {
    try {
      this.#connection.exec("ROLLBACK");
    } catch {
      // After some failures, a full disk among them, SQLite has done so itself.
    }
  }
}

function nodeSqlite(): NodeSqlite {
  try {
    return nodeBuiltin<NodeSqlite>("node:sqlite");
  } catch (cause) {
    throw new TelehookError(
      "ERR_RUNTIME",
      'This runtime has no "node:sqlite", which sqliteStore needs: use Node 22.13 or later, Deno or Bun, or another store',
      { cause },
    );
  }
}
