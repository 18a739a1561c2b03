/*
 * Attacks that take longer than a test may: tests/attack has the rest.
 *
 *     node --import tsx bench/attack.ts [--runtime node24] [--only lock,disk] [--seed 100] [--histories 6]
 *
 * Each ends with an error if a promise is broken; the table says what was met.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { botHost } from "../mod.ts";
import { history, sharedMemory } from "../tests/attack/history.ts";
import { machine, median, table } from "./machine.ts";
import { judge, type Written } from "./soak_journal.ts";

const { values } = parseArgs({
  options: {
    runtime: { type: "string", default: "node24" },
    only: { type: "string" },
    seed: { type: "string", default: "100" },
    histories: { type: "string", default: "4" },
  },
});
const SCRIPT = fileURLToPath(new URL("attack_bot.ts", import.meta.url));
const runtime = values.runtime.split(" ");
const directory = mkdtempSync(join(tmpdir(), "telehook-attack-"));
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What the updates of an attack are, and the journal of the processes that got them. */
class Story {
  readonly #written = new Map<number, Written>();
  readonly journal: string = join(directory, `journal-${Math.random().toString(36).slice(2)}`);

  update(chat: number, more: { text?: string; media_group_id?: string } = {}): object {
    const update_id = this.#written.size + 1;
    this.#written.set(update_id, { chat, album: more.media_group_id });
    const message = {
      message_id: update_id,
      date: Math.floor(Date.now() / 1_000),
      chat: { id: chat, type: "private" },
    };
    return { update_id, message: { ...message, ...more } };
  }

  /** Waits until everything was handled. @throws If a promise was broken. */
  async held({ withinMs = 30_000, maySplit = false, mayRunBeside = false } = {}): Promise<string> {
    const found = () => judge(readFileSync(this.journal, "utf8"), this.#written);
    for (const until = performance.now() + withinMs; found().lost > 0 && performance.now() < until;) {
      await sleep(50);
    }
    const { lost, outOfOrder, split, together, twice, examples } = found();
    const broken = { lost, outOfOrder, split: maySplit ? 0 : split, together: mayRunBeside ? 0 : together };
    assert.deepEqual(broken, { lost: 0, outOfOrder: 0, split: 0, together: 0 }, examples.join("\n"));
    return `${this.#written.size} updates, 0 lost, 0 out of order${
      twice > 0 ? `, ${twice} handled twice` : ""
    }`;
  }
}

/** A process of the bot. */
class Bot {
  static readonly all: Bot[] = [];
  readonly #child: ChildProcess;
  readonly #listens: Promise<number>;
  readonly #ended: Promise<unknown>;
  port = 0;

  private constructor(args: readonly string[], shell: string) {
    const command = [...runtime, SCRIPT, ...args];
    this.#child = spawn("sh", ["-c", `${shell} exec "$0" "$@"`, ...command], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#listens = new Promise((resolve) =>
      this.#child.stdout?.on("data", (text) => resolve(Number(/"port":(\d+)/.exec(String(text))?.[1])))
    );
    Bot.all.push(this);
  }

  static async start(args: readonly string[], shell = ""): Promise<Bot> {
    const bot = new Bot(args, shell);
    bot.port = await bot.#listens;
    return bot;
  }

  /** @returns The status, 0 if there was no answer, and how long it took. */
  async post(update: object, withinMs = 20_000): Promise<{ status: number; text: string; ms: number }> {
    const began = performance.now();
    try {
      const answer = await fetch(`http://127.0.0.1:${this.port}/`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(update),
        signal: AbortSignal.timeout(withinMs),
      });
      return { status: answer.status, text: await answer.text(), ms: performance.now() - began };
    } catch {
      return { status: 0, text: "", ms: performance.now() - began };
    }
  }

  async report(): Promise<{ longestMs: number; reports: number; rss: number }> {
    const id = 1_000_000_000 + Math.floor(Math.random() * 1_000_000_000);
    const { text } = await this.post({
      update_id: id,
      message: { message_id: 1, date: 0, chat: { id: -id, type: "private" }, text: "report" },
    });
    return JSON.parse((JSON.parse(text) as { text: string }).text);
  }

  /** As Telegram does: again until it is acknowledged. @returns How often it was refused. */
  async deliver(update: object): Promise<number> {
    const until = performance.now() + 60_000;
    for (let refused = 0;; refused++) {
      if ((await this.post(update)).status === 200) return refused;
      if (performance.now() > until) throw new Error("An update was refused for a minute");
      await sleep(50);
    }
  }

  kill(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    if (this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null) {
      process.kill(this.#child.pid, signal);
    }
  }

  async end(): Promise<void> {
    this.kill("SIGKILL");
    await this.#ended;
  }
}

const ms = (number: number) => `${number.toFixed(0)} ms`;

/** Each attack, and what it returns for the table. */
const ATTACKS: Readonly<Record<string, () => Promise<string>>> = {
  async "random histories, two instances, a failing store"() {
    const count = Number(values.histories);
    for (let i = 0; i < count; i++) {
      await history(Number(values.seed) + i, sharedMemory(), { chats: 12, each: 25 });
    }
    return `${count} histories, every promise held`;
  },

  async "slow senders: 1000 connections, a byte every 100 ms each"() {
    const story = new Story();
    const bot = await Bot.start([story.journal, "run1"]);
    await bot.report();
    const head =
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{";
    const sockets = Array.from({ length: 1_000 }, () => connect(bot.port, "127.0.0.1").on("error", () => {}));
    for (const socket of sockets) socket.write(head);
    const drip = setInterval(() => sockets.forEach((each) => each.writable && each.write(" ")), 100);
    const took: number[] = [];
    for (let i = 0; i < 300; i++) {
      const { status, ms: each } = await bot.post(story.update(i));
      assert.equal(status, 200);
      took.push(each);
      await sleep(10);
    }
    clearInterval(drip);
    sockets.forEach((each) => each.destroy());
    const { rss } = await bot.report();
    const said = await story.held();
    return `${said}; an answer took ${ms(median(took))}, at most ${ms(Math.max(...took))}; ${
      (rss / 2 ** 20).toFixed(0)
    } MiB`;
  },

  async "no descriptors left: 400 silent connections, ulimit -n 256"() {
    const story = new Story();
    const bot = await Bot.start([story.journal, "run1"], "ulimit -n 256;");
    const silent = Array.from({ length: 400 }, () => connect(bot.port, "127.0.0.1").on("error", () => {}));
    await sleep(1_000);
    silent.forEach((each) => each.destroy());
    for (let i = 0; i < 50; i++) await bot.deliver(story.update(i));
    return await story.held();
  },

  async "lock: somebody else locks the store's file for 5 s"() {
    const story = new Story();
    const file = join(directory, "lock.db");
    const bot = await Bot.start([story.journal, "run1", file]);
    await bot.deliver(story.update(1, { media_group_id: "1" }));
    await bot.report();
    const locked = spawn(runtime[0] ?? "", ["-e", LOCK, file], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => locked.stdout.once("data", resolve));
    const ended = new Promise((resolve) => locked.once("exit", resolve));
    const waiting: Promise<number>[] = [];
    const took: number[] = [];
    let isLocked = true;
    void ended.then(() => isLocked = false);
    for (let chat = 2; isLocked; chat++) {
      // Every tenth is a part, which must be stored, and every tenth takes so long that it must be.
      if (chat % 10 === 0) waiting.push(bot.deliver(story.update(chat, { media_group_id: "1" })));
      else if (chat % 10 === 5) waiting.push(bot.deliver(story.update(chat, { text: "sleep 500" })));
      else took.push((await bot.post(story.update(chat))).ms);
      await sleep(5);
    }
    const { longestMs } = await bot.report();
    await Promise.all(waiting);
    const said = await story.held();
    return `${said}; the event loop stood still for at most ${ms(longestMs)}, an ordinary answer took ${
      ms(median(took))
    }, at most ${ms(Math.max(...took))}`;
  },

  async "disk full: a tmpfs of 16 MiB"() {
    const place = join(directory, "small");
    mkdirSync(place);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", place], { stdio: "ignore" });
    } catch {
      return "skipped: mount is not permitted here";
    }
    try {
      const story = new Story();
      const bot = await Bot.start([story.journal, "run1", join(place, "full.db")]);
      const filler = join(place, "filler");
      try {
        writeFileSync(filler, new Uint8Array(2 ** 24));
      } catch {
        // It is full, as wanted.
      }
      let refused = 0;
      const albums: Promise<number>[] = [];
      for (let chat = 1; chat <= 40; chat++) {
        const parts = [1, 2, 3].map(() => story.update(chat, { media_group_id: String(chat) }));
        albums.push((async () => {
          let sum = 0;
          for (const each of parts) sum += await bot.deliver(each);
          return sum;
        })());
      }
      for (let i = 0; i < 100; i++) assert.equal((await bot.post(story.update(1_000 + i))).status, 200);
      await sleep(1_000);
      const { reports } = await bot.report();
      rmSync(filler);
      for (const each of albums) refused += await each;
      const said = await story.held();
      await bot.end();
      return `${said}; ${refused} parts refused with 500 meanwhile, ordinary updates were handled; reported ${reports} times`;
    } finally {
      for (const bot of Bot.all) await bot.end();
      execFileSync("umount", [place]);
    }
  },

  async "clock jumps: an hour back and two days on, during albums"() {
    const story = new Story();
    const bot = await Bot.start([story.journal, "run1", join(directory, "jumps.db")]);
    const hour = 60 * 60 * 1_000;
    for (const jump of [-hour, 48 * hour]) {
      for (let chat = 1; chat <= 10; chat++) {
        await bot.deliver(story.update(chat, { media_group_id: `${jump}` }));
      }
      await bot.deliver(story.update(99, { text: `jump ${jump}` }));
      const repeated: object[] = [];
      for (let chat = 1; chat <= 10; chat++) {
        const part = story.update(chat, { media_group_id: `${jump}` });
        repeated.push(part);
        await bot.deliver(part);
      }
      for (const each of repeated) await bot.deliver(each);
      const began = performance.now();
      // A store of several processes goes by the wall clock: what was to be due within the jump is due after it.
      await story.held({ maySplit: jump > 0 });
      assert.ok(performance.now() - began < 4_000, "Albums come in their time");
    }
    const said = await story.held({ maySplit: true });
    assert.ok(!said.includes("twice"));
    return said;
  },

  async "SIGSTOP: one of two processes stands still beyond its lease"() {
    const story = new Story();
    const file = join(directory, "stop.db");
    const bots = [
      await Bot.start([story.journal, "run1", file, "1000"]),
      await Bot.start([story.journal, "run2", file, "1000"]),
    ];
    const [stopped, other] = bots;
    assert.ok(stopped && other);
    const open: Promise<unknown>[] = [];
    for (let chat = 1; chat <= 20; chat++) {
      open.push(stopped.deliver(story.update(chat, { media_group_id: "1" })));
    }
    await Promise.all(open);
    stopped.kill("SIGSTOP");
    await Promise.all(Array.from({ length: 20 }, async (_, i) => {
      await other.deliver(story.update(i + 1, { media_group_id: "1" }));
      await other.deliver(story.update(i + 1));
    }));
    const began = performance.now();
    const said = await story.held();
    const tookMs = performance.now() - began;
    stopped.kill("SIGCONT");
    await sleep(1_500);
    for (let chat = 1; chat <= 20; chat++) await stopped.deliver(story.update(chat));
    await story.held();
    return `${said}; all was handled ${ms(tookMs)} later by the other process`;
  },

  async "SIGSTOP and SIGKILL at random: three processes on one file"() {
    const story = new Story();
    const file = join(directory, "random.db");
    let runs = 0;
    const start = () => Bot.start([story.journal, `run${++runs}`, file, "1000"]);
    const bots = [await start(), await start(), await start()];
    const any = () => bots[Math.floor(Math.random() * bots.length)] ?? assert.fail();
    const until = performance.now() + 30_000;
    let stops = 0;
    let kills = 0;
    const attacking = (async () => {
      while (performance.now() < until) {
        await sleep(100 + 400 * Math.random());
        const bot = any();
        if (Math.random() < 0.3) {
          kills++;
          await bot.end();
          bots[bots.indexOf(bot)] = await start();
        } else {
          stops++;
          bot.kill("SIGSTOP");
          await sleep(3_000 * Math.random() ** 2);
          bot.kill("SIGCONT");
        }
      }
    })();
    const chats = Array.from({ length: 20 }, async (_, chat) => {
      while (performance.now() < until) {
        const update = story.update(chat + 1, Math.random() < 0.3 ? { text: "sleep 30" } : {});
        const since = performance.now();
        while ((await any().post(update, 3_000)).status !== 200) {
          if (performance.now() - since > 60_000) throw new Error("An update was refused for a minute");
          await sleep(20);
        }
      }
    });
    await Promise.all([attacking, ...chats]);
    // What was stopped in the middle of a handler goes on with it, beside the process that has it then.
    const said = await story.held({ mayRunBeside: true });
    return `${said}; ${stops} stops, ${kills} kills`;
  },

  async "a flood of 100 000 ids of bots that nobody has"() {
    let asked = 0;
    const host = botHost(() => {}, { find: () => void asked++ });
    const request = (id: number, secret: boolean) =>
      new Request(`http://bots.example/${id}`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(secret ? { "x-telegram-bot-api-secret-token": "guess" } : {}),
        },
        body: "{}",
      });
    const flood = async (from: number, count: number) => {
      for (let id = from; id < from + count; id++) {
        assert.equal((await host(request(id, id % 2 === 0))).status, 404);
      }
    };
    await flood(1, 10_000);
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    const began = performance.now();
    await flood(10_001, 100_000);
    const seconds = (performance.now() - began) / 1_000;
    globalThis.gc?.();
    const grown = (process.memoryUsage().heapUsed - before) / 2 ** 20;
    await host.close();
    return `${(100_000 / seconds).toFixed(0)} answers a second, ${asked} look-ups, the heap grew by ${
      grown.toFixed(0)
    } MiB`;
  },
};

/** Another process that has the file locked. */
const LOCK = `
const { DatabaseSync } = require("node:sqlite");
const database = new DatabaseSync(process.argv[1]);
database.exec("BEGIN IMMEDIATE");
console.log("locked");
setTimeout(() => database.exec("COMMIT"), 5000);
`;

const only = values.only?.split(",");
const rows = [["attack", "what was met"]];
try {
  for (const [name, attack] of Object.entries(ATTACKS)) {
    if (only !== undefined && !only.some((each) => name.includes(each))) continue;
    try {
      rows.push([name, await attack()]);
    } catch (error) {
      rows.push([name, `**broken**: ${String(error).replaceAll("\n", " ")}`]);
      process.exitCode = 1;
    }
  }
} finally {
  for (const bot of Bot.all) await bot.end();
  rmSync(directory, { recursive: true, force: true });
}
console.log(`${machine()}\n\nbot: ${values.runtime}\n\n${table(rows)}`);
process.exit();
