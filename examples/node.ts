// Node: a server of your own.
import { createServer } from "node:http";
import { webhook } from "telehook";
import { toNodeListener } from "telehook/node";
import { bot, onStop, options, port } from "./bot.ts";

const hook = webhook(bot, options);
createServer({ keepAliveTimeout: 75_000 }, toNodeListener(hook)).listen(port, "127.0.0.1");
onStop(() => hook.close());
