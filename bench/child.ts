import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";

const canPin = availableParallelism() > 1 && spawnSync("taskset", ["--version"]).status === 0;

/** How processes are kept apart, for the head of a table. */
export const PINNING: string = canPin
  ? "server and load generator pinned to a core each"
  : "server and load generator not pinned to cores";

/** A command that stays on one core, where `taskset` can see to that. */
export function onCore(core: 0 | 1, command: readonly string[]): readonly string[] {
  return canPin ? ["taskset", "-c", String(core), ...command] : command;
}

/** Starts a command that can be talked to over its standard input and output. */
export function start(command: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const [program = "", ...args] = command;
  return spawn(program, args, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...globalThis.process.env, ...env },
  });
}

/** Runs a command until it exits. @returns What it wrote. */
export async function run(command: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const child = start(command, env);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  let text = "";
  child.stdout?.on("data", (chunk) => text += chunk);
  const status = await ended;
  if (status !== 0) throw new Error(`${command.join(" ")} ended with ${status}: ${text}`);
  return text;
}
