/*
 * The proof of the guarantees: a sender that behaves as Telegram, on a network with faults, delivers the updates of many
 * chats, a fifth of them parts of albums, to several processes of one bot that share a store; one of them is killed with
 * SIGKILL every second and started again.
 *
 *     node --import tsx bench/soak.ts [--store sqlite,redis] [--processes 3] [--updates 30000] [--chats 1000]
 *         [--runtime "deno run -A --no-check"] [--every 1000] [--seed 1] [--no-faults]
 *
 * Stores: memory (one process, which is not killed), sqlite, redis, postgres. A server is the one that `.ci/servers start`
 * names. By default sqlite, and each server that is there.
 *
 * At the end, from the processes' journal: no update is lost or out of order in its chat, every album is whole, no two
 * updates of a chat were ever handled at the same time, and nothing is left in the store.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Delivery, freePort, startTestBotApi } from "../src/testing/mod.ts";
import { machine, table } from "./machine.ts";
import { type Findings, judge, type Written } from "./soak_journal.ts";
import { QUIET_MS, SERVERS } from "./soak_store.ts";

const { values } = parseArgs({
  options: {
    store: { type: "string" },
    processes: { type: "string", default: "3" },
    updates: { type: "string", default: "30000" },
    chats: { type: "string", default: "1000" },
    runtime: { type: "string", default: "node24" },
    every: { type: "string", default: "1000" }, // milliseconds between kills, on average
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    "no-faults": { type: "boolean", default: false },
  },
});
const updates = Number(values.updates);
const chats = Number(values.chats);
const CONNECTIONS = 40;
const SECRET = "soak-secret";
/** Time runs faster for the sender: its pauses of 2, 4, 8 … seconds after a failure become 40, 80, 160 … milliseconds. */
const TIME_SCALE = 50;
const [program = "", ...args] = values.runtime.split(" ");
const script = fileURLToPath(new URL("soak_bot.ts", import.meta.url));
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Numbers that come again with the same seed. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Who wrote what, in the order of update_id: texts, and albums of two to ten parts, a fifth of all updates being parts. */
function* conversation(roll: (below: number) => number) {
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
    const date = Math.floor(Date.now() / 1000);
    yield {
      update_id,
      message: { message_id: update_id, date, chat: { id: chat, type: "private" }, ...media },
    };
  }
}

/** The processes of the bot, one of which is killed now and then. */
class Processes {
  kills = 0;
  readonly #children: ChildProcess[];
  readonly #start: (i: number, run: string) => ChildProcess;
  #isOver = false;
  #runs = 0;
  #killing: Promise<void> | undefined;

  constructor(count: number, start: (i: number, run: string) => ChildProcess) {
    this.#start = start;
    this.#children = Array.from({ length: count }, (_, i) => start(i, `run${++this.#runs}`));
  }

  killNowAndThen(everyMs: number): void {
    this.#killing = (async () => {
      while (!this.#isOver) {
        await sleep(everyMs * (0.5 + Math.random()));
        if (this.#isOver) break;
        const i = Math.floor(Math.random() * this.#children.length);
        await this.#kill(i);
        this.kills++;
        this.#children[i] = this.#start(i, `run${++this.#runs}`);
      }
    })();
  }

  async noMoreKills(): Promise<void> {
    this.#isOver = true;
    await this.#killing;
  }

  async end(): Promise<void> {
    await Promise.all(this.#children.map((_, i) => this.#kill(i)));
  }

  async #kill(i: number): Promise<void> {
    const child = this.#children[i];
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
      throw new Error("A process of the bot has exited unexpectedly");
    }
    const ended = new Promise((resolve) => child.once("exit", resolve));
    process.kill(child.pid, "SIGKILL");
    await ended;
  }
}

interface Result extends Findings {
  readonly store: string;
  readonly processes: number;
  readonly kills: number;
  readonly faults: number;
  readonly violations: readonly string[];
  readonly left: string;
  readonly seconds: number;
}

async function soak(store: string): Promise<Result> {
  const isDurable = store !== "memory";
  const count = isDurable ? Number(values.processes) : 1;
  const directory = mkdtempSync(join(tmpdir(), "telehook-soak-"));
  const journal = join(directory, "journal");
  const place = store === "sqlite" ? join(directory, "updates.db") : `soak-${process.pid}-${Date.now()}`;
  const ports: number[] = [];
  for (let i = 0; i < count; i++) ports.push(await freePort());
  const began = performance.now();
  const telegram = await startTestBotApi({ timeScale: TIME_SCALE });
  const url = `http://127.0.0.1:${ports[0]}/soak`;
  telegram.network.route(new URL(url).host, ports.map((port) => `127.0.0.1:${port}`));
  const processes = new Processes(
    count,
    (i, run) =>
      spawn(program, [...args, script, store, place, String(ports[i]), journal, SECRET, run], {
        stdio: ["ignore", "ignore", "inherit"],
      }),
  );
  const registered = await fetch(`${telegram.apiRoot}/bot${telegram.token}/setWebhook`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ url, secret_token: SECRET, max_connections: CONNECTIONS }),
  });
  assert.equal(registered.status, 200, await registered.text());

  const roll = dice(Number(values.seed));
  let faults = 0;
  if (!values["no-faults"]) {
    for (
      const [fault, oneIn] of [
        [{ breakConnection: "before request" }, 500],
        [{ breakConnection: "during request" }, 500],
        [{ breakConnection: "before answer" }, 500],
        [{ breakConnection: "during answer" }, 500],
        [{ breakConnection: "after answer" }, 500],
        [{ loseAnswer: true }, 500],
        [{ delayMs: 3_000 }, 500],
        [{ duplicate: true }, 500],
      ] as const
    ) {
      telegram.faults.add(fault, {
        times: Infinity,
        when: () => Math.random() * oneIn < 1 && ++faults > 0,
      });
    }
  }
  const story = new Map<number, Written>();
  const deliveries = new Map<number, Delivery>();
  if (isDurable) processes.killNowAndThen(Number(values.every));
  for (const update of conversation(roll)) {
    story.set(update.update_id, { chat: update.message.chat.id, album: update.message.media_group_id });
    deliveries.set(update.update_id, telegram.deliver(update));
    if (telegram.pending > 20_000) await sleep(100);
  }
  while (telegram.pending > 0) {
    await sleep(500);
    if (process.stdout.isTTY) {
      process.stdout.write(`\r${store}: ${telegram.pending} to go, ${processes.kills} kills `);
    }
  }
  await processes.noMoreKills();
  // What was acknowledged may still be on its way to its handler.
  const read = () => judge(readFileSync(journal, "utf8"), story);
  for (const deadline = performance.now() + 60_000; performance.now() < deadline && read().lost > 0;) {
    await sleep(1_000);
  }
  await sleep(1_000);
  const left = isDurable
    ? execFileSync(program, [...args, script, store, place], { encoding: "utf8" }).trim()
    : JSON.stringify({ updates: 0, lanes: 0, oldestMs: 0, parked: 0 });
  await processes.end();
  await telegram.close();
  /** Real milliseconds from when a part may have been stored to when the next one was acknowledged. */
  const gapMs = (part: number, next: number) => {
    const reached = deliveries.get(part)?.attempts.find(({ error }) => error !== "Connection refused");
    return ((deliveries.get(next)?.attempts.at(-1)?.endedAt ?? 0) - (reached?.sentAt ?? 0)) / TIME_SCALE;
  };
  const findings = judge(readFileSync(journal, "utf8"), story, (part, next) => gapMs(part, next) > QUIET_MS);
  if (process.env["KEEP"] === undefined) rmSync(directory, { recursive: true });
  return {
    ...findings,
    ...{ store, processes: count, kills: processes.kills, faults, left },
    violations: telegram.violations,
    seconds: (performance.now() - began) / 1000,
  };
}

const stores = values.store?.split(",") ??
  Object.keys(SERVERS).filter((each) => each === "sqlite" || process.env[SERVERS[each] ?? ""] !== undefined);
console.log(
  `${machine()}\n\nbot: ${values.runtime} · ${updates} updates of ${chats} chats · seed ${values.seed}\n`,
);
const results: Result[] = [];
for (const store of stores) results.push(await soak(store));
const row = (title: string, of: (result: Result) => unknown) => [title, ...results.map((r) => String(of(r)))];
console.log(table([
  row("store", ({ store }) => store),
  row("processes", ({ processes }) => processes),
  row("kills with SIGKILL", ({ kills }) => kills),
  row("faults of the network", ({ faults }) => faults),
  row("handlers that threw", ({ threw }) => threw),
  row("handlings cut by a kill", ({ cut }) => cut),
  row("leases lost", ({ leasesLost }) => leasesLost),
  row("**updates lost**", ({ lost }) => lost),
  row("**out of order within a chat**", ({ outOfOrder }) => outOfOrder),
  row("**albums in more than one piece**", ({ split, albums }) => `${split} of ${albums}`),
  row("albums that the sender interrupted for longer than `quietMs`", ({ interrupted }) => interrupted),
  row("**two updates of a chat at a time**", ({ together }) => together),
  row("one update twice at a time", ({ repeatedMeanwhile }) => repeatedMeanwhile),
  row("handled twice", ({ twice }) => twice),
  row("violations of HTTP", ({ violations }) => violations.length),
  row("left in the store", ({ left }) => (JSON.parse(left) as { updates: number }).updates),
  row("seconds", ({ seconds }) => seconds.toFixed(0)),
]));
for (const each of results) {
  const { store, kills, faults, twice, examples } = each;
  if (examples.length > 0) console.log(`\n${store}:\n${examples.slice(0, 20).join("\n")}`);
  assert.equal(each.lost, 0, `${store}: every update is handled`);
  assert.equal(each.outOfOrder, 0, `${store}: each chat is in order`);
  assert.equal(each.split, 0, `${store}: every album is whole`);
  assert.equal(each.together, 0, `${store}: no two updates of a chat are handled at the same time`);
  assert.ok(twice <= kills * CONNECTIONS + faults, `${store}: only what a kill or a fault cut comes twice`);
  assert.deepEqual(each.violations, []);
  const { updates: stored, parked } = JSON.parse(each.left) as { updates: number; parked: number };
  assert.deepEqual({ stored, parked }, { stored: 0, parked: 0 }, `${store}: nothing is left`);
}
console.log("\nEvery guarantee held.");
process.exit(0);
