import { strict as assert } from "node:assert";
import { describe, test } from "node:test";
import type { Delivery } from "../../src/testing/mod.ts";
import { OK, rawWebhook, status } from "./raw_webhook.ts";
import { call, frozen, saying } from "./test_server.ts";

/** Makes a test of a whole day one of few tries. */
const RARELY = "Retry-After: 1800\r\n";

/** The seconds between the tries of an update. */
function delays({ attempts }: Delivery): number[] {
  return attempts.slice(1).map(({ sentAt }, index) => (sentAt - (attempts[index]?.endedAt ?? 0)) / 1000);
}

describe("tries are repeated", () => {
  test("after 0, 2, 4, 8, 16, 32 and 64 seconds, then every 60 to 120", async (t) => {
    let roll = 0.999;
    const telegram = await frozen(t, { random: () => roll });
    const webhook = await rawWebhook(t, () => status(500));
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
    const delivery = telegram.deliver(saying("hello"));
    await telegram.clock.advance(126_000);
    assert.deepEqual(delays(delivery), [0, 2, 4, 8, 16, 32, 64]);
    await telegram.clock.advance(120_000);
    assert.deepEqual(delays(delivery).slice(7), [120]);
    roll = 0;
    await telegram.clock.advance(120_000);
    assert.deepEqual(delays(delivery).slice(8), [120]);
    await telegram.clock.advance(60_000);
    assert.deepEqual(delays(delivery).slice(9), [60]);
  });

  for (const code of [301, 404, 410, 429, 502]) {
    test(`after a ${code} as after a 500`, async (t) => {
      const telegram = await frozen(t);
      const webhook = await rawWebhook(t, () => status(code));
      await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
      const delivery = telegram.deliver(saying("hello"));
      await telegram.clock.advance(6000);
      assert.deepEqual(delays(delivery), [0, 2, 4]);
    });
  }

  for (const code of [200, 201, 204, 299]) {
    test(`never after a ${code}`, async (t) => {
      const telegram = await frozen(t);
      const webhook = await rawWebhook(t, () => status(code));
      await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
      assert.equal((await telegram.deliver(saying("hello"))).status, code);
      assert.equal(telegram.pending, 0);
    });
  }

  test("with the very bytes of the first, whatever became of the update meanwhile", async (t) => {
    const telegram = await frozen(t);
    const answers = [status(500), status(500), OK];
    const webhook = await rawWebhook(t, () => answers.shift());
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
    const update = saying("hello");
    const delivery = telegram.deliver(update);
    await delivery.attempt(1);
    Reflect.set(update.message, "text", "changed");
    await telegram.clock.advance(2000);
    assert.equal(delivery.outcome, "acknowledged");
    assert.deepEqual(webhook.said, ["hello", "hello", "hello"]);
    assert.equal(new Set(webhook.requests.map(({ text }) => text)).size, 1);
  });

  test("and hold up their own queue only", async (t) => {
    const telegram = await frozen(t);
    const webhook = await rawWebhook(t, ({ said }) => said === "poison" ? status(500, RARELY) : OK);
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
    telegram.deliver(saying("poison", 1));
    const behind = telegram.deliver(saying("behind", 1));
    const beside = telegram.deliver(saying("beside", 2));
    assert.equal((await beside).outcome, "acknowledged");
    await telegram.clock.advance(3600_000);
    assert.equal(behind.attempts.length, 0);
    await telegram.clock.advance(86_400_000);
    assert.equal(behind.outcome, "acknowledged");
  });
});

describe("Retry-After", () => {
  const cases: readonly (readonly [header: string, seconds: number[]])[] = [
    ["7", [7, 7, 7]],
    ["3600", [3600, 3600, 3600]],
    ["7200", [3600, 3600, 3600]],
    ["0", [0, 2, 4]],
    ["-5", [0, 2, 4]],
    ["1.5", [0, 2, 4]],
    ["07", [0, 2, 4]],
    ["Wed, 21 Oct 2026 07:28:00 GMT", [0, 2, 4]],
  ];
  for (const [header, expected] of cases) {
    test(`${header} gives delays of ${expected.join(", ")} seconds`, async (t) => {
      const telegram = await frozen(t);
      const webhook = await rawWebhook(t, () => status(503, `retry-after: ${header}\r\n`));
      await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
      const delivery = telegram.deliver(saying("hello"));
      await telegram.clock.advance(expected.reduce((sum, seconds) => sum + seconds, 0) * 1000);
      assert.deepEqual(delays(delivery), expected);
    });
  }

  test("that passes the expiry drops the update at once", async (t) => {
    const telegram = await frozen(t);
    const webhook = await rawWebhook(t, () => status(503, "Retry-After: 151\r\n"));
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
    const delivery = telegram.deliver({ callback_query: { id: "1", from: { id: 1 } } });
    assert.equal((await delivery).outcome, "expired");
    assert.equal(delivery.attempts.length, 1);
  });
});

describe("an update expires", () => {
  const lifetimes: readonly (readonly [kind: string, seconds: number])[] = [
    ["message", 86_400],
    ["poll_answer", 86_400],
    ["callback_query", 150],
    ["shipping_query", 150],
    ["pre_checkout_query", 150],
    ["inline_query", 30],
    ["chosen_inline_result", 600],
    ["custom_event", 600],
  ];
  for (const [kind, seconds] of lifetimes) {
    test(`of the kind ${kind} after ${seconds} seconds`, async (t) => {
      const telegram = await frozen(t);
      const webhook = await rawWebhook(t, () => status(500, seconds > 3600 ? RARELY : ""));
      await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
      const delivery = telegram.deliver({ [kind]: { from: { id: 1 } } });
      await delivery.attempt(1);
      await telegram.clock.advance(seconds * 1000 + 120_000);
      assert.equal(delivery.outcome, "expired");
      const last = delivery.attempts.at(-1)?.sentAt ?? 0;
      const first = delivery.attempts[0]?.sentAt ?? 0;
      assert.ok(last - first <= seconds * 1000, `tried ${(last - first) / 1000} s after the first time`);
      assert.ok(last - first > seconds * 500 - 60_000, `gave up after ${(last - first) / 1000} s`);
    });
  }

  const dated: readonly (readonly [what: string, update: (date: number) => Record<string, object>])[] = [
    ["a message's own date", (date) => ({ message: { chat: { id: 1 }, date } })],
    [
      "the date of an edit",
      (date) => ({ edited_message: { chat: { id: 1 }, date: date - 90_000, edit_date: date } }),
    ],
    ["a membership change", (date) => ({ my_chat_member: { chat: { id: 1 }, date } })],
    ["a join request", (date) => ({ chat_join_request: { chat: { id: 1 }, from: { id: 1 }, date } })],
    ["the start of a boost", (date) => ({ chat_boost: { chat: { id: 1 }, boost: { add_date: date } } })],
  ];
  for (const [what, update] of dated) {
    test(`a day after ${what}`, async (t) => {
      const telegram = await frozen(t);
      const now = Math.floor(telegram.clock.now() / 1000);
      const start = now - 80_000;
      assert.equal(telegram.deliver(update(start)).expiresAt, (start + 86_400) * 1000);
      // One that was recorded long ago counts as new.
      assert.equal(telegram.deliver(update(now - 86_400)).expiresAt, telegram.clock.now() + 86_400_000);
    });
  }

  for (
    const kind of [
      "poll",
      "purchased_paid_media",
      "managed_bot",
      "business_connection",
      "deleted_business_messages",
    ]
  ) {
    test(`of the kind ${kind} a day after Telegram got it`, async (t) => {
      const telegram = await frozen(t);
      const { expiresAt } = telegram.deliver({ [kind]: { id: "1", from: { id: 1 }, date: 1 } });
      assert.equal(expiresAt - telegram.clock.now(), 86_400_000);
    });
  }

  test("for which no webhook is set", async (t) => {
    const telegram = await frozen(t);
    const delivery = telegram.deliver({ inline_query: { from: { id: 1 } } });
    await telegram.clock.advance(31_000);
    const webhook = await rawWebhook(t);
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
    assert.equal((await delivery).outcome, "expired");
    assert.deepEqual(webhook.requests, []);
  });
});

test("without an answer for 60 seconds the connection is closed and the update sent again", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t, ({ connection }) => connection === 1 ? undefined : OK);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  const delivery = telegram.deliver(saying("slow"));
  await webhook.until(() => webhook.requests.length === 1);
  await telegram.clock.advance(59_999, { patienceMs: 5 });
  assert.equal(webhook.open, 1);
  await telegram.clock.advance(1, { patienceMs: 5 });
  const { attempts } = await delivery;
  assert.equal((attempts[0]?.endedAt ?? 0) - (attempts[0]?.sentAt ?? 0), 60_000);
  assert.equal(attempts[1]?.sentAt, attempts[0]?.endedAt);
  assert.deepEqual(webhook.requests.map(({ connection }) => connection), [1, 2]);
  assert.equal(webhook.requests[0]?.text, webhook.requests[1]?.text);
  const { result } = await call(telegram, "getWebhookInfo");
  assert.equal(Reflect.get(Object(result), "last_error_message"), "Read timeout expired");
});

test("an answer after the 60 seconds is lost", async (t) => {
  const telegram = await frozen(t);
  let answerLate = () => {};
  const webhook = await rawWebhook(t, (_, socket) => {
    answerLate = () => socket.write(OK);
    return undefined;
  });
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  const delivery = telegram.deliver(saying("slow"));
  await webhook.until(() => webhook.requests.length === 1);
  const late = answerLate;
  await telegram.clock.advance(60_000, { patienceMs: 5 });
  await delivery.attempt(1);
  late();
  await webhook.until(() => webhook.requests.length === 2);
  assert.equal(delivery.outcome, undefined);
});

describe("410", () => {
  test("for 23 hours without anything else removes the webhook", async (t) => {
    const telegram = await frozen(t);
    const webhook = await rawWebhook(t, () => status(410, RARELY));
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
    const delivery = telegram.deliver(saying("hello"));
    await delivery.attempt(1);
    await telegram.clock.advance(23 * 3_600_000 - 1000);
    assert.ok(telegram.webhook);
    await telegram.clock.advance(3_600_000);
    assert.equal(telegram.webhook, undefined);
    assert.equal(telegram.pending, 1);
  });

  test("with another error in between does not", async (t) => {
    const telegram = await frozen(t);
    let answers = 0;
    const webhook = await rawWebhook(t, () => status(answers++ === 20 ? 500 : 410, RARELY));
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
    telegram.deliver(saying("hello"));
    await telegram.clock.advance(23.9 * 3_600_000);
    assert.ok(answers > 40);
    assert.ok(telegram.webhook);
  });
});
