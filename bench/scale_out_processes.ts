import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "../src/testing/mod.ts";
import { start } from "./child.ts";
import type { ServerState } from "./http_control.ts";
import type { Runtime } from "./runtimes.ts";
import type { ScaleOutTask } from "./scale_out_server.ts";

/** How the processes of a bot share a port. */
export type Sharing = "alone" | "reusePort" | "cluster";

/** What the processes have in common besides the port. */
export type Store = "memory" | "sqliteStore" | "sqliteStore, received";

/** Whether a runtime can share a port that way, and has such a store. */
export function isPossible({ isNode, version }: Runtime, sharing: Sharing, store: Store): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isOld = isNode && major * 100 + minor < 2213;
  if (store !== "memory" && isOld) return false;
  return sharing === "cluster" ? isNode : sharing === "alone" || !isOld;
}

/** The processes of one bot on one port. */
export interface Processes {
  readonly url: string;
  /** Of all of them together, the primary of a cluster among them. */
  state(): Promise<ServerState>;
  stop(): Promise<void>;
}

/** Starts so many processes, pinned to no core: they and whoever delivers are to use all that there are. */
export async function startProcesses(
  runtime: Runtime,
  script: string,
  { sharing, store, processes, journal }: {
    readonly sharing: Sharing;
    readonly store: Store;
    readonly processes: number;
    readonly journal?: string | undefined;
  },
): Promise<Processes> {
  const directory = mkdtempSync(join(tmpdir(), "telehook-scale-out-"));
  const port = await freePort();
  const task: ScaleOutTask = {
    port,
    journal,
    workers: sharing === "cluster" ? processes : 0,
    reusePort: sharing === "reusePort",
    database: store === "memory" ? undefined : join(directory, "updates.db"),
    acknowledge: store === "sqliteStore, received" ? "received" : "handled",
  };
  const isDeno = runtime.name.startsWith("Deno");
  const command = [...runtime.command, ...(isDeno ? ["--unstable-net"] : []), script];
  const count = sharing === "cluster" ? 1 : processes;
  const all = await Promise.all(Array.from({ length: count }, () => startOne(command, task)));
  return {
    url: `http://127.0.0.1:${port}/hook`,
    async state() {
      const states = await Promise.all(all.map((each) => each.state()));
      const sum = (field: keyof ServerState) => states.reduce((sum, state) => sum + state[field], 0);
      return { seen: sum("seen"), cpuMs: sum("cpuMs") };
    },
    async stop() {
      await Promise.all(all.map((each) => each.stop()));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function startOne(command: readonly string[], task: ScaleOutTask) {
  const child = start(command, { BENCH_SCALE_OUT: JSON.stringify(task) });
  if (child.stdout === null || child.stdin === null) throw new TypeError("There is nothing to talk through");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { stdin } = child;
  const say = async () => {
    const { done, value } = await lines.next();
    if (done) throw new Error(`${command.join(" ")} ended`);
    return String(value);
  };
  await say(); // its port
  return {
    async state(): Promise<ServerState> {
      stdin.write("?\n");
      return JSON.parse(await say());
    },
    async stop() {
      const ended = once(child, "exit");
      stdin.end();
      await ended;
    },
  };
}
