// In front of a GramIO bot.
import { Bot, type TelegramUpdate } from "gramio";
import { listen, passOn } from "telehook";
import { apiRoot, options, port, token } from "./bot.ts";

let failures = 0;
const bot = new Bot(token, { api: { baseURL: `${apiRoot}/bot` } })
  .on("message", async (context) => {
    if (context.text === "/fail" && failures++ === 0) throw new Error("The first attempt fails");
    if (context.text !== undefined) await context.send(`You said: ${context.text}`);
    else if (context.photo !== undefined) await context.send(`A photo: ${context.caption}`);
  })
  .onError(({ error }) => {
    throw error; // without this, GramIO logs the error, and the update is acknowledged and lost
  });

const receiver = passOn((update: TelegramUpdate) => bot.updates.handleUpdate(update));
await listen(receiver, { ...options, port, hostname: "127.0.0.1", closeOnSignals: true });
