import { CAREFUL_MS, SUSPECT_CRASHES } from "../limits.ts";
import type { SqliteDatabase } from "./database.ts";
import { isDead, type StoreUser } from "./process.ts";

/** A process that uses the file, as it has written itself down. */
export interface OwnerRow extends StoreUser {
  readonly id: number;
  readonly beat: number;
  readonly lease_ms: number;
}

/** What others have handled of what an owner has added. */
interface DoneRow {
  readonly done_updates: number;
  readonly done_chars: number;
}

/** The processes that use the file. Each method is called inside a transaction, or only reads. */
export class Owners {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #self: StoreUser;
  readonly #leaseMs: number;

  constructor(database: SqliteDatabase, self: StoreUser, leaseMs: number) {
    this.#sql = prepare(database);
    this.#self = self;
    this.#leaseMs = leaseMs;
  }

  /**
   * Writes this process down, under the id that it had if it had one, with beats that it never had: they count from the
   * time. Others that have seen it silent would bury it again.
   *
   * @returns Its id.
   */
  enter(id: number | null, now: number): number {
    const { run, host, pid } = this.#self;
    return this.#sql.enter.get(id, run, host, pid, this.#leaseMs, now)?.id ?? 0;
  }

  others(id: number): OwnerRow[] {
    return this.#sql.others.all(id);
  }

  /** What others have handled of what this owner has added, or `undefined` if it is not written down any longer. */
  done(id: number): DoneRow | undefined {
    return this.#sql.done.get(id);
  }

  beat(id: number): void {
    this.#sql.beat.run(id);
  }

  /** Whether an owner is known to have ended without saying so. */
  isDead(owner: OwnerRow): boolean {
    return isDead(owner, this.#self);
  }

  /**
   * Frees what an owner had that has ended, and counts that for what it had claimed. An update that ends its process is
   * found by what was claimed alone. Of several, nobody knows which it was, until they are claimed one at a time.
   *
   * @returns Whether it was still written down as it was known.
   */
  bury({ id, run, beat }: OwnerRow, now: number): boolean {
    if (this.#sql.remove.get(id, run, beat) === undefined) return false;
    const { claimed, suspects } = this.#sql.claimedBy.get(id) ?? { claimed: 0, suspects: 0 };
    if (claimed > 0) this.#sql.crash.run(claimed === 1 ? 1 : 0, suspects === 1 ? 1 : 0, id);
    this.#sql.unreserve.run(id);
    this.#sql.note.run("careful_until", now + CAREFUL_MS);
    return true;
  }

  /** Until when every update is claimed in the file before it is handled. */
  carefulUntil(): number {
    return this.#sql.noted.get("careful_until")?.value ?? 0;
  }

  /** Ends the use of the file: what this owner has claimed is free. */
  leave(id: number): void {
    this.#sql.giveBack.run(id);
    this.#sql.unreserve.run(id);
    this.#sql.end.run(id);
  }
}

function prepare(database: SqliteDatabase) {
  const sql = <Row = never>(text: string) => database.prepare<Row>(text);
  return {
    enter: sql<{ readonly id: number }>(
      "INSERT INTO owners (id, run, host, pid, lease_ms, beat) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
    ),
    others: sql<OwnerRow>("SELECT id, run, host, pid, beat, lease_ms FROM owners WHERE id <> ?"),
    done: sql<DoneRow>("SELECT done_updates, done_chars FROM owners WHERE id = ?"),
    beat: sql("UPDATE owners SET beat = beat + 1 WHERE id = ?"),
    remove: sql<unknown>("DELETE FROM owners WHERE id = ? AND run = ? AND beat = ? RETURNING 1"),
    end: sql("DELETE FROM owners WHERE id = ?"),
    claimedBy: sql<{ readonly claimed: number; readonly suspects: number }>(
      `SELECT count(*) AS claimed, ifnull(sum(crashes >= ${SUSPECT_CRASHES}), 0) AS suspects
       FROM batches WHERE owner = ? AND owner <> 0`,
    ),
    crash: sql(
      `UPDATE batches SET owner = 0, claim = 0, crashes = crashes + 1,
         crashes_alone = crashes_alone + (? OR (? AND crashes >= ${SUSPECT_CRASHES})) WHERE owner = ? AND owner <> 0`,
    ),
    unreserve: sql("UPDATE batches SET reserved_by = 0 WHERE reserved_by = ? AND reserved_by <> 0"),
    giveBack: sql("UPDATE batches SET owner = 0, claim = 0 WHERE owner = ? AND owner <> 0"),
    note: sql("INSERT OR REPLACE INTO notes (name, value) VALUES (?, ?)"),
    noted: sql<{ readonly value: number }>("SELECT value FROM notes WHERE name = ?"),
  };
}
