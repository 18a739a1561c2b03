import { TelehookError } from "../../errors/telehook_error.ts";
import { nextTurn } from "../../platform/next_turn.ts";
import { pause } from "../../platform/pause.ts";
import { unrefTimer } from "../../platform/unref_timer.ts";
import type {
  Added,
  AddMode,
  Awaitable,
  Batch,
  InboxStore,
  Lane,
  ParkedBatch,
  Parking,
  StoreEntry,
  StoreHost,
  StoreStats,
  Tries,
} from "../inbox_store.ts";
import { Batches, type Deed, type Part, type Removal, SqliteBatch } from "./batches.ts";
import { LockedError, type SqliteDatabase, type Statement } from "./database.ts";
import { ownTurn } from "./file_turns.ts";
import { type OwnerRow, Owners } from "./owners.ts";
import { beginUse, endUse } from "./process.ts";
import { prepareSchema } from "./schema.ts";
import { monotonicNow, Writer } from "./writer.ts";

/*
 * A process that is the only user of its file knows what is in it, and looks at the file for an ordinary update not at
 * all. Others may come at any time, so these rules keep what it knows true:
 *
 * 1. A process writes itself down in `owners` before it does anything else. If others are there that may live, it then
 *    waits for NEWCOMER_MS before it writes anything or answers.
 * 2. A process writes only in a transaction in which it finds itself written down. One that others took for dead and
 *    removed writes itself down again, by rule 1.
 * 3. A process answers from memory only if it was alone when it looked last, and that was within the last FRESH_MS. To
 *    look is to ask SQLite for `data_version`, which has changed if another process has written.
 *
 * Let a newcomer N write itself down at time T. Until T + NEWCOMER_MS, it acknowledges nothing and changes no lane. What the
 * other process P answers from memory at a time t is true of the file as it was at some time after t - FRESH_MS: if that is
 * after T, P has seen that it is not alone, and looks at the file for each update. So P answers from memory only before
 * T + FRESH_MS, when N has not begun. An update that follows in its lane on one that N has stored was sent after N had
 * acknowledged that one, hence after T + NEWCOMER_MS, wherever P was held up in between: P receives it, and then looks. The
 * difference between the two times is for timers that are early.
 */
const FRESH_MS = 50;
const NEWCOMER_MS = 150;

/** How often to look for what others have done. While nobody else uses the file, that is one number in shared memory. */
const POLL_MS = 250;

/** After how long what has failed is tried again that nobody waits for. */
const LATER_MS = 1_000;

/** How long opening and closing wait for a file that another process has locked. */
const LONGEST_OPEN_MS = 10_000;
const LONGEST_CLOSE_MS = 1_000;

/** What the file holds, as far as the only process that uses it needs to know. */
interface Knowledge {
  /** How many batches each lane has that is not empty. */
  readonly lanes: Map<Lane, number>;
  /** No update with a higher id is here or was handled. */
  highestId: number;
}

/** What there is once the store is open. */
interface OpenFile {
  readonly host: StoreHost;
  readonly batches: Batches;
  readonly owners: Owners;
  readonly dataVersion: Statement<{ readonly data_version: number }>;
}

/** The store behind {@link sqliteStore}: the rules of {@link InboxStore}, as transactions on a file. */
export class SqliteInboxStore implements InboxStore {
  readonly isDurable = true;
  readonly isShared = true;
  readonly #database: SqliteDatabase;
  readonly #leaseMs: number;
  readonly #pollMs: number;
  readonly #pragmas: string;
  readonly #writer: Writer;
  readonly #self = beginUse();
  #file: OpenFile | undefined;
  #isClosed = false;
  #id = 0;
  /** Whether this process is not written down, and could not change that. */
  #isMissing = false;
  /** Whether somebody has removed or replaced the file. */
  #isFileGone = false;
  /** What the file holds, while no other process uses it and it is not too much to learn. */
  #alone: Knowledge | undefined;
  #dataVersion = -1;
  #lookedAt = -Infinity;
  #carefulUntil = 0;
  #latestNow = 0;
  /** Lanes to which something is being added, and how often. */
  readonly #adding = new Map<Lane, number>();
  #highestAdded = 0;
  /** Whether parked batches are being put in lanes that nobody knows yet. */
  #replaying = 0;
  readonly #claims = new Set<SqliteBatch>();
  #isForgetting = false;
  #quietExtraMs = 0;
  #added: Removal = { count: 0, chars: 0 };
  #done: Removal = { count: 0, chars: 0 };
  #beatTimer: ReturnType<typeof setInterval> | undefined;
  #pollTimer: ReturnType<typeof setInterval> | undefined;
  /** The others' beats, and since when they have been the same, on the clock of `performance.now()`. */
  #beats = new Map<number, { readonly beat: number; readonly since: number }>();
  #watchedAt = -Infinity;

  constructor(database: SqliteDatabase, leaseMs: number, pragmas: string) {
    this.#database = database;
    this.#leaseMs = leaseMs;
    this.#pollMs = Math.min(POLL_MS, leaseMs / 4);
    this.#pragmas = pragmas;
    this.#writer = new Writer(database, () => this.#mayWrite(), () => this.#wake());
  }

  get count(): number {
    return this.#added.count - this.#done.count;
  }

  get chars(): number {
    return this.#added.chars - this.#done.chars;
  }

  async open(host: StoreHost): Promise<void> {
    if (this.#file !== undefined) throw this.#database.error("is open already: make another one.");
    await ownTurn();
    if (this.#isClosed) return; // while it waited: nobody would tell the file that this has ended
    await this.#whileLocked(() => {
      prepareSchema(this.#database);
      this.#database.exec(this.#pragmas);
    });
    const database = this.#database;
    const file = {
      host,
      batches: new Batches(database),
      owners: new Owners(database, this.#self, this.#leaseMs),
      dataVersion: database.prepare<{ readonly data_version: number }>("PRAGMA data_version"),
    };
    this.#file = file;
    try {
      await this.#enter(file);
    } catch (error) {
      this.#file = undefined; // to be tried again
      throw error;
    }
    if (this.#isClosed) return;
    this.#beatTimer = setInterval(() => this.#beat(), this.#leaseMs / 3);
    this.#pollTimer = setInterval(() => this.#seeOthers(), this.#pollMs);
    // What runs keeps the process alive, not its lease.
    for (const timer of [this.#beatTimer, this.#pollTimer]) unrefTimer(timer);
  }

  add(entry: StoreEntry, mode: AddMode): Awaitable<Added> {
    const file = this.#openFile();
    const { update, lane } = entry;
    const id = update.update_id;
    const alone = this.#knowledge();
    const isNew = alone !== undefined && id > alone.highestId && id > this.#highestAdded;
    if ((mode === "behind" || mode === "join") && this.#carefulUntil === 0) {
      if (alone !== undefined && isNew && !alone.lanes.has(lane) && !this.#adding.has(lane)) return "alone";
      // A file that somebody has locked can be read, and what waits to be written to other lanes changes nothing here.
      const isWritten = this.#writer.isIdle ||
        (!this.#writer.isHeld && !this.#adding.has(lane) && this.#replaying === 0);
      if (isWritten) {
        const found = this.#read(() => this.#find(file, id, lane));
        if (found === "known") return "known";
        if (found === "nothing") return "alone";
      }
    }
    if (this.#isFileGone) return Promise.reject(this.#fileGone());
    let json;
    try {
      json = entry.json ?? JSON.stringify(update);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      return Promise.reject(
        new TelehookError("ERR_STORE", `The update ${id} cannot be stored: ${reason}`, { cause }),
      );
    }
    this.#highestAdded = Math.max(this.#highestAdded, id);
    this.#adding.set(lane, (this.#adding.get(lane) ?? 0) + 1);
    const isAdded = () => {
      const others = (this.#adding.get(lane) ?? 1) - 1;
      if (others > 0) this.#adding.set(lane, others);
      else this.#adding.delete(lane);
    };
    return this.#writer.write({
      work: () => {
        const isAlone = this.#alone !== undefined;
        return file.batches.add(entry, json, mode, {
          // Another process may have come, stored it and gone meanwhile.
          isNew: isNew && id > (this.#alone?.highestId ?? Infinity),
          isLaneEmpty: isAlone && !this.#alone?.lanes.has(lane) && this.#adding.get(lane) === 1 &&
            this.#replaying === 0,
          isCareful: this.#latestNow < this.#carefulUntil,
        }, this.#deed());
      },
      committed: ({ answer, isBatch }) => {
        isAdded();
        if (isBatch) this.#hasBegun(lane);
        if (this.#alone !== undefined) this.#alone.highestId = Math.max(this.#alone.highestId, id);
        if (answer === "known" || answer === "alone") return answer;
        this.#counts(1, entry.chars);
        if (answer instanceof SqliteBatch) this.#claims.add(answer);
        return answer;
      },
      failed: isAdded,
    });
  }

  claim(most: number, quietExtraMs: number): Awaitable<readonly Batch[]> {
    const file = this.#openFile();
    this.#quietExtraMs = quietExtraMs;
    if (this.#writer.isIdle) this.#read(() => this.#watchOthers());
    if (this.#knowledge()?.lanes.size === 0 && this.#adding.size === 0 && this.#replaying === 0) return [];
    if (this.#writer.isIdle && Date.now() >= this.#latestNow) { // a clock that was set back is for a transaction to see
      const now = this.#now();
      const dueAt = this.#read(() => this.#nextDue(now));
      if (dueAt > now) {
        if (dueAt < Infinity) file.host.wake(dueAt - now);
        return [];
      }
    }
    return this.#writer.write({
      work: () => file.batches.claim(most, quietExtraMs, this.#deed()),
      committed: (batches) => {
        for (const batch of batches) this.#claims.add(batch);
        return batches;
      },
    });
  }

  complete(batch: Batch, claimNext: boolean): Awaitable<Batch | undefined> {
    const file = this.#file;
    if (file === undefined || !this.#isClaimed(batch)) return undefined;
    return this.#writer.write({
      work: () => {
        const removal = file.batches.remove(batch, this.#isOnlyOf(batch.lane), this.#deed());
        const next = claimNext ? this.#claimNext(file) : undefined;
        return { removal, next };
      },
      committed: ({ removal, next }) => {
        this.#isRemoved(batch, removal);
        if (next !== undefined) this.#claims.add(next);
        return next;
      },
    });
  }

  retry(batch: Batch, afterMs: number, tries?: Tries): Awaitable<void> {
    const file = this.#file;
    if (file === undefined || !this.#isClaimed(batch)) return;
    return this.#writer.write({
      work: () => file.batches.retry(batch, afterMs, tries, this.#deed()),
      committed: () => void this.#claims.delete(batch),
    });
  }

  park(batch: Batch, parking: Parking): Awaitable<void> {
    const file = this.#file;
    if (file === undefined || !this.#isClaimed(batch)) return;
    return this.#writer.write({
      work: () => {
        const next = file.batches.forgetParked(0, this.#latestNow);
        return { removal: file.batches.park(batch, parking, this.#deed()), next };
      },
      committed: ({ removal, next }) => {
        this.#isRemoved(batch, removal);
        if (next !== undefined) this.#forgetParked(file);
      },
    });
  }

  parked(after: number, most: number): Promise<readonly ParkedBatch[]> {
    const file = this.#openFile();
    return this.#writer.write({ work: () => file.batches.parked(after, most, this.#latestNow) });
  }

  replay(id: number): Promise<boolean> {
    const file = this.#openFile();
    this.#replaying++;
    return this.#writer.write({
      work: () => file.batches.replay(id, this.#deed()),
      failed: () => void this.#replaying--,
      committed: (replayed) => {
        this.#replaying--;
        if (replayed === undefined) return false;
        this.#hasBegun(replayed.lane);
        this.#counts(replayed.added.count, replayed.added.chars);
        return true;
      },
    });
  }

  discard(id: number): Promise<boolean> {
    const file = this.#openFile();
    return this.#writer.write({ work: () => file.batches.discard(id, this.#latestNow) });
  }

  stats(): Promise<StoreStats> {
    const file = this.#openFile();
    return this.#writer.write({ work: () => file.batches.stats(this.#latestNow) });
  }

  async close(): Promise<readonly Batch[]> {
    if (this.#isClosed) return [];
    this.#isClosed = true;
    this.#stopTimers();
    const file = this.#file;
    try {
      if (file !== undefined && this.#id > 0) {
        const untilMs = monotonicNow() + LONGEST_CLOSE_MS;
        await this.#writer.drain(untilMs);
        await this.#whileLocked(() => this.#database.transaction(() => file.owners.leave(this.#id)), untilMs);
      }
    } catch {
      // What it has claimed is free when its lease has ended, or when another process sees that it is gone.
    }
    this.#end();
    // With many files it takes longer than closing may. All that others need to know is written by now.
    const closed = ownTurn().then(() => this.#database.close());
    await Promise.race([closed, pause(LONGEST_CLOSE_MS, undefined, { isHeld: false })]);
    return [];
  }

  /** Ends the use of the file without a word, as the end of the process does. For tests. */
  abandon(): void {
    this.#isClosed = true;
    this.#stopTimers();
    this.#end();
    this.#database.close();
  }

  #stopTimers(): void {
    clearInterval(this.#beatTimer);
    clearInterval(this.#pollTimer);
  }

  #end(): void {
    endUse(this.#self);
    this.#file = undefined;
    this.#claims.clear();
    this.#added = this.#done = { count: 0, chars: 0 };
    this.#writer.abandon(this.#database.error("is closed: make another one."));
  }

  #openFile(): OpenFile {
    if (this.#isClosed || !this.#database.isOpen) throw this.#database.error("is closed: make another one.");
    if (this.#file === undefined) throw this.#database.error("is not open yet: call open first.");
    return this.#file;
  }

  #deed(): Deed {
    return { now: this.#latestNow, owner: this.#id };
  }

  /** Times are kept as the wall clock tells them, which all processes share and people may set. */
  #now(): number {
    const now = Date.now();
    // A clock that was set back is for the next transaction to see: claiming makes one.
    return now < this.#latestNow ? this.#latestNow : (this.#latestNow = now);
  }

  #find(file: OpenFile, id: number, lane: Lane): "known" | "lane" | "nothing" {
    if (file.batches.isKnown(id, this.#now())) return "known";
    return file.batches.isLaneEmpty(lane) ? "nothing" : "lane";
  }

  #read<T>(work: () => T): T {
    return this.#database.attempt(work);
  }

  #isClaimed(batch: Batch): batch is SqliteBatch {
    return batch instanceof SqliteBatch && this.#claims.has(batch);
  }

  #isOnlyOf(lane: Lane): boolean {
    return this.#alone?.lanes.get(lane) === 1 && !this.#adding.has(lane) && this.#replaying === 0;
  }

  #claimNext(file: OpenFile): SqliteBatch | undefined {
    const deed = this.#deed();
    const isEmpty = this.#alone?.lanes.size === 1 && this.#claims.size === 1;
    if (isEmpty && this.#adding.size === 0 && this.#replaying === 0) return undefined;
    if (file.batches.nextDue(0, false, deed) > deed.now) return undefined;
    return file.batches.claim(1, this.#quietExtraMs, deed)[0];
  }

  #isRemoved(batch: SqliteBatch, removal: Removal | undefined): void {
    this.#claims.delete(batch);
    if (removal === undefined) return;
    this.#counts(-removal.count, -removal.chars);
    const lanes = this.#alone?.lanes;
    const left = (lanes?.get(batch.lane) ?? 0) - 1;
    if (left > 0) lanes?.set(batch.lane, left);
    else lanes?.delete(batch.lane);
  }

  #hasBegun(lane: Lane): void {
    const lanes = this.#alone?.lanes;
    lanes?.set(lane, (lanes.get(lane) ?? 0) + 1);
  }

  #counts(count: number, chars: number): void {
    this.#added = { count: this.#added.count + count, chars: this.#added.chars + chars };
  }

  #nextDue(now: number): number {
    const hasOthers = this.#alone === undefined;
    return this.#file?.batches.nextDue(this.#quietExtraMs, hasOthers, { now, owner: this.#id }) ?? Infinity;
  }

  /** Tells the inbox when something falls due next. */
  #wake(): void {
    if (this.#file === undefined || this.#alone?.lanes.size === 0) return;
    try {
      const now = this.#now();
      const dueAt = this.#nextDue(now);
      if (dueAt < Infinity) this.#file.host.wake(Math.max(0, dueAt - now));
    } catch {
      this.#file.host.wake(POLL_MS); // `claim` will say what is wrong
    }
  }

  /** What is in the file, if it may be answered from memory: rule 3. */
  #knowledge(): Knowledge | undefined {
    if (this.#alone === undefined) return undefined;
    const now = monotonicNow();
    if (now - this.#lookedAt > FRESH_MS) {
      try {
        const version = this.#dataVersion;
        this.#look(now);
        if (version !== this.#dataVersion) this.#wake(); // the next look for others does not see it any longer
      } catch {
        this.#alone = undefined; // what cannot be read now is for the writer to wait for
      }
    }
    return this.#alone;
  }

  /** Learns what others have done. @returns Whether this process is still written down. */
  #look(now: number): boolean {
    const file = this.#file;
    if (file === undefined) return false;
    const version = file.dataVersion.get()?.data_version ?? -1;
    if (version !== this.#dataVersion) {
      if (!this.#learn(file)) {
        this.#comeBack(file);
        return false;
      }
      this.#dataVersion = version;
    }
    this.#lookedAt = now;
    return true;
  }

  #learn(file: OpenFile): boolean {
    const done = file.owners.done(this.#id);
    if (done === undefined) return false;
    this.#done = { count: done.done_updates, chars: done.done_chars };
    this.#carefulUntil = this.#careful(file);
    this.#alone = file.owners.others(this.#id).length > 0 ? undefined : file.batches.overview();
    return true;
  }

  #careful(file: OpenFile): number {
    const until = file.owners.carefulUntil();
    return until > this.#now() ? until : 0;
  }

  /** Runs first in every transaction. @returns Whether this process may write: rule 2. */
  #mayWrite(): boolean {
    const file = this.#file;
    if (file === undefined) return false;
    const now = Date.now();
    if (now < this.#latestNow) this.#clockWasSet(file);
    this.#latestNow = now;
    if (this.#carefulUntil > 0 && now >= this.#carefulUntil) this.#carefulUntil = 0;
    return this.#look(monotonicNow());
  }

  /** Writes this process down, and waits for others to see it: rule 1. */
  async #enter(file: OpenFile): Promise<void> {
    let others: OwnerRow[] = [];
    let waitForRepeats: Part | undefined;
    await this.#whileLocked(() =>
      this.#database.transaction(() => {
        const now = Date.now();
        let isBuried = false;
        for (const owner of file.owners.others(this.#id)) {
          if (file.owners.isDead(owner) && file.owners.bury(owner, now)) isBuried = true;
        }
        others = file.owners.others(this.#id);
        this.#id = file.owners.enter(this.#id || null, now);
        waitForRepeats = isBuried || others.length === 0 ? file.batches.waitForRepeats() : undefined;
        if (others.length === 0) file.batches.forget(now);
      })
    );
    for (let from: number | undefined = 0; from !== undefined && !this.#isClosed; await nextTurn()) {
      const part = (begin: number) => this.#database.transaction(() => waitForRepeats?.(begin, Date.now()));
      from = await this.#whileLocked<number | undefined>(part.bind(undefined, from));
    }
    if (others.length > 0) await pause(NEWCOMER_MS);
    if (this.#isClosed) return;
    this.#dataVersion = -1;
    await this.#whileLocked(() => this.#look(monotonicNow()));
    this.#writer.release();
    this.#wake();
    if (others.length > 0) return;
    this.#clockWasSet(file);
    this.#forgetParked(file);
  }

  #clockWasSet(file: OpenFile): void {
    this.#inParts((from, now) => file.batches.clockWasSet(from, now));
  }

  #forgetParked(file: OpenFile): void {
    if (this.#isForgetting) return;
    this.#isForgetting = true;
    this.#inParts((from, now) => {
      const next = file.batches.forgetParked(from, now);
      this.#isForgetting = next !== undefined;
      return next;
    });
  }

  /** Does what concerns very many batches in many transactions, between which other things happen. */
  #inParts(part: Part, from = 0): void {
    if (this.#isClosed) return;
    this.#writer.write({ work: () => part(from, this.#latestNow) }).then(
      (next) => next === undefined || this.#inParts(part, next),
      // A file that is locked or full now may not be so later.
      () => unrefTimer(setTimeout(() => this.#inParts(part, from), LATER_MS)),
    );
  }

  /** Others took this process for dead: it was stopped for a while. What it had claimed is theirs now. */
  #comeBack(file: OpenFile): void {
    this.#isMissing = false;
    this.#alone = undefined;
    this.#writer.hold();
    // Not inside the transaction in which this was noticed.
    Promise.resolve().then(() => this.#enter(file)).then(() => {
      if (this.#isClosed) return;
      this.#added = file.batches.countOf(this.#id);
      this.#done = { count: 0, chars: 0 };
      for (const batch of [...this.#claims]) {
        if (file.batches.isClaimed(batch, this.#id)) continue;
        this.#claims.delete(batch);
        file.host.lost(batch);
      }
    }).catch((error) => {
      if (this.#isClosed) return;
      file.host.failed(error);
      this.#isMissing = true; // until the next look for others
      this.#writer.abandon(error);
    });
  }

  /** Shows the others that this process lives, or looks whether there are any. */
  #beat(): void {
    const file = this.#file;
    if (file === undefined) return;
    if (this.#knowledge() !== undefined && this.#claims.size === 0) return;
    this.#writer.write({ work: () => file.owners.beat(this.#id) }).catch(() => {
      // A file that is locked or full now may not be so at the next beat. Nor can the others beat: that is not their silence.
      this.#beats.clear();
    });
  }

  /** Nobody tells us what other processes do: looks for it. */
  #seeOthers(): void {
    this.#seeFile();
    if (this.#isMissing && this.#file !== undefined) return this.#comeBack(this.#file);
    if (!this.#writer.isIdle) return; // which looks too
    try {
      const version = this.#dataVersion;
      if (!this.#read(() => this.#look(monotonicNow()))) return;
      if (this.#alone !== undefined && version === this.#dataVersion) return;
      this.#read(() => this.#watchOthers());
      this.#wake();
    } catch (error) {
      if (!(error instanceof LockedError)) this.#file?.host.failed(error);
    }
  }

  /** What is in a file that was removed is still handled, and nothing is added to it: that would end with the process. */
  #seeFile(): void {
    if (this.#isFileGone || this.#database.isThere) return;
    this.#isFileGone = true;
    this.#file?.host.failed(this.#fileGone());
  }

  #fileGone(): TelehookError {
    return this.#database.error(
      "was removed or replaced while it was used. Nothing can be added: restart this process.",
    );
  }

  /** Buries others that have ended, or were silent for their lease. */
  #watchOthers(): void {
    const file = this.#file;
    const now = performance.now();
    const pausedMs = now - this.#watchedAt;
    if (file === undefined || this.#alone !== undefined || pausedMs < this.#pollMs) return;
    this.#watchedAt = now;
    // Who was stopped itself cannot tell who was silent.
    if (pausedMs > Math.max(this.#leaseMs / 2, 4 * this.#pollMs)) this.#beats.clear();
    const beats = new Map<number, { beat: number; since: number }>();
    for (const owner of file.owners.others(this.#id)) {
      const known = this.#beats.get(owner.id);
      const since = known?.beat === owner.beat ? known.since : now;
      beats.set(owner.id, { beat: owner.beat, since });
      if (now - since >= owner.lease_ms || file.owners.isDead(owner)) this.#bury(file, owner);
    }
    this.#beats = beats;
    if (beats.size === 0) this.#dataVersion = -1; // alone with too much to learn: there may be less by now
  }

  #bury(file: OpenFile, owner: OwnerRow): void {
    this.#writer.write({
      work: () => {
        if (!file.owners.bury(owner, this.#latestNow)) return undefined;
        const waitForRepeats = file.batches.waitForRepeats();
        return { waitForRepeats, next: waitForRepeats(0, this.#latestNow) };
      },
      committed: (buried) => {
        this.#dataVersion = -1; // which tells of what others have written, not of this
        if (buried?.next !== undefined) this.#inParts(buried.waitForRepeats, buried.next);
      },
    }).catch((error) => file.host.failed(error));
  }

  async #whileLocked<T>(work: () => T, untilMs: number = monotonicNow() + LONGEST_OPEN_MS): Promise<T> {
    for (let pauseMs = 5;; pauseMs = Math.min(2 * pauseMs, 100)) {
      try {
        return this.#database.attempt(work);
      } catch (error) {
        if (!(error instanceof LockedError) || monotonicNow() > untilMs) throw error;
        await pause(pauseMs);
      }
    }
  }
}
