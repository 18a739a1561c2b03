// Node, Deno and Bun: telehook starts the server, and closes it at SIGTERM.
import { listen } from "telehook";
import { bot, options, port } from "./bot.ts";

const server = await listen(bot, {
  ...options,
  port,
  hostname: "127.0.0.1",
  path: "/telegram",
  closeOnSignals: { timeoutMs: 30_000 },
});
console.log(`Listening on ${server.url}`);
