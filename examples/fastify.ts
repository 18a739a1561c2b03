// Fastify reads bodies before handlers run: the listener answers in a hook that comes earlier.
import Fastify from "fastify";
import { webhook } from "telehook";
import { toNodeListener } from "telehook/node";
import { bot, onStop, options, port } from "./bot.ts";

const hook = webhook(bot, options);
const listener = toNodeListener(hook);
const app = Fastify({ keepAliveTimeout: 75_000 });
app.post("/telegram", {
  onRequest: async (request, reply) => {
    reply.hijack();
    await listener(request.raw, reply.raw);
  },
}, () => {});
app.addHook("preClose", () => hook.close());
await app.listen({ port, host: "127.0.0.1" });
onStop(() => app.close());
