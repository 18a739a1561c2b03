import type { Update } from "../updates/mod.ts";
import type { Batch } from "./store.ts";

/** What the file says of a batch that is claimed. */
export interface BatchRow {
  readonly id: number;
  readonly queue: string;
  readonly album: string | null;
  readonly late: number;
  readonly failures: number;
}

/** A batch in the hands of the process that claimed it. */
export class SqliteBatch implements Batch {
  readonly queue: string;
  readonly updates: readonly Update[];
  readonly group: string | undefined;
  readonly late: boolean;
  readonly failures: number;
  readonly id: number;
  /** Ids are used again, the numbers of claims are not. */
  readonly claim: number;

  constructor({ id, queue, album, late, failures }: BatchRow, updates: readonly Update[], claim: number) {
    this.queue = queue;
    this.updates = updates;
    this.group = album ?? undefined;
    this.late = late !== 0;
    this.failures = failures;
    this.id = id;
    this.claim = claim;
  }
}
