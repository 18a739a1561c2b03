import { mkdtempSync, rmSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { TestScope } from "../../src/testing/store.ts";

type Sqlite = { DatabaseSync: new (path: string) => DatabaseSync };

const sqlite: unknown = process.getBuiltinModule?.("node:sqlite");

/** Whether this runtime has `node:sqlite`, which Node 20 has not. */
export const hasSqlite: boolean = isSqlite(sqlite);

function isSqlite(value: unknown): value is Sqlite {
  return typeof value === "object" && value !== null && "DatabaseSync" in value;
}

/** A file as SQLite sees it, to look behind the store's back. */
export function openDatabase(path: string): DatabaseSync {
  if (!isSqlite(sqlite)) throw new Error("This runtime has no node:sqlite");
  const database = new sqlite.DatabaseSync(path);
  database.exec("PRAGMA busy_timeout = 5000");
  return database;
}

/** A path in a temporary directory, which is removed when the test has ended. */
export function freshPath(t: TestScope): string {
  const directory = mkdtempSync(join(tmpdir(), "telehook-store-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "updates.db");
}
