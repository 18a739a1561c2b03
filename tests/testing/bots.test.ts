import { strict as assert } from "node:assert";
import { test } from "node:test";
import { rawWebhook } from "./raw_webhook.ts";
import { call, frozen } from "./test_server.ts";

test("several bots on one server have their own webhooks, updates and calls", async (t) => {
  const telegram = await frozen(t, { bots: [{ token: "7:seven", bot: { username: "seven_bot" } }, {}] });
  const [first, seven, third] = telegram.bots;
  assert.ok(first === telegram && seven && third);
  const { apiRoot } = telegram;
  assert.deepEqual(telegram.bots.map(({ token }) => token), [
    "123456:TEST-TOKEN",
    "7:seven",
    "123457:TEST-TOKEN",
  ]);
  const one = await rawWebhook(t);
  const two = await rawWebhook(t);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${one.port}` });
  await call({ apiRoot, token: seven.token }, "setWebhook", { url: `http://127.0.0.1:${two.port}` });
  await telegram.user().sends("to the first");
  await seven.user().sends("to seven");
  assert.deepEqual([one.said, two.said], [["to the first"], ["to seven"]]);

  await call({ apiRoot, token: seven.token }, "sendMessage", { chat_id: 5, text: "hi" });
  assert.equal((await seven.nextCall("sendMessage")).params.text, "hi");
  assert.deepEqual(telegram.calls, []);
  assert.equal(Object((await call({ apiRoot, token: seven.token }, "getMe")).result).username, "seven_bot");

  third.user().sends("to the third");
  const { result } = await call({ apiRoot, token: third.token }, "getUpdates");
  assert.ok(Array.isArray(result) && result.length === 1);
});

test("a bot is added and removed while the others go on", async (t) => {
  const telegram = await frozen(t);
  const { apiRoot } = telegram;
  const bot = telegram.addBot({ token: "9:nine" });
  const webhook = await rawWebhook(t);
  await call({ apiRoot, token: "9:nine" }, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  await bot.user().sends("hello");
  assert.throws(() => telegram.addBot({ token: "9:other" }), /a bot with the id 9 already/);
  assert.throws(() => telegram.addBot({ token: "nine" }), /"token" must be digits, a colon and more/);
  telegram.removeBot(bot);
  assert.equal((await call({ apiRoot, token: "9:nine" }, "getMe")).status, 401);
  await webhook.until(() => webhook.open === 0);
  assert.equal((await call(telegram, "getMe")).status, 200);
});

test("getManagedBotToken gives the token of a bot that somebody created, until it is replaced", async (t) => {
  const telegram = await frozen(t);
  const { apiRoot } = telegram;
  const created = telegram.user({ first_name: "Anna" }).createsBot({ id: 500, username: "anna_bot" });
  assert.deepEqual([created.kind, created.queue], ["managed_bot", "managed_bot of user 111"]);
  const token = String((await call(telegram, "getManagedBotToken", { user_id: 500 })).result);
  assert.equal(Object((await call({ apiRoot, token }, "getMe")).result).username, "anna_bot");
  const next = String((await call(telegram, "replaceManagedBotToken", { user_id: 500 })).result);
  assert.notEqual(next, token);
  assert.equal((await call({ apiRoot, token }, "getMe")).status, 401);
  assert.equal((await call({ apiRoot, token: next }, "getMe")).status, 200);
  assert.equal((await call(telegram, "getManagedBotToken", { user_id: 501 })).status, 400);
});
