// Several processes on one port, with one store: each update is handled once, and albums are whole.
import cluster from "node:cluster";
import process from "node:process";
import { listen, sqliteStore } from "telehook";
import { bot, options, port } from "./bot.ts";

if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  process.once("SIGTERM", () => {
    for (const worker of workers) worker.process.kill("SIGTERM");
  });
} else {
  const server = await listen(bot, {
    ...options,
    port,
    hostname: "127.0.0.1",
    path: "/telegram",
    store: sqliteStore(process.env.STORE ?? "bot.sqlite"),
    closeOnSignals: true,
  });
  await server.finished;
  cluster.worker?.disconnect(); // it would keep the process running
}
