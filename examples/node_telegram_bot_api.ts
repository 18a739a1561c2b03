// In front of a node-telegram-bot-api bot (version 2).
import { Bot } from "node-telegram-bot-api";
import type { Update } from "node-telegram-bot-api/types";
import { listen, passOn } from "telehook";
import { apiRoot, options, port, token } from "./bot.ts";

const bot = new Bot(token, { apiRoot });
let failures = 0;
bot.on("message", async (ctx) => {
  const { message } = ctx;
  if (message === undefined) return;
  if (message.text === "/fail" && failures++ === 0) throw new Error("The first attempt fails");
  const text = message.text === undefined ? `A photo: ${message.caption}` : `You said: ${message.text}`;
  await ctx.reply(text);
});
bot.catch((error) => {
  throw error; // without this, the error is logged, and the update is acknowledged and lost
});

const receiver = passOn((update: Update) => bot.handleUpdate(update));
await listen(receiver, { ...options, port, hostname: "127.0.0.1", closeOnSignals: true });
