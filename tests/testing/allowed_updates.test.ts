import { strict as assert } from "node:assert";
import { test } from "node:test";
import { DEFAULT_KINDS, UPDATE_KINDS } from "../../src/testing/update_kinds.ts";
import type { TestBotApi, VirtualClock } from "../../src/testing/mod.ts";
import { call, frozen } from "./test_server.ts";

const MEMBERSHIP = ["chat_member", "message_reaction", "message_reaction_count"];

/** Which kinds would be delivered now. */
function delivered(telegram: TestBotApi<VirtualClock>, kinds = UPDATE_KINDS): string[] {
  return kinds.filter((kind) => telegram.deliver({ [kind]: {} }).outcome !== "not allowed");
}

async function listed(telegram: TestBotApi<VirtualClock>): Promise<unknown> {
  return Reflect.get(Object((await call(telegram, "getWebhookInfo")).result), "allowed_updates");
}

test("without allowed_updates all kinds but three are delivered", async (t) => {
  const telegram = await frozen(t);
  assert.deepEqual(delivered(telegram), UPDATE_KINDS.filter((kind) => !MEMBERSHIP.includes(kind)));
  assert.equal(await listed(telegram), undefined);
});

test("what is not sent uses up no update_id", async (t) => {
  const telegram = await frozen(t);
  const ids = ["poll", "chat_member", "poll"].map((kind) =>
    telegram.deliver({ [kind]: {} }).update.update_id
  );
  assert.deepEqual(ids.map((id) => id % 1000), [1, 2, 2]);
  telegram.deliver({ update_id: 200_000_000, chat_member: {} });
  telegram.deliver({ poll: { question: "x".repeat(512 * 1024) } });
  assert.equal(telegram.deliver({ poll: {} }).update.update_id, 100_000_003);
});

test("with a list only those in it are, and they are listed in Telegram's order", async (t) => {
  const telegram = await frozen(t);
  const allowed_updates = ["poll", "chat_member", "Message", "nonsense"];
  await call(telegram, "setWebhook", { url: "http://127.0.0.1:1", allowed_updates });
  assert.deepEqual(delivered(telegram), ["message", "poll", "chat_member"]);
  assert.deepEqual(await listed(telegram), ["message", "poll", "chat_member"]);
});

test("a list stays until another comes, whatever else is called", async (t) => {
  const telegram = await frozen(t);
  const set = async (params: object) => {
    await telegram.clock.advance(1000);
    await call(telegram, "setWebhook", params);
  };
  const url = "http://127.0.0.1:1";
  await set({ url, allowed_updates: ["poll"] });
  await set({ url, max_connections: 3 });
  await call(telegram, "deleteWebhook");
  assert.deepEqual(delivered(telegram), ["poll"]);
  await set({ url, allowed_updates: "not a list" });
  assert.deepEqual(delivered(telegram), ["poll"]);
  await set({ url, allowed_updates: "not a list" });
  await set({ url, allowed_updates: ["poll", 7] });
  assert.deepEqual(delivered(telegram), ["poll"]);
  await set({ url, allowed_updates: '["message"]' });
  assert.deepEqual(delivered(telegram), ["message"]);
  await call(telegram, "deleteWebhook");
  await call(telegram, "getUpdates", { allowed_updates: ["poll_answer"] });
  assert.deepEqual(delivered(telegram), ["poll_answer"]);
});

for (const list of [[], ["nonsense"], DEFAULT_KINDS]) {
  test(`${JSON.stringify(list).slice(0, 40)} means the default kinds`, async (t) => {
    const telegram = await frozen(t);
    await call(telegram, "setWebhook", { url: "http://127.0.0.1:1", allowed_updates: ["poll"] });
    await telegram.clock.advance(1000);
    await call(telegram, "setWebhook", { url: "http://127.0.0.1:1", allowed_updates: list });
    assert.deepEqual(delivered(telegram), [...DEFAULT_KINDS]);
    assert.equal(await listed(telegram), undefined);
  });
}

test("a kind that nobody knows comes with the default kinds, when named, or when the test insists", async (t) => {
  const telegram = await frozen(t);
  assert.deepEqual(delivered(telegram, ["brand_new"]), ["brand_new"]);
  await call(telegram, "setWebhook", { url: "http://127.0.0.1:1", allowed_updates: ["poll"] });
  assert.deepEqual(delivered(telegram, ["brand_new"]), []);
  assert.equal(telegram.deliver({ brand_new: {} }, { evenIfNotAllowed: true }).outcome, undefined);
  await telegram.clock.advance(1000);
  await call(telegram, "setWebhook", { url: "http://127.0.0.1:1", allowed_updates: ["poll", "brand_new"] });
  assert.deepEqual(delivered(telegram, ["brand_new", "other"]), ["brand_new"]);
});
