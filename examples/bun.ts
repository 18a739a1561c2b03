// Bun: a server of your own, with a route.
import { webhook } from "telehook";
import { bot, onStop, options, port } from "./bot.ts";

const hook = webhook(bot, options);
const server = Bun.serve({
  port,
  hostname: "127.0.0.1",
  idleTimeout: 75, // Telegram keeps a connection for 60 s
  routes: { "/telegram": { POST: hook } },
});
onStop(async () => {
  await hook.close();
  await server.stop();
});
