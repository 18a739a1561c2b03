import type { DeliveryRow } from "../protocol.ts";
import { element, setText } from "./dom.ts";
import type { State } from "./state.ts";
import { aheadOf, clock, duration, isOver, kindText, MARKS, matches, stateText } from "./words.ts";

const COLUMNS = [
  ["number", "#"],
  ["time", "Time"],
  ["kind", "Kind"],
  ["what", "What"],
  ["chat", "Chat"],
  ["sender", "Sender"],
  ["lane", "Lane"],
  ["state", "State"],
  ["answer", "Answer"],
  ["took", "Took"],
] as const;

interface Drawn {
  readonly line: HTMLTableRowElement;
  readonly cells: Readonly<Record<string, HTMLTableCellElement>>;
  readonly mark: HTMLElement;
  readonly stateWord: HTMLElement;
  parts: HTMLTableRowElement[];
}

/** The table of deliveries, newest first. Only what has changed is drawn again. */
export class DeliveriesView {
  readonly root: HTMLElement;
  readonly #state: State;
  readonly #open: (number: number) => void;
  readonly #body: HTMLTableSectionElement;
  readonly #empty: HTMLElement;
  readonly #hint: HTMLElement;
  readonly #drawn = new Map<number, Drawn>();
  #filter = "";
  #chosen: number | undefined;

  constructor(state: State, open: (number: number) => void) {
    this.#state = state;
    this.#open = open;
    this.#body = element("tbody");
    const heads = COLUMNS.map(([name, title]) => {
      const head = element("th", name, title);
      head.scope = "col";
      return head;
    });
    const table = element(
      "table",
      "deliveries",
      element("thead", "", element("tr", "", ...heads)),
      this.#body,
    );
    this.#hint = element("p", "");
    this.#empty = element("div", "empty", this.#hint);
    this.root = element("div", "", table, this.#empty);
  }

  set filter(filter: string) {
    this.#filter = filter;
    for (const number of this.#state.rows.keys()) this.#state.changed.add(number);
    this.draw();
  }

  /** Draws what has changed. */
  draw(): void {
    const { rows, changed } = this.#state;
    const lanes = this.#state.lanes();
    for (const number of [...changed].sort((a, b) => a - b)) {
      const row = rows.get(number);
      if (row === undefined || !matches(row, this.#filter)) this.#erase(number);
      else this.#drawRow(row, lanes);
    }
    changed.clear();
    this.#empty.hidden = this.#drawn.size > 0;
    if (!this.#empty.hidden) this.#drawHint();
    this.#drawTimes(lanes);
  }

  #drawHint(): void {
    const { rows, url } = this.#state;
    if (rows.size > 0) return this.#hint.replaceChildren("No delivery has these words.");
    const ways = url === undefined
      ? []
      : [", or try:", element("br"), element("code", "", `telehook send ${url} --text /start`)];
    this.#hint.replaceChildren("No delivery yet. Write to the bot", ...ways);
  }

  /** Draws what changes by itself, as time passes. */
  tick(): void {
    this.#drawTimes(this.#state.lanes());
  }

  /** Shows which delivery is open. */
  choose(number: number | undefined): void {
    if (this.#chosen !== undefined) this.#drawn.get(this.#chosen)?.line.classList.remove("chosen");
    this.#chosen = number;
    const drawn = number === undefined ? undefined : this.#drawn.get(number);
    drawn?.line.classList.add("chosen");
    drawn?.line.scrollIntoView({ block: "nearest" });
  }

  /** The delivery above or below another one, or the newest. */
  next(number: number | undefined, step: 1 | -1): number | undefined {
    const shown = [...this.#body.children].flatMap((line) =>
      line instanceof HTMLTableRowElement && line.dataset.number ? [Number(line.dataset.number)] : []
    );
    const at = number === undefined ? -1 : shown.indexOf(number);
    return at === -1 ? shown[0] : shown[Math.min(shown.length - 1, Math.max(0, at + step))];
  }

  #erase(number: number): void {
    const drawn = this.#drawn.get(number);
    if (drawn === undefined) return;
    for (const each of [drawn.line, ...drawn.parts]) each.remove();
    this.#drawn.delete(number);
  }

  #drawRow(row: DeliveryRow, lanes: ReadonlyMap<string, readonly DeliveryRow[]>): void {
    const drawn = this.#drawn.get(row.number) ?? this.#insert(row);
    const { cells } = drawn;
    const repeats = row.repeats === 0 ? "" : ` (came ${row.repeats + 1} times)`;
    const replay = row.replayOf === undefined ? "" : `replay of #${row.replayOf}: `;
    const texts: Record<string, string> = {
      time: clock(row.at),
      kind: kindText(row.kind),
      what: `${replay}${row.what}${repeats}`,
      chat: row.chat,
      sender: row.sender,
      lane: row.lane,
      answer: row.answer,
      took: duration(row.durationMs),
    };
    for (const [name, text] of Object.entries(texts)) {
      const cell = cells[name];
      if (cell === undefined) continue;
      setText(cell, text);
      cell.title = name === "kind" ? row.kind : text;
    }
    // Where there is no room for the column of kinds, those that are not obvious stand before the text.
    const { what } = cells;
    if (what !== undefined && row.kind !== "message" && row.parts.length === 0) {
      what.dataset.kind = `${kindText(row.kind)} · `;
    } else delete what?.dataset.kind;
    this.#drawState(row, drawn, lanes);
    this.#drawParts(row, drawn);
  }

  #drawState(row: DeliveryRow, drawn: Drawn, lanes: ReadonlyMap<string, readonly DeliveryRow[]>): void {
    const ahead = row.state === "waiting" ? aheadOf(row, lanes.get(row.lane) ?? []) : undefined;
    const text = stateText(row, this.#state.now, ahead);
    const { state } = drawn.cells;
    if (state === undefined) return;
    state.className = `state ${row.state}`;
    setText(drawn.mark, MARKS[row.state]);
    setText(drawn.stateWord, text);
    state.title = text;
  }

  #drawTimes(lanes: ReadonlyMap<string, readonly DeliveryRow[]>): void {
    for (const lane of lanes.values()) {
      for (const row of lane) {
        const drawn = this.#drawn.get(row.number);
        if (drawn !== undefined && !isOver(row)) this.#drawState(row, drawn, lanes);
      }
    }
  }

  /** The parts of a media group, and what went wrong, are lines of their own below a delivery. */
  #drawParts(row: DeliveryRow, drawn: Drawn): void {
    const lines = row.parts.map((part, index) =>
      this.#partLine(row, `${index + 1}. ${part.what}`, clock(part.at))
    );
    if (row.complete !== "") lines.push(this.#partLine(row, `complete: ${row.complete}`, ""));
    if (row.error !== "" && row.state !== "done") {
      lines.push(this.#partLine(row, row.error, "", row.state));
    }
    if (lines.length + drawn.parts.length === 0) return;
    for (const each of drawn.parts) each.remove();
    drawn.line.after(...lines);
    drawn.parts = lines;
  }

  #partLine(row: DeliveryRow, text: string, time: string, state = ""): HTMLTableRowElement {
    // It has as many cells as every other line, so that columns can be hidden. The text may overlap the empty cells.
    const texts: Readonly<Record<string, string>> = { time, what: text };
    const line = element(
      "tr",
      `part ${state}`,
      ...COLUMNS.map(([name]) => element("td", name, texts[name] ?? "")),
    );
    line.title = text;
    line.addEventListener("click", () => this.#open(row.number));
    return line;
  }

  #insert(row: DeliveryRow): Drawn {
    const cells: Record<string, HTMLTableCellElement> = {};
    for (const [name] of COLUMNS) cells[name] = element("td", name);
    const mark = element("span", "mark");
    const stateWord = element("span");
    cells.state?.append(mark, stateWord);
    cells.number?.append(String(row.number));
    const line = element("tr", row.number === this.#chosen ? "chosen" : "", ...Object.values(cells));
    line.dataset.number = String(row.number);
    line.addEventListener("click", () => this.#open(row.number));
    const drawn: Drawn = { line, cells, mark, stateWord, parts: [] };
    // Nearly always the newest, which is the first line; after a change of the filter, in its place.
    let before = this.#body.firstElementChild;
    while (before instanceof HTMLTableRowElement && !(Number(before.dataset.number) < row.number)) {
      before = before.nextElementSibling;
    }
    this.#body.insertBefore(line, before);
    this.#drawn.set(row.number, drawn);
    return drawn;
  }
}
