import { strict as assert } from "node:assert";
import { test } from "node:test";
import { queueOf } from "../../src/testing/queue_of.ts";
import { UPDATE_KINDS } from "../../src/testing/update_kinds.ts";
import { OK, rawWebhook } from "./raw_webhook.ts";
import { call, frozen, saying } from "./test_server.ts";

const chat = { id: -5, type: "group" };
const from = { id: 7, is_bot: false, first_name: "B" };
const member = { user: { id: 8, is_bot: false, first_name: "C" }, status: "member" };

const QUEUES: readonly (readonly [kind: string, payload: object, queue: string])[] = [
  ["message", { chat, from }, "message of chat -5"],
  ["edited_message", { chat, from }, "message of chat -5"],
  ["channel_post", { chat }, "message of chat -5"],
  ["edited_channel_post", { chat }, "message of chat -5"],
  ["business_message", { chat, from }, "business of chat -5"],
  ["edited_business_message", { chat, from }, "business of chat -5"],
  ["deleted_business_messages", { chat }, "business of chat -5"],
  ["guest_message", { chat, from }, "guest of chat -5"],
  ["message_reaction", { chat, user: from }, "reaction of chat -5"],
  ["message_reaction_count", { chat }, "reaction_count of chat -5"],
  ["my_chat_member", { chat, from, new_chat_member: member }, "my_chat_member of chat -5"],
  ["chat_boost", { chat }, "boost of chat -5"],
  ["removed_chat_boost", { chat }, "boost of chat -5"],
  ["callback_query", { from, message: { chat } }, "callback of user 7"],
  ["inline_query", { from }, "inline of user 7"],
  ["chosen_inline_result", { from }, "chosen of user 7"],
  ["shipping_query", { from }, "payment of user 7"],
  ["pre_checkout_query", { from }, "payment of user 7"],
  ["chat_member", { chat, from, new_chat_member: member }, "member of user 8"],
  ["chat_join_request", { chat, from }, "member of user 7"],
  ["business_connection", { user: from }, "business_connection of user 7"],
  ["purchased_paid_media", { from }, "paid_media of user 7"],
  ["managed_bot", { user: from, bot: { id: 9 } }, "managed_bot of user 7"],
  ["subscription", { user: from }, "subscription of user 7"],
  ["stopped_message_generation", { chat }, "stopped_generation of chat -5"],
  ["poll", { id: "99" }, "poll of poll 99"],
  ["poll_answer", { poll_id: "99", user: from }, "poll of poll 99"],
];

test("every kind belongs to the queue that Telegram puts it in", () => {
  for (const [kind, payload, queue] of QUEUES) {
    assert.equal(queueOf({ update_id: 1, [kind]: payload }).name, queue, kind);
  }
  assert.deepEqual(QUEUES.map(([kind]) => kind).toSorted(), [...UPDATE_KINDS].toSorted());
  assert.equal(queueOf({ update_id: 3, brand_new: { chat } }).name, "update 3");
  assert.equal(queueOf({ update_id: 4, message: null }).name, "update 4");
});

test("a guest message of a chat and a purchase of the user with the same id share a queue", () => {
  const guest = queueOf({ update_id: 1, guest_message: { chat: { id: 7 } } });
  const purchase = queueOf({ update_id: 2, purchased_paid_media: { from: { id: 7 } } });
  assert.equal(guest.id, purchase.id);
  assert.notEqual(guest.id, queueOf({ update_id: 3, business_message: { chat: { id: 7 } } }).id);
});

test("within a queue the next update is sent only after a 2xx to the one before", async (t) => {
  const telegram = await frozen(t);
  let answer = (_: string) => {};
  const webhook = await rawWebhook(t, () => new Promise((resolve) => (answer = resolve)));
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  const deliveries = ["one", "two", "three"].map((text) => telegram.deliver(saying(text)));
  for (const [index, delivery] of deliveries.entries()) {
    await webhook.until(() => webhook.requests.length === index + 1);
    await telegram.clock.advance(1000, { patienceMs: 5 });
    assert.deepEqual(webhook.said, ["one", "two", "three"].slice(0, index + 1));
    answer(OK);
    await delivery;
  }
  await telegram.idle();
});

test("different queues run in parallel, at most so many as max_connections", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t, ({ said }) => said === "first" ? OK : undefined);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}`, max_connections: 3 });
  await telegram.deliver(saying("first"));
  for (let chat = 1; chat <= 5; chat++) telegram.deliver(saying(`chat ${chat}`, chat));
  await webhook.until(() => webhook.requests.length === 4);
  await telegram.clock.advance(5000, { patienceMs: 5 });
  assert.deepEqual(webhook.said.toSorted(), ["chat 1", "chat 2", "chat 3", "first"]);
  assert.equal(telegram.connections, 3);
});

test("the parts of an album come one after another", async (t) => {
  const telegram = await frozen(t);
  let unanswered = 0;
  const webhook = await rawWebhook(t, async () => {
    assert.equal(++unanswered, 1);
    await new Promise((resolve) => setTimeout(resolve, 2));
    unanswered--;
    return OK;
  });
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  const photo = { photo: true } as const;
  const album = telegram.user().sendsAlbum([photo, photo, photo, photo]);
  assert.deepEqual((await album).map(({ outcome }) => outcome), Array(4).fill("acknowledged"));
  const ids = webhook.requests.map(({ update }) => update.update_id);
  assert.deepEqual(ids, ids.toSorted());
  assert.equal(
    new Set(webhook.requests.map(({ body }) => /media_group_id":"(\d+)"/.exec(body)?.[1])).size,
    1,
  );
});
