// Node, Deno and Bun: a complete bot that registers itself.
import { setWebhookAndListen } from "telehook";
import { apiRoot, bot, port, token } from "./bot.ts";

const server = await setWebhookAndListen(bot, {
  token,
  apiRoot,
  webhook: { url: process.env.PUBLIC_URL ?? `http://127.0.0.1:${port}/telegram` },
  port,
  hostname: "127.0.0.1",
  closeOnSignals: true,
});
console.log(`Listening on ${server.url}`);
