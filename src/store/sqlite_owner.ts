import type { SqliteDatabase } from "./sqlite_database.ts";
import { beginUse, endUse, isDead, type StoreUser } from "./sqlite_process.ts";
import { IS_SUSPECT } from "./sqlite_statements.ts";
import { unrefTimer } from "../platform/unref_timer.ts";

interface OwnerRow extends StoreUser {
  readonly id: number;
}

interface ClaimerRow {
  readonly owner: number;
  readonly beat: number | null;
  readonly lease_ms: number | null;
}

interface DoneRow {
  readonly done_updates: number;
  readonly done_size: number;
}

interface CountRow {
  readonly updates: number;
  readonly size: number;
}

/** How many owners that ended without saying so are kept, in case one is only slow and comes back. */
const MOST_OWNERS = 1_000;

/**
 * This process among those that use the file: it owns what it has claimed, and counts what it has put there.
 *
 * A lease is a heartbeat: an owner that has claimed something counts its `beat` up three times per lease, and who sees
 * the same beat for a whole lease frees what that owner had claimed. No clocks are compared, so that one that is set
 * while we run ends no lease.
 */
export class SqliteOwner {
  readonly id: number;
  readonly #database: SqliteDatabase;
  readonly #leaseMs: number;
  readonly #self: StoreUser = beginUse();
  readonly #statements: ReturnType<typeof prepare>;
  /** The others' beats, and since when they have been the same, on the clock of `performance.now()`. */
  #beats = new Map<number, { readonly beat: number | null; readonly since: number }>();
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #claims = new Set<object>();
  #claimedSinceBeat = false;
  #updates = 0;
  #size = 0;
  #done: DoneRow = { done_updates: 0, done_size: 0 };

  constructor(database: SqliteDatabase, leaseMs: number) {
    this.#database = database;
    this.#leaseMs = leaseMs;
    this.#statements = prepare(database);
    this.id = database.transaction(() => {
      for (const owner of this.#statements.owners.all()) {
        if (isDead(owner, this.#self)) this.#bury(owner.id);
      }
      this.#statements.prune.run(MOST_OWNERS);
      return this.#enter(null);
    });
  }

  /** How many updates this owner has put here that are not handled yet. */
  get updates(): number {
    return this.#updates - this.#done.done_updates;
  }

  /** How large these are. */
  get size(): number {
    return this.#size - this.#done.done_size;
  }

  /** Some were put here by this owner (or handled, if below zero). */
  count(updates: number, size: number): void {
    this.#updates += updates;
    this.#size += size;
  }

  /** Finds out what others have handled of what this owner has put here. */
  recount(): void {
    const done = this.#statements.done.get(this.id);
    if (done === undefined) this.#comeBack();
    else this.#done = done;
  }

  /** A batch was claimed: sees to it that its lease does not end. */
  claimed(batch: object): void {
    this.#claims.add(batch);
    this.#claimedSinceBeat = true;
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#beat(), this.#leaseMs / 3);
    unrefTimer(this.#timer); // what runs keeps the process alive, not its lease
  }

  /** It is completed, put back or lost. */
  unclaimed(batch: object): void {
    this.#claims.delete(batch);
  }

  /** Frees what owners have claimed that live no more. To be called again and again while others have claims. */
  freeTheSilent(): void {
    const now = performance.now();
    const beats = new Map<number, { beat: number | null; since: number }>();
    for (const { owner, beat, lease_ms } of this.#statements.claimers.all(this.id)) {
      const known = this.#beats.get(owner);
      const since = known?.beat === beat ? known.since : now;
      if (now - since < (lease_ms ?? this.#leaseMs)) beats.set(owner, { beat, since });
      else this.#free(owner, beat);
    }
    this.#beats = beats;
  }

  /** Ends this owner: its claims fall free. */
  leave(): void {
    clearInterval(this.#timer);
    endUse(this.#self);
    this.#updates = this.#size = 0;
    this.#done = { done_updates: 0, done_size: 0 };
    this.#database.transaction(() => {
      this.#statements.giveBack.run(this.id);
      this.#statements.remove.run(this.id);
    });
  }

  #beat(): void {
    if (this.#claims.size === 0 && !this.#claimedSinceBeat) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#claimedSinceBeat = false;
    try {
      if (this.#statements.beat.run(this.id).changes === 0) this.#comeBack();
    } catch {
      // A file that is busy or full now may not be so at the next beat.
    }
  }

  #enter(id: number | null): number {
    const { run, host, pid } = this.#self;
    return this.#statements.enter.get(id, run, host, pid, this.#leaseMs)?.id ?? 0;
  }

  /** Others took this owner for dead: the process was stopped for a while. What it had claimed is theirs now. */
  #comeBack(): void {
    this.#database.transaction(() => {
      this.#enter(this.id);
      const { updates, size } = this.#statements.count.get(this.id) ?? { updates: 0, size: 0 };
      this.#updates = updates;
      this.#size = size;
      this.#done = { done_updates: 0, done_size: 0 };
    });
  }

  #free(id: number, beat: number | null): void {
    this.#database.transaction(() => {
      const still = this.#statements.claimers.all(this.id).find(({ owner }) => owner === id);
      if (still?.beat === beat) this.#bury(id);
    });
  }

  /**
   * An update that ends its process must not do so for ever, nor must it take others with it. What an owner was handling
   * alone has failed. Of several, nobody knows which it was: when they end another process, they are handled one at a
   * time, and the one that ends that has failed.
   */
  #bury(id: number): void {
    const isAlone = this.#statements.claimed.get(id)?.batches === 1;
    this.#statements.free.run(isAlone ? 1 : 0, id);
    this.#statements.remove.run(id);
  }
}

function prepare(database: SqliteDatabase) {
  return {
    owners: database.prepare<OwnerRow>("SELECT id, run, host, pid FROM owners"),
    enter: database.prepare<{ readonly id: number }>(
      "INSERT OR REPLACE INTO owners (id, run, host, pid, lease_ms) VALUES (?, ?, ?, ?, ?) RETURNING id",
    ),
    prune: database.prepare<never>("DELETE FROM owners WHERE id <= (SELECT max(id) FROM owners) - ?"),
    remove: database.prepare<never>("DELETE FROM owners WHERE id = ?"),
    beat: database.prepare<never>("UPDATE owners SET beat = beat + 1 WHERE id = ?"),
    giveBack: database.prepare<never>("UPDATE batches SET owner = NULL, claim = NULL WHERE owner = ?"),
    free: database.prepare<never>(
      `UPDATE batches SET owner = NULL, claim = NULL, crashes = crashes + 1,
         failures = failures + (${IS_SUSPECT} OR ?)
       WHERE owner = ?`,
    ),
    claimed: database.prepare<{ readonly batches: number }>(
      "SELECT count(*) AS batches FROM batches WHERE owner = ?",
    ),
    claimers: database.prepare<ClaimerRow>(
      `SELECT claimer.owner, owners.beat, owners.lease_ms
       FROM (SELECT DISTINCT owner FROM batches WHERE owner IS NOT NULL AND owner <> ?) AS claimer
       LEFT JOIN owners ON owners.id = claimer.owner`,
    ),
    done: database.prepare<DoneRow>("SELECT done_updates, done_size FROM owners WHERE id = ?"),
    count: database.prepare<CountRow>(
      "SELECT count(*) AS updates, ifnull(sum(size), 0) AS size FROM updates WHERE put_by = ?",
    ),
  };
}
