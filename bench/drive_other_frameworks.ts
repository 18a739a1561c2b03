/**
 * Installs grammY and Telegraf into a temporary folder and has the test Bot API server of `telehook/testing` drive a
 * bot written with each of them, by long polling and by webhooks. The bots know nothing of telehook: all that they are told
 * is the API root, a token and where to listen.
 *
 *     node --import tsx bench/drive_other_frameworks.ts
 *
 * It needs npm and its registry, so it is no part of the tests.
 */
import { strict as assert } from "node:assert";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { freePort, startTestBotApi, type TestBotApi } from "../src/testing/mod.ts";

const GRAMMY_BOT = `
import { Bot, InlineKeyboard, webhookCallback } from "grammy";
import { createServer } from "node:http";

const { TOKEN, API_ROOT, WEBHOOK_URL, PORT } = process.env;
const bot = new Bot(TOKEN, { client: { apiRoot: API_ROOT } });
bot.command("start", (ctx) => ctx.reply("Welcome", { reply_markup: new InlineKeyboard().text("More", "more") }));
bot.callbackQuery("more", (ctx) => ctx.answerCallbackQuery("There is no more"));
bot.on("message:photo", (ctx) => ctx.reply("Photo " + ctx.message.media_group_id));
bot.on("message:text", (ctx) => ctx.reply("You said: " + ctx.message.text));
bot.on("edited_message:text", (ctx) => ctx.reply("You now say: " + ctx.editedMessage.text));
bot.on("channel_post", (ctx) => ctx.reply("Posted: " + ctx.channelPost.text));
if (WEBHOOK_URL) {
  const secretToken = "grammy-secret";
  createServer(webhookCallback(bot, "http", { secretToken })).listen(PORT, "127.0.0.1", () =>
    bot.api.setWebhook(WEBHOOK_URL, { secret_token: secretToken }));
} else bot.start();
`;

const TELEGRAF_BOT = `
import { Markup, Telegraf } from "telegraf";
import { createServer } from "node:http";

const { TOKEN, API_ROOT, WEBHOOK_URL, PORT } = process.env;
const bot = new Telegraf(TOKEN, { telegram: { apiRoot: API_ROOT } });
bot.start((ctx) => ctx.reply("Welcome", Markup.inlineKeyboard([Markup.button.callback("More", "more")])));
bot.action("more", (ctx) => ctx.answerCbQuery("There is no more"));
bot.on("photo", (ctx) => ctx.reply("Photo " + ctx.message.media_group_id));
bot.on("text", (ctx) => ctx.reply("You said: " + ctx.message.text));
bot.on("edited_message", (ctx) => ctx.reply("You now say: " + ctx.editedMessage.text));
bot.on("channel_post", (ctx) => ctx.reply("Posted: " + ctx.channelPost.text));
if (WEBHOOK_URL) {
  const secretToken = "telegraf-secret";
  createServer(bot.webhookCallback(new URL(WEBHOOK_URL).pathname, { secretToken })).listen(PORT, "127.0.0.1", () =>
    bot.telegram.setWebhook(WEBHOOK_URL, { secret_token: secretToken }));
} else bot.launch();
`;

const TIMEOUT_MS = 20_000;

/** What a bot of either kind has to do, regardless of how updates arrive. */
async function talk(telegram: TestBotApi): Promise<void> {
  const said = async () => (await telegram.nextCall("sendMessage")).params.text;
  const anna = telegram.user({ first_name: "Anna" });

  anna.sends("/start");
  assert.equal(await said(), "Welcome");
  anna.presses("More");
  assert.equal((await telegram.nextCall("answerCallbackQuery")).params.text, "There is no more");

  const hello = anna.sends("hello 😀");
  assert.equal(await said(), "You said: hello 😀");
  anna.edits(hello, "hello!");
  assert.equal(await said(), "You now say: hello!");

  const { mediaGroupId } = anna.sendsAlbum([{ photo: true, caption: "one" }, { photo: true }, {
    photo: true,
  }]);
  for (let part = 0; part < 3; part++) assert.equal(await said(), `Photo ${mediaGroupId}`);

  anna.in(telegram.group({ title: "Cats" })).sends("in a group");
  assert.equal(await said(), "You said: in a group");
  telegram.channel({ title: "News" }).posts("news");
  assert.equal(await said(), "Posted: news");

  await telegram.idle();
  assert.deepEqual(telegram.violations, []);
}

/** Starts a bot in a separate process, has it talk, and ends it. */
async function drive(folder: string, file: string, mode: "long polling" | "webhooks"): Promise<number> {
  const telegram = await startTestBotApi();
  const port = await freePort();
  const env = {
    ...process.env,
    TOKEN: telegram.token,
    API_ROOT: telegram.apiRoot,
    ...mode === "webhooks" && { PORT: String(port), WEBHOOK_URL: `http://127.0.0.1:${port}/hook` },
  };
  const bot = spawn("node", [file], { cwd: folder, env, stdio: ["ignore", "inherit", "inherit"] });
  try {
    const ready = () => mode === "webhooks" ? telegram.webhook !== undefined : telegram.isPolled;
    await within(until(ready), bot, "the bot to start");
    const start = performance.now();
    await within(talk(telegram), bot, "the conversation to end");
    return performance.now() - start;
  } finally {
    bot.kill();
    await telegram.close();
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

function within<T>(work: Promise<T>, bot: ChildProcess, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Waited in vain for ${what}`)), TIMEOUT_MS);
    bot.once("exit", (code) => reject(new Error(`The bot ended with ${code}`)));
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

const folder = mkdtempSync(join(tmpdir(), "telehook-drive-"));
try {
  execFileSync("npm", [
    "install",
    "--prefix",
    folder,
    "--no-audit",
    "--no-fund",
    "--silent",
    "grammy",
    "telegraf",
  ], {
    stdio: "inherit",
  });
  writeFileSync(join(folder, "grammy.mjs"), GRAMMY_BOT);
  writeFileSync(join(folder, "telegraf.mjs"), TELEGRAF_BOT);
  for (const framework of ["grammy", "telegraf"]) {
    for (const mode of ["long polling", "webhooks"] as const) {
      const ms = await drive(folder, `${framework}.mjs`, mode);
      console.log(`${framework} by ${mode}: the whole conversation in ${ms.toFixed(0)} ms`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
