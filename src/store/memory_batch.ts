import type { Linked } from "../collections/linked_list.ts";
import type { Update } from "../updates/mod.ts";
import type { MediaGroupEnd } from "../events/events.ts";
import type { Batch, StoreEntry, TelegramQueue } from "./store.ts";

/**
 * A batch of the store in memory. There may be a hundred thousand, so each field must be worth its eight bytes. Times are
 * whole milliseconds on the clock of `performance.now()`: a fraction would take V8 another sixteen bytes.
 */
export class MemoryBatch implements Batch, Linked<MemoryBatch> {
  readonly queue: TelegramQueue;
  readonly updates: Update[];
  readonly group: string | undefined;
  readonly late: boolean;
  failures: number;
  end: MediaGroupEnd | undefined = undefined;
  size: number;
  isCollecting = false;
  isClaimed = false;
  readonly beganAt: number = Math.floor(performance.now());
  /** When it falls due; once it is claimed, when that was. */
  dueAt: number = this.beganAt;
  /** No update of its queue has a higher id, if it is the last batch there. */
  highestId: number;
  /** The batch behind it in its queue; behind the last one, the first. */
  next: MemoryBatch = this;
  /** Its neighbours among the batches that collect. */
  before: MemoryBatch | undefined = undefined;
  behind: MemoryBatch | undefined = undefined;

  constructor({ update, queue, size, failures, group }: StoreEntry, late: boolean) {
    this.queue = queue;
    this.updates = group === undefined ? [update] : withRoom(update, group.rules.mostParts);
    this.group = group?.key;
    this.late = late;
    this.failures = failures;
    this.size = size;
    this.highestId = update.update_id;
  }

  get waitedMs(): number {
    return this.dueAt - this.beganAt;
  }

  /** Adds an update that is known not to be in its queue. */
  add({ update, size }: StoreEntry): void {
    this.updates.push(update);
    this.size += size;
    this.highestId = Math.max(this.highestId, update.update_id);
  }
}

/** An array that grows by itself makes room for seventeen; an album has ten parts at most, and often two. */
function withRoom(update: Update, room: number): Update[] {
  const updates = new Array<Update>(room);
  updates[0] = update;
  updates.length = 1;
  return updates;
}
