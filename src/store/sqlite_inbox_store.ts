import type { MediaGroupEnd } from "../events/events.ts";
import { readUpdates, SqliteBatch } from "./sqlite_batch.ts";
import type { SqliteDatabase } from "./sqlite_database.ts";
import { SqliteOwner } from "./sqlite_owner.ts";
import { SqliteRemembered } from "./sqlite_remembered.ts";
import { prepareStatements, type SqliteStatements } from "./sqlite_statements.ts";
import type { AlbumRules, Batch, InboxStore, StoreEntry, TelegramQueue } from "./store.ts";

/** How often to look while another process has what this one may wait for. */
const POLL_MS = 250;

/** The store behind {@link sqliteStore}: the rules of {@link InboxStore}, as transactions on a file. */
export class SqliteInboxStore implements InboxStore {
  readonly outlivesProcess = true;
  readonly #database: SqliteDatabase;
  readonly #statements: SqliteStatements;
  readonly #owner: SqliteOwner;
  readonly #remembered: SqliteRemembered;
  #claims = 0;
  /** What was to be done with a claimed batch when the file could not be written: tried again before the next claim. */
  readonly #unsettled = new Map<SqliteBatch, () => void>();
  #latestNow = 0;
  #lookedAroundAt = -Infinity;
  #pollUntil = -Infinity;

  constructor(database: SqliteDatabase, leaseMs: number) {
    this.#database = database;
    this.#statements = prepareStatements(database);
    this.#owner = new SqliteOwner(database, leaseMs);
    const now = Date.now();
    this.#clockWasSet(now); // perhaps while nobody was here
    // Nor could Telegram bring the rest of an album meanwhile.
    database.attempt(() => this.#statements.goOnCollecting.run(now, now, now));
    this.#remembered = new SqliteRemembered(database, this.#now());
  }

  get updates(): number {
    return this.#owner.updates;
  }

  get size(): number {
    return this.#owner.size;
  }

  get isEmpty(): boolean {
    if (!this.#database.isOpen) return true;
    if (this.#owner.updates > 0) return false;
    try {
      return this.#statements.any.get() === undefined;
    } catch {
      return false; // `look` will say what is wrong
    }
  }

  look(queue: TelegramQueue, updateId: number): "nothing" | "queue" | "update" {
    return this.#database.attempt(() => {
      if (this.#isKnown(updateId, this.#now())) return "update";
      const first = this.#statements.first.get(queue);
      if (first === undefined) return "nothing";
      // Nobody tells us when another process is done with it: whoever waits for that is let look again and again.
      if (first.owner !== this.#owner.id) this.#pollUntil = performance.now() + 4 * POLL_MS;
      return "queue";
    });
  }

  append(entry: StoreEntry): void {
    const { update, queue, group } = entry;
    const json = JSON.stringify(update);
    const now = this.#now();
    const isAdded = this.#database.transaction(() => {
      if (this.#isKnown(update.update_id, now)) return false;
      const last = this.#statements.last.get(queue);
      if (group !== undefined && last?.is_collecting && last.album === group.key) {
        const { isCollecting, end, due } = collect(group.rules, last.parts + 1, last.began_at, now);
        this.#statements.join.run(isCollecting, end, now, due, last.id);
        this.#insertUpdate(entry, json, last.id, last.parts);
        return true;
      }
      if (last?.is_collecting) this.#statements.release.run(now, now, queue);
      this.#insertBatch(entry, json, { place: last && last.place + 1, now });
      return true;
    });
    if (isAdded) this.#owner.count(1, entry.size);
  }

  hold(entry: StoreEntry): Batch {
    const { update, queue, failures, group } = entry;
    const json = JSON.stringify(update);
    const now = this.#now();
    const claim = ++this.#claims;
    const row = this.#database.transaction(() => {
      if (this.#isKnown(update.update_id, now)) return undefined;
      const first = this.#statements.first.get(queue);
      if (first !== undefined) this.#statements.demote.run(first.id);
      return this.#insertBatch(entry, json, { place: first && first.place - 1, now, claim });
    });
    const { id, late } = row ?? { id: 0, late: 0 };
    const album = group?.key ?? null;
    const batch = new SqliteBatch(
      { id, queue, album, late, failures, ended: null, began_at: now },
      { updates: [update], unreadable: [] },
      claim,
      now,
    );
    if (row === undefined) return batch;
    this.#owner.count(1, entry.size);
    this.#owner.claimed(batch);
    return batch;
  }

  release(queue?: TelegramQueue): void {
    const now = this.#now();
    this.#database.attempt(() => {
      if (queue === undefined) this.#statements.releaseOwn.run(now, now, this.#owner.id);
      else if (this.#statements.last.get(queue)?.is_collecting) this.#statements.release.run(now, now, queue);
    });
  }

  claim(): Batch | undefined {
    const now = this.#now();
    for (const [batch, settle] of this.#unsettled) this.#settle(batch, settle);
    this.#lookAround();
    if (this.#database.attempt(() => this.#statements.due.get(now)) === undefined) return undefined;
    const claim = ++this.#claims;
    const batch = this.#database.transaction(() => {
      const row = this.#statements.claim.get(this.#owner.id, claim, now);
      if (row === undefined) return undefined; // another process was faster
      return new SqliteBatch(row, readUpdates(this.#statements.updates.all(row.id)), claim, now);
    });
    if (batch !== undefined) this.#owner.claimed(batch);
    return batch;
  }

  complete(batch: Batch): void {
    if (batch instanceof SqliteBatch) this.#settle(batch, () => this.#delete(batch));
  }

  putBack(batch: Batch, delayMs: number, hasFailed = true): void {
    if (!(batch instanceof SqliteBatch)) return;
    const now = this.#now();
    this.#settle(batch, () => {
      this.#statements.putBack.run(
        ...[hasFailed ? 1 : 0, now, now + Math.ceil(delayMs), batch.id, this.#owner.id, batch.claim],
      );
    });
  }

  nextDueMs(): number | undefined {
    if (!this.#database.isOpen) return undefined;
    try {
      if (this.#owner.updates > 0) this.#owner.recount();
      const now = this.#now();
      const next = this.#statements.next.get(this.#owner.id);
      const dueMs = Math.max(0, (next?.due_at ?? Infinity) - now);
      const isPolling = this.#unsettled.size > 0 ||
        (next?.has_others === 1 && performance.now() < this.#pollUntil) ||
        [next?.least_owner, next?.most_owner].some((owner) => (owner ?? this.#owner.id) !== this.#owner.id);
      if (isPolling) return Math.min(dueMs, POLL_MS);
      return dueMs === Infinity ? undefined : dueMs;
    } catch {
      return POLL_MS; // `claim` will say what is wrong
    }
  }

  close(): readonly Batch[] {
    if (!this.#database.isOpen) return [];
    try {
      for (const [batch, settle] of this.#unsettled) this.#settle(batch, settle);
    } catch {
      // Then it falls free, and is handled once more.
    }
    try {
      this.#owner.leave();
    } catch {
      // Its claims fall free when its heart is heard no more.
    }
    this.#database.close();
    return [];
  }

  #isKnown(updateId: number, now: number): boolean {
    return this.#statements.known.get(updateId) !== undefined || this.#remembered.hasUpdate(updateId, now);
  }

  #insertUpdate({ update, size }: StoreEntry, json: string, batch: number, part: number): void {
    this.#statements.insertUpdate.run(update.update_id, batch, part, this.#owner.id, size, json);
  }

  /** A batch without a place is the only one of its queue, one with a claim is held. Both are first. */
  #insertBatch(
    entry: StoreEntry,
    json: string,
    { place, now, claim }: { place: number | undefined; now: number; claim?: number },
  ): { readonly id: number; readonly late: number } {
    const { queue, failures, group } = entry;
    const isHead = place === undefined || claim !== undefined ? 1 : 0;
    const album = group && `${queue} ${group.key}`;
    const late = album !== undefined && this.#remembered.hasAlbum(album, now) ? 1 : 0;
    if (album !== undefined) this.#remembered.addAlbum(album, now);
    const owner = claim === undefined ? null : this.#owner.id;
    const { isCollecting, end, due } = group !== undefined && claim === undefined
      ? collect(group.rules, 1, now, now)
      : { isCollecting: 0, end: null, due: now };
    const id = this.#statements.insertBatch.get(
      ...[queue, place ?? 0, isHead, group?.key ?? null, late, failures, isCollecting],
      ...[end, now, now, due, owner, claim ?? null],
    )?.id ?? 0;
    this.#insertUpdate(entry, json, id, 0);
    return { id, late };
  }

  #settle(batch: SqliteBatch, work: () => void): void {
    if (!this.#database.isOpen) return; // closing has given it back
    this.#unsettled.set(batch, work);
    this.#database.attempt(work);
    this.#unsettled.delete(batch);
    this.#owner.unclaimed(batch);
  }

  #delete({ id, queue, claim }: SqliteBatch): void {
    const now = this.#now();
    const own = { updates: 0, size: 0 };
    this.#database.transaction(() => {
      if (this.#statements.deleteBatch.run(id, this.#owner.id, claim).changes === 0) return;
      for (const { update_id, put_by, size } of this.#statements.deleteUpdates.all(id)) {
        this.#remembered.addUpdate(update_id, now);
        if (put_by === this.#owner.id) {
          own.updates++;
          own.size += size;
        } else this.#statements.tellOwner.run(size, put_by);
      }
      this.#statements.promote.run(queue);
    });
    this.#owner.count(-own.updates, -own.size);
  }

  /** Now and then, and so while others have claims: whoever has died must not keep what it had. */
  #lookAround(): void {
    const now = performance.now();
    if (now - this.#lookedAroundAt < POLL_MS) return;
    this.#database.attempt(() => this.#owner.freeTheSilent());
    this.#lookedAroundAt = now;
  }

  /** Times are kept as the wall clock tells them, which all processes share and people may set. */
  #now(): number {
    const now = Date.now();
    if (now < this.#latestNow) this.#clockWasSet(now);
    this.#latestNow = now;
    return now;
  }

  /** What was put here at a time that is yet to come waits for as long as it was to: not for hours, and no album is cut. */
  #clockWasSet(now: number): void {
    this.#database.attempt(() => this.#statements.clockWasSet.run(now, now, now));
  }
}

/** Whether an album goes on to collect with so many parts, until when, and why it will then be complete. */
function collect(
  { quietMs, maxWaitMs, mostParts }: AlbumRules,
  parts: number,
  beganAt: number,
  now: number,
): { readonly isCollecting: number; readonly end: MediaGroupEnd; readonly due: number } {
  if (parts >= mostParts) return { isCollecting: 0, end: "full", due: now };
  const quietAt = now + quietMs;
  const lastAt = beganAt + maxWaitMs;
  return { isCollecting: 1, end: quietAt <= lastAt ? "quiet" : "maxWait", due: Math.min(quietAt, lastAt) };
}
