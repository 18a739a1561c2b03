/*
 * The proof of the guarantees: a sender that behaves as Telegram delivers updates of many chats, a fifth of them parts of
 * albums, to a bot with a sqliteStore that is killed with SIGKILL every few seconds and started again.
 *
 *     node --import tsx bench/soak.ts [--updates 100000] [--chats 1000] [--runtime "deno run -A --no-check"] [--every 3000] [--seed 1]
 *
 * At the end, from the bot's journal: every update was handled at least once, in order within its chat, each album once and
 * whole unless its handling or its delivery was cut by a kill; and the number handled twice is at most what was in flight.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { freePort, startTestBotApi } from "../src/testing/mod.ts";
import { machine } from "./machine.ts";

const { values } = parseArgs({
  options: {
    updates: { type: "string", default: "100000" },
    chats: { type: "string", default: "1000" },
    runtime: { type: "string", default: "node24 --import tsx" },
    every: { type: "string", default: "3000" }, // milliseconds between kills, on average
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
});
const updates = Number(values.updates);
const chats = Number(values.chats);
const CONNECTIONS = 40;
const SECRET = "soak-secret";

let state = Number(values.seed);
function roll(below: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}

/** Who wrote what, in the order of update_id: texts, and albums of two to ten parts, a fifth of all updates being parts. */
function* conversation() {
  const waiting = new Map<number, number>(); // the chats that are sending an album: how many parts are left
  let album = 0;
  const albums = new Map<number, string>();
  for (let update_id = 1; update_id <= updates; update_id++) {
    let chat = 1 + roll(chats);
    const sending = [...waiting.keys()];
    if (sending.length > 0 && roll(5) === 0) chat = sending[roll(sending.length)] ?? chat;
    else if (!waiting.has(chat) && roll(25) === 0) {
      waiting.set(chat, 2 + roll(9));
      albums.set(chat, `1300000000000${++album}`);
    }
    const left = waiting.get(chat) ?? 0;
    if (left === 1) waiting.delete(chat);
    else if (left > 1) waiting.set(chat, left - 1);
    const media = left > 0
      ? { media_group_id: albums.get(chat), caption: `part ${left}` }
      : { text: `text ${update_id}` };
    yield {
      update_id,
      message: {
        message_id: update_id,
        date: Math.floor(Date.now() / 1000),
        chat: { id: chat, type: "private" },
        ...media,
      },
    };
  }
}

const directory = mkdtempSync(join(tmpdir(), "telehook-soak-"));
const journal = join(directory, "journal");
const port = await freePort();
const [program = "", ...args] = values.runtime.split(" ");
const script = fileURLToPath(new URL("soak_bot.ts", import.meta.url));

function startBot(): ChildProcess {
  const parameters = [String(port), join(directory, "updates.db"), journal, SECRET];
  return spawn(program, [...args, script, ...parameters], {
    stdio: ["ignore", "inherit", "inherit"].map((each, i) =>
      i === 1 ? "ignore" : each
    ) as ("ignore" | "inherit")[],
  });
}

const began = performance.now();
console.log(
  `${machine()}\nbot: ${values.runtime} · ${updates} updates of ${chats} chats · seed ${values.seed}`,
);
// Time runs faster for the sender: its delays of 2, 4, 8 … seconds after a failure become 40, 80, 160 … milliseconds.
const telegram = await startTestBotApi({ timeScale: 50 });
let bot = startBot();
const registered = await fetch(`${telegram.apiRoot}/bot${telegram.token}/setWebhook`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({
    url: `http://127.0.0.1:${port}/soak`,
    secret_token: SECRET,
    max_connections: CONNECTIONS,
  }),
});
assert.equal(registered.status, 200, await registered.text());

const story = new Map<number, { chat: number; album: string | undefined }>();
let kills = 0;
let over = false;
const killing = (async () => {
  while (!over) {
    await new Promise((resolve) => setTimeout(resolve, Number(values.every) * (0.5 + Math.random())));
    if (over) break;
    const ended = new Promise((resolve) => bot.once("exit", resolve));
    bot.kill("SIGKILL");
    await ended;
    kills++;
    bot = startBot();
  }
})();

for (const update of conversation()) {
  story.set(update.update_id, { chat: update.message.chat.id, album: update.message.media_group_id });
  telegram.deliver(update);
  if (telegram.pending > 20_000) await new Promise((resolve) => setTimeout(resolve, 100));
}
while (telegram.pending > 0) {
  await new Promise((resolve) => setTimeout(resolve, 500));
  if (globalThis.process.stdout.isTTY) {
    globalThis.process.stdout.write(`\r${telegram.pending} to go, ${kills} kills `);
  }
}
over = true;
await killing;

/** What the bot wrote: each call's ids, in the order in which the calls were done. */
function readJournal() {
  const lines = readFileSync(journal, "utf8").trim().split("\n").map((line) => line.split(" "));
  const done = lines.filter(([what]) => what === "done").map(([, ...ids]) => ids.map(Number));
  const count = (what: string) => lines.filter(([each]) => each === what).length;
  return { done, cut: count("began") - count("done") - count("threw"), threw: count("threw") };
}
// What was acknowledged may still be on its way to its handler.
const deadline = performance.now() + 60_000;
while (new Set(readJournal().done.flat()).size < updates && performance.now() < deadline) {
  await new Promise((resolve) => setTimeout(resolve, 500));
}
const { done, cut, threw } = readJournal();
bot.kill("SIGKILL");
await telegram.close();

const first = new Map<number, number>(); // update → the call that first was done with it
for (const [call, ids] of done.entries()) for (const id of ids) if (!first.has(id)) first.set(id, call);
const twice = done.flat().length - first.size;
const missing = [...story.keys()].filter((id) => !first.has(id));
const lastOf = new Map<number, number>();
let outOfOrder = 0;
for (const [id, { chat }] of story) {
  const call = first.get(id) ?? -1;
  if (call < (lastOf.get(chat) ?? -1)) outOfOrder++;
  lastOf.set(chat, call);
}
const callsOf = new Map<string, Set<number>>();
for (const [id, { chat, album }] of story) {
  if (album === undefined) continue;
  const calls = callsOf.get(`${chat} ${album}`) ?? new Set();
  callsOf.set(`${chat} ${album}`, calls.add(first.get(id) ?? -1));
}
const split = [...callsOf.values()].filter((calls) => calls.size > 1).length;
const inFlight = kills * CONNECTIONS;

console.log(`
kills with SIGKILL             ${kills}
updates handled                ${first.size} of ${updates}
handlers that threw            ${threw}
handlings cut by a kill        ${cut}
handled twice                  ${twice} (at most ${inFlight}: what was in flight at the kills)
out of order within a chat     ${outOfOrder}
albums                         ${callsOf.size}, of which in more than one piece: ${split}
violations of HTTP             ${telegram.violations.length}
seconds                        ${((performance.now() - began) / 1000).toFixed(0)}`);
assert.deepEqual(missing, [], "every update is handled at least once");
assert.equal(outOfOrder, 0, "each chat is in order");
assert.ok(twice <= inFlight, "only what was in flight at a kill is handled twice");
assert.ok(split <= inFlight, "only an album whose delivery a kill cut comes in pieces");
assert.deepEqual(telegram.violations, []);
rmSync(directory, { recursive: true });
console.log("\nEvery guarantee held.");
globalThis.process.exit(0);
