import type { Update } from "../updates/mod.ts";
import type { AlbumEnd, AlbumRules } from "./album_rules.ts";

/** A value, or a promise of it: a store in memory has no reason to wait. */
export type Awaitable<T> = T | Promise<T>;

/**
 * Updates of one lane are handled one after another, in the order in which they were added. A lane is a finite number, such
 * as a chat's id, or a text; no two lanes have the same text, so that a store may keep it as text if it returns it as it
 * was.
 *
 * Texts are equal only if all their characters are: case, accents and spaces count. They have no control characters and no
 * halves of surrogate pairs. A store may refuse to add to a lane whose text has more than 255 characters, but never cuts it.
 */
export type Lane = number | string;

/** What a store may ask of the inbox that uses it. */
export interface StoreHost {
  /**
   * Asks the inbox to call `claim` in that many milliseconds, or earlier. A store calls this whenever it learns when
   * something falls due: while it adds, claims or settles, and when another process has told it.
   */
  wake(inMs: number): void;
  /** Reports that a claimed batch belongs to another process now: the signal of its handler is aborted. */
  lost(batch: Batch): void;
  /** Reports a failure that no call can throw: of a renewal, a subscription, a timer. */
  failed(error: unknown): void;
}

/** An update that is added to a store. */
export interface StoreEntry {
  /** The update. Its `update_id` is a safe integer, at least 0. Its JSON may have any size that `maxBodyBytes` permits. */
  readonly update: Update;
  /**
   * The update's JSON as Telegram sent it, if it is known: a handler may have changed the update already. What is retried,
   * parked or replayed is the update as it arrived.
   */
  readonly json: string | undefined;
  /** Its lane. */
  readonly lane: Lane;
  /** Its size, in characters of its JSON. */
  readonly chars: number;
  /** How often it was handled, without success. */
  readonly tries: Tries;
  /** Set for a part of an album: it joins the batch of its album in its lane while that collects parts. */
  readonly album: AlbumOfPart | undefined;
  /**
   * Milliseconds for which only this process may claim it, since its sender waits here for the answer; 0 for any
   * process. It ends with the process.
   */
  readonly reservedMs: number;
}

/** What a store needs to know of the album that a part belongs to. */
export interface AlbumOfPart {
  /** The same for all parts of an album, and different for every other album of their lane. Case counts. */
  readonly key: string;
  /** When the album is complete. One object for all albums, so that a part does not need a copy. */
  readonly rules: AlbumRules;
}

/** How often an update was handled without success. */
export interface Tries {
  /** All attempts. */
  readonly attempts: number;
  /** The attempts that count as the update's own failures: those during an outage do not. */
  readonly failures: number;
}

/**
 * How an update is added.
 *
 * - `"append"`: behind everything in its lane.
 * - `"behind"`: as `"append"`, but only if its lane is not empty. Its sender keeps the order: the next update of the lane is
 *   added when this call has ended.
 * - `"claim"`: as `"append"`; if its lane was empty, this process has claimed it.
 * - `"join"`: only if the album that it is a part of collects here.
 * - `"adopt"`: before everything in its lane, claimed by this process, which handles it already.
 */
export type AddMode = "append" | "behind" | "claim" | "join" | "adopt";

/**
 * What became of an update that is added: `"added"`; `"known"` if it is here already or was handled; `"alone"` if
 * `"behind"` found an empty lane or `"join"` no album, and it was not added; or the batch that this process has claimed.
 */
export type Added = "added" | "known" | "alone" | Batch;

/** What one call of the receiver is about: one update, or the parts of one album. */
export interface Batch {
  /** The lane of all its updates. */
  readonly lane: Lane;
  /** At least one that can be read or one that cannot, in the order in which they were added. */
  readonly updates: readonly Update[];
  /** The ids of updates that are here but cannot be read any longer. */
  readonly unreadable?: readonly number[];
  /** The album's key, or `undefined` for a single update. */
  readonly album: string | undefined;
  /** Whether an earlier batch of the same album was claimed before this one began. */
  readonly isLate: boolean;
  /** Why the album is complete, or `undefined` for a single update. */
  readonly end: AlbumEnd | undefined;
  /** Milliseconds between its first update and its claim. */
  readonly waitedMs: number;
  /** How often it was handled without success. */
  readonly tries: Tries;
  /** How many processes ended while they had it claimed. */
  readonly crashes: number;
  /**
   * How many of these had claimed nothing else; or nothing else that had already been claimed by two processes that
   * ended.
   */
  readonly crashesAlone: number;
  /** Whether it was parked and is handled again because somebody asked for it. */
  readonly isReplay: boolean;
}

/** Why a batch is parked. */
export interface Parking {
  /** The error's text, of any length. */
  readonly error: string;
  /** How often it was handled. */
  readonly attempts: number;
  /** Milliseconds for which it is kept. */
  readonly keepMs: number;
}

/** A batch that was given up, and is kept until it is replayed, discarded or too old. */
export interface ParkedBatch {
  /** The `update_id` of its first update. */
  readonly id: number;
  /** The update, or the parts of the album. */
  readonly updates: readonly Update[];
  /** The album's key, or `undefined` for a single update. */
  readonly album: string | undefined;
  /** The text of the error of its last attempt. */
  readonly error: string;
  /** How often it was handled. */
  readonly attempts: number;
  /** When it was parked, in milliseconds since 1970. */
  readonly parkedAt: number;
}

/** What is in a store, for those who watch it. */
export interface StoreStats {
  /** Updates that are not handled yet, from all processes. */
  readonly updates: number;
  /** Lanes that are not empty. */
  readonly lanes: number;
  /** Milliseconds since the oldest of these updates was added; 0 if there is none. */
  readonly oldestMs: number;
  /** Batches that are parked. */
  readonly parked: number;
}

/**
 * Where updates are kept between their acknowledgement and the end of their handling, and where those wait that may not
 * be handled yet. The inbox is the only caller. `docs/writing-a-store.md` explains how to write one, and
 * `telehook/testing/store` tests it.
 *
 * Updates are kept in batches: a single update, or the parts of an album. Within a lane, only the first batch is ever
 * claimed. A batch falls due, is claimed, and is then completed, withdrawn, retried or parked. A claim is a lease: it
 * ends if the process that has it is silent for too long, and the batch falls due again.
 *
 * - A part joins the batch of its album in its lane while that collects, regardless of what was added behind it.
 *   Otherwise it begins a batch at the end of the lane, which is late if the album has had one that was claimed.
 * - A batch collects until its album is complete by its {@link AlbumRules}, it is claimed, or an update that belongs to no
 *   album is added behind it (not one that is adopted). While it waits behind others in its lane, it continues to
 *   collect, though its time is over.
 * - An update is known by its `update_id`. A durable store knows it in whichever lane it is added again, and for a day after
 *   it was completed or parked, but need not know more than the latest 32,768 of these.
 * - After a process was found to have ended without closing the store, a durable store treats `"behind"` as `"claim"` for
 *   `CAREFUL_MS`: an update that ends processes is then found in the store.
 * - What a process that ended had claimed falls due again, with `crashes` one higher. An album that was collecting then
 *   gets the time of `extraAfterAbsence` beyond its quiet time, as it does when a store is opened again; unless it waits
 *   for that already, and its latest part is older than two minutes.
 *
 * A call of a durable store that has resolved has happened, even if the process ends at that moment. A call that throws
 * or rejects may have happened all the same: every call can be repeated without harm. Where time is shared by several
 * machines, it is the server's.
 */
export interface InboxStore {
  /** Whether what is here survives the end of the process. */
  readonly isDurable: boolean;
  /** Whether other processes may use it at the same time. */
  readonly isShared: boolean;
  /** How many updates this process has added that are not handled yet, as of the latest answer. */
  readonly count: number;
  /** How large these are, in characters of their JSON, as of the latest answer. */
  readonly chars: number;

  /**
   * Begins. The inbox calls it once, before everything else.
   *
   * @throws If the store cannot be used: a wrong password, a file that is not a store, a server that is not there.
   */
  open(host: StoreHost): Awaitable<void>;
  /** Adds an update, unless it is known. */
  add(entry: StoreEntry, mode: AddMode): Awaitable<Added>;
  /**
   * Claims batches that are due, the one that fell due first first.
   *
   * @param most How many at most, at least 1.
   * @param quietExtraMs Milliseconds by which every quiet time is longer for now, but not the longest wait of an album.
   */
  claim(most: number, quietExtraMs: number): Awaitable<readonly Batch[]>;
  /**
   * Removes a claimed batch: it was handled. Has no effect if the claim has ended, as all calls below.
   *
   * @param claimNext Whether the store may claim the next batch that is due, and return it: one round trip less.
   */
  complete(batch: Batch, claimNext: boolean): Awaitable<Batch | undefined>;
  /**
   * Removes a claimed batch as if it had never been here: it is still Telegram's, which will send it again. Only for stores
   * that are not durable: what a durable one has is retried.
   */
  withdraw?(batch: Batch): Awaitable<void>;
  /**
   * Ends a claim: the batch falls due again after that many milliseconds.
   *
   * @param tries What to remember of its attempts, in place of its tries and its crashes, which these include. If it is left
   * out, the batch was not handled, and both stay as they are.
   */
  retry(batch: Batch, afterMs: number, tries?: Tries): Awaitable<void>;
  /** Moves a claimed batch to those that are parked. It does not hold up its lane. */
  park(batch: Batch, parking: Parking): Awaitable<void>;
  /** Makes all albums that collect complete: the inbox closes. Only for stores that are not durable. */
  flush?(): Awaitable<void>;

  /** Lists parked batches by their ids, in ascending order: at most that many, and only ids above `after`. */
  parked(after: number, most: number): Awaitable<readonly ParkedBatch[]>;
  /**
   * Puts a parked batch at the end of its lane, to be handled again. A durable store leaves it parked while an update of it
   * is here again.
   *
   * @returns Whether it was put there.
   */
  replay(id: number): Awaitable<boolean>;
  /** Removes a parked batch. @returns Whether there was one. */
  discard(id: number): Awaitable<boolean>;

  /** Counts what is here. */
  stats(): Awaitable<StoreStats>;
  /**
   * Completes an update inside a transaction of the user's own, so that the handler's effects and the completion happen
   * together or not at all. Only for stores whose engine has transactions that can span both.
   *
   * @param transaction What the user's client has begun.
   * @param batch The batch, if the update is in the store; otherwise the update is only remembered as handled.
   */
  completeIn?(transaction: unknown, batch: Batch | undefined, update: Update): Promise<void>;
  /**
   * Ends the use of the store, and gives back what is claimed.
   *
   * @returns The batches that end with it; none if it is durable.
   */
  close(): Awaitable<readonly Batch[]>;
}
