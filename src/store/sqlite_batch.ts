import type { Update } from "../updates/mod.ts";
import type { MediaGroupEnd } from "../watch.ts";
import type { Batch, TelegramQueue } from "./store.ts";

/** What the file says of a batch that is claimed. */
export interface BatchRow {
  readonly id: number;
  readonly queue: TelegramQueue;
  readonly album: string | null;
  readonly late: number;
  readonly failures: number;
  readonly ended: MediaGroupEnd | null;
  readonly began_at: number;
}

/** A batch in the hands of the process that claimed it. */
export class SqliteBatch implements Batch {
  readonly queue: TelegramQueue;
  readonly updates: readonly Update[];
  readonly group: string | undefined;
  readonly late: boolean;
  readonly failures: number;
  readonly end: MediaGroupEnd | undefined;
  readonly waitedMs: number;
  readonly id: number;
  /** Ids are used again, the numbers of claims are not. */
  readonly claim: number;

  constructor(row: BatchRow, updates: readonly Update[], claim: number, now: number) {
    this.queue = row.queue;
    this.updates = updates;
    this.group = row.album ?? undefined;
    this.late = row.late !== 0;
    this.failures = row.failures;
    this.end = row.ended ?? undefined;
    this.waitedMs = Math.max(0, now - row.began_at);
    this.id = row.id;
    this.claim = claim;
  }
}
