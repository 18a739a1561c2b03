/*
 * telehook in bench/scale_out.ts: one process of those that share a port, or the primary of a cluster of them. Answers the
 * questions of http_control.ts for itself or for all of its workers.
 */
import cluster, { type Worker } from "node:cluster";
import { openSync, writeSync } from "node:fs";
import { listen, sqliteStore, updateHandlers } from "../mod.ts";
import { SECRET } from "./deliveries.ts";
import { type ServerState, stateOf, tell, total } from "./http_control.ts";

/** What one of the processes is told. */
export interface ScaleOutTask {
  readonly port: number;
  /** The workers to start; none for a process that serves itself. */
  readonly workers: number;
  readonly reusePort: boolean;
  /** The file of a sqliteStore; without one, each process has its own memory. */
  readonly database?: string | undefined;
  readonly acknowledge: "handled" | "received";
  /** The file to write down in what is handled, in its order. */
  readonly journal?: string | undefined;
}

const { process } = globalThis;
const task: ScaleOutTask = JSON.parse(process.env.BENCH_SCALE_OUT ?? "{}");

async function serve(): Promise<void> {
  let seen = 0;
  const journal = task.journal === undefined ? undefined : openSync(task.journal, "a");
  const note = (ids: readonly number[]) => {
    seen += ids.length;
    if (journal !== undefined) writeSync(journal, `${ids.join(" ")}\n`);
  };
  const bot = updateHandlers({
    message: ({ update_id }) => note([update_id]),
    message_media_group: ({ message_media_group }) =>
      note(message_media_group.updates.map(({ update_id }) => update_id)),
  });
  const { port } = await listen(bot, {
    secretToken: SECRET,
    path: "/hook",
    hostname: "127.0.0.1",
    port: task.port,
    acknowledge: task.acknowledge,
    ...task.reusePort && { reusePort: true },
    ...task.database && { store: sqliteStore(task.database) },
  });
  if (process.send === undefined) return tell(port, () => seen);
  process.on("message", () => process.send?.(stateOf(seen)));
  process.send({ port });
}

async function lead(): Promise<void> {
  const workers = Array.from({ length: task.workers }, () => cluster.fork());
  const [first] = await Promise.all(workers.map((worker) => next<{ readonly port: number }>(worker)));
  console.log(first?.port);
  process.stdin.on("data", async () => {
    const asked = workers.map((worker) => {
      worker.send("?");
      return next<ServerState>(worker);
    });
    console.log(JSON.stringify(total([stateOf(0), ...await Promise.all(asked)])));
  });
  process.stdin.on("end", () => process.exit()); // and the workers with it
}

function next<T>(worker: Worker): Promise<T> {
  return new Promise((resolve) => worker.once("message", resolve));
}

if (task.workers > 0 && cluster.isPrimary) await lead();
else await serve();
