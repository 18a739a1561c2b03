// h3, and Nitro, whose routes are h3's.
import { createServer } from "node:http";
import { createApp, createRouter, eventHandler, toNodeListener, toWebRequest } from "h3";
import { webhook } from "telehook";
import { bot, onStop, options, port } from "./bot.ts";

const hook = webhook(bot, options);
const router = createRouter().post("/telegram", eventHandler((event) => hook(toWebRequest(event), event)));
createServer({ keepAliveTimeout: 75_000 }, toNodeListener(createApp().use(router))).listen(port, "127.0.0.1");
onStop(() => hook.close());
