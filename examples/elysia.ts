// Elysia, on Bun.
import { Elysia } from "elysia";
import { webhook } from "telehook";
import { bot, onStop, options, port } from "./bot.ts";

const hook = webhook(bot, options);
new Elysia()
  .post("/telegram", ({ request, server }) => hook(request, server), { parse: "none" })
  .listen({ port, hostname: "127.0.0.1", idleTimeout: 75 });
onStop(() => hook.close());
