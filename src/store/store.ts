import type { Update } from "../updates/mod.ts";
import type { MediaGroupEnd } from "../events/events.ts";

/**
 * A Telegram queue: a chat's id for the messages of that chat, else a name. No two queues have the same text, so that a
 * store may keep it as text if it gives it back as it was given.
 */
export type TelegramQueue = number | string;

/** An update that is about to be acknowledged before it was handled. */
export interface StoreEntry {
  /** As Telegram sent it. */
  readonly update: Update;
  /** Batches of one queue are handled one after the other, in the order of their first update. */
  readonly queue: TelegramQueue;
  /** How much it takes, in characters of its JSON. */
  readonly size: number;
  /** How often the receiver has failed with it before. */
  readonly failures: number;
  /** Set if it is part of an album: it then joins the queue's last batch if that still collects this album. */
  readonly group?: {
    /** The same for all parts of one album, and for those of no other album of their queue. */
    readonly key: string;
    /** When the album is complete. One object for all albums, so that a part costs no copy of it. */
    readonly rules: AlbumRules;
  } | undefined;
}

/** When an album's batch is complete. */
export interface AlbumRules {
  /** It falls due this long after its latest part, in milliseconds … */
  readonly quietMs: number;
  /** … but not later than this after its first … */
  readonly maxWaitMs: number;
  /** … and at once with this many parts. */
  readonly mostParts: number;
}

/** What one call of the receiver will be about: one update, or the parts of one album. */
export interface Batch {
  /** The Telegram queue of all its updates. */
  readonly queue: TelegramQueue;
  /** At least one that can be read or one that cannot, in the order in which they came. */
  readonly updates: readonly Update[];
  /** The ids of updates that are here but cannot be read any more: they are given up. */
  readonly unreadable?: readonly number[];
  /** The album's key, or `undefined` for a single update. */
  readonly group: string | undefined;
  /** Whether an earlier batch of the same album was handed out already. */
  readonly late: boolean;
  /** Why the album counts as complete, or `undefined` for a single update. */
  readonly end: MediaGroupEnd | undefined;
  /** Milliseconds from its first update to its being claimed. */
  readonly waitedMs: number;
  /** How often the receiver has failed with it. */
  readonly failures: number;
}

/** A value, or a promise of it: a store in memory has no reason to wait. */
export type Awaitable<T> = T | Promise<T>;

/**
 * Where updates live from their acknowledgement until they are handled, in batches. A batch falls due, is claimed, and
 * is then completed or put back; a batch whose claimer died falls due again. The inbox is the only caller.
 *
 * Every rule about order is the store's: within a queue, only the first batch is ever claimed. An album collects parts
 * until it has the most that it may have, is released, is claimed, or an update that is not one of its parts comes
 * behind it: while it waits for its turn behind a slow batch, it goes on to grow. A part that comes later begins a
 * batch that is `late`. A method that throws or rejects has changed nothing; the inbox then does not acknowledge.
 */
export interface InboxStore {
  /** Whether what is here is still here after the process has ended. */
  readonly outlivesProcess: boolean;
  /** How many updates this process has put here that are not handled yet. */
  readonly updates: number;
  /** How large these are, in characters of their JSON. */
  readonly size: number;
  /** `true` only if nobody has anything here, which spares looking. */
  readonly isEmpty: boolean;

  /**
   * Looks for what an update must wait for. An update that comes again has the queue that it had: it need not be found
   * in another.
   *
   * @returns `"update"` if this very update is here (or was, if the store remembers), `"queue"` if others of its queue
   * are, else `"nothing"`.
   */
  look(queue: TelegramQueue, updateId: number): Awaitable<"nothing" | "queue" | "update">;
  /** Adds an update behind what is in its queue. One that `look` would find (by `update_id`) is not added again. */
  append(entry: StoreEntry): Awaitable<void>;
  /**
   * Adds an update whose handling goes on already: as {@link append}, before all others, and claimed by the caller. If
   * it is here already, it stays what it is there, and to complete or put back what this returns has no effect.
   */
  hold(entry: StoreEntry): Awaitable<Batch>;
  /** Makes the album that a queue collects, or that any queue of this process collects, due now. */
  release(queue?: TelegramQueue): Awaitable<void>;
  /** Hands out the batch that fell due first, if any: it is the caller's until completed or put back. */
  claim(): Awaitable<Batch | undefined>;
  /** Forgets a claimed batch: it was handled, or given up. Does nothing if it is not the caller's any more. */
  complete(batch: Batch): Awaitable<void>;
  /**
   * Gives a claimed batch back, to fall due again after so many milliseconds; else as `complete`. Unless `hasFailed` is
   * `false`, as it is where the receiver was closed, this counts as a failure.
   */
  putBack(batch: Batch, delayMs: number, hasFailed?: boolean): Awaitable<void>;
  /**
   * In how many milliseconds `claim` should be asked again, 0 for now; `undefined` if nothing waits. Of a store that
   * outlives the process, it is asked every two seconds even then: another process may have left something there.
   */
  nextDueMs(): number | undefined;
  /**
   * Ends the use of the store.
   *
   * @returns The batches that end with it; none if the store outlives the process.
   */
  close(): Awaitable<readonly Batch[]>;
}
