import { isUpdate } from "../parse/parse_update.ts";
import type { Update } from "../updates/mod.ts";
import type { MediaGroupEnd } from "../events/events.ts";
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

/** An update as the file has it. */
export interface UpdateRow {
  readonly update_id: number;
  readonly json: string;
}

/** What a batch holds, and what of that cannot be read any more. */
export type BatchContent = Pick<SqliteBatch, "updates" | "unreadable">;

/** A batch in the hands of the process that claimed it. */
export class SqliteBatch implements Batch {
  readonly queue: TelegramQueue;
  readonly updates: readonly Update[];
  readonly unreadable: readonly number[];
  readonly group: string | undefined;
  readonly late: boolean;
  readonly failures: number;
  readonly end: MediaGroupEnd | undefined;
  readonly waitedMs: number;
  readonly id: number;
  /** Ids are used again, the numbers of claims are not. */
  readonly claim: number;

  constructor(row: BatchRow, { updates, unreadable }: BatchContent, claim: number, now: number) {
    this.queue = row.queue;
    this.updates = updates;
    this.unreadable = unreadable;
    this.group = row.album ?? undefined;
    this.late = row.late !== 0;
    this.failures = row.failures;
    this.end = row.ended ?? undefined;
    this.waitedMs = Math.max(0, now - row.began_at);
    this.id = row.id;
    this.claim = claim;
  }
}

/** What cannot be read is told by whoever handles the batch: it must not keep the rest from being claimed. */
export function readUpdates(rows: readonly UpdateRow[]): BatchContent {
  const updates: Update[] = [];
  const unreadable: number[] = [];
  for (const { update_id, json } of rows) {
    const update = parseUpdate(json);
    if (update === undefined) unreadable.push(update_id);
    else updates.push(update);
  }
  return { updates, unreadable };
}

function parseUpdate(json: string): Update | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isUpdate(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
