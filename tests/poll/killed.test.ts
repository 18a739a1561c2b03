import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe } from "node:test";
import { fileURLToPath } from "node:url";
import { startTestBotApi, type TestBotApi } from "../../src/testing/mod.ts";
import type { TestScope } from "../../src/testing/store.ts";
import { LOADER } from "../attack/bot_process.ts";
import { it } from "../attack/patient_it.ts";
import { message, part } from "../inbox/bot.ts";
import { hasSqlite } from "../store/sqlite_store_files.ts";
import type { PollTask, Step } from "./killed_child.ts";

const CHILD = fileURLToPath(new URL("killed_child.ts", import.meta.url));

/** A bot whose processes poll one after another, with one store and one journal. */
class PollingBot {
  readonly #directory = mkdtempSync(join(tmpdir(), "telehook-killed-"));
  readonly #telegram: TestBotApi;
  readonly #children: ChildProcess[] = [];

  constructor(t: TestScope, telegram: TestBotApi) {
    this.#telegram = telegram;
    t.after(async () => {
      for (const child of this.#children) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        const ended = new Promise((resolve) => child.once("exit", resolve));
        if (child.pid !== undefined) process.kill(child.pid, "SIGKILL");
        await ended;
      }
      rmSync(this.#directory, { recursive: true, force: true });
    });
  }

  /** Starts a process. @returns Resolves with the signal that has ended it. */
  run(
    killAt?: PollTask["killAt"],
  ): { readonly ended: Promise<string | null>; readonly close: () => Promise<void> } {
    const { token, apiRoot } = this.#telegram;
    const task: PollTask = {
      token,
      apiRoot,
      database: join(this.#directory, "updates.db"),
      ...{ journal: this.#journal, killAt },
    };
    const child = spawn(process.execPath, [...LOADER, CHILD], {
      env: { ...process.env, TELEHOOK_TASK: JSON.stringify(task), NO_COLOR: "1" },
      stdio: ["ignore", "ignore", "inherit"],
    });
    this.#children.push(child);
    return {
      ended: new Promise((resolve) =>
        child.once("exit", (code, signal) => resolve(signal ?? `code ${code}`))
      ),
      close: async () => {
        // The process before may have handled everything: this one must at least have fetched what that has not confirmed,
        for (const until = performance.now() + 20_000; this.#telegram.pending > 0;) {
          if (performance.now() > until) throw new Error(`${this.#telegram.pending} are pending after 20 s`);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        // and listen to signals.
        while (!existsSync(`${this.#journal}-${child.pid}`)) {
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        if (child.pid !== undefined) process.kill(child.pid, "SIGTERM");
      },
    };
  }

  get #journal(): string {
    return join(this.#directory, "journal");
  }

  /** What the handlers were called with; what was handled again follows itself, and is left out. */
  get handled(): string[] {
    if (!existsSync(this.#journal)) return [];
    const lines = readFileSync(this.#journal, "utf8").split("\n").slice(0, -1);
    return lines.filter((line, i) => line !== lines[i - 1]);
  }

  /** Resolves when an update is among what was handled. */
  async has(last: string): Promise<void> {
    for (const until = performance.now() + 20_000; this.handled.at(-1) !== last;) {
      if (performance.now() > until) throw new Error(`Not "${last}" within 20 s: ${this.handled.join(", ")}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** Where a process is killed. Each batch has a text, an album of two parts, and a text. */
const KILLS: readonly { readonly step: Step; readonly nth: number }[] = [
  { step: "fetched", nth: 1 },
  { step: "storing", nth: 2 }, // the first part of the album
  { step: "stored", nth: 2 },
  { step: "stored", nth: 4 },
  { step: "begin", nth: 1 },
  { step: "completed", nth: 1 },
  { step: "end", nth: 2 }, // an album
  { step: "confirming", nth: 1 },
  { step: "confirmed", nth: 1 },
];

// Node 20 has no node:sqlite.
if (hasSqlite) {
  describe("polling with a durable store, killed", () => {
    it("at every step of a batch: nothing is lost, and the order holds", async (t) => {
      await using telegram = await startTestBotApi();
      const bot = new PollingBot(t, telegram);
      const expected: string[] = [];
      let id = 1;
      for (const killAt of KILLS) {
        const batch = [message(id), part(id + 1, `${id}`), part(id + 2, `${id}`), message(id + 3)];
        expected.push(`${id}`, `${id + 1} ${id + 2}`, `${id + 3}`);
        id += batch.length;
        for (const update of batch) void telegram.deliver(update);
        assert.equal(await bot.run(killAt).ended, "SIGKILL", JSON.stringify(killAt));
      }
      const survivor = bot.run();
      await bot.has(expected.at(-1) ?? "");
      await survivor.close();
      assert.equal(await survivor.ended, "code 0");
      assert.deepEqual([bot.handled, telegram.pending], [expected, 0]);
    });

    it("while an album is pending: it comes in one piece", async (t) => {
      await using telegram = await startTestBotApi();
      const bot = new PollingBot(t, telegram);
      for (const id of [1, 2]) void telegram.deliver(part(id, "7"));
      assert.equal(await bot.run({ step: "confirming", nth: 1 }).ended, "SIGKILL");
      assert.deepEqual(bot.handled, []);
      void telegram.deliver(part(3, "7"));
      const survivor = bot.run();
      await bot.has("1 2 3");
      await survivor.close();
      await survivor.ended;
      assert.deepEqual([bot.handled, telegram.pending], [["1 2 3"], 0]);
    });
  });
}
