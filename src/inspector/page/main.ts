/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { Changes, ParkedRow, TelegramReport } from "../protocol.ts";
import { DeliveriesView } from "./deliveries.ts";
import { DetailView, messageOf } from "./detail.ts";
import { button, element, find } from "./dom.ts";
import { lanesView, parkedView, refusalsView, telegramView, tickLanes } from "./others.ts";
import { ask, State } from "./state.ts";

const TABS = ["Deliveries", "Lanes", "Refusals", "Parked", "Telegram"] as const;
type Tab = (typeof TABS)[number];

const KEYS = [
  ["j k ↓ ↑", "next and previous delivery"],
  ["Enter", "open the newest delivery"],
  ["r", "replay it"],
  ["e", "edit it and replay it"],
  ["c", "copy it as a telehook send command"],
  ["x", "copy it as a test"],
  ["1 … 5", "deliveries, lanes, refusals, parked, Telegram"],
  ["/", "filter"],
  ["t", "theme"],
  ["Esc", "close"],
];

const state = new State();
const view = find("view");
const filter = find("filter") as HTMLInputElement;
const dialog = find("dialog") as HTMLDialogElement;
const deliveries = new DeliveriesView(state, (number) => void open(number));
const detail = new DetailView(find("detail"), state, notify, () => void open(undefined));
let tab: Tab = "Deliveries";
let isDrawing = false;
let noticeTimer: ReturnType<typeof setTimeout> | undefined;
let parkedCount = -1;

// — Drawing —

/** Draws once for all that has changed meanwhile. */
function drawSoon(): void {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    draw();
  });
}

function draw(): void {
  drawTotals();
  deliveries.draw();
  if (tab === "Lanes") view.replaceChildren(lanesView(state, filter.value, showDelivery));
  if (tab === "Refusals") view.replaceChildren(refusalsView(state, filter.value));
}

function drawTotals(): void {
  const { totals } = state;
  if (totals === undefined) return;
  const { status, running, stored, handled, failed } = totals;
  const health = element(
    "span",
    status === "ok" ? "good" : "problem",
    status === "ok" ? "✓ ok" : `✗ ${status}`,
  );
  const counts = Object.entries({ running, stored, handled, failed })
    .map(([name, count]) => element("span", "", element("b", "", String(count)), ` ${name}`));
  find("totals").replaceChildren(health, ...counts);
  let parked = 0;
  for (const row of state.rows.values()) if (row.state === "parked") parked++;
  if (parked !== parkedCount) {
    parkedCount = parked;
    if (tab === "Parked") void showParked();
  }
  drawTabs({
    Deliveries: state.rows.size,
    Lanes: state.lanes().size,
    Refusals: totals.refused,
    Parked: parked,
  });
}

function drawTabs(counts: Partial<Record<Tab, number>> = {}): void {
  const tabs = find("tabs");
  if (tabs.childElementCount === 0) {
    tabs.append(...TABS.map((name) => {
      const made = button(name, () => show(name));
      made.setAttribute("role", "tab");
      made.append(element("span", "count"));
      return made;
    }));
  }
  for (const [i, name] of TABS.entries()) {
    const each = tabs.children[i];
    each?.setAttribute("aria-selected", String(name === tab));
    const count = each?.querySelector(".count");
    if (count && counts[name] !== undefined) count.textContent = String(counts[name]);
  }
}

function show(name: Tab): void {
  tab = name;
  filter.hidden = name === "Telegram"; // there is nothing to filter
  drawTabs();
  if (name === "Deliveries") view.replaceChildren(deliveries.root);
  else if (name === "Parked") void showParked();
  else if (name === "Telegram") void showTelegram();
  draw();
}

async function showParked(): Promise<void> {
  try {
    const rows = await ask<ParkedRow[]>("parked");
    const act = (path: "replay-parked" | "discard", id: number) => {
      const done = path === "discard" ? "Discarded" : "Replayed";
      ask(path, { id }).then(() => notify(done), (error) => notify(messageOf(error))).finally(showParked);
    };
    if (tab === "Parked") view.replaceChildren(parkedView(rows, filter.value, act, showDelivery));
  } catch (error) {
    notify(messageOf(error));
  }
}

async function showTelegram(): Promise<void> {
  view.replaceChildren(telegramView(undefined, () => {}));
  const report = await ask<TelegramReport>("telegram")
    .catch((error) => ({ findings: [], info: undefined, error: messageOf(error) }));
  if (tab === "Telegram") view.replaceChildren(telegramView(report, () => void showTelegram()));
}

function showDelivery(number: number): void {
  show("Deliveries");
  void open(number);
}

async function open(number: number | undefined): Promise<void> {
  deliveries.choose(number);
  await detail.open(number);
  deliveries.choose(number); // the list has less room now
}

function notify(text: string): void {
  const notice = find("notice");
  notice.textContent = text;
  notice.hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => notice.hidden = true, 4_000);
}

// — The theme —

const THEMES = ["system", "light", "dark"];

function nextTheme(): void {
  const { dataset } = document.documentElement;
  const theme = THEMES[(THEMES.indexOf(dataset.theme ?? "system") + 1) % THEMES.length] ?? "system";
  if (theme === "system") delete dataset.theme;
  else dataset.theme = theme;
  find("theme").textContent = theme;
}

function showKeys(): void {
  const lines = KEYS.flatMap(([keys = "", what = ""]) => [
    element("dt", "", ...keys.split(" ").flatMap((key) => [element("kbd", "", key), " "])),
    element("dd", "", what),
  ]);
  dialog.replaceChildren(
    element("h2", "", "Keys"),
    element("dl", "", ...lines),
    button("Close", () => dialog.close()),
  );
  dialog.showModal();
}

// — Keys —

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
  const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
  if (event.key === "Escape") {
    if (isTyping) filter.blur();
    else void open(undefined);
    return;
  }
  if (isTyping) return;
  const action = actionOf(event.key, event.target);
  if (action === undefined) return;
  event.preventDefault();
  action();
});

function actionOf(key: string, target: EventTarget | null): (() => void) | undefined {
  const isOpen = detail.number !== undefined && !detail.isEditing;
  const onButton = target instanceof HTMLButtonElement ||
    (target instanceof HTMLElement && target.tagName === "SUMMARY");
  switch (key) {
    case "j":
    case "ArrowDown":
      return () => void open(deliveries.next(detail.number, 1));
    case "k":
    case "ArrowUp":
      return () => void open(deliveries.next(detail.number, -1));
    case "Enter":
      return onButton ? undefined : () => void open(deliveries.next(undefined, 1));
    case "r":
      return isOpen ? () => void detail.replay() : undefined;
    case "e":
      return isOpen ? () => detail.edit() : undefined;
    case "c":
      return isOpen ? () => void detail.copyCommand() : undefined;
    case "x":
      return isOpen ? () => void detail.copyTest() : undefined;
    case "t":
      return nextTheme;
    case "/":
      return () => filter.focus();
    case "?":
      return showKeys;
  }
  const chosen = TABS[Number(key) - 1];
  return chosen === undefined ? undefined : () => show(chosen);
}

// — The stream —

function connect(): void {
  const connection = find("connection");
  const source = new EventSource("changes");
  source.onopen = () => {
    connection.className = "";
    connection.textContent = "● live";
  };
  source.onerror = () => {
    connection.className = "lost";
    connection.textContent = "○ not connected";
  };
  source.onmessage = (message) => {
    const changes = JSON.parse(message.data) as Changes;
    state.apply(changes);
    if (changes.rows.some(({ number }) => number === detail.number)) void detail.refresh();
    drawSoon();
  };
}

filter.addEventListener("input", () => {
  deliveries.filter = filter.value;
  draw();
  if (tab === "Parked") void showParked();
});
find("theme").addEventListener("click", nextTheme);
find("help").addEventListener("click", showKeys);
setInterval(() => {
  if (tab === "Deliveries") deliveries.tick();
  if (tab === "Lanes") tickLanes(view, state);
  detail.tick();
}, 200);
show("Deliveries");
connect();
