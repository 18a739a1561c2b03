// In front of a Telegraf bot.
import type { ServerResponse } from "node:http";
import { Telegraf } from "telegraf";
import type { Update } from "telegraf/types";
import { listen, passOn } from "telehook";
import { apiRoot, options, port, token } from "./bot.ts";

const bot = new Telegraf(token, { telegram: { apiRoot } });
let failures = 0;
bot.command("fail", (_, next) => {
  if (failures++ === 0) throw new Error("The first attempt fails");
  return next();
});
bot.on("message", async (ctx) => {
  if ("text" in ctx.message) await ctx.reply(`You said: ${ctx.message.text}`);
  if ("photo" in ctx.message) await ctx.reply(`A photo: ${ctx.message.caption}`);
});
bot.catch((error) => {
  throw error; // or Telegraf sets the exit code, and with another function here, the update counts as handled
});

// Telegraf answers through what it takes for a response of node:http. Leave it out to send every call as a request.
const receiver = passOn((update: Update, { reply }) => {
  const response = {
    headersSent: false,
    writableEnded: false,
    setHeader() {},
    end(json?: string) {
      response.writableEnded = true; // later calls of the same update are requests
      if (json !== undefined) reply(json);
    },
  };
  return bot.handleUpdate(update, response as unknown as ServerResponse);
});
await listen(receiver, { ...options, port, hostname: "127.0.0.1", closeOnSignals: true });
