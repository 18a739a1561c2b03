// Deno: a server of your own.
import { webhook } from "telehook";
import { bot, onStop, options, port } from "./bot.ts";

const hook = webhook(bot, options);
const server = Deno.serve({ port, hostname: "127.0.0.1" }, hook);
onStop(async () => {
  await hook.close();
  await server.shutdown();
});
