import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { TestScope } from "../../src/testing/store.ts";

/** What a bot in a separate process is to do; see `bot_child.ts`. */
export interface BotTask {
  readonly database: string;
  readonly journal: string;
  /** Names the process in the journal. */
  readonly run: string;
  readonly handlerMs: number;
  /** Whether the topics of a forum are lanes, and updates are acknowledged when they are received. */
  readonly isByTopic: boolean;
}

/** Node of this version runs TypeScript by itself, in half the time. */
const isNode = !("Deno" in globalThis || "Bun" in globalThis);
export const LOADER: readonly string[] = "Deno" in globalThis
  ? ["run", "-A", "--no-check"]
  : isNode && !process.features.typescript
  ? ["--import", "tsx"]
  : [];
const CHILD = fileURLToPath(new URL("bot_child.ts", import.meta.url));

/** One run of a bot. */
export interface BotRun {
  /** Delivers an update. @returns The status of the answer, or 0 if there was none. */
  post(update: object): Promise<number>;
  kill(signal: "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT"): void;
  readonly ended: Promise<unknown>;
  hasEnded: boolean;
}

/** A bot whose processes share a file, and a journal of what they do. */
export class Bot {
  readonly #directory: string;
  readonly #options: Partial<BotTask>;
  readonly #runs: BotRun[] = [];

  constructor(t: TestScope, options: Partial<BotTask> = {}) {
    this.#directory = mkdtempSync(join(tmpdir(), "telehook-attack-"));
    this.#options = options;
    t.after(async () => {
      for (const run of this.#runs) run.kill("SIGKILL");
      await Promise.all(this.#runs.map(({ ended }) => ended));
      rmSync(this.#directory, { recursive: true, force: true });
    });
  }

  get database(): string {
    return join(this.#directory, "updates.db");
  }

  /** Starts a process, and resolves when it listens or has ended. */
  async start(): Promise<BotRun> {
    const task: BotTask = {
      ...{ handlerMs: 0, isByTopic: false, ...this.#options },
      database: this.database,
      journal: this.#journal,
      run: `run${this.#runs.length + 1}`,
    };
    const child = spawn(process.execPath, [...LOADER, CHILD], {
      env: { ...process.env, TELEHOOK_TASK: JSON.stringify(task), NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const started = runOf(child);
    this.#runs.push(started.run);
    await started.listens;
    return started.run;
  }

  /** The journal's lines, without the name of the process if it does not matter. */
  lines(what?: string): string[] {
    if (!existsSync(this.#journal)) return [];
    const lines = readFileSync(this.#journal, "utf8").trim().split("\n");
    if (what === undefined) return lines;
    return lines.filter((line) => line.startsWith(`${what} `)).map((line) =>
      line.split(" ").slice(2).join(" ")
    );
  }

  get journal(): string {
    return readFileSync(this.#journal, "utf8");
  }

  /** Resolves when the journal has so many different lines of a kind: what was killed is handled, and noted, again. */
  async has(what: string, count: number, withinMs = 20_000): Promise<void> {
    for (const until = performance.now() + withinMs; new Set(this.lines(what)).size < count;) {
      if (performance.now() > until) {
        throw new Error(
          `Not ${count} × "${what}" within ${withinMs} ms: ${this.lines().slice(-20).join(", ")}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  get #journal(): string {
    return join(this.#directory, "journal");
  }
}

function runOf(child: ChildProcess): { readonly run: BotRun; readonly listens: Promise<void> } {
  let port = 0;
  let listening = () => {};
  const listens = new Promise<void>((resolve) => listening = resolve);
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    port = Number(/"port":(\d+)/.exec(output)?.[1] ?? 0);
    if (port > 0) listening();
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const run: BotRun = {
    ended,
    hasEnded: false,
    async post(update) {
      try {
        const answer = await fetch(`http://127.0.0.1:${port}/`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(update),
        });
        await answer.body?.cancel();
        return answer.status;
      } catch {
        return 0;
      }
    },
    kill(signal) {
      // Not the child's own kill(), which on Deno sends no second one.
      if (!run.hasEnded && child.pid !== undefined) process.kill(child.pid, signal);
    },
  };
  void ended.then(() => {
    run.hasEnded = true;
    listening();
  });
  return { run, listens };
}
