/*
 * The proof of the guarantees: a sender that behaves as Telegram, on a network with faults, delivers the updates of many
 * chats, a fifth of them parts of albums, to several processes of one bot that share a store; one of them is killed with
 * SIGKILL every second and started again.
 *
 *     node --import tsx bench/soak.ts [--store sqlite,redis] [--processes 3] [--updates 30000] [--chats 1000]
 *         [--runtime node24|deno|bun|node] [--every 1000] [--seed 1] [--no-faults]
 *         [--store-faults 200] [--restart-every 10000]
 *
 * Stores: memory (one process, which is not killed), sqlite, redis, postgres. A server is the one that `.ci/servers start`
 * names. By default sqlite, and each server that is there.
 *
 * With `--store-faults`, each process reaches the server through a network that drops one request in as many, before or
 * after the server has got it, and drops, cuts in half or delays as many answers. With `--restart-every` (milliseconds, on
 * average), the server is one of this bench's own, which writes everything to the disk before it confirms, and is killed
 * with SIGKILL and started again.
 *
 * At the end, from the processes' journal: no update is lost or out of order in its chat, every album is whole, no two
 * updates of a chat were ever handled at the same time, and nothing is left in the store but what it remembers on purpose.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Delivery, freePort, startTestBotApi } from "../src/testing/mod.ts";
import { startPostgres } from "../tests/postgres/postgres_server.ts";
import { startRedis, type TestRedis } from "../tests/redis/redis_server.ts";
import { randomNumbers } from "../tests/random_numbers.ts";
import { type BadNetwork, badNetwork } from "../tests/store/bad_network.ts";
import { run } from "./child.ts";
import { machine, table } from "./machine.ts";
import { runtimeCommand } from "./runtimes.ts";
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
    "store-faults": { type: "string", default: "0" }, // one in so many; 0 for none
    "restart-every": { type: "string", default: "0" }, // milliseconds, on average; 0 for never
  },
});
const updates = Number(values.updates);
const chats = Number(values.chats);
const CONNECTIONS = 40;
const SECRET = "soak-secret";
/** Time runs faster for the sender: its pauses of 2, 4, 8 … seconds after a failure become 40, 80, 160 … milliseconds. */
const TIME_SCALE = 50;
const [program = "", ...args] = runtimeCommand(values.runtime);
const oneInFails = Number(values["store-faults"]);
const restartEveryMs = Number(values["restart-every"]);
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

/** The server of a store, and what happens to it and to the network before it. */
class StoreServer {
  restarts = 0;
  readonly #variable: string | undefined;
  readonly #own: TestRedis | undefined; // PostgreSQL's has the same methods
  readonly #networks: BadNetwork[];
  #isOver = false;
  #restarting: Promise<void> | undefined;

  private constructor(
    variable: string | undefined,
    own: TestRedis | undefined,
    networks: BadNetwork[],
  ) {
    this.#variable = variable;
    this.#own = own;
    this.#networks = networks;
  }

  static async start(store: string, processes: number): Promise<StoreServer> {
    const variable = SERVERS[store];
    const own = variable === undefined || restartEveryMs === 0
      ? undefined
      : store === "redis"
      ? await startRedis("--appendfsync", "always")
      : await startPostgres("fsync=on");
    const networks: BadNetwork[] = [];
    if (variable !== undefined && oneInFails > 0) {
      for (let i = 0; i < processes; i++) {
        const network = await badNetwork(
          own?.url ?? process.env[variable] ?? "",
          randomNumbers(Number(values.seed) + i),
        );
        networks.push(
          Object.assign(network, {
            failing: 1 / oneInFails,
            failingRequests: 1 / oneInFails,
            delayMs: 1_000,
          }),
        );
      }
    }
    return new StoreServer(variable, own, networks);
  }

  /** What the network did to requests and answers. */
  get faults(): number {
    return this.#networks.reduce((sum, { hits }) => sum + hits, 0);
  }

  /** How a process of the bot finds the server; without its number, how one does for whom nothing fails. */
  env(i?: number): Record<string, string> {
    const url = (i === undefined ? undefined : this.#networks[i]?.url) ?? this.#own?.url;
    return this.#variable === undefined || url === undefined ? {} : { [this.#variable]: url };
  }

  restartNowAndThen(): void {
    if (this.#own === undefined) return;
    this.#restarting = (async () => {
      for (let left = restartEveryMs; !this.#isOver; left -= 100) {
        await sleep(100);
        if (left > 0) continue;
        await this.#own?.restart();
        this.restarts++;
        left = restartEveryMs * (0.5 + Math.random());
      }
    })();
  }

  async noMoreFaults(): Promise<void> {
    this.#isOver = true;
    await this.#restarting;
    for (const network of this.#networks) network.failing = network.failingRequests = 0;
  }

  async end(): Promise<void> {
    for (const network of this.#networks) network.close();
    await this.#own?.kill();
  }
}

interface Result extends Findings {
  readonly store: string;
  readonly processes: number;
  readonly kills: number;
  readonly faults: number;
  readonly storeFaults: number;
  readonly restarts: number;
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
  const server = await StoreServer.start(store, count);
  const telegram = await startTestBotApi({ timeScale: TIME_SCALE });
  const url = `http://127.0.0.1:${ports[0]}/soak`;
  telegram.network.route(new URL(url).host, ports.map((port) => `127.0.0.1:${port}`));
  const processes = new Processes(
    count,
    (i, run) =>
      spawn(program, [...args, script, store, place, String(ports[i]), journal, SECRET, run], {
        stdio: ["pipe", "ignore", "inherit"], // it ends with this process
        env: { ...process.env, ...server.env(i) },
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
  server.restartNowAndThen();
  for (const update of conversation(roll)) {
    story.set(update.update_id, { chat: update.message.chat.id, album: update.message.media_group_id });
    deliveries.set(update.update_id, telegram.deliver(update));
    if (telegram.pending > 20_000) await sleep(100);
  }
  while (telegram.pending > 0) {
    await sleep(500);
    if (process.stdout.isTTY) {
      process.stdout.write(
        `\r${store}: ${telegram.pending} to go, ${processes.kills} kills, ${server.restarts} restarts `,
      );
    }
  }
  await processes.noMoreKills();
  await server.noMoreFaults();
  // What was acknowledged may still be on its way to its handler, which fails now and then: up to a minute between attempts.
  const read = () => judge(readFileSync(journal, "utf8"), story);
  for (const deadline = performance.now() + 150_000; performance.now() < deadline && read().lost > 0;) {
    await sleep(1_000);
  }
  await sleep(1_000);
  await processes.end();
  await telegram.close();
  const left = isDurable
    ? await run([program, ...args, script, store, place], server.env())
    : JSON.stringify({ updates: 0, parked: 0, rows: [] });
  await server.end();
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
    ...{ storeFaults: server.faults, restarts: server.restarts },
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
  row("faults of the store's network", ({ storeFaults }) => storeFaults),
  row("restarts of the store's server", ({ restarts }) => restarts),
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
  row("left in the store", ({ left }) => JSON.parse(left).updates + JSON.parse(left).rows.length),
  row("seconds", ({ seconds }) => seconds.toFixed(0)),
]));
for (const each of results) {
  const { store, kills, faults, storeFaults, restarts, twice, examples } = each;
  const found = [...examples.slice(0, 20), ...JSON.parse(each.left).rows.slice(0, 20)];
  if (found.length > 0) console.log(`\n${store}:\n${found.join("\n")}`);
  assert.equal(each.lost, 0, `${store}: every update is handled`);
  assert.equal(each.outOfOrder, 0, `${store}: each chat is in order`);
  assert.equal(each.split, 0, `${store}: every album is whole`);
  assert.equal(each.together, 0, `${store}: no two updates of a chat are handled at the same time`);
  const cuts = (kills + restarts) * CONNECTIONS + faults + storeFaults * CONNECTIONS;
  assert.ok(twice <= cuts, `${store}: only what a kill or a fault cut comes twice`);
  assert.deepEqual(each.violations, []);
  const { updates: stored, parked, rows } = JSON.parse(each.left);
  assert.deepEqual({ stored, parked, rows }, { stored: 0, parked: 0, rows: [] }, `${store}: nothing is left`);
}
console.log("\nEvery guarantee held.");
process.exit(0);
