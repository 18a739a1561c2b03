import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { ServeOptions } from "../../mod.ts";
import type { TestScope } from "../../src/testing/store.ts";
import { RUNTIME } from "./adapters.ts";

/** What a server in a separate process is to do; see `served_child.ts`. */
export interface ChildTask {
  /** How long the receiver takes for each update, in milliseconds. */
  readonly handlerMs: number;
  /** `"node"` for the adapter for `node:http`, whichever runtime it is on. Default: `listen`. */
  readonly adapter?: "node" | undefined;
  /** The file of a sqliteStore. */
  readonly database?: string | undefined;
  readonly serve?: ServeOptions;
}

const LOADER = {
  node: ["--import", "tsx"],
  deno: ["run", "-A", "--no-check", "--unstable-net"],
  bun: [],
}[RUNTIME];

/** How long a process may take for what a test waits for, in milliseconds. */
const PATIENCE_MS = 20_000;

/** A server in a separate process, on the runtime of the test. */
export class ServerProcess {
  readonly #child: ChildProcess;
  /** What it printed, both streams. */
  output = "";
  readonly exited: Promise<number | string | null>;
  /** Not the child's own `signalCode`, which on Deno is that of every signal that was sent. */
  #hasExited = false;
  readonly #wakes = new Set<() => void>();

  private constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
        this.#wakes.forEach((wake) => wake());
      });
    }
    this.exited = new Promise((resolve) => {
      child.on("exit", (code, signal) => {
        this.#hasExited = true;
        resolve(signal ?? code);
        this.#wakes.forEach((wake) => wake());
      });
    });
  }

  /**
   * Starts it, and resolves when it listens.
   *
   * @param shell What a shell does before, such as setting a limit.
   */
  static async start(t: TestScope, task: ChildTask, shell = ""): Promise<ServerProcess> {
    const script = fileURLToPath(new URL("./served_child.ts", import.meta.url));
    const command = [process.execPath, ...LOADER, script];
    const env = { ...process.env, TELEHOOK_TASK: JSON.stringify(task), NO_COLOR: "1" };
    const child = spawn("sh", ["-c", `${shell} exec "$0" "$@"`, ...command], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const started = new ServerProcess(child);
    t.after(async () => {
      started.kill("SIGKILL");
      await started.exited;
    });
    await started.until(() => started.#port !== undefined, "a server that listens");
    return started;
  }

  get #port(): number | undefined {
    const found = /"port":(\d+)/.exec(this.output)?.[1];
    return found === undefined ? undefined : Number(found);
  }

  get port(): number {
    return this.#port ?? 0;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  kill(signal: "SIGTERM" | "SIGINT" | "SIGKILL"): void {
    // Not the child's own kill(), which on Deno sends no second one.
    if (!this.#hasExited) process.kill(this.pid, signal);
  }

  /** Resolves when something is so, which is looked at whenever the process has said something or ended. */
  until(isSo: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => {
        clearTimeout(deadline);
        this.#wakes.delete(look);
        end();
      };
      const problem = (why: string) =>
        new Error(`${why} while waiting for ${what}: ${this.output.slice(-2000)}`);
      const deadline = setTimeout(() => settle(() => reject(problem("Too long"))), PATIENCE_MS);
      const look = () => {
        if (isSo()) settle(resolve);
        else if (this.hasExited) settle(() => reject(problem("It ended")));
      };
      this.#wakes.add(look);
      look();
    });
  }
}
