import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { TestBotApi, VirtualClock } from "../../src/testing/mod.ts";
import { OK, rawWebhook, status } from "./raw_webhook.ts";
import { call, frozen, saying } from "./test_server.ts";

/** Short enough that held answers do not hold up the test. */
const impatient = { patienceMs: 5 };

function crowd(telegram: TestBotApi<VirtualClock>, chats: number): void {
  for (let chat = 1; chat <= chats; chat++) telegram.deliver(saying(`chat ${chat}`, chat));
}

test("setting a webhook opens one connection without a request", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  await webhook.until(() => webhook.open === 1);
  await telegram.clock.advance(10_000);
  assert.equal(webhook.opened, 1);
  assert.deepEqual(webhook.requests, []);
});

test("the sender closes a connection that is idle for 60 seconds", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  await telegram.deliver(saying("hello"));
  await telegram.clock.advance(59_999);
  assert.equal(webhook.open, 1);
  await telegram.clock.advance(1);
  await webhook.until(() => webhook.open === 0);
  await telegram.deliver(saying("again"));
  assert.equal(webhook.requests[1]?.connection, 2);
});

test("one connection until the first 2xx, then ten, then one more every 50 ms up to max_connections", async (t) => {
  const telegram = await frozen(t);
  let answerFirst = (_: string) => {};
  const webhook = await rawWebhook(t, ({ said }) => {
    return said === "chat 1" ? new Promise((resolve) => (answerFirst = resolve)) : undefined;
  });
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}`, max_connections: 14 });
  crowd(telegram, 30);
  await webhook.until(() => webhook.requests.length === 1);
  await telegram.clock.advance(9000, impatient);
  assert.equal(webhook.opened, 1);

  answerFirst(OK);
  await webhook.until(() => webhook.requests.length === 12);
  assert.equal(telegram.connections, 11);
  await telegram.clock.advance(49, impatient);
  assert.equal(telegram.connections, 11);
  for (const connections of [12, 13, 14]) {
    await telegram.clock.advance(50, impatient);
    assert.equal(telegram.connections, connections);
  }
  await telegram.clock.advance(2000, impatient);
  assert.equal(telegram.connections, 14);
});

test("10 seconds after the last 2xx one slow answer blocks every other chat", async (t) => {
  const telegram = await frozen(t);
  let answerSlow = (_: string) => {};
  const webhook = await rawWebhook(t, ({ said }) => {
    return said === "slow" ? new Promise((resolve) => (answerSlow = resolve)) : OK;
  });
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  await telegram.deliver(saying("hello", 1));
  await telegram.clock.advance(10_001);
  telegram.deliver(saying("slow", 2));
  await webhook.until(() => webhook.requests.length === 2);
  const blocked = telegram.deliver(saying("quick", 3));
  await telegram.clock.advance(30_000, impatient);
  assert.deepEqual(webhook.said, ["hello", "slow"]);
  answerSlow(OK);
  assert.equal((await blocked).outcome, "acknowledged");
});

test("up to 10 seconds after the last 2xx it does not", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t, ({ said }) => said === "slow" ? undefined : OK);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  await telegram.deliver(saying("hello", 1));
  await telegram.clock.advance(10_000);
  telegram.deliver(saying("slow", 2));
  assert.equal((await telegram.deliver(saying("quick", 3))).outcome, "acknowledged");
});

test("a webhook that does not listen is tried by one connection every two seconds", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t);
  const { port } = webhook;
  await webhook.close();
  assert.equal((await call(telegram, "setWebhook", { url: `http://127.0.0.1:${port}` })).ok, true);
  const delivery = telegram.deliver(saying("hello"));
  await telegram.clock.advance(14_000);
  const from = delivery.attempts[0]?.sentAt ?? 0;
  assert.deepEqual(delivery.attempts.map(({ sentAt }) => (sentAt - from) / 1000), [0, 2, 4, 8]);
  const { result } = await call(telegram, "getWebhookInfo");
  assert.equal(Reflect.get(Object(result), "last_error_message"), "Connection refused");
});

test("at most twice max_connections queues are loaded, so chats that always fail starve the others", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(
    t,
    ({ said }) => said === "fine" ? OK : status(500, "Retry-After: 3600\r\n"),
  );
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}`, max_connections: 2 });
  crowd(telegram, 4);
  const starved = telegram.deliver(saying("fine", 99));
  await telegram.clock.advance(22 * 3_600_000);
  assert.equal(starved.attempts.length, 0);
  await telegram.clock.advance(3 * 3_600_000);
  assert.equal(telegram.pending, 0);
});

test("three failing chats of four leave room for the others", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t, ({ said }) => said === "fine" ? OK : status(500));
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}`, max_connections: 2 });
  crowd(telegram, 3);
  const others = [97, 98, 99].map((chat) => telegram.deliver(saying("fine", chat)));
  await telegram.clock.advance(1000);
  assert.deepEqual(others.map(({ outcome }) => outcome), Array(3).fill("acknowledged"));
});
