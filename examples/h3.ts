// h3 v1, and Nitro, whose routes are h3's. With h3 v2: hook(event.req, event).
import { createServer } from "node:http";
import { createApp, createRouter, eventHandler, toNodeListener as toH3Listener } from "h3";
import { webhook } from "telehook";
import { toNodeListener } from "telehook/node";
import { bot, onStop, options, port } from "./bot.ts";

const hook = webhook(bot, options);
const listener = toNodeListener(hook);
const router = createRouter().post("/telegram", eventHandler(({ node }) => listener(node.req, node.res)));
createServer({ keepAliveTimeout: 75_000 }, toH3Listener(createApp().use(router))).listen(port, "127.0.0.1");
onStop(() => hook.close());
