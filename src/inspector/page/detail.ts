import type { DeliveryDetail, DeliveryRow } from "../protocol.ts";
import { commandsOf, testOf } from "./copied.ts";
import { button, element, tree } from "./dom.ts";
import { ask, type State } from "./state.ts";
import { clock, duration, MARKS, stateText } from "./words.ts";

const SECRET_HEADER = "x-telegram-bot-api-secret-token";

/** Everything about one delivery, and what can be done with it. */
export class DetailView {
  readonly #root: HTMLElement;
  readonly #state: State;
  readonly #notify: (text: string) => void;
  readonly #onClose: () => void;
  #number: number | undefined;
  #detail: DeliveryDetail | undefined;
  #isEditing = false;
  /** What is shown, to draw it again only when it has changed. */
  #shown = "";

  constructor(root: HTMLElement, state: State, notify: (text: string) => void, onClose: () => void) {
    this.#root = root;
    this.#state = state;
    this.#notify = notify;
    this.#onClose = onClose;
  }

  get number(): number | undefined {
    return this.#number;
  }

  get isEditing(): boolean {
    return this.#isEditing;
  }

  async open(number: number | undefined): Promise<void> {
    if (number !== this.#number) this.#isEditing = false;
    this.#number = number;
    this.#shown = "";
    this.#root.hidden = number === undefined;
    this.#root.parentElement?.classList.toggle("split", number !== undefined);
    if (number === undefined) {
      this.#root.replaceChildren();
      return;
    }
    await this.refresh();
  }

  /** Asks again, after the delivery has changed. */
  async refresh(): Promise<void> {
    const number = this.#number;
    if (number === undefined || this.#isEditing) return;
    try {
      const detail = await ask<DeliveryDetail>(`delivery/${number}`);
      if (number !== this.#number || this.#isEditing) return;
      this.#detail = detail;
      const shown = JSON.stringify(detail);
      if (shown === this.#shown) return;
      this.#shown = shown;
      this.#draw(detail);
    } catch (error) {
      this.#notify(messageOf(error));
    }
  }

  async replay(updates?: unknown): Promise<void> {
    if (this.#number === undefined) return;
    await this.#act("replay", { number: this.#number, updates }, "Replayed: it is the newest delivery");
  }

  edit(): void {
    if (this.#detail === undefined) return;
    this.#isEditing = true;
    const { updates, row } = this.#detail;
    const area = element("textarea");
    area.value = JSON.stringify(updates.length === 1 ? updates[0] : updates, null, 2);
    area.spellcheck = false;
    area.setAttribute("aria-label", "The update as JSON");
    const send = async () => {
      let value: unknown;
      try {
        value = JSON.parse(area.value);
      } catch (error) {
        return this.#notify(`This is not JSON: ${messageOf(error)}`);
      }
      if (await this.#act("replay", { number: row.number, updates: [value].flat() }, "Replayed as edited")) {
        await this.stopEditing();
      }
    };
    area.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void send();
      if (event.key === "Escape") void this.stopEditing();
      event.stopPropagation();
    });
    this.#root.replaceChildren(
      element("h2", "", `Edit #${row.number} and replay it`),
      element("p", "faint", "It gets a new update_id, so that it does not count as a duplicate."),
      element(
        "div",
        "actionsRow",
        button("Replay (Ctrl+Enter)", () => void send(), "main"),
        button("Cancel (Esc)", () => void this.stopEditing()),
      ),
      area,
    );
    area.focus();
    area.setSelectionRange(0, 0);
    area.scrollTop = 0;
  }

  async stopEditing(): Promise<void> {
    this.#isEditing = false;
    this.#shown = "";
    await this.refresh();
  }

  async copyCommand(): Promise<void> {
    if (this.#detail?.url === undefined) return;
    await this.#copy(commandsOf({ ...this.#detail, url: this.#detail.url }), "The command is copied");
  }

  async copyTest(): Promise<void> {
    if (this.#detail !== undefined) await this.#copy(testOf(this.#detail), "The test is copied");
  }

  /** The state in words changes as time passes. */
  tick(): void {
    const row = this.#number === undefined ? undefined : this.#state.rows.get(this.#number);
    const word = this.#root.querySelector(".stateWord");
    if (row !== undefined && word !== null) word.textContent = this.#stateOf(row);
  }

  #stateOf(row: DeliveryRow): string {
    return `${MARKS[row.state]} ${stateText(row, this.#state.now, undefined)}`;
  }

  #draw(detail: DeliveryDetail): void {
    const { row, updates, headers, attempts, reply, replySent } = detail;
    const facts: [string, Node | string][] = [
      ["state", element("span", `stateWord ${row.state}`, this.#stateOf(row))],
      ["update_id", String(row.updateId)],
      ["received", clock(row.at)],
      ["lane", row.lane],
      ["answer", row.answer || "none yet"],
    ];
    if (row.chat !== "") facts.push(["chat", row.chat]);
    if (row.sender !== "") facts.push(["sender", row.sender]);
    if (row.durationMs !== undefined) facts.push(["took", duration(row.durationMs)]);
    if (row.repeats > 0) facts.push(["came again", `${row.repeats} times`]);
    if (row.replayOf !== undefined) facts.push(["replay of", `#${row.replayOf}`]);
    if (row.complete !== "") facts.push(["complete", row.complete]);
    const actions = [
      button("Replay (r)", () => void this.replay(), "main"),
      button("Edit (e)", () => this.edit()),
      ...(detail.url === undefined ? [] : [button("Copy command (c)", () => void this.copyCommand())]),
      button("Copy test (x)", () => void this.copyTest()),
    ];
    this.#root.replaceChildren(
      element(
        "div",
        "top",
        element("h2", "", `#${row.number} `, element("span", "kind", row.kind), ` ${row.what}`),
        button("✕", this.#onClose),
      ),
      element("div", "actionsRow", ...actions),
      definitions(facts),
    );
    if (attempts.length > 0) {
      this.#section(
        "Attempts",
        ...attempts.map(({ number, at, durationMs, outcome, error }) => {
          const line = element(
            "p",
            outcome === "handled" ? "good" : outcome === "failed" ? "problem" : "hint",
          );
          line.append(`${number}. ${outcome} at ${clock(at)}, ${duration(durationMs)}`);
          return error === "" ? line : element("div", "", line, element("pre", "", error));
        }),
      );
    }
    if (reply !== undefined) this.#section(`Reply, ${replySent}`, element("div", "tree", tree(reply)));
    else if (replySent !== "") this.#section("Reply", element("p", "", replySent));
    this.#section(
      updates.length === 1 ? "Update" : `The updates of ${updates.length} parts`,
      element("div", "tree", ...updates.map((each) => tree(each))),
    );
    this.#section(
      "Request headers",
      headers === undefined
        ? element(
          "p",
          "faint",
          row.replayOf === undefined ? "It did not come as a request." : "None: it is a replay.",
        )
        : definitions([
          [
            "secret token",
            SECRET_HEADER in headers ? element("span", "good", "✓") : element("span", "faint", "✗ none"),
          ],
          ...Object.entries(headers).filter(([name]) => name !== SECRET_HEADER),
        ]),
    );
  }

  #section(title: string, ...content: Node[]): void {
    this.#root.append(element("h3", "", title), ...content);
  }

  async #act(path: string, body: object, done: string): Promise<boolean> {
    try {
      await ask(path, body);
      this.#notify(done);
      return true;
    } catch (error) {
      this.#notify(messageOf(error));
      return false;
    }
  }

  async #copy(text: string, done: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.#notify(done);
    } catch {
      // Without the right to write to the clipboard, the text is shown, selected.
      const area = element("textarea");
      area.value = text;
      area.readOnly = true;
      const dialog = document.querySelector("dialog");
      dialog?.replaceChildren(element("p", "", "Copy this:"), area);
      dialog?.showModal();
      area.select();
    }
  }
}

function definitions(facts: readonly (readonly [string, Node | string])[]): HTMLElement {
  return element(
    "dl",
    "",
    ...facts.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)]),
  );
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
