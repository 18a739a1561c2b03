import type { SqliteDatabase } from "./sqlite_database.ts";

/** `telh`: SQLite keeps a number in the file's header that tells whose it is. */
const APPLICATION_ID = 0x74656c68;

/**
 * The n-th makes version n of version n - 1; the first makes an empty file a store. To change the schema, add one.
 *
 * - `batches`: `place` is the order within the queue; `is_head` marks the first, the only one that may be claimed.
 *   `owner` and `claim` tell who has claimed it, and with which of their claims. `crashes` is how many processes have
 *   ended while they handled it.
 * - `updates`: what the batches are made of. `put_by` is the owner that counts it as its own.
 * - `finished`: a ring. Telegram counts ids up by one, so that an id has its slot until as many later ones have come.
 * - `albums`: which albums there were, each by its queue and key, the latest with the highest id.
 * - `owners`: who uses the file. `beat` counts up while the owner lives; `done_*` is what others have handled of its own.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE batches (
    id INTEGER PRIMARY KEY,
    queue ANY NOT NULL,
    place INTEGER NOT NULL,
    is_head INTEGER NOT NULL,
    album TEXT,
    late INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    parts INTEGER NOT NULL DEFAULT 1,
    is_collecting INTEGER NOT NULL,
    ended TEXT,
    began_at INTEGER NOT NULL,
    set_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    owner INTEGER,
    claim INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX batches_in_queues ON batches (queue, place);
  CREATE INDEX batches_to_claim ON batches (due_at) WHERE is_head AND owner IS NULL;
  CREATE INDEX batches_claimed ON batches (owner) WHERE owner IS NOT NULL;

  CREATE TABLE updates (
    update_id INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL,
    part INTEGER NOT NULL,
    put_by INTEGER NOT NULL,
    size INTEGER NOT NULL,
    json TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX updates_in_batches ON updates (batch, part);

  CREATE TABLE finished (slot INTEGER PRIMARY KEY, update_id INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
  CREATE TABLE albums (id INTEGER PRIMARY KEY, album TEXT NOT NULL UNIQUE, at INTEGER NOT NULL) STRICT;
  CREATE TABLE owners (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    lease_ms INTEGER NOT NULL,
    beat INTEGER NOT NULL DEFAULT 0,
    done_updates INTEGER NOT NULL DEFAULT 0,
    done_size INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  `,
  "ALTER TABLE batches ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0",
];

/**
 * Makes the file a store of this version: a new one, or one that an older version has made.
 *
 * @throws {TelehookError} `ERR_STORE` if it is something else, or a newer version's. It is left as it is.
 */
export function prepareSchema(database: SqliteDatabase): void {
  database.transaction(() => checkVersion(database)); // before anything is written
  database.exec("PRAGMA journal_mode = WAL");
  database.transaction(() => {
    const version = checkVersion(database); // another process may have been faster
    for (const migration of MIGRATIONS.slice(version)) database.exec(migration);
    if (version === MIGRATIONS.length) return;
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}`);
  });
}

function checkVersion(database: SqliteDatabase): number {
  const app = database.prepare<{ application_id: number }>("PRAGMA application_id").get()?.application_id;
  const version = database.prepare<{ user_version: number }>("PRAGMA user_version").get()?.user_version ?? 0;
  const tables = database.prepare<{ n: number }>("SELECT count(*) AS n FROM sqlite_schema").get()?.n;
  if (tables === 0 && app === 0 && version === 0) return 0;
  if (app !== APPLICATION_ID) {
    throw database.refusal("it is another program's database. Choose a file for telehook alone");
  }
  if (version > MIGRATIONS.length) {
    throw database.refusal(
      `it has version ${version}, this telehook knows ${MIGRATIONS.length}. Use the telehook that made it, or a later one`,
    );
  }
  return version;
}
