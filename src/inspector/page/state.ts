import type { Changes, DeliveryRow, RefusalRow, Totals } from "../protocol.ts";
import { isOver } from "./words.ts";

/** What the page knows, as the server has told it. */
export class State {
  readonly rows: Map<number, DeliveryRow> = new Map();
  readonly refusals: Map<number, RefusalRow> = new Map();
  totals: Totals | undefined;
  /** Where `telehook send` sends to; `undefined` if the bot polls. */
  url: string | undefined;
  /** Rows that have changed since the page was drawn. */
  readonly changed: Set<number> = new Set();
  #clockOffset = 0;

  /** The time on the server's clock. */
  get now(): number {
    return Date.now() + this.#clockOffset;
  }

  apply(changes: Changes): void {
    this.#clockOffset = changes.now - Date.now();
    if (changes.isFirst) {
      this.url = changes.url;
      for (const number of this.rows.keys()) this.changed.add(number);
      this.rows.clear();
      this.refusals.clear();
    }
    for (const number of changes.removed) {
      this.rows.delete(number);
      this.changed.add(number);
    }
    for (const row of changes.rows) {
      this.rows.set(row.number, row);
      this.changed.add(row.number);
    }
    for (const refusal of changes.refusals) this.refusals.set(refusal.number, refusal);
    this.totals = changes.totals;
  }

  /** What is not over, by lane, in the order of arrival. */
  lanes(): Map<string, DeliveryRow[]> {
    const lanes = new Map<string, DeliveryRow[]>();
    for (const row of this.rows.values()) {
      if (isOver(row)) continue;
      const lane = lanes.get(row.lane);
      if (lane === undefined) lanes.set(row.lane, [row]);
      else lane.push(row);
    }
    return lanes;
  }
}

/** Asks the server. It throws its words if it refuses. */
export async function ask<T>(path: string, body?: object): Promise<T> {
  const response = await fetch(
    path,
    body === undefined ? {} : { method: "POST", body: JSON.stringify(body) },
  );
  if (!response.ok) throw new Error((await response.text()).trim());
  return await response.json();
}
