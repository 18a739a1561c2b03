import type { SqliteDatabase } from "./database.ts";

/** `telh`: SQLite keeps a number in the file's header that tells which program it belongs to. */
const APPLICATION_ID = 0x74656c68;

/**
 * Entry n makes version n of version n - 1; the first one makes an empty file a store. To change the schema, add one.
 *
 * - `batches`: `id` is the `update_id` of its first update, whose JSON is here too, so that a single update is one row.
 *   `place` is the order within the lane; `is_head` marks the first of a lane, the only one that may be claimed.
 *   `owner` (0 for nobody) and `claim` tell who has claimed it, and with which of their claims. `set_at` is when `due_at`
 *   was set; for an album that collects, when its latest part was added. `last_at` is when it is complete at the latest.
 * - `parts`: the further updates of a batch.
 * - `finished`: a ring. Telegram counts ids up by one, so that an id has its slot until as many later ones were handled.
 * - `albums`: which albums were claimed, each by its lane and key, the latest with the highest id.
 * - `owners`: who uses the file. `beat` counts up while the owner lives; `done_*` is what others have handled of its
 *   updates.
 * - `notes`: `careful_until`, when updates need not be claimed here any longer before they are handled.
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
  CREATE TABLE updates (
    update_id INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL,
    part INTEGER NOT NULL,
    put_by INTEGER NOT NULL,
    size INTEGER NOT NULL,
    json TEXT NOT NULL
  ) STRICT;
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
  `
  ALTER TABLE batches RENAME TO old_batches;
  ALTER TABLE updates RENAME TO old_updates;
  CREATE TABLE batches (
    id INTEGER PRIMARY KEY,
    lane ANY NOT NULL,
    place INTEGER NOT NULL,
    is_head INTEGER NOT NULL,
    album TEXT,
    is_late INTEGER NOT NULL DEFAULT 0,
    is_replay INTEGER NOT NULL DEFAULT 0,
    parts INTEGER NOT NULL DEFAULT 1,
    is_collecting INTEGER NOT NULL DEFAULT 0,
    ended TEXT,
    began_at INTEGER NOT NULL,
    set_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL DEFAULT 0,
    quiet_ms INTEGER NOT NULL DEFAULT 0,
    reserved_by INTEGER NOT NULL DEFAULT 0,
    reserved_until INTEGER NOT NULL DEFAULT 0,
    owner INTEGER NOT NULL DEFAULT 0,
    claim INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,
    crashes_alone INTEGER NOT NULL DEFAULT 0,
    added_by INTEGER NOT NULL,
    chars INTEGER NOT NULL,
    json TEXT NOT NULL
  ) STRICT;
  CREATE TABLE parts (
    update_id INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL,
    part INTEGER NOT NULL,
    added_by INTEGER NOT NULL,
    chars INTEGER NOT NULL,
    json TEXT NOT NULL
  ) STRICT;
  INSERT INTO batches (id, lane, place, is_head, album, is_late, parts, is_collecting, ended, began_at, set_at, due_at,
      last_at, quiet_ms, owner, claim, attempts, failures, crashes, added_by, chars, json)
    SELECT update_id, queue, place, is_head, album, late, parts, is_collecting, ended, began_at, set_at, due_at,
      max(due_at, began_at + 10000), max(0, due_at - set_at), ifnull(owner, 0), ifnull(claim, 0), failures, failures,
      crashes, put_by, size, json
    FROM old_batches JOIN old_updates ON batch = old_batches.id AND part = 0;
  INSERT INTO parts (update_id, batch, part, added_by, chars, json)
    SELECT own.update_id, first.update_id, own.part, own.put_by, own.size, own.json
    FROM old_updates AS own JOIN old_updates AS first ON first.batch = own.batch AND first.part = 0 WHERE own.part > 0;
  DROP TABLE old_batches;
  DROP TABLE old_updates;
  CREATE UNIQUE INDEX batches_in_lanes ON batches (lane, place, began_at);
  CREATE INDEX batches_to_claim ON batches (due_at) WHERE is_head AND owner = 0;
  CREATE INDEX batches_collecting ON batches (lane, album) WHERE is_collecting;
  CREATE INDEX batches_reserved ON batches (reserved_until) WHERE reserved_by <> 0;
  CREATE UNIQUE INDEX parts_in_batches ON parts (batch, part);
  CREATE TABLE parked (
    id INTEGER PRIMARY KEY,
    lane ANY NOT NULL,
    album TEXT,
    is_late INTEGER NOT NULL,
    ended TEXT,
    error TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    parked_at INTEGER NOT NULL,
    kept_until INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX parked_kept ON parked (kept_until);
  CREATE TABLE parked_updates (
    batch INTEGER NOT NULL,
    part INTEGER NOT NULL,
    update_id INTEGER NOT NULL,
    chars INTEGER NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (batch, part)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE notes (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
  ALTER TABLE owners RENAME COLUMN done_size TO done_chars;
  `,
  "CREATE INDEX batches_claimed ON batches (owner) WHERE owner <> 0",
];

interface FileFacts {
  readonly app: number;
  readonly version: number;
  readonly tables: number;
}

/**
 * Makes the file a store of this version: a new one, or one that an older version has made.
 *
 * @throws {TelehookError} `ERR_STORE` if it is something else, or a later version's. It is left as it is.
 */
export function prepareSchema(database: SqliteDatabase): void {
  checkVersion(database); // before anything is written
  database.exec("PRAGMA journal_mode = WAL");
  if (checkVersion(database) === MIGRATIONS.length) return;
  database.transaction(() => {
    const version = checkVersion(database); // another process may have been faster
    for (const migration of MIGRATIONS.slice(version)) database.exec(migration);
    if (version === MIGRATIONS.length) return;
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}`);
  });
}

/**
 * Tells which version of a store a file is: 0 if it is empty.
 *
 * @throws {TelehookError} `ERR_STORE` if it is something else, or a later version's.
 */
export function checkVersion(database: SqliteDatabase): number {
  return database.attempt(() => readVersion(database));
}

function readVersion(database: SqliteDatabase): number {
  // In one statement: another process may be making it a store just now.
  const { app, version, tables } = database.prepare<FileFacts>(
    `SELECT application_id AS app, user_version AS version, (SELECT count(*) FROM sqlite_schema) AS tables
     FROM pragma_application_id, pragma_user_version`,
  ).get() ?? { app: 0, version: 0, tables: 0 };
  if (tables === 0 && app === 0 && version === 0) return 0;
  if (app !== APPLICATION_ID) {
    throw database.refusal("it is another program's database. Choose a file for telehook alone.");
  }
  if (version > MIGRATIONS.length) {
    throw database.refusal(
      `it has version ${version}, this telehook knows ${MIGRATIONS.length}. Use the telehook that made it, or a later one.`,
    );
  }
  return version;
}
