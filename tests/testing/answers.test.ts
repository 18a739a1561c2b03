import { strict as assert } from "node:assert";
import type { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import { OK, rawWebhook, status } from "./raw_webhook.ts";
import { call, frozen, saying } from "./test_server.ts";

const latin1 = (bytes: Buffer) => bytes.toString("latin1");

/** An answer that has Telegram call a method. */
function reply(
  body: string,
  headers = `Content-Length: ${body.length}\r\n`,
  type = "application/json",
): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n${headers}\r\n${body}`;
}

const SAY_HI = '{"method":"sendMessage","chat_id":111,"text":"hi"}';

describe("a webhook reply", () => {
  const framings: readonly (readonly [name: string, answer: string])[] = [
    ["with Content-Length", reply(SAY_HI)],
    [
      "chunked",
      reply(
        `1a\r\n${SAY_HI.slice(0, 26)}\r\n18\r\n${SAY_HI.slice(26)}\r\n0\r\n\r\n`,
        "Transfer-Encoding: chunked\r\n",
      ),
    ],
    ["with a charset", reply(SAY_HI, undefined, "application/json; charset=utf-8")],
    [
      "as a form",
      reply("method=sendMessage&chat_id=111&text=hi", undefined, "application/x-www-form-urlencoded"),
    ],
  ];
  for (const [name, answer] of framings) {
    test(`${name} is executed`, async (t) => {
      const telegram = await frozen(t);
      const webhook = await rawWebhook(t, () => answer);
      await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
      assert.equal((await telegram.deliver(saying("hello"))).outcome, "acknowledged");
      const [{ method, params: { chat_id, text }, via } = assert.fail("no call")] = telegram.calls;
      assert.deepEqual([method, String(chat_id), text, via], ["sendMessage", "111", "hi", "webhook reply"]);
      assert.deepEqual(telegram.violations, []);
    });
  }

  test("as multipart is executed", async (t) => {
    const telegram = await frozen(t);
    const body = '--x\r\nContent-Disposition: form-data; name="method"\r\n\r\nsendMessage\r\n--x--\r\n';
    const webhook = await rawWebhook(t, () => reply(body, undefined, "multipart/form-data; boundary=x"));
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
    telegram.deliver(saying("hello"));
    assert.equal((await telegram.nextCall("sendMessage")).via, "webhook reply");
  });

  for (const [coding, bytes] of [["gzip", gzipSync(SAY_HI)], ["deflate", deflateSync(SAY_HI)]] as const) {
    test(`in ${coding} is understood`, async (t) => {
      const telegram = await frozen(t);
      const head = `Content-Encoding: ${coding}\r\nContent-Length: ${bytes.length}\r\n`;
      const webhook = await rawWebhook(t, () => reply(latin1(bytes), head));
      await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
      assert.equal((await telegram.deliver(saying("hello"))).body, SAY_HI);
      assert.equal(telegram.calls[0]?.method, "sendMessage");
    });
  }

  const acknowledgements: readonly (readonly [what: string, answer: string])[] = [
    ["of plain text", reply(SAY_HI, undefined, "text/plain")],
    ["without a method", reply('{"chat_id":111}')],
    ["that is not JSON", reply("{oops")],
    ["that is an array", reply(`[${SAY_HI}]`)],
    ["without Content-Length", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"],
    ...["setWebhook", "deletewebhook", "close", "logOut", "getMe", "getUpdates"].map((method) =>
      [`of ${method}`, reply(JSON.stringify({ method, url: "" }))] as const
    ),
  ];
  for (const [what, answer] of acknowledgements) {
    test(`${what} only acknowledges`, async (t) => {
      const telegram = await frozen(t);
      const webhook = await rawWebhook(t, () => answer);
      await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
      assert.equal((await telegram.deliver(saying("hello"))).outcome, "acknowledged");
      await telegram.clock.advance(1);
      assert.deepEqual(telegram.calls, []);
      assert.ok(telegram.webhook);
    });
  }

  test("with a status other than 2xx is not executed", async (t) => {
    const telegram = await frozen(t);
    const webhook = await rawWebhook(t, () => reply(SAY_HI).replace("200 OK", "500 Oops"));
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
    await telegram.deliver(saying("hello")).attempt(1);
    assert.deepEqual(telegram.calls, []);
  });

  test("that fails is not reported", async (t) => {
    const telegram = await frozen(t);
    const webhook = await rawWebhook(t, () => reply('{"method":"sendMessage","text":"nowhere"}'));
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
    assert.equal((await telegram.deliver(saying("hello"))).outcome, "acknowledged");
    assert.equal(telegram.calls[0]?.error, "Bad Request: chat_id is empty");
    const { result } = await call(telegram, "getWebhookInfo");
    assert.equal(Reflect.get(Object(result), "last_error_message"), undefined);
  });

  const big = JSON.stringify({ method: "sendMessage", chat_id: 111, text: "x".repeat(1 << 20) });
  const half = big.length >> 1;
  const chunks = [big.slice(0, half), big.slice(half), ""].map((chunk) =>
    `${chunk.length.toString(16)}\r\n${chunk}\r\n`
  );
  const tooBig = [["with Content-Length", reply(big)], [
    "chunked",
    reply(chunks.join(""), "Transfer-Encoding: chunked\r\n"),
  ]] as const;
  for (const [framing, answer] of tooBig) {
    test(`over 1 MiB ${framing} breaks the exchange`, async (t) => {
      const telegram = await frozen(t);
      const answers: string[] = [answer];
      const webhook = await rawWebhook(t, () => answers.shift() ?? OK);
      await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
      const delivery = telegram.deliver(saying("hello"));
      const { error } = await delivery.attempt(1);
      assert.equal(error, "Request Entity Too Large: too many parameters");
      assert.deepEqual(telegram.calls, []);
      await telegram.clock.advance(2000);
      assert.equal(delivery.outcome, "acknowledged");
    });
  }

  test("of plain text may be larger, also chunked", async (t) => {
    const telegram = await frozen(t);
    const answer = reply(chunks.join(""), "Transfer-Encoding: chunked\r\n", "text/plain");
    const webhook = await rawWebhook(t, () => answer);
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
    assert.equal((await telegram.deliver(saying("hello"))).body.length, big.length);
  });
});

describe("an exchange breaks", () => {
  const broken: readonly (readonly [what: string, answer: string, error: string])[] = [
    [
      "by Content-Encoding br",
      reply("xx", "Content-Encoding: br\r\nContent-Length: 2\r\n"),
      "Unsupported Media Type: unsupported content-encoding",
    ],
    [
      "by Content-Encoding identity",
      reply("xx", "Content-Encoding: identity\r\nContent-Length: 2\r\n"),
      "Unsupported Media Type: unsupported content-encoding",
    ],
    ["by HTTP/2", OK.replace("HTTP/1.1", "HTTP/2"), "HTTP Version Not Supported"],
    ["by something that is not HTTP", "SSH-2.0-OpenSSH\r\n\r\n", "Not Implemented"],
    [
      "by another transfer coding",
      reply("xx", "Transfer-Encoding: gzip\r\n"),
      "Unimplemented: unsupported transfer-encoding",
    ],
    [
      "by a chunk extension",
      reply("2;name=value\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\n"),
      "Bad Request: Too long length in chunked 2;name=value",
    ],
  ];
  for (const [what, answer, error] of broken) {
    test(what, async (t) => {
      const telegram = await frozen(t);
      const answers = [answer];
      const webhook = await rawWebhook(t, () => answers.shift() ?? OK);
      await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
      const delivery = telegram.deliver(saying("hello"));
      assert.equal((await delivery.attempt(1)).error, error);
      const { result } = await call(telegram, "getWebhookInfo");
      assert.equal(Reflect.get(Object(result), "last_error_message"), error);
      await telegram.clock.advance(2000);
      assert.deepEqual(webhook.requests.map(({ connection }) => connection), [1, 2]);
    });
  }

  test("for the next update by bytes beyond Content-Length", async (t) => {
    const telegram = await frozen(t);
    const webhook = await rawWebhook(t, ({ connection }) => connection === 1 ? `${OK}junk\r\n\r\n` : OK);
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
    assert.equal((await telegram.deliver(saying("one"))).outcome, "acknowledged");
    assert.deepEqual(telegram.violations, ["8 bytes arrived that belong to no answer"]);
    const two = telegram.deliver(saying("two"));
    assert.equal((await two.attempt(1)).error, "Not Implemented");
    await telegram.clock.advance(2000);
    assert.equal(two.outcome, "acknowledged");
  });

  test("by chunked trailers", async (t) => {
    const telegram = await frozen(t);
    const chunked = reply("2\r\n{}\r\n0\r\nX-Trailer: 1\r\n\r\n", "Transfer-Encoding: chunked\r\n");
    const webhook = await rawWebhook(t, ({ connection }) => connection === 1 ? chunked : OK);
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
    await telegram.deliver(saying("one"));
    assert.equal(telegram.violations.length, 1);
    assert.equal((await telegram.deliver(saying("two")).attempt(1)).error, "Not Implemented");
  });

  for (const interim of ["100 Continue", "103 Early Hints"]) {
    test(`by ${interim}, which counts as the answer, so that the real one counts for the next try`, async (t) => {
      const telegram = await frozen(t);
      const answers = [`HTTP/1.1 ${interim}\r\n\r\n${OK}`];
      const webhook = await rawWebhook(t, () => answers.shift());
      await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
      const { attempts } = await telegram.deliver(saying("one"));
      assert.equal(attempts[0]?.error, `Wrong response from the webhook: ${interim}`);
      assert.equal(attempts[1]?.answer?.status, 200);
      assert.ok(telegram.violations.includes(`${interim} counts as an answer`));
    });
  }
});

test("a connection is used again after an answer in pieces", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t, async (_, socket) => {
    for (const char of reply("{}")) {
      socket.write(char);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return undefined;
  });
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  await telegram.deliver(saying("one"));
  await telegram.deliver(saying("two"));
  assert.deepEqual(webhook.requests.map(({ connection }) => connection), [1, 1]);
});

for (
  const [what, answer] of [["Connection: close", status(200, "Connection: close\r\n")], [
    "HTTP/1.0",
    "HTTP/1.0 200 OK\r\n\r\n",
  ]]
) {
  test(`after ${what} the next update comes over another connection`, async (t) => {
    const telegram = await frozen(t);
    const webhook = await rawWebhook(t, () => answer);
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
    await telegram.deliver(saying("one"));
    await telegram.deliver(saying("two"));
    assert.deepEqual(webhook.requests.map(({ connection }) => connection), [1, 2]);
  });
}
