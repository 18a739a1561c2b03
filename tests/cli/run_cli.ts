import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

/** How the runtime under test runs a TypeScript file. */
const RUN: readonly string[] = process.versions.deno
  ? ["run", "-A", "--no-check"]
  : process.versions.bun
  ? []
  : ["--import", "tsx"];

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/** What the program reads; a developer's own values must not get into the tests. */
const OWN_VARIABLES = [
  "BOT_TOKEN",
  "BOT_TOKEN_FILE",
  "WEBHOOK_URL",
  "WEBHOOK_SECRET",
  "WEBHOOK_SECRET_FILE",
  "PORT",
  "HOST",
  "TELEGRAM_API_ROOT",
  "TLS_PASSPHRASE",
  "TLS_PASSPHRASE_FILE",
];

/** A running program. */
export class RunningCli {
  stdout = "";
  stderr = "";
  readonly child: ChildProcess;
  /** The exit code, or the signal that ended it, once all output is here. */
  readonly ended: Promise<number | string>;
  #watchers = new Set<() => void>();
  #hasExited = false;
  #hasEnded = false;

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => this.#read("stdout", chunk));
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => this.#read("stderr", chunk));
    child.on("exit", () => this.#hasExited = true);
    this.ended = new Promise((resolve) =>
      child.on("close", (code, signal) => {
        this.#hasEnded = true;
        this.#tell();
        resolve(code ?? signal ?? "unknown");
      })
    );
  }

  /** Resolves with what matches once it was printed; rejects if the program ends before. */
  printed(stream: "stdout" | "stderr", pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(this[stream]);
        if (found === null && !this.#hasEnded) return;
        this.#watchers.delete(look);
        if (found !== null) resolve(found);
        else reject(new Error(`It ended without ${pattern}:\n${this.stdout}\n${this.stderr}`));
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** Sends it a signal, unless it has ended. */
  signal(signal: "SIGINT" | "SIGTERM" | "SIGKILL"): void {
    // Not child.kill(), which on Deno sends no second one.
    if (!this.#hasExited && this.child.pid !== undefined) process.kill(this.child.pid, signal);
  }

  #read(stream: "stdout" | "stderr", chunk: string): void {
    this[stream] += chunk;
    this.#tell();
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** Starts the program on the runtime under test; it is killed when the test ends. */
export function startCli(
  t: TestContext,
  args: readonly string[],
  env: Record<string, string> = {},
  script: string = MAIN,
): RunningCli {
  const cli = start(process.execPath, [...RUN, script, ...args], env);
  t.after(async () => {
    cli.signal("SIGKILL");
    await cli.ended;
  });
  return cli;
}

/**
 * Starts the program with its output going to one that has ended already, by a shell, which can close a pipe for sure.
 * Its errors, then `code` and its exit code, are on the standard error.
 */
export function startCliUnread(t: TestContext, args: readonly string[]): RunningCli {
  const script = '{ "$@" & echo "pid $!" >&2; wait $!; echo "code $?" >&2; } | true';
  const cli = start("sh", ["-c", script, "sh", process.execPath, ...RUN, MAIN, ...args], {});
  t.after(async () => {
    const [, pid] = await cli.printed("stderr", /pid (\d+)/);
    if (!/code/.test(cli.stderr)) process.kill(Number(pid), "SIGKILL");
    await cli.ended;
  });
  return cli;
}

/** Starts the program by a line of a shell, in which `"$@"` stands for it; it is killed when the test ends. */
export function startShell(t: TestContext, line: string, args: readonly string[]): RunningCli {
  const cli = start("sh", ["-c", line, "sh", process.execPath, ...RUN, MAIN, ...args], {});
  t.after(async () => {
    cli.signal("SIGKILL");
    await cli.ended;
  });
  return cli;
}

function start(command: string, args: readonly string[], env: Record<string, string>): RunningCli {
  const inherited = { ...process.env };
  for (const name of OWN_VARIABLES) delete inherited[name];
  const child = spawn(command, [...args], {
    cwd: ROOT,
    env: { ...inherited, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return new RunningCli(child);
}

/** Runs the program to its end. */
export async function runCli(
  t: TestContext,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number | string; stdout: string; stderr: string }> {
  const cli = startCli(t, args, env);
  const code = await cli.ended;
  return { code, stdout: cli.stdout, stderr: cli.stderr };
}
