// One process of several that share a port, as `reuse_port_processes.ts` starts it; with `workers`, the primary of as many.
import cluster from "node:cluster";
import { appendFileSync } from "node:fs";
import process from "node:process";
import { listen, type ReceivedUpdate, sqliteStore, TelehookError } from "../../mod.ts";
import { SECRET } from "./raw_connection.ts";
import type { JournalLine, Task } from "./reuse_port_processes.ts";

const task: Task = JSON.parse(process.env.TELEHOOK_TASK ?? "{}");

/** Writes into the journal that all processes share, which has an order, and then says that there is something new. */
function note(line: Omit<JournalLine, "pid">): void {
  appendFileSync(task.journal, `${JSON.stringify({ pid: process.pid, ...line })}\n`);
  console.log("noted");
}

function lead(workers: number): void {
  let isClosing = false;
  for (let n = 0; n < workers; n++) cluster.fork();
  cluster.on("exit", (worker) => {
    note({ exited: worker.process.pid ?? 0 });
    if (task.replaces && !isClosing) cluster.fork();
  });
  process.once("SIGTERM", () => {
    isClosing = true;
    // With what is called back, since one that has closed by itself is no reason to fail.
    for (const worker of Object.values(cluster.workers ?? {})) worker?.send("close", () => {});
  });
}

async function work(): Promise<void> {
  let go = () => {};
  const receiver = async (update: ReceivedUpdate, { attempt }: { readonly attempt: number }) => {
    const ids = "message_media_group" in update
      ? update.message_media_group.updates.map(({ update_id }) => update_id)
      : [update.update_id];
    note({ began: ids, attempt });
    const text = "message" in update ? update.message.text : undefined;
    if (text === "wait") await new Promise<void>((resolve) => go = resolve);
    if (text === "go") go();
    if (text === "fail") throw new Error("on purpose");
    if (text === "renew" && task.nextTls) {
      void server.setTls(task.nextTls).then(() => note({ renewed: true }));
    }
    note({ ended: ids });
  };
  const closing = new AbortController();
  if (process.connected) process.once("message", () => closing.abort());
  const server = await listen(receiver, {
    secretToken: SECRET,
    hostname: "127.0.0.1",
    port: task.port,
    signal: closing.signal,
    closeOnSignals: true,
    onError: () => {},
    onEvent(event) {
      if (event.type === "refused") note({ refused: event.status });
    },
    ...(task.reusePort && { reusePort: true }),
    ...(task.tls && { tls: task.tls }),
    ...(task.database && { store: sqliteStore(task.database, { leaseMs: 3_600_000 }) }),
    ...task.options,
  });
  note({ listening: server.port });
  await server.finished;
  note({ closed: true });
  if (process.connected) process.disconnect();
}

if (task.workers !== undefined && cluster.isPrimary) lead(task.workers);
else {
  await work().catch((error) => {
    note({ failed: error instanceof TelehookError ? error.code : String(error) });
    process.exitCode = 1;
    if (process.connected) process.disconnect();
  });
}
