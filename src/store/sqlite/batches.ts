import { type AlbumEnd, albumState, extraAfterAbsence, LONGEST_PAUSE_MS } from "../album_rules.ts";
import { ClaimedBatch } from "../claimed_batch.ts";
import type { AddMode, Lane, ParkedBatch, Parking, StoreEntry, StoreStats, Tries } from "../inbox_store.ts";
import { MOST_CHARS } from "../gathered_calls.ts";
import { REMEMBERED_ALBUMS, REMEMBERED_MS, REMEMBERED_UPDATES } from "../limits.ts";
import { readUpdates, type StoredUpdate, type StoredUpdates } from "../stored_updates.ts";
import type { SqliteDatabase } from "./database.ts";

/** A batch that this process has claimed. */
export class SqliteBatch extends ClaimedBatch {
  readonly id: number;
  /** The number of the claim. The same batch, claimed again, has another one. */
  readonly claim: number;
  readonly parts: number;
  /** What is counted for its first update. */
  readonly first: AddedRow;

  constructor(row: BatchRow, content: StoredUpdates, claim: number, now: number) {
    super({
      ...content,
      lane: row.lane,
      album: row.album ?? undefined,
      isLate: row.is_late !== 0,
      end: row.ended ?? undefined,
      waitedMs: Math.max(0, now - row.began_at),
      tries: { attempts: row.attempts, failures: row.failures },
      crashes: row.crashes,
      crashesAlone: row.crashes_alone,
      isReplay: row.is_replay !== 0,
    });
    this.id = row.id;
    this.claim = claim;
    this.parts = row.parts;
    this.first = { update_id: row.id, added_by: row.added_by, chars: row.chars };
  }
}

interface BatchRow {
  readonly id: number;
  readonly parts: number;
  readonly added_by: number;
  readonly chars: number;
  readonly lane: Lane;
  readonly album: string | null;
  readonly is_late: number;
  readonly is_replay: number;
  readonly ended: AlbumEnd | null;
  readonly began_at: number;
  readonly attempts: number;
  readonly failures: number;
  readonly crashes: number;
  readonly crashes_alone: number;
}

interface ClaimedRow extends BatchRow {
  readonly due_at: number;
  readonly json: string;
}

interface AddedRow {
  readonly update_id: number;
  readonly added_by: number;
  readonly chars: number;
}

interface ParkedRow {
  readonly id: number;
  readonly lane: Lane;
  readonly album: string | null;
  readonly is_late: number;
  readonly ended: AlbumEnd | null;
  readonly error: string;
  readonly attempts: number;
  readonly parked_at: number;
}

/** Who does something, and when. */
export interface Deed {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The id of the process among those that use the file. */
  readonly owner: number;
}

/** What adding an update came to. */
export interface Addition {
  readonly answer: "added" | "known" | "alone" | SqliteBatch;
  /** Whether it began a batch. */
  readonly isBatch: boolean;
}

/** What the one who adds an update knows already, so that nobody needs to look. */
export interface AddHints {
  readonly isNew: boolean;
  readonly isLaneEmpty: boolean;
  /** Whether `"behind"` is treated as `"claim"`. */
  readonly isCareful: boolean;
}

/**
 * Does a part of what concerns very many batches, in a transaction of its own. It may be done twice.
 *
 * @param from Where it begins: 0 for the first part.
 * @returns Where the next part begins, or `undefined` if this was the last one.
 */
export type Part = (from: number, now: number) => number | undefined;

/** What was removed with a batch. */
export interface Removal {
  /** The updates of it that this process has added. */
  readonly count: number;
  readonly chars: number;
}

/** An album has ten parts at most, each of which follows within a quiet time. */
const MOST_PARTS = 10;

/** How many batches are changed or forgotten at once: 100 000 would block the event loop for a second and more. */
const MOST_CHANGED = 500;
const MOST_FORGOTTEN = 100;

/** With more batches than that, nobody learns of all lanes at once: 100 000 would block the event loop for 300 ms. */
const MOST_KNOWN = 2_000;

/** The rules of an `InboxStore`, as statements. Each method is called inside a transaction, or only reads. */
export class Batches {
  readonly #sql: ReturnType<typeof prepare>;
  #claims = 0;

  constructor(database: SqliteDatabase) {
    this.#sql = prepare(database);
  }

  /** Whether an update is here, or was handled lately. */
  isKnown(id: number, now: number): boolean {
    return this.#sql.known.get(id, id, id % REMEMBERED_UPDATES, id, now - REMEMBERED_MS) !== undefined;
  }

  isLaneEmpty(lane: Lane): boolean {
    return this.#sql.first.get(lane) === undefined;
  }

  add(entry: StoreEntry, json: string, mode: AddMode, hints: AddHints, deed: Deed): Addition {
    const { update, lane, album } = entry;
    const { now, owner } = deed;
    if (!hints.isNew && this.isKnown(update.update_id, now)) return { answer: "known", isBatch: false };
    const isLaneEmpty = hints.isLaneEmpty || this.isLaneEmpty(lane);
    const isAlone = mode === "join" ? isLaneEmpty || album === undefined : mode === "behind" && isLaneEmpty;
    if (isAlone && !(mode === "behind" && hints.isCareful)) return { answer: "alone", isBatch: false };
    if (!isLaneEmpty && mode !== "adopt") {
      if (album === undefined) this.#sql.endAlbums.run(now, now, lane);
      else {
        const open = this.#sql.collecting.get(lane, album.key);
        if (open !== undefined) {
          const { maxWaitMs, quietMs } = album.rules;
          const state = albumState(album.rules, open.parts + 1, open.last_at - maxWaitMs, now);
          this.#sql.join.run(
            ...[
              state.isCollecting ? 1 : 0,
              state.end,
              now,
              Math.ceil(state.dueAt),
              Math.ceil(quietMs),
              open.id,
            ],
          );
          this.#sql.insertPart.run(update.update_id, open.id, open.parts, owner, entry.chars, json);
          return { answer: "added", isBatch: false };
        }
        if (mode === "join") return { answer: "alone", isBatch: false };
      }
    }
    const isClaimed = mode === "adopt" || (isLaneEmpty && (mode === "claim" || mode === "behind"));
    const claim = isClaimed ? ++this.#claims : 0;
    const row = this.#insert(entry, json, mode, { ...deed, isLaneEmpty, claim });
    if (!isClaimed) return { answer: "added", isBatch: true };
    const batch = new SqliteBatch(row, { updates: [update], unreadable: [] }, claim, now);
    if (album !== undefined) this.#rememberAlbum(lane, album.key, now);
    return { answer: batch, isBatch: true };
  }

  #insert(
    { update, lane, album, chars, tries, reservedMs }: StoreEntry,
    json: string,
    mode: AddMode,
    { now, owner, isLaneEmpty, claim }: Deed & { readonly isLaneEmpty: boolean; readonly claim: number },
  ): BatchRow {
    const { attempts, failures } = tries;
    let place = 0;
    if (!isLaneEmpty && mode === "adopt") {
      place = (this.#sql.first.get(lane)?.place ?? 1) - 1;
      this.#sql.demote.run(lane);
    } else if (!isLaneEmpty) place = (this.#sql.last.get(lane)?.place ?? -1) + 1;
    const isHead = isLaneEmpty || mode === "adopt" ? 1 : 0;
    const owned = claim > 0 ? owner : 0;
    const reservedBy = reservedMs > 0 && claim === 0 ? owner : 0;
    const id = update.update_id;
    const isLate = album !== undefined && this.#isAlbumKnown(lane, album.key, now) ? 1 : 0;
    const row = {
      id,
      parts: 1,
      added_by: owner,
      chars,
      lane,
      album: album?.key ?? null,
      is_late: isLate,
      is_replay: 0,
      ended: null,
      began_at: now,
      attempts,
      failures,
      crashes: 0,
      crashes_alone: 0,
    };
    if (album === undefined) {
      // Spread arrays would cost a fifth more.
      this.#sql.insertSingle.run(
        id,
        lane,
        place,
        isHead,
        now,
        now,
        now,
        reservedBy,
        now + Math.ceil(reservedMs),
        owned,
        claim,
        attempts,
        failures,
        owner,
        chars,
        json,
      );
      return row;
    }
    const { rules } = album;
    const state = albumState(rules, 1, now, now);
    const isCollecting = state.isCollecting && claim === 0 ? 1 : 0;
    this.#sql.insertPartOne.run(
      ...[id, lane, place, isHead, now, now, Math.ceil(state.dueAt), reservedBy, now + Math.ceil(reservedMs)],
      ...[owned, claim, attempts, failures, owner, chars, json],
      ...[
        album.key,
        isLate,
        isCollecting,
        state.end,
        Math.ceil(now + rules.maxWaitMs),
        Math.ceil(rules.quietMs),
      ],
    );
    return { ...row, ended: claim > 0 ? null : state.end } as BatchRow;
  }

  /** Claims what is due, the one that fell due first first; less of it if it is large. */
  claim(most: number, quietExtraMs: number, { now, owner }: Deed): readonly SqliteBatch[] {
    const claim = ++this.#claims;
    const due = [now, owner, now, Math.ceil(quietExtraMs), now];
    const rows = this.#sql.claim.all(
      owner,
      claim,
      ...due,
      most > 1 ? this.#mostTogether([...due, most]) : most,
    );
    if (rows.length > 1) rows.sort((a, b) => a.due_at - b.due_at || a.id - b.id); // they come in no order
    return rows.map((row) => {
      if (row.album !== null && row.is_replay === 0) this.#rememberAlbum(row.lane, row.album, now);
      return new SqliteBatch(row, this.#contentOf(row), claim, now);
    });
  }

  /** How many of the batches that are due are read at once: the event loop is blocked, and all of them are in memory. */
  #mostTogether(dueAndMost: readonly number[]): number {
    let [count, chars] = [0, 0];
    for (const size of this.#sql.sizes.all(...dueAndMost)) {
      chars += size.chars;
      if (count > 0 && chars > MOST_CHARS) break;
      count++;
    }
    return count;
  }

  #contentOf({ id, json, parts }: ClaimedRow): StoredUpdates {
    const rows = [{ update_id: id, json }];
    if (parts > 1) rows.push(...this.#sql.parts.all(id));
    return readUpdates(rows);
  }

  /**
   * When something of what is not claimed falls due for an owner.
   *
   * @param quietExtraMs Milliseconds by which every quiet time is longer for now.
   * @param hasOthers Whether others may have reserved something.
   */
  nextDue(quietExtraMs: number, hasOthers: boolean, { now, owner }: Deed): number {
    const due = quietExtraMs > 0
      ? Math.min(
        this.#sql.nextOther.get(owner, now)?.due_at ?? Infinity,
        this.#sql.nextAlbum.get(Math.ceil(quietExtraMs))?.due_at ?? Infinity,
      )
      : this.#sql.next.get(owner, now)?.due_at ?? Infinity;
    return hasOthers ? Math.min(due, this.#sql.nextReserved.get(owner, now)?.due_at ?? Infinity) : due;
  }

  /** Removes a claimed batch that was handled or parked. @returns `undefined` if its claim has ended. */
  remove(batch: SqliteBatch, isOnlyOfLane: boolean, { now, owner }: Deed): Removal | undefined {
    // RETURNING would double what this costs.
    if (Number(this.#sql.remove.run(batch.id, owner, batch.claim).changes) === 0) return undefined;
    const removed = batch.parts > 1 ? [batch.first, ...this.#sql.removeParts.all(batch.id)] : [batch.first];
    for (const { update_id } of removed) this.#rememberUpdate(update_id, now);
    if (!isOnlyOfLane) this.#sql.promote.run(batch.lane);
    return this.#tell(removed, owner);
  }

  /** Tells the others which of their updates were handled. @returns How many were this owner's. */
  #tell(removed: readonly AddedRow[], owner: number): Removal {
    let count = 0;
    let chars = 0;
    for (const each of removed) {
      if (each.added_by === owner) {
        count++;
        chars += each.chars;
      } else this.#sql.tellOwner.run(each.chars, each.added_by);
    }
    return { count, chars };
  }

  retry(batch: SqliteBatch, afterMs: number, tries: Tries | undefined, { now, owner }: Deed): void {
    const dueAt = now + Math.ceil(afterMs);
    if (tries !== undefined) {
      this.#sql.setTries.run(tries.attempts, tries.failures, batch.id, owner, batch.claim);
    }
    this.#sql.retry.run(now, dueAt, batch.id, owner, batch.claim);
  }

  /** Moves a claimed batch to those that are parked. @returns `undefined` if its claim has ended. */
  park(batch: SqliteBatch, { error, attempts, keepMs }: Parking, deed: Deed): Removal | undefined {
    const { now, owner } = deed;
    if (this.#sql.claimed.get(batch.id, owner, batch.claim) === undefined) return undefined;
    this.#sql.park.run(error, attempts, now, now + Math.ceil(keepMs), batch.id);
    this.#sql.parkFirst.run(batch.id);
    this.#sql.parkParts.run(batch.id);
    return this.remove(batch, false, deed);
  }

  /** Lists what is parked: of what is large, fewer than asked for, since all of it is read and parsed at once. */
  parked(after: number, most: number, now: number): readonly ParkedBatch[] {
    const listed: ParkedBatch[] = [];
    let chars = 0;
    for (const row of this.#sql.parked.all(after, now, most)) {
      const stored = this.#sql.parkedUpdates.all(row.id);
      listed.push({
        id: row.id,
        updates: readUpdates(stored).updates,
        album: row.album ?? undefined,
        error: row.error,
        attempts: row.attempts,
        parkedAt: row.parked_at,
      });
      chars += stored.reduce((sum, { json }) => sum + json.length, row.error.length);
      if (chars >= MOST_CHARS) break;
    }
    return listed;
  }

  /** Puts a parked batch at the end of its lane. @returns Where and how much, if there was one. */
  replay(id: number, { now, owner }: Deed): { readonly lane: Lane; readonly added: Removal } | undefined {
    const row = this.#sql.parkedOne.get(id, now);
    if (row === undefined) return undefined;
    const { lane } = row;
    const updates = this.#sql.parkedUpdates.all(id);
    if (updates.some(({ update_id }) => this.#sql.here.get(update_id, update_id) !== undefined)) {
      return undefined; // Telegram has sent it again: first that one
    }
    this.#discard(id);
    const last = this.#sql.last.get(lane);
    this.#sql.replay.run(
      ...[
        id,
        lane,
        last === undefined ? 0 : last.place + 1,
        last === undefined ? 1 : 0,
        row.album,
        row.is_late,
      ],
      ...[updates.length, row.ended, now, now, now, owner, updates[0]?.chars ?? 0, updates[0]?.json ?? ""],
    );
    for (const [part, { update_id, chars, json }] of updates.entries()) {
      if (part > 0) this.#sql.insertPart.run(update_id, id, part, owner, chars, json);
    }
    const chars = updates.reduce((sum, each) => sum + each.chars, 0);
    return { lane, added: { count: updates.length, chars } };
  }

  discard(id: number, now: number): boolean {
    return this.#sql.parkedOne.get(id, now) !== undefined && this.#discard(id);
  }

  #discard(id: number): true {
    this.#sql.unpark.run(id);
    this.#sql.unparkUpdates.run(id);
    return true;
  }

  /** Forgets what has been parked for long enough. */
  forgetParked(from: number, now: number): number | undefined {
    const old = this.#sql.oldParked.all(now, MOST_FORGOTTEN);
    for (const { id } of old) this.#discard(id);
    return old.length === MOST_FORGOTTEN ? from : undefined;
  }

  stats(now: number): StoreStats {
    const { lanes, oldest, updates } = this.#sql.stats.get() ?? { lanes: 0, oldest: null, updates: 0 };
    return {
      updates,
      lanes,
      oldestMs: oldest === null ? 0 : Math.max(0, now - oldest),
      parked: this.#sql.countParked.get(now)?.n ?? 0,
    };
  }

  /**
   * How many batches each lane has, and the highest id that was ever here or handled; `undefined` if there are too many
   * to count without blocking the event loop.
   */
  overview(): { readonly lanes: Map<Lane, number>; readonly highestId: number } | undefined {
    if ((this.#sql.countSome.get(MOST_KNOWN + 1)?.n ?? 0) > MOST_KNOWN) return undefined;
    const lanes = new Map(this.#sql.lanes.all().map(({ lane, n }) => [lane, n]));
    return { lanes, highestId: this.#sql.highest.get()?.id ?? 0 };
  }

  /** How many updates an owner has added that are not handled yet. */
  countOf(owner: number): Removal {
    return this.#sql.countOf.get(owner, owner) ?? { count: 0, chars: 0 };
  }

  /** Whether a batch is still claimed as it was. */
  isClaimed({ id, claim }: SqliteBatch, owner: number): boolean {
    return this.#sql.claimed.get(id, owner, claim) !== undefined;
  }

  /** Telegram repeats a part that was lost after a while: what collects now gets this time, once. */
  waitForRepeats(): Part {
    const all: readonly number[] = JSON.parse(this.#sql.allCollecting.get()?.ids ?? "[]");
    return (from, now) => {
      const next = from + MOST_CHANGED;
      for (const batch of all.slice(from, next)) {
        const album = this.#sql.toWait.get(batch, now - LONGEST_PAUSE_MS, now);
        if (album === undefined) continue;
        const dueAt = now + album.quiet_ms + extraAfterAbsence(now - album.set_at);
        this.#sql.postpone.run(dueAt, Math.max(album.last_at, dueAt + MOST_PARTS * album.quiet_ms), batch);
      }
      return next < all.length ? next : undefined;
    };
  }

  /** What was due at a time that is yet to come waits for as long as it was to: a clock that is set back delays nothing. */
  clockWasSet(from: number, now: number): number | undefined {
    const next = this.#sql.nextId.get(from)?.id;
    this.#sql.clockWasSet.run(now, now, now, now, from, next ?? Infinity, now);
    return next;
  }

  /** Forgets which updates and albums were handled too long ago. */
  forget(now: number): void {
    this.#sql.forgetUpdates.run(now - REMEMBERED_MS);
    this.#sql.forgetAlbums.run(now - REMEMBERED_MS);
  }

  #rememberUpdate(id: number, now: number): void {
    this.#sql.rememberUpdate.run(id % REMEMBERED_UPDATES, id, now);
  }

  #isAlbumKnown(lane: Lane, key: string, now: number): boolean {
    return this.#sql.album.get(`${lane} ${key}`, now - REMEMBERED_MS) !== undefined;
  }

  #rememberAlbum(lane: Lane, key: string, now: number): void {
    this.#sql.rememberAlbum.run(`${lane} ${key}`, now);
    this.#sql.boundAlbums.run(REMEMBERED_ALBUMS);
  }
}

/** What an owner may claim: the first of a lane, unless it is claimed or reserved for another. */
const FREE = "is_head AND owner = 0 AND (reserved_by IN (0, ?) OR reserved_until <= ?)";
const QUIET = "is_collecting AND ended = 'quiet'";
const MINE = "id = ? AND owner = ? AND claim = ?";
// A plus means nothing, but without it SQLite compiles a statement again for each value of a limit, which takes 50 to 200 µs,
// and Bun's does so for each lane.
const OF_LANE = "lane = +?";
const AT_MOST = "LIMIT +?";
/** What a claim takes, in its order. */
const DUE = `WHERE due_at <= ? AND ${FREE} AND NOT (${QUIET} AND min(due_at + ?, last_at) > ?)
  ORDER BY due_at, id ${AT_MOST}`;

/** Compiles every statement, once for as long as the file is open. */
function prepare(database: SqliteDatabase) {
  const sql = <Row = never>(text: string) => database.prepare<Row>(text);
  type Due = { readonly due_at: number | null };
  type Placed = { readonly place: number };
  type Stored = StoredUpdate & { readonly chars: number };
  return {
    known: sql<unknown>(
      `SELECT 1 FROM batches WHERE id = ? UNION ALL SELECT 1 FROM parts WHERE update_id = ?
       UNION ALL SELECT 1 FROM finished WHERE slot = ? AND update_id = ? AND at > ? LIMIT 1`,
    ),
    here: sql<unknown>(
      "SELECT 1 FROM batches WHERE id = ? UNION ALL SELECT 1 FROM parts WHERE update_id = ? LIMIT 1",
    ),
    first: sql<Placed>(`SELECT place FROM batches WHERE ${OF_LANE} ORDER BY place LIMIT 1`),
    last: sql<Placed>(`SELECT place FROM batches WHERE ${OF_LANE} ORDER BY place DESC LIMIT 1`),
    collecting: sql<{ readonly id: number; readonly parts: number; readonly last_at: number }>(
      `SELECT id, parts, last_at FROM batches WHERE ${OF_LANE} AND album = ? AND is_collecting LIMIT 1`,
    ),
    // As one text: 100 000 rows would take ten times as long.
    allCollecting: sql<{ readonly ids: string }>(
      "SELECT json_group_array(id) AS ids FROM batches INDEXED BY batches_collecting WHERE is_collecting",
    ),
    toWait: sql<{ readonly set_at: number; readonly quiet_ms: number; readonly last_at: number }>(
      `SELECT set_at, quiet_ms, last_at FROM batches
       WHERE id = ? AND is_collecting AND NOT (set_at <= ? AND due_at > ?)`, // which waits already
    ),
    parts: sql<StoredUpdate>("SELECT update_id, json FROM parts WHERE batch = ? ORDER BY part"),
    claimed: sql<unknown>(`SELECT 1 FROM batches WHERE ${MINE}`),
    next: sql<Due>(`SELECT due_at FROM batches WHERE ${FREE} ORDER BY due_at LIMIT 1`),
    nextOther: sql<Due>(
      `SELECT due_at FROM batches WHERE ${FREE} AND NOT (${QUIET}) ORDER BY due_at LIMIT 1`,
    ),
    nextAlbum: sql<Due>(
      // SQLite would choose the index of all that is to be claimed, for want of statistics.
      `SELECT min(min(due_at + ?, last_at)) AS due_at FROM batches INDEXED BY batches_collecting
       WHERE ${QUIET} AND is_head AND owner = 0`,
    ),
    nextReserved: sql<Due>(
      `SELECT min(max(due_at, reserved_until)) AS due_at FROM batches
       WHERE reserved_by <> 0 AND reserved_by <> ? AND reserved_until > ? AND is_head AND owner = 0`,
    ),
    stats: sql<{ readonly lanes: number; readonly oldest: number | null; readonly updates: number }>(
      // SQLite would not count distinct lanes from the index.
      `SELECT (SELECT count(*) FROM (SELECT DISTINCT lane FROM batches)) AS lanes, min(began_at) AS oldest,
         count(*) + (SELECT count(*) FROM parts) AS updates FROM batches`,
    ),
    lanes: sql<{ readonly lane: Lane; readonly n: number }>(
      "SELECT lane, count(*) AS n FROM batches GROUP BY lane",
    ),
    countSome: sql<{ readonly n: number }>(`SELECT count(*) AS n FROM (SELECT 1 FROM batches ${AT_MOST})`),
    highest: sql<{ readonly id: number }>(
      `SELECT max(ifnull((SELECT max(id) FROM batches), 0), ifnull((SELECT max(update_id) FROM parts), 0),
         ifnull((SELECT max(update_id) FROM finished), 0)) AS id`,
    ),
    countOf: sql<Removal>(
      `SELECT count(*) AS count, ifnull(sum(chars), 0) AS chars FROM
         (SELECT chars FROM batches WHERE added_by = ? UNION ALL SELECT chars FROM parts WHERE added_by = ?)`,
    ),

    insertSingle: sql(
      `INSERT INTO batches (id, lane, place, is_head, began_at, set_at, due_at, reserved_by, reserved_until,
         owner, claim, attempts, failures, added_by, chars, json)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    insertPartOne: sql(
      `INSERT INTO batches (id, lane, place, is_head, began_at, set_at, due_at, reserved_by, reserved_until,
         owner, claim, attempts, failures, added_by, chars, json,
         album, is_late, is_collecting, ended, last_at, quiet_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    insertPart: sql(
      "INSERT INTO parts (update_id, batch, part, added_by, chars, json) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    join: sql(
      `UPDATE batches SET parts = parts + 1, is_collecting = ?, ended = ?, set_at = ?, due_at = ?, quiet_ms = ?
       WHERE id = ?`,
    ),
    endAlbums: sql(
      `UPDATE batches SET is_collecting = 0, ended = 'next', set_at = ?, due_at = min(due_at, ?)
       WHERE ${OF_LANE} AND is_collecting`,
    ),
    claim: sql<ClaimedRow>(
      `UPDATE batches SET owner = ?, claim = ?, is_collecting = 0, reserved_by = 0 WHERE id IN
         (SELECT id FROM batches ${DUE})
       RETURNING id, parts, added_by, chars, lane, album, is_late, is_replay, ended, began_at, attempts, failures,
         crashes, crashes_alone, due_at, json`,
    ),
    // Of an album, only its first part is looked at.
    sizes: sql<{ readonly chars: number }>(`SELECT parts * chars AS chars FROM batches ${DUE}`),
    retry: sql(`UPDATE batches SET owner = 0, claim = 0, set_at = ?, due_at = ? WHERE ${MINE}`),
    setTries: sql(
      `UPDATE batches SET attempts = ?, failures = ?, crashes = 0, crashes_alone = 0 WHERE ${MINE}`,
    ),
    remove: sql(`DELETE FROM batches WHERE ${MINE}`),
    removeParts: sql<AddedRow>("DELETE FROM parts WHERE batch = ? RETURNING update_id, added_by, chars"),
    tellOwner: sql(
      "UPDATE owners SET done_updates = done_updates + 1, done_chars = done_chars + ? WHERE id = ?",
    ),
    demote: sql(
      `UPDATE batches SET is_head = 0
       WHERE id = (SELECT id FROM batches WHERE ${OF_LANE} ORDER BY place LIMIT 1)`,
    ),
    promote: sql(
      `UPDATE batches SET is_head = 1 WHERE is_head = 0
         AND id = (SELECT id FROM batches WHERE ${OF_LANE} ORDER BY place LIMIT 1)`,
    ),
    postpone: sql("UPDATE batches SET due_at = ?, last_at = ?, ended = 'quiet' WHERE id = ?"),
    clockWasSet: sql(
      `UPDATE batches SET due_at = ? + (due_at - set_at), last_at = last_at - set_at + ?, reserved_by = 0,
         began_at = min(began_at, ?), set_at = ? WHERE id >= ? AND id < ? AND set_at > ?`,
    ),
    nextId: sql<{ readonly id: number }>(
      `SELECT id FROM batches WHERE id >= ? ORDER BY id LIMIT 1 OFFSET ${MOST_CHANGED}`,
    ),

    rememberUpdate: sql("INSERT OR REPLACE INTO finished (slot, update_id, at) VALUES (?, ?, ?)"),
    forgetUpdates: sql("DELETE FROM finished WHERE at <= ?"),
    album: sql<unknown>("SELECT 1 FROM albums WHERE album = ? AND at > ?"),
    rememberAlbum: sql("INSERT OR REPLACE INTO albums (album, at) VALUES (?, ?)"),
    forgetAlbums: sql("DELETE FROM albums WHERE at <= ?"),
    boundAlbums: sql("DELETE FROM albums WHERE id <= (SELECT max(id) FROM albums) - ?"),

    park: sql(
      `INSERT OR REPLACE INTO parked (id, lane, album, is_late, ended, error, attempts, parked_at, kept_until)
       SELECT id, lane, album, is_late, ended, ?, ?, ?, ? FROM batches WHERE id = ?`,
    ),
    parkFirst: sql(
      `INSERT OR REPLACE INTO parked_updates (batch, part, update_id, chars, json)
       SELECT id, 0, id, chars, json FROM batches WHERE id = ?`,
    ),
    parkParts: sql(
      `INSERT OR REPLACE INTO parked_updates (batch, part, update_id, chars, json)
       SELECT batch, part, update_id, chars, json FROM parts WHERE batch = ?`,
    ),
    parked: sql<ParkedRow>(`SELECT * FROM parked WHERE id > ? AND kept_until > ? ORDER BY id ${AT_MOST}`),
    parkedOne: sql<ParkedRow>("SELECT * FROM parked WHERE id = ? AND kept_until > ?"),
    oldParked: sql<{ readonly id: number }>(`SELECT id FROM parked WHERE kept_until <= ? ${AT_MOST}`),
    countParked: sql<{ readonly n: number }>("SELECT count(*) AS n FROM parked WHERE kept_until > ?"),
    parkedUpdates: sql<Stored>(
      "SELECT update_id, chars, json FROM parked_updates WHERE batch = ? ORDER BY part",
    ),
    unpark: sql("DELETE FROM parked WHERE id = ?"),
    unparkUpdates: sql("DELETE FROM parked_updates WHERE batch = ?"),
    replay: sql(
      `INSERT INTO batches (id, lane, place, is_head, album, is_late, is_replay, parts, ended, began_at, set_at, due_at,
         added_by, chars, json)
       VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
  };
}
