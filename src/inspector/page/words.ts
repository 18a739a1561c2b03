import type { DeliveryRow } from "../protocol.ts";

/** Where a delivery stands, in words. */
export function stateText(row: DeliveryRow, now: number, ahead: DeliveryRow | undefined): string {
  switch (row.state) {
    case "collecting":
      return `collecting, ${row.parts.length} so far`;
    case "waiting":
      return ahead === undefined ? "waiting" : `waiting behind #${ahead.number}`;
    case "running":
      return `running ${seconds(now - row.since)}`;
    case "retrying":
      if (row.until === undefined) return "failed, Telegram sends it again";
      return row.until > now ? `retry in ${Math.ceil((row.until - now) / 1000)} s` : "retry is due";
    case "refused":
      return "refused, Telegram sends it again";
    case "parked":
      return row.attempts > 1 ? `parked, attempt ${row.attempts}` : "parked";
    case "givenUp":
      return "given up";
    case "discarded":
      return "discarded";
    case "done":
      return row.attempts > 1 ? `done, attempt ${row.attempts}` : "done";
  }
}

/** The sign of a state, so that it is not told by color alone. */
export const MARKS: Readonly<Record<DeliveryRow["state"], string>> = {
  collecting: "◔",
  waiting: "○",
  running: "▶",
  retrying: "↻",
  refused: "↻",
  parked: "✗",
  givenUp: "✗",
  discarded: "–",
  done: "✓",
};

/** The kind of an update in words: `message album`, `callback query`. */
export function kindText(kind: string): string {
  return kind.replace("_media_group", "_album").replaceAll("_", " ");
}

/** Whether nothing more happens to it by itself. */
export function isOver({ state }: DeliveryRow): boolean {
  return state === "done" || state === "parked" || state === "givenUp" || state === "discarded";
}

/** The last unfinished delivery before this one in its lane. */
export function aheadOf(row: DeliveryRow, lane: readonly DeliveryRow[]): DeliveryRow | undefined {
  let ahead: DeliveryRow | undefined;
  for (const each of lane) if (each.number < row.number) ahead = each;
  return ahead;
}

export function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
}

export function duration(ms: number | undefined): string {
  if (ms === undefined) return "";
  if (ms < 0.1) return "< 0.1 ms";
  return ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1000 ? `${Math.round(ms)} ms` : seconds(ms);
}

export function clock(at: number): string {
  return new Date(at).toTimeString().slice(0, 8);
}

/** Whether a row has all the words of a filter. */
export function matches(row: DeliveryRow, filter: string): boolean {
  if (filter === "") return true;
  const { number, kind, what, chat, sender, lane, state, answer, error, updateId, parts } = row;
  const text = [
    `#${number}`,
    kind,
    kindText(kind),
    what,
    chat,
    sender,
    lane,
    state,
    answer,
    error,
    updateId,
    ...parts.map((each) => each.what),
  ]
    .join(" ").toLowerCase();
  return filter.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}
