import { soon } from "../../platform/next_turn.ts";
import { pause } from "../../platform/pause.ts";
import { LockedError, type SqliteDatabase } from "./database.ts";

/** How long writes go on, in one transaction or one by one, with the event loop blocked; and after how many it looks. */
const MOST_BUSY_MS = 8;
const WRITES_PER_LOOK = 8;
/** How long a write waits for a file that another process has locked. */
const LONGEST_LOCK_MS = 10_000;
/**
 * Others that write keep the file for milliseconds at most, so that it is tried again soon, at a moment that is not theirs.
 * A lock that is held longer is not held by a store: it is tried less often then, and without blocking the event loop
 * at all.
 */
const SHORT_LOCK_MS = 300;
const SHORT_PAUSE_MS = 4;
const LONG_PAUSE_MS = 50;

/** The clock itself, which tests cannot stop: what it measures happens between processes. */
export const monotonicNow: () => number = performance.now.bind(performance);

/** What is to be done with a write. */
export interface WriteSteps<T, R = T> {
  /** Runs in a transaction; more than once if another write of the same transaction fails. */
  work(): T;
  /** Runs once it is in the file. @returns What the promise resolves with: the result of the work, if this is left out. */
  committed?(result: T): R;
  /** Runs if it is not in the file, and will not be. */
  failed?(): void;
}

interface Write {
  readonly steps: WriteSteps<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  result: unknown;
  /** Since when it waits for a file that is locked. */
  lockedAt: number | undefined;
}

/**
 * All writes of this process, in the order in which they were asked for. What is asked for in one turn of the event loop
 * is committed in one transaction, since that costs more than what is in it; a promise resolves after the commit. A write
 * that fails is undone alone. A file that another process has locked is tried again by a timer.
 */
export class Writer {
  readonly #database: SqliteDatabase;
  readonly #begin: () => boolean;
  readonly #end: () => void;
  #queue: Write[] = [];
  #isHeld = true;
  #isScheduled = false;
  /** Since when the file is locked. */
  #lockedAt: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param begin Runs first in every transaction. @returns Whether this process may write.
   * @param end Runs after every transaction.
   */
  constructor(database: SqliteDatabase, begin: () => boolean, end: () => void) {
    this.#database = database;
    this.#begin = begin;
    this.#end = end;
  }

  /** Whether nothing waits to be written. */
  get isIdle(): boolean {
    return this.#queue.length === 0 && !this.#isHeld;
  }

  /** Whether everything waits until {@link release}: nobody else may know of this process. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  write<T, R = T>(steps: WriteSteps<T, R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      // Sound because a write's own result is all that its steps and its promise get.
      this.#queue.push({ steps, resolve, reject, result: undefined, lockedAt: undefined } as Write);
      this.#schedule();
    });
  }

  /** Keeps everything waiting until `release`. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.#isFree(); // the timer of a lock may have passed meanwhile
    this.#schedule();
  }

  /** Writes what waits, as far as possible until then. @returns Whether nothing waits any longer. */
  async drain(untilMs: number): Promise<boolean> {
    while (this.#queue.length > 0 && !this.#isHeld) {
      this.#flush();
      if (this.#queue.length === 0) break;
      if (monotonicNow() > untilMs) return false;
      await pause(SHORT_PAUSE_MS);
    }
    return this.#queue.length === 0;
  }

  /** Rejects what waits. */
  abandon(error: unknown): void {
    clearTimeout(this.#timer);
    this.#isHeld = true;
    for (const write of this.#queue.splice(0)) this.#fail(write, error);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isHeld || this.#queue.length === 0) return;
    if (this.#lockedAt !== undefined) return; // the timer will
    this.#isScheduled = true;
    soon(() => {
      this.#isScheduled = false;
      if (this.#lockedAt === undefined) this.#flush();
    });
  }

  #flush(): void {
    if (this.#isHeld || this.#queue.length === 0) return;
    let taken = 0;
    try {
      this.#database.transaction(() => {
        taken = 0;
        if (!this.#begin()) return;
        const began = monotonicNow();
        for (const write of this.#queue) {
          taken++;
          write.result = write.steps.work();
          // The clock costs as much as a short statement.
          if (taken % WRITES_PER_LOOK === 0 && monotonicNow() - began > MOST_BUSY_MS) break;
        }
      });
      this.#isFree();
      const done = this.#queue.splice(0, taken);
      for (const write of done) write.result = committed(write);
      for (const write of done) write.resolve(write.result);
    } catch (error) {
      if (error instanceof LockedError) return this.#isLocked(error);
      this.#isFree();
      this.#oneByOne(Math.max(1, taken), error);
    }
    if (this.#queue.length > 0 && taken === 0) return; // it may not write now
    this.#end();
    this.#schedule();
  }

  /** One of these writes has failed, and must not harm the others. What takes too long is left for the next turn. */
  #oneByOne(taken: number, first: unknown): void {
    const isOnly = taken === 1;
    const began = monotonicNow();
    for (const write of this.#queue.slice(0, taken)) {
      try {
        if (isOnly) throw first;
        const isDone = this.#database.transaction(() => {
          if (!this.#begin()) return false;
          write.result = write.steps.work();
          return true;
        });
        if (!isDone) return;
        this.#queue.shift();
        write.resolve(committed(write));
      } catch (error) {
        if (error instanceof LockedError) return this.#isLocked(error);
        this.#queue.shift();
        this.#fail(write, error);
      }
      if (monotonicNow() - began > MOST_BUSY_MS) return;
    }
  }

  #isFree(): void {
    if (this.#lockedAt === undefined) return;
    this.#lockedAt = undefined;
    clearTimeout(this.#timer);
    this.#database.setBusyTimeout(true);
  }

  #isLocked(error: LockedError): void {
    const now = monotonicNow();
    this.#lockedAt ??= now;
    const isLong = now - this.#lockedAt > SHORT_LOCK_MS;
    if (isLong) this.#database.setBusyTimeout(false);
    for (const write of this.#queue) write.lockedAt ??= now;
    const isTooOld = ({ lockedAt = now }: Write) => now - lockedAt > LONGEST_LOCK_MS;
    for (let first = this.#queue[0]; first !== undefined && isTooOld(first); first = this.#queue[0]) {
      this.#queue.shift();
      this.#fail(first, error);
    }
    clearTimeout(this.#timer);
    const pauseMs = isLong ? LONG_PAUSE_MS : SHORT_PAUSE_MS * Math.random();
    this.#timer = setTimeout(() => this.#flushAgain(), pauseMs);
  }

  #flushAgain(): void {
    if (this.#queue.length > 0) return this.#flush();
    this.#isFree();
  }

  #fail(write: Write, error: unknown): void {
    write.steps.failed?.();
    write.reject(error);
  }
}

function committed({ steps, result }: Write): unknown {
  return steps.committed === undefined ? result : steps.committed(result);
}
