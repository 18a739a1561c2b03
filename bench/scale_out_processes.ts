import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../src/testing/mod.ts";
import { type ServerState, total } from "./http_control.ts";
import type { Runtime } from "./runtimes.ts";
import type { ScaleOutTask } from "./scale_out_server.ts";
import { startServerProcess } from "./server_process.ts";

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
  const all = await Promise.all(
    Array.from(
      { length: count },
      () => startServerProcess(command, { BENCH_SCALE_OUT: JSON.stringify(task) }),
    ),
  );
  return {
    url: `http://127.0.0.1:${port}/hook`,
    async state() {
      return total(await Promise.all(all.map((each) => each.state())));
    },
    async stop() {
      await Promise.all(all.map((each) => each.stop()));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
