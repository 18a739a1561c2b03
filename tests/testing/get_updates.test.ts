import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { TestBotApi, VirtualClock } from "../../src/testing/mod.ts";
import { type ApiAnswer, call, frozen, saying } from "./test_server.ts";

function ids({ result }: ApiAnswer): number[] {
  assert.ok(Array.isArray(result));
  return result.map(({ update_id }) => update_id);
}

/** Delivers so many updates and gives their ids. */
function deliver(telegram: TestBotApi<VirtualClock>, count: number): number[] {
  return Array.from(
    { length: count },
    (_, index) => telegram.deliver(saying("hi", index + 1)).update.update_id,
  );
}

test("gives what waits, oldest first, until an offset confirms it", async (t) => {
  const telegram = await frozen(t);
  const [one = 0, two = 0, three = 0] = deliver(telegram, 3);
  assert.deepEqual(ids(await call(telegram, "getUpdates")), [one, two, three]);
  assert.equal(telegram.pending, 3);
  assert.deepEqual(ids(await call(telegram, "getUpdates", { offset: two })), [two, three]);
  assert.equal(telegram.pending, 2);
  const idle = telegram.idle();
  assert.deepEqual(ids(await call(telegram, "getUpdates", { offset: three + 1 })), []);
  await idle;
});

test("gives at most limit updates, at most 100", async (t) => {
  const telegram = await frozen(t);
  const all = deliver(telegram, 102);
  assert.deepEqual(ids(await call(telegram, "getUpdates", { limit: 2 })), all.slice(0, 2));
  await telegram.clock.advance(3000);
  assert.deepEqual(ids(await call(telegram, "getUpdates", { limit: 1000 })), all.slice(0, 100));
  await telegram.clock.advance(3000);
  assert.deepEqual(ids(await call(telegram, "getUpdates", { limit: 0 })), all.slice(0, 1));
});

test("an offset far above all updates is taken for none: it belongs to other ids", async (t) => {
  const telegram = await frozen(t);
  const all = deliver(telegram, 2);
  assert.deepEqual(ids(await call(telegram, "getUpdates", { offset: 70_000 })), all);
  assert.equal(telegram.pending, 2);
});

test("a negative offset keeps so many of the newest", async (t) => {
  const telegram = await frozen(t);
  const all = deliver(telegram, 5);
  assert.deepEqual(ids(await call(telegram, "getUpdates", { offset: -2 })), all.slice(-2));
  assert.equal(telegram.pending, 2);
});

test("waits up to timeout seconds, at most 50, for an update", async (t) => {
  const telegram = await frozen(t);
  let answered = false;
  const poll = call(telegram, "getUpdates", { timeout: 100 }).finally(() => (answered = true));
  await telegram.clock.advance(0);
  while (!telegram.isPolled) await new Promise((resolve) => setImmediate(resolve));
  await telegram.clock.advance(49_999);
  assert.equal(answered, false);
  await telegram.clock.advance(1);
  assert.deepEqual(ids(await poll), []);

  const next = call(telegram, "getUpdates", { offset: 1, timeout: 50 });
  while (!telegram.isPolled) await new Promise((resolve) => setImmediate(resolve));
  const together = deliver(telegram, 2);
  assert.deepEqual(ids(await next), together);
});

test("answers 409 while a webhook is set, at once and then every three seconds", async (t) => {
  const telegram = await frozen(t);
  await call(telegram, "setWebhook", { url: "http://127.0.0.1:1" });
  const { status, description } = await call(telegram, "getUpdates");
  assert.equal(status, 409);
  assert.equal(
    description,
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
  );
  let answered = false;
  const second = call(telegram, "getUpdates").finally(() => (answered = true));
  for (let count = 0; count < 5; count++) await call(telegram, "getMe");
  assert.equal(answered, false);
  const asked = telegram.clock.now();
  while (!answered) {
    await telegram.clock.advance(1000);
    await call(telegram, "getMe");
  }
  assert.equal((await second).status, 409);
  assert.ok(telegram.clock.now() - asked >= 3000);
});

test("a second poll ends the first with 409", async (t) => {
  const telegram = await frozen(t);
  const first = call(telegram, "getUpdates", { timeout: 30 });
  while (!telegram.isPolled) await new Promise((resolve) => setImmediate(resolve));
  const second = call(telegram, "getUpdates", { timeout: 30 });
  assert.equal(
    (await first).description,
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
  );
  const [id] = deliver(telegram, 1);
  assert.deepEqual(ids(await second), [id]);
});

test("setWebhook ends a waiting poll with 409", async (t) => {
  const telegram = await frozen(t);
  const poll = call(telegram, "getUpdates", { timeout: 30 });
  while (!telegram.isPolled) await new Promise((resolve) => setImmediate(resolve));
  await call(telegram, "setWebhook", { url: "http://127.0.0.1:1" });
  assert.equal((await poll).description, "Conflict: terminated by setWebhook request");
});

test("the same offset again at once gives a single update, or waits three seconds for one", async (t) => {
  const telegram = await frozen(t);
  const [one = 0] = deliver(telegram, 3);
  await call(telegram, "getUpdates", { offset: one });
  assert.deepEqual(ids(await call(telegram, "getUpdates", { offset: one })), [one]);
  await call(telegram, "getUpdates", { offset: one + 3 });
  const idle = call(telegram, "getUpdates", { offset: one + 3 });
  while (!telegram.isPolled) await new Promise((resolve) => setImmediate(resolve));
  await telegram.clock.advance(3000);
  assert.deepEqual(ids(await idle), []);
});

test("does not give what has expired", async (t) => {
  const telegram = await frozen(t);
  const query = telegram.deliver({ inline_query: { from: { id: 1 } } });
  const [id] = deliver(telegram, 1);
  await telegram.clock.advance(31_000);
  assert.deepEqual(ids(await call(telegram, "getUpdates")), [id]);
  assert.equal((await query).outcome, "expired");
});
