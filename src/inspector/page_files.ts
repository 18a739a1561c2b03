// Made by build_inspector.ts from the files in page/. Change those, and run: npm run build:inspector
export const PAGE_HTML: string = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>telehook inspector</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
<script src="page.js" defer></script>
</head>
<body>
<header>
  <h1>telehook <span>inspector</span></h1>
  <p id="totals" aria-live="off"></p>
  <p id="connection" role="status"></p>
  <button id="theme" type="button" title="Light, dark, or as the system (t)">system</button>
  <button id="help" type="button" title="Keys (?)">?</button>
</header>
<nav>
  <div id="tabs" role="tablist" aria-label="Views"></div>
  <input id="filter" type="search" placeholder="Filter (/)" aria-label="Filter">
</nav>
<main>
  <section id="view" role="tabpanel" tabindex="-1"></section>
  <aside id="detail" aria-label="Delivery" hidden></aside>
</main>
<dialog id="dialog"></dialog>
<p id="notice" role="status" hidden></p>
<noscript>This page needs JavaScript.</noscript>
</body>
</html>
`;
export const PAGE_STYLE: string = `:root {
  color-scheme: light dark;
  --back: light-dark(#ffffff, #14171c);
  --raised: light-dark(#f4f6f9, #1c2128);
  --line: light-dark(#d9dee6, #2e353f);
  --text: light-dark(#1b2330, #e3e8ef);
  --faint: light-dark(#596576, #97a3b4);
  --accent: light-dark(#0b66c3, #6cb4ff);
  --good: light-dark(#157347, #58c98b);
  --bad: light-dark(#b3261e, #ff8a80);
  --busy: light-dark(#8a5a00, #f2bd5c);
  --chosen: light-dark(#dcebfc, #223c5a);
  --mono: ui-monospace, "SF Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif;
}
:root[data-theme="light"] { color-scheme: light; }
:root[data-theme="dark"] { color-scheme: dark; }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html, body { height: 100%; margin: 0; }
body { display: flex; flex-direction: column; background: var(--back); color: var(--text); }
header, nav { display: flex; align-items: center; gap: 8px 16px; flex-wrap: wrap; padding: 8px 16px; }
header { background: var(--raised); border-bottom: 1px solid var(--line); }
nav { border-bottom: 1px solid var(--line); padding-block: 0; }
h1 { font-size: 16px; margin: 0; }
h1 span { font-weight: 400; color: var(--faint); }
h2 { font-size: 15px; margin: 0; overflow-wrap: anywhere; }
h3 { font-size: 12px; margin: 16px 0 4px; color: var(--faint); font-weight: 600; }
p { margin: 0; }
#totals { flex: 1; display: flex; flex-wrap: wrap; gap: 2px 14px; color: var(--faint); font-variant-numeric: tabular-nums; }
#totals b { color: var(--text); font-weight: 600; }
#connection { color: var(--good); }
#connection.lost { color: var(--bad); }
button, input, textarea { font: inherit; color: inherit; }
button {
  background: var(--back); border: 1px solid var(--line); border-radius: 6px; padding: 3px 10px; cursor: pointer;
}
button:hover { border-color: var(--accent); }
button.main { background: var(--accent); border-color: var(--accent); color: var(--back); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
#tabs { display: flex; flex: 1; flex-wrap: wrap; }
#tabs button { background: none; border: 0; border-bottom: 2px solid transparent; border-radius: 0; padding: 8px 10px; }
#tabs button[aria-selected="true"] { border-bottom-color: var(--accent); color: var(--accent); }
#tabs .count { color: var(--faint); font-variant-numeric: tabular-nums; margin-left: 4px; }
input[type="search"] { border: 1px solid var(--line); border-radius: 6px; padding: 3px 8px; background: var(--back); width: 200px; }
main { flex: 1; min-height: 0; display: flex; }
#view { flex: 1; min-width: 0; overflow: hidden auto; container-type: inline-size; }
#view:focus { outline: none; }
#detail { flex: 0 0 min(42%, 720px); overflow: auto; border-left: 1px solid var(--line); padding: 12px 16px 32px; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; font-variant-numeric: tabular-nums; }
th {
  position: sticky; top: 0; z-index: 1; background: var(--back); text-align: left; font-weight: 600; font-size: 12px;
  color: var(--faint); padding: 6px 8px; box-shadow: inset 0 -1px var(--line);
}
td { padding: 4px 8px; border-bottom: 1px solid var(--line); vertical-align: top; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
tbody tr { cursor: default; }
.deliveries tbody tr { cursor: pointer; }
.deliveries tbody tr:hover { background: var(--raised); }
tbody tr.chosen, .deliveries tbody tr.chosen:hover { background: var(--chosen); }
tr.part td { color: var(--faint); border-bottom-style: dotted; }
tr.part td.what { overflow: visible; }
tr.part.retrying td { color: var(--busy); } tr.part.parked td, tr.part.givenUp td { color: var(--bad); }
td.state, td.kind { white-space: normal; }
.parkedRows td { vertical-align: middle; }
td.number button, .laneCard button { background: none; border: 0; padding: 0; color: var(--accent); white-space: nowrap; }
td.number button:hover, .laneCard button:hover { text-decoration: underline; }
#theme::before { content: "Theme: "; }
.number, .updateId { color: var(--faint); }
th.number { width: 58px; } th.time { width: 84px; } th.kind { width: 160px; } th.chat { width: 130px; } th.sender { width: 120px; }
th.lane { width: 148px; } th.state { width: 190px; } th.answer { width: 146px; } th.took { width: 86px; }
td.took, th.took { text-align: right; }
th.status { width: 70px; } th.address { width: 150px; } th.path { width: 200px; } th.count { width: 70px; } th.attempts { width: 80px; }
th.actions { width: 170px; } td.actions { white-space: normal; }
td.wrap { white-space: normal; overflow-wrap: anywhere; }
td.kind, span.kind { color: var(--accent); }
.mark { display: inline-block; width: 1.2em; }
.done, .good { color: var(--good); }
.running, .retrying, .waiting, .collecting, .refused, .hint { color: var(--busy); }
.parked, .givenUp, .failed, .problem { color: var(--bad); }
.discarded, .faint { color: var(--faint); }
.empty { padding: 40px 16px; text-align: center; color: var(--faint); }
.empty code { display: inline-block; margin-top: 6px; }
code, pre, textarea, .tree { font-family: var(--mono); font-size: 12.5px; }
pre, textarea, .tree {
  margin: 0; padding: 8px 10px; background: var(--raised); border: 1px solid var(--line); border-radius: 6px; overflow: auto;
  white-space: pre-wrap; overflow-wrap: anywhere;
}
textarea { width: 100%; min-height: max(200px, 60vh); background: var(--back); resize: vertical; }
.tree details > div { padding-left: 16px; border-left: 1px solid var(--line); margin-left: 4px; }
.tree summary { cursor: pointer; }
.tree details[open] > summary > .braces { display: none; }
.tree .leaf { padding-left: 15px; }
.tree .key { color: var(--accent); } .tree .text { color: var(--good); } .tree .value { color: var(--busy); }
.top { display: flex; gap: 8px; align-items: flex-start; justify-content: space-between; }
.actionsRow { display: flex; flex-wrap: wrap; gap: 6px; margin: 10px 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 12px; margin: 0; }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
.lanes { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 440px), 1fr)); align-items: start; gap: 12px; padding: 12px 16px; }
.laneCard { border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; background: var(--raised); min-width: 0; }
.laneCard h2 .faint { font-weight: 400; }
.laneCard ol {
  list-style: none; margin: 6px 0 0; padding: 0; display: grid; grid-template-columns: auto auto 1fr auto; column-gap: 10px;
  font-variant-numeric: tabular-nums;
}
.laneCard li { display: grid; grid-column: 1 / -1; grid-template-columns: subgrid; padding: 2px 0; }
.laneCard li button { text-align: left; }
.laneCard li span { white-space: nowrap; }
.laneCard li .what { overflow: hidden; text-overflow: ellipsis; }
.report { padding: 12px 16px; max-width: 900px; }
.report li { margin: 6px 0; }
.report ul { list-style: none; padding: 0; }
dialog { border: 1px solid var(--line); border-radius: 10px; background: var(--back); color: var(--text); width: min(760px, 94vw); }
dialog h2, dialog dl { margin-bottom: 12px; }
dialog dl { gap: 5px 16px; }
dialog::backdrop { background: rgb(0 0 0 / 0.45); }
kbd { font-family: var(--mono); background: var(--raised); border: 1px solid var(--line); border-radius: 4px; padding: 0 5px; }
#notice {
  position: fixed; bottom: 16px; left: 50%; transform: translateX(-50%); background: var(--text); color: var(--back);
  padding: 6px 14px; border-radius: 6px; max-width: 90vw;
}
/* The list loses its least useful columns first, whether the window or the open delivery takes its room. */
@container (min-width: 1600px) { th.kind, th.chat, th.sender { width: 200px; } th.lane { width: 160px; } }
@container (max-width: 1400px) { .deliveries .sender { display: none; } }
@container (max-width: 1080px) { .deliveries .lane { display: none; } }
@container (max-width: 920px) { .deliveries .chat { display: none; } .refusals .address { width: 118px; } .refusals .path { width: 130px; } }
@container (max-width: 780px) { .deliveries .answer { display: none; } th.kind { width: 128px; } th.number { width: 48px; } }
@container (max-width: 700px) {
  .deliveries .kind, .parkedRows .kind { display: none; }
  .deliveries td.what::before { content: attr(data-kind); color: var(--accent); }
  .refusals .count { width: 62px; } .parkedRows .attempts { display: none; } th.state { width: 176px; }
}
@container (max-width: 580px) { .refusals .address { display: none; } th.actions { width: 96px; } }
@container (max-width: 460px) { .deliveries .took { display: none; } th.state { width: 130px; } }
@media (max-width: 820px) {
  main.split { flex-direction: column; }
  main.split #detail { flex: 0 0 58%; border-left: 0; border-top: 1px solid var(--line); }
  header, nav { padding-inline: 8px; gap: 4px 10px; }
  #tabs button { padding: 6px 7px; }
  input[type="search"] { width: 130px; }
  #theme::before { content: none; }
  h1 span { display: none; }
}
@media (prefers-reduced-motion: no-preference) {
  .running .mark { animation: pulse 1.2s ease-in-out infinite; }
  @keyframes pulse { 50% { opacity: 0.35; } }
}
`;
export const PAGE_SCRIPT: string = `"use strict";
(() => {
  // src/inspector/page/dom.ts
  function element(name, className = "", ...children) {
    const made = document.createElement(name);
    if (className !== "") made.className = className;
    made.append(...children);
    return made;
  }
  function button(label, onClick, className = "") {
    const made = element("button", className, label);
    made.type = "button";
    made.addEventListener("click", (event) => {
      event.stopPropagation();
      onClick();
    });
    return made;
  }
  function find(id) {
    const found = document.getElementById(id);
    if (found === null) throw new Error(\`There is no #\${id}\`);
    return found;
  }
  function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }
  var OPEN_LEVELS = 3;
  function tree(value, key = "", level = 0) {
    const label = key === "" ? [] : [element("span", "key", key), ": "];
    if (typeof value !== "object" || value === null) {
      const kind = typeof value === "string" ? "text" : "value";
      return element("div", "leaf", ...label, element("span", kind, JSON.stringify(value) ?? "undefined"));
    }
    const entries = Object.entries(value);
    const brackets = Array.isArray(value) ? \`[\${entries.length}]\` : entries.length === 0 ? "{}" : "{…}";
    const details = element("details");
    details.open = level < OPEN_LEVELS;
    details.append(
      element(
        "summary",
        "",
        ...label,
        element("span", key === "" || Array.isArray(value) ? "faint" : "faint braces", brackets)
      )
    );
    const inner = element("div");
    details.append(inner);
    const fill = () => {
      if (inner.childElementCount === 0) {
        inner.append(...entries.map(([name, each]) => tree(each, name, level + 1)));
      }
    };
    if (details.open) fill();
    else details.addEventListener("toggle", fill, { once: true });
    return details;
  }

  // src/inspector/page/words.ts
  function stateText(row, now, ahead) {
    switch (row.state) {
      case "collecting":
        return \`collecting, \${row.parts.length} so far\`;
      case "waiting":
        return ahead === void 0 ? "waiting" : \`waiting behind #\${ahead.number}\`;
      case "running":
        return \`running \${seconds(now - row.since)}\`;
      case "retrying":
        if (row.until === void 0) return "failed, Telegram sends it again";
        return row.until > now ? \`retry in \${Math.ceil((row.until - now) / 1e3)} s\` : "retry is due";
      case "refused":
        return "refused, Telegram sends it again";
      case "parked":
        return row.attempts > 1 ? \`parked, attempt \${row.attempts}\` : "parked";
      case "givenUp":
        return "given up";
      case "discarded":
        return "discarded";
      case "done":
        return row.attempts > 1 ? \`done, attempt \${row.attempts}\` : "done";
    }
  }
  var MARKS = {
    collecting: "◔",
    waiting: "○",
    running: "▶",
    retrying: "↻",
    refused: "↻",
    parked: "✗",
    givenUp: "✗",
    discarded: "–",
    done: "✓"
  };
  function kindText(kind) {
    return kind.replace("_media_group", "_album").replaceAll("_", " ");
  }
  function isOver({ state: state2 }) {
    return state2 === "done" || state2 === "parked" || state2 === "givenUp" || state2 === "discarded";
  }
  function aheadOf(row, lane) {
    let ahead;
    for (const each of lane) if (each.number < row.number) ahead = each;
    return ahead;
  }
  function seconds(ms) {
    return \`\${(Math.max(0, ms) / 1e3).toFixed(1)} s\`;
  }
  function duration(ms) {
    if (ms === void 0) return "";
    if (ms < 0.1) return "< 0.1 ms";
    return ms < 10 ? \`\${ms.toFixed(1)} ms\` : ms < 1e3 ? \`\${Math.round(ms)} ms\` : seconds(ms);
  }
  function clock(at) {
    return new Date(at).toTimeString().slice(0, 8);
  }
  function matches(row, filter2) {
    if (filter2 === "") return true;
    const { number, kind, what, chat, sender, lane, state: state2, answer, error, updateId, parts } = row;
    const text = [
      \`#\${number}\`,
      kind,
      kindText(kind),
      what,
      chat,
      sender,
      lane,
      state2,
      answer,
      error,
      updateId,
      ...parts.map((each) => each.what)
    ].join(" ").toLowerCase();
    return filter2.toLowerCase().split(/\\s+/).every((word) => text.includes(word));
  }

  // src/inspector/page/deliveries.ts
  var COLUMNS = [
    ["number", "#"],
    ["time", "Time"],
    ["kind", "Kind"],
    ["what", "What"],
    ["chat", "Chat"],
    ["sender", "Sender"],
    ["lane", "Lane"],
    ["state", "State"],
    ["answer", "Answer"],
    ["took", "Took"]
  ];
  var DeliveriesView = class {
    root;
    #state;
    #open;
    #body;
    #empty;
    #hint;
    #drawn = /* @__PURE__ */ new Map();
    #filter = "";
    #chosen;
    constructor(state2, open2) {
      this.#state = state2;
      this.#open = open2;
      this.#body = element("tbody");
      const heads = COLUMNS.map(([name, title]) => {
        const head = element("th", name, title);
        head.scope = "col";
        return head;
      });
      const table2 = element(
        "table",
        "deliveries",
        element("thead", "", element("tr", "", ...heads)),
        this.#body
      );
      this.#hint = element("p", "");
      this.#empty = element("div", "empty", this.#hint);
      this.root = element("div", "", table2, this.#empty);
    }
    set filter(filter2) {
      this.#filter = filter2;
      for (const number of this.#state.rows.keys()) this.#state.changed.add(number);
      this.draw();
    }
    /** Draws what has changed. */
    draw() {
      const { rows, changed } = this.#state;
      const lanes = this.#state.lanes();
      for (const number of [...changed].sort((a, b) => a - b)) {
        const row = rows.get(number);
        if (row === void 0 || !matches(row, this.#filter)) this.#erase(number);
        else this.#drawRow(row, lanes);
      }
      changed.clear();
      this.#empty.hidden = this.#drawn.size > 0;
      if (!this.#empty.hidden) this.#drawHint();
      this.#drawTimes(lanes);
    }
    #drawHint() {
      const { rows, url } = this.#state;
      if (rows.size > 0) return this.#hint.replaceChildren("No delivery has these words.");
      const ways = url === void 0 ? [] : [", or try:", element("br"), element("code", "", \`telehook send \${url} --text /start\`)];
      this.#hint.replaceChildren("No delivery yet. Write to the bot", ...ways);
    }
    /** Draws what changes by itself, as time passes. */
    tick() {
      this.#drawTimes(this.#state.lanes());
    }
    /** Shows which delivery is open. */
    choose(number) {
      if (this.#chosen !== void 0) this.#drawn.get(this.#chosen)?.line.classList.remove("chosen");
      this.#chosen = number;
      const drawn = number === void 0 ? void 0 : this.#drawn.get(number);
      drawn?.line.classList.add("chosen");
      drawn?.line.scrollIntoView({ block: "nearest" });
    }
    /** The delivery above or below another one, or the newest. */
    next(number, step) {
      const shown = [...this.#body.children].flatMap(
        (line) => line instanceof HTMLTableRowElement && line.dataset.number ? [Number(line.dataset.number)] : []
      );
      const at = number === void 0 ? -1 : shown.indexOf(number);
      return at === -1 ? shown[0] : shown[Math.min(shown.length - 1, Math.max(0, at + step))];
    }
    #erase(number) {
      const drawn = this.#drawn.get(number);
      if (drawn === void 0) return;
      for (const each of [drawn.line, ...drawn.parts]) each.remove();
      this.#drawn.delete(number);
    }
    #drawRow(row, lanes) {
      const drawn = this.#drawn.get(row.number) ?? this.#insert(row);
      const { cells } = drawn;
      const repeats = row.repeats === 0 ? "" : \` (came \${row.repeats + 1} times)\`;
      const replay = row.replayOf === void 0 ? "" : \`replay of #\${row.replayOf}: \`;
      const texts = {
        time: clock(row.at),
        kind: kindText(row.kind),
        what: \`\${replay}\${row.what}\${repeats}\`,
        chat: row.chat,
        sender: row.sender,
        lane: row.lane,
        answer: row.answer,
        took: duration(row.durationMs)
      };
      for (const [name, text] of Object.entries(texts)) {
        const cell = cells[name];
        if (cell === void 0) continue;
        setText(cell, text);
        cell.title = name === "kind" ? row.kind : text;
      }
      const { what } = cells;
      if (what !== void 0 && row.kind !== "message" && row.parts.length === 0) {
        what.dataset.kind = \`\${kindText(row.kind)} · \`;
      } else delete what?.dataset.kind;
      this.#drawState(row, drawn, lanes);
      this.#drawParts(row, drawn);
    }
    #drawState(row, drawn, lanes) {
      const ahead = row.state === "waiting" ? aheadOf(row, lanes.get(row.lane) ?? []) : void 0;
      const text = stateText(row, this.#state.now, ahead);
      const { state: state2 } = drawn.cells;
      if (state2 === void 0) return;
      state2.className = \`state \${row.state}\`;
      setText(drawn.mark, MARKS[row.state]);
      setText(drawn.stateWord, text);
      state2.title = text;
    }
    #drawTimes(lanes) {
      for (const lane of lanes.values()) {
        for (const row of lane) {
          const drawn = this.#drawn.get(row.number);
          if (drawn !== void 0 && !isOver(row)) this.#drawState(row, drawn, lanes);
        }
      }
    }
    /** The parts of a media group, and what went wrong, are lines of their own below a delivery. */
    #drawParts(row, drawn) {
      const lines = row.parts.map(
        (part, index) => this.#partLine(row, \`\${index + 1}. \${part.what}\`, clock(part.at))
      );
      if (row.complete !== "") lines.push(this.#partLine(row, \`complete: \${row.complete}\`, ""));
      if (row.error !== "" && row.state !== "done") {
        lines.push(this.#partLine(row, row.error, "", row.state));
      }
      if (lines.length + drawn.parts.length === 0) return;
      for (const each of drawn.parts) each.remove();
      drawn.line.after(...lines);
      drawn.parts = lines;
    }
    #partLine(row, text, time, state2 = "") {
      const texts = { time, what: text };
      const line = element(
        "tr",
        \`part \${state2}\`,
        ...COLUMNS.map(([name]) => element("td", name, texts[name] ?? ""))
      );
      line.title = text;
      line.addEventListener("click", () => this.#open(row.number));
      return line;
    }
    #insert(row) {
      const cells = {};
      for (const [name] of COLUMNS) cells[name] = element("td", name);
      const mark = element("span", "mark");
      const stateWord = element("span");
      cells.state?.append(mark, stateWord);
      cells.number?.append(String(row.number));
      const line = element("tr", row.number === this.#chosen ? "chosen" : "", ...Object.values(cells));
      line.dataset.number = String(row.number);
      line.addEventListener("click", () => this.#open(row.number));
      const drawn = { line, cells, mark, stateWord, parts: [] };
      let before = this.#body.firstElementChild;
      while (before instanceof HTMLTableRowElement && !(Number(before.dataset.number) < row.number)) {
        before = before.nextElementSibling;
      }
      this.#body.insertBefore(line, before);
      this.#drawn.set(row.number, drawn);
      return drawn;
    }
  };

  // src/inspector/page/copied.ts
  function commandsOf({ updates, url, headers }) {
    const hasSecret = headers !== void 0 && "x-telegram-bot-api-secret-token" in headers;
    const start = hasSecret ? 'WEBHOOK_SECRET="the secret token" telehook send' : "telehook send";
    const end = hasSecret ? "" : " --no-secret";
    return updates.map(
      (update) => \`\${start} \${quoted(url)} --file -\${end} <<'UPDATE'
\${JSON.stringify(update)}
UPDATE
\`
    ).join("");
  }
  function testOf({ updates, reply, row }) {
    const isGroup = updates.length > 1;
    const pass = isGroup ? \`  for (const update of \${indented(updates)}) await hook.receive(update as Update);
  await hook.close(); // completes the media group
\` : \`  const reply = await hook.receive(\${indented(updates[0])} as Update);
  assert.deepEqual(reply, \${reply === void 0 ? "undefined" : indented(reply)});
  await hook.close();
\`;
    return \`\${isGroup ? "" : 'import assert from "node:assert/strict";\\n'}import { test } from "node:test";
import { type Update, webhook } from "telehook";
import { bot } from "./bot.ts"; // your handlers

test(\${JSON.stringify(\`\${row.kind}: \${row.what}\`)}, async () => {
  const hook = webhook(bot, { secretToken: null });
\${pass}});
\`;
  }
  function indented(value) {
    return JSON.stringify(value, null, 2).replaceAll("\\n", "\\n  ");
  }
  function quoted(text) {
    return /^[\\w:/.@%+,=-]+$/.test(text) ? text : \`'\${text.replaceAll("'", "'\\\\''")}'\`;
  }

  // src/inspector/page/state.ts
  var State = class {
    rows = /* @__PURE__ */ new Map();
    refusals = /* @__PURE__ */ new Map();
    totals;
    /** Where \`telehook send\` sends to; \`undefined\` if the bot polls. */
    url;
    /** Rows that have changed since the page was drawn. */
    changed = /* @__PURE__ */ new Set();
    #clockOffset = 0;
    /** The time on the server's clock. */
    get now() {
      return Date.now() + this.#clockOffset;
    }
    apply(changes) {
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
    lanes() {
      const lanes = /* @__PURE__ */ new Map();
      for (const row of this.rows.values()) {
        if (isOver(row)) continue;
        const lane = lanes.get(row.lane);
        if (lane === void 0) lanes.set(row.lane, [row]);
        else lane.push(row);
      }
      return lanes;
    }
  };
  async function ask(path, body) {
    const response = await fetch(
      path,
      body === void 0 ? {} : { method: "POST", body: JSON.stringify(body) }
    );
    if (!response.ok) throw new Error((await response.text()).trim());
    return await response.json();
  }

  // src/inspector/page/detail.ts
  var SECRET_HEADER = "x-telegram-bot-api-secret-token";
  var DetailView = class {
    #root;
    #state;
    #notify;
    #onClose;
    #number;
    #detail;
    #isEditing = false;
    /** What is shown, to draw it again only when it has changed. */
    #shown = "";
    constructor(root, state2, notify2, onClose) {
      this.#root = root;
      this.#state = state2;
      this.#notify = notify2;
      this.#onClose = onClose;
    }
    get number() {
      return this.#number;
    }
    get isEditing() {
      return this.#isEditing;
    }
    async open(number) {
      if (number !== this.#number) this.#isEditing = false;
      this.#number = number;
      this.#shown = "";
      this.#root.hidden = number === void 0;
      this.#root.parentElement?.classList.toggle("split", number !== void 0);
      if (number === void 0) {
        this.#root.replaceChildren();
        return;
      }
      await this.refresh();
    }
    /** Asks again, after the delivery has changed. */
    async refresh() {
      const number = this.#number;
      if (number === void 0 || this.#isEditing) return;
      try {
        const detail2 = await ask(\`delivery/\${number}\`);
        if (number !== this.#number || this.#isEditing) return;
        this.#detail = detail2;
        const shown = JSON.stringify(detail2);
        if (shown === this.#shown) return;
        this.#shown = shown;
        this.#draw(detail2);
      } catch (error) {
        this.#notify(messageOf(error));
      }
    }
    async replay(updates) {
      if (this.#number === void 0) return;
      await this.#act("replay", { number: this.#number, updates }, "Replayed: it is the newest delivery");
    }
    edit() {
      if (this.#detail === void 0) return;
      this.#isEditing = true;
      const { updates, row } = this.#detail;
      const area = element("textarea");
      area.value = JSON.stringify(updates.length === 1 ? updates[0] : updates, null, 2);
      area.spellcheck = false;
      area.setAttribute("aria-label", "The update as JSON");
      const send = async () => {
        let value;
        try {
          value = JSON.parse(area.value);
        } catch (error) {
          return this.#notify(\`This is not JSON: \${messageOf(error)}\`);
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
        element("h2", "", \`Edit #\${row.number} and replay it\`),
        element("p", "faint", "It gets a new update_id, so that it does not count as a duplicate."),
        element(
          "div",
          "actionsRow",
          button("Replay (Ctrl+Enter)", () => void send(), "main"),
          button("Cancel (Esc)", () => void this.stopEditing())
        ),
        area
      );
      area.focus();
      area.setSelectionRange(0, 0);
      area.scrollTop = 0;
    }
    async stopEditing() {
      this.#isEditing = false;
      this.#shown = "";
      await this.refresh();
    }
    async copyCommand() {
      if (this.#detail?.url === void 0) return;
      await this.#copy(commandsOf({ ...this.#detail, url: this.#detail.url }), "The command is copied");
    }
    async copyTest() {
      if (this.#detail !== void 0) await this.#copy(testOf(this.#detail), "The test is copied");
    }
    /** The state in words changes as time passes. */
    tick() {
      const row = this.#number === void 0 ? void 0 : this.#state.rows.get(this.#number);
      const word = this.#root.querySelector(".stateWord");
      if (row !== void 0 && word !== null) word.textContent = this.#stateOf(row);
    }
    #stateOf(row) {
      return \`\${MARKS[row.state]} \${stateText(row, this.#state.now, void 0)}\`;
    }
    #draw(detail2) {
      const { row, updates, headers, attempts, reply, replySent } = detail2;
      const facts = [
        ["state", element("span", \`stateWord \${row.state}\`, this.#stateOf(row))],
        ["update_id", String(row.updateId)],
        ["received", clock(row.at)],
        ["lane", row.lane],
        ["answer", row.answer || "none yet"]
      ];
      if (row.chat !== "") facts.push(["chat", row.chat]);
      if (row.sender !== "") facts.push(["sender", row.sender]);
      if (row.durationMs !== void 0) facts.push(["took", duration(row.durationMs)]);
      if (row.repeats > 0) facts.push(["came again", \`\${row.repeats} times\`]);
      if (row.replayOf !== void 0) facts.push(["replay of", \`#\${row.replayOf}\`]);
      if (row.complete !== "") facts.push(["complete", row.complete]);
      const actions = [
        button("Replay (r)", () => void this.replay(), "main"),
        button("Edit (e)", () => this.edit()),
        ...detail2.url === void 0 ? [] : [button("Copy command (c)", () => void this.copyCommand())],
        button("Copy test (x)", () => void this.copyTest())
      ];
      this.#root.replaceChildren(
        element(
          "div",
          "top",
          element("h2", "", \`#\${row.number} \`, element("span", "kind", row.kind), \` \${row.what}\`),
          button("✕", this.#onClose)
        ),
        element("div", "actionsRow", ...actions),
        definitions(facts)
      );
      if (attempts.length > 0) {
        this.#section(
          "Attempts",
          ...attempts.map(({ number, at, durationMs, outcome, error }) => {
            const line = element(
              "p",
              outcome === "handled" ? "good" : outcome === "failed" ? "problem" : "hint"
            );
            line.append(\`\${number}. \${outcome} at \${clock(at)}, \${duration(durationMs)}\`);
            return error === "" ? line : element("div", "", line, element("pre", "", error));
          })
        );
      }
      if (reply !== void 0) this.#section(\`Reply, \${replySent}\`, element("div", "tree", tree(reply)));
      else if (replySent !== "") this.#section("Reply", element("p", "", replySent));
      this.#section(
        updates.length === 1 ? "Update" : \`The updates of \${updates.length} parts\`,
        element("div", "tree", ...updates.map((each) => tree(each)))
      );
      this.#section(
        "Request headers",
        headers === void 0 ? element(
          "p",
          "faint",
          row.replayOf === void 0 ? "It did not come as a request." : "None: it is a replay."
        ) : definitions([
          [
            "secret token",
            SECRET_HEADER in headers ? element("span", "good", "✓") : element("span", "faint", "✗ none")
          ],
          ...Object.entries(headers).filter(([name]) => name !== SECRET_HEADER)
        ])
      );
    }
    #section(title, ...content) {
      this.#root.append(element("h3", "", title), ...content);
    }
    async #act(path, body, done) {
      try {
        await ask(path, body);
        this.#notify(done);
        return true;
      } catch (error) {
        this.#notify(messageOf(error));
        return false;
      }
    }
    async #copy(text, done) {
      try {
        await navigator.clipboard.writeText(text);
        this.#notify(done);
      } catch {
        const area = element("textarea");
        area.value = text;
        area.readOnly = true;
        const dialog2 = document.querySelector("dialog");
        dialog2?.replaceChildren(element("p", "", "Copy this:"), area);
        dialog2?.showModal();
        area.select();
      }
    }
  };
  function definitions(facts) {
    return element(
      "dl",
      "",
      ...facts.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)])
    );
  }
  function messageOf(error) {
    return error instanceof Error ? error.message : String(error);
  }

  // src/inspector/page/others.ts
  function lanesView(state2, filter2, open2) {
    const lanes = [...state2.lanes()].filter(([, rows]) => rows.some((row) => matches(row, filter2)));
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
          \`\${rows.length === 1 ? "1 delivery" : \`\${rows.length} deliveries\`} since \${clock(first?.at ?? 0)}\`
        ];
        const title = element(
          "h2",
          "",
          \`\${name || "unknown"} \`,
          element("span", "faint", about.filter((each) => each !== "").join(" · "))
        );
        return element(
          "div",
          "laneCard",
          title,
          element("ol", "", ...rows.map((row, i) => laneLine(row, rows[i - 1], state2, open2)))
        );
      })
    );
  }
  function laneLine(row, ahead, state2, open2) {
    const word = element(
      "span",
      \`\${row.state} live\`,
      \`\${MARKS[row.state]} \${stateText(row, state2.now, ahead)}\`
    );
    word.dataset.number = String(row.number);
    word.dataset.ahead = String(ahead?.number ?? "");
    return element(
      "li",
      "",
      button(\`#\${row.number}\`, () => open2(row.number)),
      word,
      element("span", "what", row.what),
      element("span", "faint", \`since \${clock(row.since)}\`)
    );
  }
  function tickLanes(root, state2) {
    for (const word of root.querySelectorAll(".live")) {
      const row = state2.rows.get(Number(word.dataset.number));
      if (row === void 0) continue;
      const ahead = state2.rows.get(Number(word.dataset.ahead));
      setText(word, \`\${MARKS[row.state]} \${stateText(row, state2.now, ahead)}\`);
    }
  }
  function refusalsView(state2, filter2) {
    const words = filter2.toLowerCase();
    const found = [...state2.refusals.values()].reverse().filter((each) => JSON.stringify(each).toLowerCase().includes(words));
    if (found.length === 0) return element("p", "empty", "No delivery was refused.");
    return table(
      "refusals",
      [["time", "Time"], ["status", "Status"], ["reason", "Reason"], ["address", "Address"], ["path", "Path"], [
        "count",
        "Times"
      ]],
      found.map(({ at, status, reason, address, path, count }) => [
        clock(at),
        element("span", "problem", \`✗ \${status}\`),
        reason,
        address,
        path,
        String(count)
      ])
    );
  }
  function parkedView(parked, filter2, act, open2) {
    if (parked.length === 0) return element("p", "empty", "Nothing is parked.");
    const words = filter2.toLowerCase();
    const rows = parked.filter((each) => JSON.stringify(each).toLowerCase().includes(words));
    return table(
      "parkedRows",
      [["number", "#"], ["time", "Parked"], ["kind", "Kind"], ["what", "What"], ["attempts", "Attempts"], [
        "error",
        "Error"
      ], ["actions", ""]],
      rows.map(({ id, number, parkedAt, kind, what, attempts, error }) => [
        number === void 0 ? "" : button(\`#\${number}\`, () => open2(number)),
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
          button("Discard", () => act("discard", id))
        )
      ])
    );
  }
  function telegramView(report, again) {
    if (report === void 0) return element("p", "empty", "Asking Telegram …");
    const marks = { problem: "✗", hint: "!", good: "✓" };
    const lines = report.findings.map(
      ({ severity, text, advice }) => element(
        "li",
        "",
        element("span", severity, \`\${marks[severity] ?? ""} \${text}\`),
        ...advice === void 0 ? [] : [element("div", "faint", \`→ \${advice}\`)]
      )
    );
    const root = element("div", "report", button("Ask again", again));
    if (report.error !== "") root.append(element("p", "problem", report.error));
    root.append(element("ul", "", ...lines));
    if (report.info !== void 0) {
      root.append(element("h3", "", "getWebhookInfo"), element("div", "tree", tree(report.info)));
    }
    return root;
  }
  function table(name, columns, rows) {
    const heads = columns.map(([column, title]) => element("th", column, title));
    const lines = rows.map(
      (cells) => element("tr", "", ...cells.map((cell, i) => element("td", \`\${columns[i]?.[0] ?? ""} wrap\`, cell)))
    );
    return element(
      "table",
      name,
      element("thead", "", element("tr", "", ...heads)),
      element("tbody", "", ...lines)
    );
  }

  // src/inspector/page/main.ts
  var TABS = ["Deliveries", "Lanes", "Refusals", "Parked", "Telegram"];
  var KEYS = [
    ["j k ↓ ↑", "next and previous delivery"],
    ["Enter", "open the newest delivery"],
    ["r", "replay it"],
    ["e", "edit it and replay it"],
    ["c", "copy it as a telehook send command"],
    ["x", "copy it as a test"],
    ["1 … 5", "deliveries, lanes, refusals, parked, Telegram"],
    ["/", "filter"],
    ["t", "theme"],
    ["Esc", "close"]
  ];
  var state = new State();
  var view = find("view");
  var filter = find("filter");
  var dialog = find("dialog");
  var deliveries = new DeliveriesView(state, (number) => void open(number));
  var detail = new DetailView(find("detail"), state, notify, () => void open(void 0));
  var tab = "Deliveries";
  var isDrawing = false;
  var noticeTimer;
  var parkedCount = -1;
  function drawSoon() {
    if (isDrawing) return;
    isDrawing = true;
    requestAnimationFrame(() => {
      isDrawing = false;
      draw();
    });
  }
  function draw() {
    drawTotals();
    deliveries.draw();
    if (tab === "Lanes") view.replaceChildren(lanesView(state, filter.value, showDelivery));
    if (tab === "Refusals") view.replaceChildren(refusalsView(state, filter.value));
  }
  function drawTotals() {
    const { totals } = state;
    if (totals === void 0) return;
    const { status, running, stored, handled, failed } = totals;
    const health = element(
      "span",
      status === "ok" ? "good" : "problem",
      status === "ok" ? "✓ ok" : \`✗ \${status}\`
    );
    const counts = Object.entries({ running, stored, handled, failed }).map(([name, count]) => element("span", "", element("b", "", String(count)), \` \${name}\`));
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
      Parked: parked
    });
  }
  function drawTabs(counts = {}) {
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
      if (count && counts[name] !== void 0) count.textContent = String(counts[name]);
    }
  }
  function show(name) {
    tab = name;
    filter.hidden = name === "Telegram";
    drawTabs();
    if (name === "Deliveries") view.replaceChildren(deliveries.root);
    else if (name === "Parked") void showParked();
    else if (name === "Telegram") void showTelegram();
    draw();
  }
  async function showParked() {
    try {
      const rows = await ask("parked");
      const act = (path, id) => {
        const done = path === "discard" ? "Discarded" : "Replayed";
        ask(path, { id }).then(() => notify(done), (error) => notify(messageOf(error))).finally(showParked);
      };
      if (tab === "Parked") view.replaceChildren(parkedView(rows, filter.value, act, showDelivery));
    } catch (error) {
      notify(messageOf(error));
    }
  }
  async function showTelegram() {
    view.replaceChildren(telegramView(void 0, () => {
    }));
    const report = await ask("telegram").catch((error) => ({ findings: [], info: void 0, error: messageOf(error) }));
    if (tab === "Telegram") view.replaceChildren(telegramView(report, () => void showTelegram()));
  }
  function showDelivery(number) {
    show("Deliveries");
    void open(number);
  }
  async function open(number) {
    deliveries.choose(number);
    await detail.open(number);
    deliveries.choose(number);
  }
  function notify(text) {
    const notice = find("notice");
    notice.textContent = text;
    notice.hidden = false;
    clearTimeout(noticeTimer);
    noticeTimer = setTimeout(() => notice.hidden = true, 4e3);
  }
  var THEMES = ["system", "light", "dark"];
  function nextTheme() {
    const { dataset } = document.documentElement;
    const theme = THEMES[(THEMES.indexOf(dataset.theme ?? "system") + 1) % THEMES.length] ?? "system";
    if (theme === "system") delete dataset.theme;
    else dataset.theme = theme;
    find("theme").textContent = theme;
  }
  function showKeys() {
    const lines = KEYS.flatMap(([keys = "", what = ""]) => [
      element("dt", "", ...keys.split(" ").flatMap((key) => [element("kbd", "", key), " "])),
      element("dd", "", what)
    ]);
    dialog.replaceChildren(
      element("h2", "", "Keys"),
      element("dl", "", ...lines),
      button("Close", () => dialog.close())
    );
    dialog.showModal();
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
    if (event.key === "Escape") {
      if (isTyping) filter.blur();
      else void open(void 0);
      return;
    }
    if (isTyping) return;
    const action = actionOf(event.key, event.target);
    if (action === void 0) return;
    event.preventDefault();
    action();
  });
  function actionOf(key, target) {
    const isOpen = detail.number !== void 0 && !detail.isEditing;
    const onButton = target instanceof HTMLButtonElement || target instanceof HTMLElement && target.tagName === "SUMMARY";
    switch (key) {
      case "j":
      case "ArrowDown":
        return () => void open(deliveries.next(detail.number, 1));
      case "k":
      case "ArrowUp":
        return () => void open(deliveries.next(detail.number, -1));
      case "Enter":
        return onButton ? void 0 : () => void open(deliveries.next(void 0, 1));
      case "r":
        return isOpen ? () => void detail.replay() : void 0;
      case "e":
        return isOpen ? () => detail.edit() : void 0;
      case "c":
        return isOpen ? () => void detail.copyCommand() : void 0;
      case "x":
        return isOpen ? () => void detail.copyTest() : void 0;
      case "t":
        return nextTheme;
      case "/":
        return () => filter.focus();
      case "?":
        return showKeys;
    }
    const chosen = TABS[Number(key) - 1];
    return chosen === void 0 ? void 0 : () => show(chosen);
  }
  function connect() {
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
      const changes = JSON.parse(message.data);
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
})();
`;
