import type { BatchRow, UpdateRow } from "./sqlite_batch.ts";
import type { SqliteDatabase, Statement } from "./sqlite_database.ts";

interface FirstRow {
  readonly id: number;
  readonly place: number;
  readonly owner: number | null;
}

interface LastRow {
  readonly id: number;
  readonly place: number;
  readonly album: string | null;
  readonly is_collecting: number;
  readonly parts: number;
  readonly began_at: number;
}

interface HandledRow {
  readonly update_id: number;
  readonly put_by: number;
  readonly size: number;
}

interface NextRow {
  readonly due_at: number | null;
  readonly least_owner: number | null;
  readonly most_owner: number | null;
  readonly has_others: number;
}

/** Every statement on the batches and their updates. */
export interface SqliteStatements {
  /** Whether anything is here. */
  readonly any: Statement<unknown>;
  /** Whether an update is here. */
  readonly known: Statement<unknown>;
  /** A queue's first batch. */
  readonly first: Statement<FirstRow>;
  /** A queue's last batch. */
  readonly last: Statement<LastRow>;
  /** A batch's updates, in their order. */
  readonly updates: Statement<UpdateRow>;
  /** What to wait for. */
  readonly next: Statement<NextRow>;
  /** Whether there is something to claim. */
  readonly due: Statement<unknown>;
  readonly insertBatch: Statement<{ readonly id: number }>;
  readonly insertUpdate: Statement<never>;
  /** Another part came. */
  readonly join: Statement<never>;
  /** Makes a queue's last batch due, if it collects. */
  readonly release: Statement<never>;
  /** Makes all batches due that collect, and in which an owner has updates. */
  readonly releaseOwn: Statement<never>;
  /** Claims the batch that fell due first. */
  readonly claim: Statement<BatchRow>;
  readonly putBack: Statement<never>;
  readonly deleteBatch: Statement<never>;
  readonly deleteUpdates: Statement<HandledRow>;
  /** Another owner has handled one that this owner has put here. */
  readonly tellOwner: Statement<never>;
  /** A batch is not the first of its queue any more. */
  readonly demote: Statement<never>;
  /** A queue's first batch knows that it is. */
  readonly promote: Statement<never>;
  /** What was put here at a time that is yet to come falls due after as long as it was to wait then. */
  readonly clockWasSet: Statement<never>;
  /** Albums that fell due while nobody was here collect as long again. */
  readonly goOnCollecting: Statement<never>;
}

/** A batch that was being handled when a process ended twice in a row is handled beside no other such. */
export const IS_SUSPECT = "crashes >= 2";

/** What may be claimed. */
const FREE = `is_head AND owner IS NULL AND
  (NOT ${IS_SUSPECT} OR NOT EXISTS (SELECT 1 FROM batches WHERE owner IS NOT NULL AND ${IS_SUSPECT}))`;

/** Compiles them, once for as long as the file is open. */
export function prepareStatements(database: SqliteDatabase): SqliteStatements {
  return {
    any: database.prepare("SELECT 1 FROM batches LIMIT 1"),
    known: database.prepare("SELECT 1 FROM updates WHERE update_id = ?"),
    first: database.prepare("SELECT id, place, owner FROM batches WHERE queue = ? ORDER BY place LIMIT 1"),
    last: database.prepare(
      `SELECT id, place, album, is_collecting, parts, began_at FROM batches
       WHERE queue = ? ORDER BY place DESC LIMIT 1`,
    ),
    updates: database.prepare("SELECT update_id, json FROM updates WHERE batch = ? ORDER BY part"),
    next: database.prepare(
      `SELECT
         (SELECT min(due_at) FROM batches WHERE ${FREE}) AS due_at,
         (SELECT min(owner) FROM batches WHERE owner IS NOT NULL) AS least_owner,
         (SELECT max(owner) FROM batches WHERE owner IS NOT NULL) AS most_owner,
         EXISTS (SELECT 1 FROM owners WHERE id <> ?) AS has_others`,
    ),
    due: database.prepare(`SELECT 1 FROM batches WHERE ${FREE} AND due_at <= ? LIMIT 1`),

    insertBatch: database.prepare(
      `INSERT INTO batches (queue, place, is_head, album, late, failures, is_collecting,
         ended, began_at, set_at, due_at, owner, claim)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
    ),
    insertUpdate: database.prepare(
      "INSERT INTO updates (update_id, batch, part, put_by, size, json) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    join: database.prepare(
      "UPDATE batches SET parts = parts + 1, is_collecting = ?, ended = ?, set_at = ?, due_at = ? WHERE id = ?",
    ),
    release: database.prepare(
      `UPDATE batches SET is_collecting = 0, ended = 'next', set_at = ?, due_at = min(due_at, ?)
       WHERE is_collecting AND id = (SELECT id FROM batches WHERE queue = ? ORDER BY place DESC LIMIT 1)`,
    ),
    releaseOwn: database.prepare(
      `UPDATE batches SET is_collecting = 0, ended = 'close', set_at = ?, due_at = min(due_at, ?)
       WHERE is_collecting AND EXISTS (SELECT 1 FROM updates WHERE batch = batches.id AND put_by = ?)`,
    ),
    claim: database.prepare(
      `UPDATE batches SET owner = ?, claim = ?, is_collecting = 0 WHERE id =
         (SELECT id FROM batches WHERE ${FREE} AND due_at <= ? ORDER BY due_at, id LIMIT 1)
       RETURNING id, queue, album, late, failures, ended, began_at`,
    ),
    putBack: database.prepare(
      `UPDATE batches SET owner = NULL, claim = NULL, crashes = 0, failures = failures + ?, set_at = ?, due_at = ?
       WHERE id = ? AND owner = ? AND claim = ?`,
    ),
    deleteBatch: database.prepare("DELETE FROM batches WHERE id = ? AND owner = ? AND claim = ?"),
    deleteUpdates: database.prepare("DELETE FROM updates WHERE batch = ? RETURNING update_id, put_by, size"),
    tellOwner: database.prepare(
      "UPDATE owners SET done_updates = done_updates + 1, done_size = done_size + ? WHERE id = ?",
    ),
    demote: database.prepare("UPDATE batches SET is_head = 0 WHERE id = ?"),
    promote: database.prepare(
      `UPDATE batches SET is_head = 1 WHERE is_head = 0
         AND id = (SELECT id FROM batches WHERE queue = ? ORDER BY place LIMIT 1)`,
    ),
    goOnCollecting: database.prepare(
      "UPDATE batches SET due_at = ? + (due_at - set_at), set_at = ? WHERE is_collecting AND due_at < ?",
    ),
    clockWasSet: database.prepare(
      "UPDATE batches SET due_at = ? + (due_at - set_at), set_at = ? WHERE set_at > ?",
    ),
  };
}
