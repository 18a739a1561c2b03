import type { Linked } from "../../collections/linked_list.ts";
import type { Update } from "../../updates/mod.ts";
import type { AlbumEnd, AlbumRules } from "../album_rules.ts";
import type { Batch, Lane, StoreEntry, Tries } from "../inbox_store.ts";

/**
 * A batch of the store in memory. There may be a hundred thousand, so each field must be worth its eight bytes. Times are
 * whole milliseconds on the clock of `performance.now()`: a fraction would take V8 another sixteen bytes.
 */
export class MemoryBatch implements Batch, Linked<MemoryBatch> {
  readonly lane: Lane;
  updates: Update[];
  readonly album: string | undefined;
  /** By which rules its album is complete. One object for all albums. */
  readonly rules: AlbumRules | undefined;
  readonly isLate: boolean;
  /** The JSON of its updates, as far as it is known: a retry gets them as they came. */
  #json: (string | undefined)[] | undefined;
  #attempts: number;
  #failures: number;
  end: AlbumEnd | undefined = undefined;
  chars: number;
  isCollecting = false;
  isClaimed = false;
  readonly isReplay: boolean;
  readonly beganAt: number = Math.floor(performance.now());
  /** When it falls due. Once it is claimed: when that was. */
  dueAt: number = this.beganAt;
  /** No update of its lane has a higher id. Kept up to date in the last batch of the lane only. */
  highestId: number;
  /** The batch behind it in its lane. Behind the last one: the first. */
  next: MemoryBatch = this;
  /** The batch of its lane that began to collect before it, if that still collects. */
  olderCollecting: MemoryBatch | undefined = undefined;
  /** The batch of its lane that began to collect last. Kept up to date in the last batch of the lane only. */
  newestCollecting: MemoryBatch | undefined = undefined;
  /** Its neighbors in the list of batches that collect. */
  before: MemoryBatch | undefined = undefined;
  behind: MemoryBatch | undefined = undefined;

  constructor(entry: StoreEntry, isLate: boolean, isReplay = false) {
    const { update, lane, chars, tries, album, json } = entry;
    this.lane = lane;
    this.updates = album === undefined ? [update] : withRoom(update, album.rules.mostParts);
    this.#json = json === undefined ? undefined : [json];
    this.album = album?.key;
    this.rules = album?.rules;
    this.isLate = isLate;
    this.#attempts = tries.attempts;
    this.#failures = tries.failures;
    this.chars = chars;
    this.isReplay = isReplay;
    this.highestId = update.update_id;
  }

  get id(): number {
    return this.updates[0]?.update_id ?? 0;
  }

  get waitedMs(): number {
    return this.dueAt - this.beganAt;
  }

  get tries(): Tries {
    return { attempts: this.#attempts, failures: this.#failures };
  }

  set tries({ attempts, failures }: Tries) {
    this.#attempts = attempts;
    this.#failures = failures;
  }

  // It ends with its process, so it never outlives one that had it claimed.
  get crashes(): number {
    return 0;
  }

  get crashesAlone(): number {
    return 0;
  }

  /** Adds an update that is known not to be in its lane. */
  add({ update, chars, json }: StoreEntry): void {
    if (json !== undefined || this.#json !== undefined) {
      this.#json ??= [];
      this.#json[this.updates.length] = json;
    }
    this.updates.push(update);
    this.chars += chars;
  }

  /** Keeps what a handler might change, before one gets it. */
  keepOriginals(): void {
    const json = this.#json ??= [];
    for (const [i, update] of this.updates.entries()) json[i] ??= toJson(update);
  }

  /** Makes its updates what they were. */
  restoreOriginals(): void {
    const json = this.#json;
    if (json === undefined) return;
    this.updates = this.updates.map((update, i) => {
      const text = json[i];
      return text === undefined ? update : JSON.parse(text);
    });
  }
}

/** What cannot be written as JSON is passed on as the failed attempt left it. */
function toJson(update: Update): string | undefined {
  try {
    return JSON.stringify(update);
  } catch {
    return undefined;
  }
}

/** A growing array reserves seventeen places. An album has at most ten parts, and often two. */
function withRoom(update: Update, room: number): Update[] {
  const updates = new Array<Update>(room);
  updates[0] = update;
  updates.length = 1;
  return updates;
}
