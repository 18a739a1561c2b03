/*
 * Servers written with other frameworks, as their documentation says, each with its own check of the secret and one handler
 * that counts. `bench/peers.ts` copies this file to where they are installed:
 *
 *     node peer_servers.mjs grammy
 */
import { createServer } from "node:http";
import process from "node:process";

const SECRET = "a-secret-token-of-a-usual-length_1234567890";
const TOKEN = "123456789:AAExampleExampleExampleExampleExamp";
const ME = { id: 123456789, is_bot: true, first_name: "Bot", username: "example_bot" };
const { Deno, Bun } = globalThis;
const address = { port: 0, hostname: "127.0.0.1" };
let seen = 0;
const count = () => {
  seen++;
};

const onNode = async (listener) => {
  const server = createServer(listener);
  await new Promise((resolve) => server.listen(address.port, address.hostname, resolve));
  return server.address().port;
};
const onFetch = (fetch) =>
  Deno
    ? Deno.serve({ ...address, onListen() {} }, (request) => fetch(request)).addr.port
    : Bun.serve({ ...address, fetch: (request) => fetch(request) }).port;

const SERVERS = {
  async grammy() {
    const { Bot, webhookCallback } = await import("grammy");
    const bot = new Bot(TOKEN, { botInfo: ME });
    bot.on("message:text", count);
    const options = { secretToken: SECRET };
    if (Deno) return onFetch(webhookCallback(bot, "std/http", options));
    if (Bun) return onFetch(webhookCallback(bot, "bun", options));
    return onNode(webhookCallback(bot, "http", options));
  },
  async gramio() {
    const { Bot, webhookHandler } = await import("gramio");
    const bot = new Bot(TOKEN, { info: ME });
    bot.on("message", count);
    await bot.start({ webhook: true });
    // Waits for the handler, as the others do: else an update that is being handled is lost with the process.
    const options = { secretToken: SECRET, shouldWait: true };
    if (Deno) return onFetch(webhookHandler(bot, "std/http", options));
    if (Bun) return onFetch(webhookHandler(bot, "Bun.serve", options));
    return onNode(webhookHandler(bot, "http", options));
  },
  async telegraf() {
    const { Telegraf } = await import("telegraf");
    const bot = new Telegraf(TOKEN);
    bot.botInfo = ME;
    bot.on("text", count);
    return onNode(bot.webhookCallback("/hook", { secretToken: SECRET }));
  },
  async puregram() {
    const { Telegram } = await import("puregram");
    const telegram = Telegram.fromToken(TOKEN);
    telegram.bot = ME;
    telegram.updates.on("message", count);
    return onNode(telegram.updates.getWebhookMiddleware(SECRET));
  },
  async "node-telegram-bot-api"() {
    const { Bot, webhookCallback } = await import("node-telegram-bot-api");
    const bot = new Bot(TOKEN);
    bot.on("message", count);
    if (Deno || Bun) return onFetch(webhookCallback(bot, { secretToken: SECRET }));
    const { createWebhookServer } = await import("node-telegram-bot-api/node");
    const server = createWebhookServer(bot, { path: "/hook", secretToken: SECRET });
    await new Promise((resolve) => server.listen(address.port, address.hostname, resolve));
    return server.address().port;
  },
};

console.log(await SERVERS[process.argv[2]]());
process.stdin.on("data", () => {
  const { user, system } = process.cpuUsage();
  console.log(JSON.stringify({ seen, cpuMs: (user + system) / 1_000 }));
});
process.stdin.on("end", () => process.exit());
