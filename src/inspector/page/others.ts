import type { DeliveryRow, ParkedRow, TelegramReport } from "../protocol.ts";
import { button, element, setText, tree } from "./dom.ts";
import type { State } from "./state.ts";
import { clock, kindText, MARKS, matches, stateText } from "./words.ts";

/** The lanes: what runs, what waits behind it, and since when. */
export function lanesView(state: State, filter: string, open: (number: number) => void): HTMLElement {
  const lanes = [...state.lanes()].filter(([, rows]) => rows.some((row) => matches(row, filter)));
  if (lanes.length === 0) {
    return element("p", "empty", "Every lane is empty: nothing runs and nothing waits.");
  }
  return element(
    "div",
    "lanes",
    ...lanes.sort(([, a], [, b]) => (a[0]?.at ?? 0) - (b[0]?.at ?? 0)).map(([name, rows]) => {
      const [first] = rows;
      const about = [
        first?.chat ?? "",
        `${rows.length === 1 ? "1 delivery" : `${rows.length} deliveries`} since ${clock(first?.at ?? 0)}`,
      ];
      const title = element(
        "h2",
        "",
        `${name || "unknown"} `,
        element("span", "faint", about.filter((each) => each !== "").join(" · ")),
      );
      return element(
        "div",
        "laneCard",
        title,
        element("ol", "", ...rows.map((row, i) => laneLine(row, rows[i - 1], state, open))),
      );
    }),
  );
}

function laneLine(
  row: DeliveryRow,
  ahead: DeliveryRow | undefined,
  state: State,
  open: (number: number) => void,
): HTMLElement {
  const word = element(
    "span",
    `${row.state} live`,
    `${MARKS[row.state]} ${stateText(row, state.now, ahead)}`,
  );
  word.dataset.number = String(row.number);
  word.dataset.ahead = String(ahead?.number ?? "");
  return element(
    "li",
    "",
    button(`#${row.number}`, () => open(row.number)),
    word,
    element("span", "what", row.what),
    element("span", "faint", `since ${clock(row.since)}`),
  );
}

/** Draws the times in the lanes again. */
export function tickLanes(root: HTMLElement, state: State): void {
  for (const word of root.querySelectorAll<HTMLElement>(".live")) {
    const row = state.rows.get(Number(word.dataset.number));
    if (row === undefined) continue;
    const ahead = state.rows.get(Number(word.dataset.ahead));
    setText(word, `${MARKS[row.state]} ${stateText(row, state.now, ahead)}`);
  }
}

/** The deliveries that were refused, and why. */
export function refusalsView(state: State, filter: string): HTMLElement {
  const words = filter.toLowerCase();
  const found = [...state.refusals.values()].reverse()
    .filter((each) => JSON.stringify(each).toLowerCase().includes(words));
  if (found.length === 0) return element("p", "empty", "No delivery was refused.");
  return table(
    "refusals",
    [["time", "Time"], ["status", "Status"], ["reason", "Reason"], ["address", "Address"], ["path", "Path"], [
      "count",
      "Times",
    ]],
    found.map(({ at, status, reason, address, path, count }) => [
      clock(at),
      element("span", "problem", `✗ ${status}`),
      reason,
      address,
      path,
      String(count),
    ]),
  );
}

/** What is parked, to be replayed or discarded. */
export function parkedView(
  parked: readonly ParkedRow[],
  filter: string,
  act: (path: "replay-parked" | "discard", id: number) => void,
  open: (number: number) => void,
): HTMLElement {
  if (parked.length === 0) return element("p", "empty", "Nothing is parked.");
  const words = filter.toLowerCase();
  const rows = parked.filter((each) => JSON.stringify(each).toLowerCase().includes(words));
  return table(
    "parkedRows",
    [["number", "#"], ["time", "Parked"], ["kind", "Kind"], ["what", "What"], ["attempts", "Attempts"], [
      "error",
      "Error",
    ], ["actions", ""]],
    rows.map(({ id, number, parkedAt, kind, what, attempts, error }) => [
      number === undefined ? "" : button(`#${number}`, () => open(number)),
      clock(parkedAt),
      kindText(kind),
      what,
      String(attempts),
      element("span", "problem", error),
      element(
        "div",
        "",
        button("Replay", () => act("replay-parked", id), "main"),
        " ",
        button("Discard", () => act("discard", id)),
      ),
    ]),
  );
}

/** What Telegram says about the webhook. */
export function telegramView(report: TelegramReport | undefined, again: () => void): HTMLElement {
  if (report === undefined) return element("p", "empty", "Asking Telegram …");
  const marks: Record<string, string> = { problem: "✗", hint: "!", good: "✓" };
  const lines = report.findings.map(({ severity, text, advice }) =>
    element(
      "li",
      "",
      element("span", severity, `${marks[severity] ?? ""} ${text}`),
      ...(advice === undefined ? [] : [element("div", "faint", `→ ${advice}`)]),
    )
  );
  const root = element("div", "report", button("Ask again", again));
  if (report.error !== "") root.append(element("p", "problem", report.error));
  root.append(element("ul", "", ...lines));
  if (report.info !== undefined) {
    root.append(element("h3", "", "getWebhookInfo"), element("div", "tree", tree(report.info)));
  }
  return root;
}

function table(
  name: string,
  columns: readonly (readonly [string, string])[],
  rows: readonly (readonly (Node | string)[])[],
): HTMLElement {
  const heads = columns.map(([column, title]) => element("th", column, title));
  const lines = rows.map((cells) =>
    element("tr", "", ...cells.map((cell, i) => element("td", `${columns[i]?.[0] ?? ""} wrap`, cell)))
  );
  return element(
    "table",
    name,
    element("thead", "", element("tr", "", ...heads)),
    element("tbody", "", ...lines),
  );
}
