import { strict as assert } from "node:assert";
import { describe, test } from "node:test";
import { OK, rawWebhook } from "./raw_webhook.ts";
import { call, frozen, saying } from "./test_server.ts";

test("a round trip takes its time, a new connection one more", async (t) => {
  const telegram = await frozen(t, { roundTripMs: 180 });
  const webhook = await rawWebhook(t);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  const album = telegram.user().sendsAlbum([{ photo: true }, { photo: true }, { photo: true }]);
  const start = telegram.clock.now();
  await telegram.clock.advance(10_000);
  const [one, two, three] = (await album).map(({ attempts: [attempt] }) => attempt ?? assert.fail());
  assert.deepEqual([one?.sentAt, one?.endedAt].map((at) => (at ?? 0) - start), [0, 360]);
  assert.deepEqual([two, three].map((attempt) => (attempt?.endedAt ?? 0) - start), [540, 720]);
});

test("the round trip of each connection is its own, and can change", async (t) => {
  const telegram = await frozen(t);
  telegram.network.roundTripMs = (connection) => connection === 1 ? 0 : 1000;
  const webhook = await rawWebhook(t, ({ connection }) => connection === 1 ? undefined : OK);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  const delivery = telegram.deliver(saying("hello"));
  await webhook.until(() => webhook.requests.length === 1);
  await telegram.clock.advance(61_000, { patienceMs: 5 });
  assert.equal(delivery.outcome, undefined);
  await telegram.clock.advance(1000, { patienceMs: 5 });
  assert.equal(delivery.outcome, "acknowledged");
});

test("an answer that is on its way after 60 seconds comes too late", async (t) => {
  const telegram = await frozen(t, { roundTripMs: 70_000 });
  const webhook = await rawWebhook(t);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  const delivery = telegram.deliver(saying("hello"));
  await telegram.clock.advance(61_000);
  assert.equal(delivery.attempts[0]?.error, "Read timeout expired");
});

describe("two receivers on one port", () => {
  test("get connections in turn, and so both get updates of one chat", async (t) => {
    const [a, b] = [await rawWebhook(t), await rawWebhook(t)];
    const resolve = { "127.0.0.1:8443": [`127.0.0.1:${a.port}`, `127.0.0.1:${b.port}`] };
    const telegram = await frozen(t, { resolve });
    await call(telegram, "setWebhook", { url: "http://127.0.0.1:8443/", max_connections: 2 });
    await telegram.deliver(saying("first", 1));
    let answer = (_: string) => {};
    a.respond = () => new Promise((done) => (answer = done));
    const held = telegram.deliver(saying("held", 1));
    await telegram.deliver(saying("beside", 2));
    answer(OK);
    await held;
    a.respond = () => OK;
    for (const text of ["c", "d", "e", "f"]) await telegram.deliver(saying(text, 1));
    assert.deepEqual([a.said.slice(-2), b.said.slice(-2)].sort(), [["c", "e"], ["d", "f"]]);
  });

  test("while one is down, the other gets everything", async (t) => {
    const [a, b] = [await rawWebhook(t), await rawWebhook(t)];
    const telegram = await frozen(t);
    telegram.network.route("bot.example:80", [`127.0.0.1:${a.port}`, `127.0.0.1:${b.port}`]);
    await call(telegram, "setWebhook", { url: "http://bot.example/" });
    await telegram.network.whileDown(async () => {
      const delivery = telegram.deliver(saying("hello"));
      await telegram.clock.advance(4000);
      assert.equal(delivery.outcome, "acknowledged");
    }, `127.0.0.1:${a.port}`);
    assert.deepEqual([a.said, b.said], [[], ["hello"]]);
  });

  test("are given as loopback addresses with ports", async (t) => {
    const telegram = await frozen(t);
    for (const address of ["192.0.2.1:80", "127.0.0.1", "127.0.0.1:x", ":1"]) {
      assert.throws(() => telegram.network.route("bot.example:80", address), /loopback addresses only/);
    }
    assert.throws(() => telegram.network.route("bot.example:80", []), /at least one/);
  });
});

test("a receiver restarts in the middle of a delivery", async (t) => {
  const telegram = await frozen(t);
  const old = await rawWebhook(t, () => undefined);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${old.port}` });
  telegram.faults.add({
    restart: async () => {
      await old.until(() => old.requests.length === 1);
      await old.close();
      old.respond = () => OK;
      await old.listen(old.port);
    },
  });
  const delivery = telegram.deliver(saying("hello"));
  await telegram.clock.advance(4000);
  assert.equal(delivery.outcome, "acknowledged");
  assert.equal(delivery.attempts[0]?.error, "Webhook connection closed");
  assert.deepEqual(old.said, ["hello", "hello"]);
  assert.deepEqual(telegram.violations, []);
});

test("while a receiver is down, connections are refused and tried again", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  await telegram.deliver(saying("before"));
  const delivery = telegram.deliver(saying("meanwhile"));
  await telegram.network.whileDown(() => telegram.clock.advance(20_000));
  const { result } = await call(telegram, "getWebhookInfo");
  assert.equal(Object(result).last_error_message, "Connection refused");
  await telegram.clock.advance(20_000);
  assert.equal(delivery.outcome, "acknowledged");
});

test("an answer can be lost silently, which the sender sees after 60 seconds", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  telegram.faults.add({ loseAnswer: "silently" });
  const delivery = telegram.deliver(saying("hello"));
  await telegram.clock.advance(59_999);
  assert.equal(delivery.attempts.length, 0);
  await telegram.clock.advance(2000);
  assert.equal(delivery.outcome, "acknowledged");
  assert.deepEqual(delivery.attempts.map(({ error }) => error), ["Read timeout expired", undefined]);
  assert.deepEqual(webhook.said, ["hello", "hello"]);
});
