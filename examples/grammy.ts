// In front of a grammY bot.
import { Bot } from "grammy";
import type { Update } from "grammy/types";
import { listen, passOn } from "telehook";
import { apiRoot, options, port, token } from "./bot.ts";

const bot = new Bot(token, { client: { apiRoot, canUseWebhookReply: (method) => method === "sendMessage" } });
let failures = 0;
bot.command("fail", (_, next) => {
  if (failures++ === 0) throw new Error("The first attempt fails");
  return next();
});
bot.on("message:text", (ctx) => ctx.reply(`You said: ${ctx.msg.text}`));
bot.on("message:photo", (ctx) => ctx.reply(`A photo: ${ctx.msg.caption}`));
await bot.init();

// With bot.catch, grammY's own webhooks and handleUpdate still throw: errors are Telegram's to repeat.
const receiver = passOn((update: Update, { reply }) =>
  bot.handleUpdate(update, { send: (json) => Promise.resolve(reply(json)) })
);
await listen(receiver, { ...options, port, hostname: "127.0.0.1", closeOnSignals: true });
