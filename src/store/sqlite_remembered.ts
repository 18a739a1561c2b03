import type { SqliteDatabase } from "./sqlite_database.ts";

/** Some minutes of the busiest bot, as in memory. */
const MOST_UPDATES = 32_768;
const MOST_ALBUMS = 10_000;
/** As long as Telegram repeats a message that was not acknowledged. */
const LONGEST_MS = 24 * 60 * 60 * 1_000;

/**
 * What there was: the updates that were handled lately, since the answer that acknowledged one may not have reached
 * Telegram, and the albums, since a part that comes after its album has gone is late. Both bounded in number and age.
 */
export class SqliteRemembered {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(database: SqliteDatabase, now: number) {
    this.#statements = prepare(database);
    database.transaction(() => {
      this.#statements.forgetUpdates.run(now - LONGEST_MS);
      this.#statements.forgetAlbums.run(now - LONGEST_MS);
    });
  }

  hasUpdate(updateId: number, now: number): boolean {
    return this.#statements.update.get(updateId % MOST_UPDATES, updateId, now - LONGEST_MS) !== undefined;
  }

  addUpdate(updateId: number, now: number): void {
    this.#statements.addUpdate.run(updateId % MOST_UPDATES, updateId, now);
  }

  hasAlbum(album: string, now: number): boolean {
    return this.#statements.album.get(album, now - LONGEST_MS) !== undefined;
  }

  addAlbum(album: string, now: number): void {
    this.#statements.addAlbum.run(album, now);
    this.#statements.boundAlbums.run(MOST_ALBUMS);
  }
}

function prepare(database: SqliteDatabase) {
  return {
    update: database.prepare("SELECT 1 FROM finished WHERE slot = ? AND update_id = ? AND at > ?"),
    addUpdate: database.prepare("INSERT OR REPLACE INTO finished (slot, update_id, at) VALUES (?, ?, ?)"),
    forgetUpdates: database.prepare("DELETE FROM finished WHERE at <= ?"),
    album: database.prepare("SELECT 1 FROM albums WHERE album = ? AND at > ?"),
    addAlbum: database.prepare("INSERT OR REPLACE INTO albums (album, at) VALUES (?, ?)"),
    forgetAlbums: database.prepare("DELETE FROM albums WHERE at <= ?"),
    boundAlbums: database.prepare("DELETE FROM albums WHERE id <= (SELECT max(id) FROM albums) - ?"),
  };
}
