// Long polling: for development, and behind a firewall. No address is needed.
import process from "node:process";
import { poll } from "telehook";
import { apiRoot, bot, token } from "./bot.ts";

const poller = await poll(bot, { token, apiRoot });
process.once("SIGTERM", () => void poller.close());
await poller.finished;
