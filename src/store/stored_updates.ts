import { isUpdate } from "../parse/parse_update.ts";
import type { Update } from "../updates/mod.ts";

/** An update as a durable store keeps it. */
export interface StoredUpdate {
  readonly update_id: number;
  readonly json: string;
}

/** What a batch holds, and what of that cannot be read any longer. */
export interface StoredUpdates {
  readonly updates: readonly Update[];
  readonly unreadable: readonly number[];
}

/**
 * An update that cannot be read is reported when its batch is handled: it must not keep the rest from being claimed.
 */
export function readUpdates(stored: readonly StoredUpdate[]): StoredUpdates {
  const updates: Update[] = [];
  const unreadable: number[] = [];
  for (const { update_id, json } of stored) {
    const update = parseStored(json);
    if (update === undefined) unreadable.push(update_id);
    else updates.push(update);
  }
  return { updates, unreadable };
}

/** Reads updates of which nobody is told which ones cannot be read. */
export function readableUpdates(texts: readonly string[]): readonly Update[] {
  return texts.map(parseStored).filter((each) => each !== undefined);
}

function parseStored(json: string): Update | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isUpdate(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
