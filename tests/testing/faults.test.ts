import { strict as assert } from "node:assert";
import { describe, test } from "node:test";
import { OK, rawWebhook, status } from "./raw_webhook.ts";
import { call, frozen, saying } from "./test_server.ts";

describe("a connection that breaks", () => {
  for (
    const breakConnection of ["before request", "during request", "before answer", "during answer"] as const
  ) {
    test(`${breakConnection} has the update sent again`, async (t) => {
      const telegram = await frozen(t);
      const webhook = await rawWebhook(t);
      await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
      telegram.faults.add({ breakConnection });
      const delivery = telegram.deliver(saying("hello"));
      await telegram.clock.advance(2000);
      assert.equal(delivery.outcome, "acknowledged");
      assert.deepEqual(delivery.attempts.map(({ error }) => error), ["Webhook connection closed", undefined]);
      assert.deepEqual(delivery.attempts.map(({ connection }) => connection), [1, 2]);
      const isSeenTwice = breakConnection.endsWith("answer");
      assert.equal(webhook.requests.length, isSeenTwice ? 2 : 1);
    });
  }

  test("after answer leaves the answer counting", async (t) => {
    const telegram = await frozen(t);
    const webhook = await rawWebhook(t);
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
    telegram.faults.add({ breakConnection: "after answer" });
    assert.equal((await telegram.deliver(saying("one"))).attempts.length, 1);
    await webhook.until(() => webhook.opened === 2);
    await telegram.deliver(saying("two"));
    assert.deepEqual(webhook.requests.map(({ connection }) => connection), [1, 2]);
  });
});

test("the answer of a handled update can be lost", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  telegram.faults.add({ loseAnswer: true });
  const delivery = telegram.deliver(saying("hello"));
  await telegram.clock.advance(2000);
  assert.equal(delivery.outcome, "acknowledged");
  assert.deepEqual(webhook.said, ["hello", "hello"]);
  assert.equal(webhook.requests[0]?.text, webhook.requests[1]?.text);
});

test("an update can be delayed, and its queue with it", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  telegram.faults.add({ delayMs: 5000 });
  const [late, behind, other] = [saying("late", 1), saying("behind", 1), saying("other", 2)].map((update) =>
    telegram.deliver(update)
  );
  await other;
  await telegram.clock.advance(4999);
  assert.deepEqual(webhook.said, ["other"]);
  await telegram.clock.advance(1);
  await Promise.all([late, behind]);
  assert.deepEqual(webhook.said, ["other", "late", "behind"]);
});

test("an update can come twice", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  telegram.faults.add({ duplicate: true });
  const { attempts } = await telegram.deliver(saying("hello"));
  assert.deepEqual(attempts.map(({ answer }) => answer?.status), [200, 200]);
  assert.equal(webhook.requests[0]?.text, webhook.requests[1]?.text);
});

test("an update comes twice however long its first 2xx takes, also to another webhook", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t, () => status(500));
  const answers = [status(500), OK, status(500)];
  const next = await rawWebhook(t, () => answers.shift() ?? OK);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  telegram.faults.add({ duplicate: true }, { times: 2 });
  const delivery = telegram.deliver(saying("one"));
  await delivery.attempt(1);
  await telegram.clock.advance(1000);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${next.port}` });
  await telegram.clock.advance(10_000);
  assert.equal(delivery.outcome, "acknowledged");
  assert.deepEqual(delivery.attempts.slice(-4).map(({ answer }) => answer?.status), [500, 200, 500, 200]);
  assert.equal((await telegram.deliver(saying("two"))).attempts.length, 2);
  assert.equal((await telegram.deliver(saying("three"))).attempts.length, 1);
});

for (const secretToken of ["wrong", null]) {
  test(`a request can carry the secret ${secretToken}`, async (t) => {
    const telegram = await frozen(t);
    const webhook = await rawWebhook(t);
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}`, secret_token: "right" });
    telegram.faults.add({ secretToken });
    await telegram.deliver(saying("one"));
    await telegram.deliver(saying("two"));
    const sent = webhook.requests.map(({ headers }) => headers.get("x-telegram-bot-api-secret-token"));
    assert.deepEqual(sent, [secretToken ?? undefined, "right"]);
  });
}

test("a fault can be meant for some updates, several times, or be called off", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  telegram.faults.add({ duplicate: true }, { times: 2, when: ({ queue }) => queue === "message of chat 2" });
  await telegram.deliver(saying("a", 1));
  await telegram.deliver(saying("b", 2));
  await telegram.deliver(saying("c", 2));
  await telegram.deliver(saying("d", 2));
  assert.deepEqual(webhook.said, ["a", "b", "b", "c", "c", "d"]);
  telegram.faults.add({ duplicate: true });
  telegram.faults.clear();
  await telegram.deliver(saying("e"));
  assert.equal(webhook.said.length, 7);
});

test("waiting updates can be put into another order", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  telegram.pause();
  const deliveries = ["one", "two", "three"].map((text) => telegram.deliver(saying(text)));
  await telegram.clock.advance(1000);
  assert.deepEqual(webhook.said, []);
  assert.throws(() => telegram.reorder((waiting) => waiting.slice(1)), /every waiting update once/);
  telegram.reorder((waiting) => waiting.reverse());
  telegram.resume();
  await Promise.all(deliveries);
  assert.deepEqual(webhook.said, ["three", "two", "one"]);
});

test("a paused server stays paused when the webhook changes", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t);
  telegram.pause();
  const delivery = telegram.deliver(saying("hello"));
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  await telegram.clock.advance(1000);
  assert.equal(delivery.attempts.length, 0);
  telegram.resume();
  await delivery;
});

describe("a stranger", () => {
  test("posts what looks like Telegram's, without the secret", async (t) => {
    const telegram = await frozen(t);
    const webhook = await rawWebhook(t, () => "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
    await call(telegram, "setWebhook", {
      url: `http://127.0.0.1:${webhook.port}/hook`,
      secret_token: "right",
    });
    const { answer, isClosed } = await telegram.unauthenticatedPost({ body: '{"update_id":1}' });
    assert.deepEqual([answer?.status, answer?.body, isClosed], [401, "no", false]);
    const [{ path, headers, body } = assert.fail()] = webhook.requests;
    assert.deepEqual([path, body, headers.get("content-type")], [
      "/hook",
      '{"update_id":1}',
      "application/json",
    ]);
    assert.equal(headers.has("x-telegram-bot-api-secret-token"), false);
    assert.equal(telegram.violations.length, 0);
  });

  test("posts with another method, path, secret and headers", async (t) => {
    const telegram = await frozen(t);
    const webhook = await rawWebhook(t);
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}/hook` });
    const headers = { "Content-Type": "text/plain", "X-Forwarded-For": "149.154.160.1" };
    await telegram.unauthenticatedPost({ method: "PUT", path: "/other", secretToken: "guess", headers });
    const [request = assert.fail()] = webhook.requests;
    assert.ok(request.text.startsWith("PUT /other HTTP/1.1\r\n"));
    assert.equal(request.headers.get("x-telegram-bot-api-secret-token"), "guess");
    assert.equal(request.headers.get("content-type"), "text/plain");
    assert.equal(request.headers.get("x-forwarded-for"), "149.154.160.1");
  });

  test("posts more than 10 MB, or bytes that are no request", async (t) => {
    const telegram = await frozen(t);
    const webhook = await rawWebhook(t);
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}/hook` });
    webhook.respond = () => undefined;
    const raw = await telegram.unauthenticatedPost({ raw: "GET / HTTP/1.1\r\n", timeoutMs: 20 });
    assert.deepEqual(raw, { answer: undefined, isClosed: false });
    webhook.respond = (_, socket) => void socket.destroy();
    const { isClosed } = await telegram.unauthenticatedPost({ body: `"${"x".repeat(10_000_000)}"` });
    assert.equal(isClosed, true);
    assert.equal(webhook.requests.at(-1)?.body.length, 10_000_002);
  });

  test("cannot post where no webhook is set", async (t) => {
    const telegram = await frozen(t);
    await assert.rejects(telegram.unauthenticatedPost({}), /No webhook is set/);
  });
});

test("an update over 512 KiB is never sent", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t, () => OK);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  assert.equal((await telegram.deliver(saying("x".repeat(512 * 1024)))).outcome, "too big");
  await telegram.deliver(saying("x".repeat(511 * 1024)));
  assert.equal(webhook.requests.length, 1);
});

test("no more than 100,000 updates wait", async (t) => {
  const telegram = await frozen(t);
  for (let count = 0; count < 100_000; count++) telegram.deliver({ poll: { id: "1" } });
  assert.equal(telegram.pending, 100_000);
  assert.equal((await telegram.deliver({ poll: { id: "1" } })).outcome, "too big");
});

test("closing the server drops what waits", async (t) => {
  const telegram = await frozen(t);
  const delivery = telegram.deliver(saying("hello"));
  await telegram.close();
  assert.equal((await delivery).outcome, "dropped");
});
