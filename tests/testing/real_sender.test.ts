import { strict as assert } from "node:assert";
import type { Buffer } from "node:buffer";
import { describe, test, type TestContext } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import type { Delivered, TestBotApi, VirtualClock } from "../../src/testing/mod.ts";
import { OK, type RawWebhook, rawWebhook, status } from "./raw_webhook.ts";
import { call, frozen, saying } from "./test_server.ts";

/*
 * Where the test server once differed from Telegram's own sender code, which was driven against the same receivers.
 * The names say what the real sender does.
 */

/** Sends one update to a webhook whose first answer this is, and accepts any further try. */
async function exchange(
  t: TestContext,
  answer: string,
): Promise<{ telegram: TestBotApi<VirtualClock>; webhook: RawWebhook; delivered: Delivered }> {
  const telegram = await frozen(t);
  const answers = [answer];
  const webhook = await rawWebhook(t, () => answers.shift() ?? OK);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  const delivery = telegram.deliver(saying("hello"));
  await delivery.attempt(1);
  await telegram.clock.advance(3_600_000);
  return { telegram, webhook, delivered: await delivery };
}

function json(body: string, headers = ""): string {
  const length = new TextEncoder().encode(body).length;
  const bytes = latin1(new TextEncoder().encode(body));
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${headers}Content-Length: ${length}\r\n\r\n${bytes}`;
}

const latin1 = (bytes: Uint8Array) => String.fromCharCode(...bytes);

describe("1: the connection that has been idle longest is used", () => {
  test("so one chat's updates, and the parts of an album, go in turn over all of them", async (t) => {
    const telegram = await frozen(t);
    let held: ((answer: string) => void)[] = [];
    const webhook = await rawWebhook(
      t,
      ({ said }) => said.startsWith("held") ? new Promise((resolve) => held.push(resolve)) : OK,
    );
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}`, max_connections: 3 });
    await telegram.deliver(saying("first", 1));
    const busy = [1, 2, 3].map((chat) => telegram.deliver(saying(`held ${chat}`, chat)));
    await webhook.until(() => webhook.requests.length === 4);
    for (const answer of held) answer(OK);
    held = [];
    await Promise.all(busy);
    const before = webhook.requests.length;
    for (const text of ["a", "b", "c", "d", "e", "f"]) await telegram.deliver(saying(text, 1));
    const used = webhook.requests.slice(before).map(({ connection }) => connection);
    assert.deepEqual([...used.slice(0, 3)].sort(), [1, 2, 3]);
    assert.deepEqual(used.slice(3), used.slice(0, 3));

    const photo = { photo: true } as const;
    await telegram.user().sendsAlbum([photo, photo, photo]);
    const parts = webhook.requests.slice(-3).map(({ connection }) => connection);
    assert.deepEqual(parts, used.slice(0, 3));
  });

  test("and all of them stay open that are used within 60 seconds", async (t) => {
    const telegram = await frozen(t);
    let held: ((answer: string) => void)[] = [];
    const webhook = await rawWebhook(
      t,
      ({ said }) => said === "held" ? new Promise((resolve) => held.push(resolve)) : OK,
    );
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}`, max_connections: 2 });
    await telegram.deliver(saying("first", 1));
    const busy = [1, 2].map((chat) => telegram.deliver(saying("held", chat)));
    await webhook.until(() => webhook.requests.length === 3);
    for (const answer of held) answer(OK);
    held = [];
    await Promise.all(busy);
    for (let minute = 0; minute < 4; minute++) {
      await telegram.clock.advance(25_000);
      await telegram.deliver(saying("again", 1));
    }
    assert.equal(webhook.open, 2);
  });
});

describe("2: the queue comes next whose first update was loaded earliest", () => {
  /** The order in which texts arrive over one connection that was busy while they came, a millisecond apart. */
  async function order(t: TestContext, texts: readonly (readonly [text: string, chat: number])[]) {
    const telegram = await frozen(t);
    let answerFirst = (_: string) => {};
    const webhook = await rawWebhook(
      t,
      ({ said }) => said === "first" ? new Promise((resolve) => (answerFirst = resolve)) : OK,
    );
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}`, max_connections: 1 });
    telegram.deliver(saying("first", 1));
    await webhook.until(() => webhook.requests.length === 1);
    for (const [text, chat] of texts) {
      telegram.deliver(saying(text, chat));
      await telegram.clock.advance(1, { patienceMs: 1 });
    }
    answerFirst(OK);
    await telegram.idle();
    return webhook.said.slice(1);
  }

  test("so a queue that was just answered goes on before others that were loaded later", async (t) => {
    const said = await order(t, [["a", 1], ["b", 1], ["c", 1], ["other", 2]]);
    assert.deepEqual(said, ["a", "b", "c", "other"]);
  });

  test("and after it those that were loaded before its next one", async (t) => {
    const said = await order(t, [["a", 1], ["other", 2], ["b", 1]]);
    assert.deepEqual(said, ["a", "other", "b"]);
  });

  test("and of those that were loaded together the one with the lowest id", async (t) => {
    const telegram = await frozen(t);
    const webhook = await rawWebhook(t);
    for (const chat of [30, 4, -5, 200]) telegram.deliver(saying(String(chat), chat));
    // One connection loads two queues at a time.
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}`, max_connections: 1 });
    await telegram.idle();
    assert.deepEqual(webhook.said, ["4", "30", "-5", "200"]);
  });
});

describe("3: a webhook reply that is broken JSON is executed with the keys before the break", () => {
  const text = '{"method":"sendMessage","chat_id":111,"text":"hi"';
  const replies: readonly (readonly [what: string, body: string])[] = [
    ["truncated", text],
    ["with a trailing comma", `${text},}`],
    ["with trailing garbage", `${text}} and more`],
    ["with a value that is none", `${text},"parse_mode":HTML}`],
    ["with a string that has no end", `${text},"parse_mode":"HT`],
  ];
  for (const [what, body] of replies) {
    test(what, async (t) => {
      const { telegram, delivered } = await exchange(t, json(body));
      assert.equal(delivered.attempts.length, 1);
      const [{ method, params } = assert.fail("not executed")] = telegram.calls;
      assert.deepEqual([method, params], ["sendMessage", { chat_id: 111, text: "hi" }]);
    });
  }
});

describe("4: a reply of over 1 MiB after decompression is too large, and retried", () => {
  const big = JSON.stringify({ method: "sendMessage", chat_id: 111, text: "x".repeat(1 << 20) });
  for (const [coding, bytes] of [["gzip", gzipSync(big)], ["deflate", deflateSync(big)]] as const) {
    test(coding, async (t) => {
      const head = `Content-Type: application/json\r\nContent-Encoding: ${coding}\r\n`;
      const answer = `HTTP/1.1 200 OK\r\n${head}Content-Length: ${bytes.length}\r\n\r\n${latin1(bytes)}`;
      const { telegram, delivered } = await exchange(t, answer);
      assert.equal(delivered.attempts[0]?.error, "Request Entity Too Large: too many parameters");
      assert.equal(delivered.attempts.length, 2);
      assert.deepEqual(telegram.calls, []);
    });
  }
});

describe("5: the sender answers what it cannot read with its own HTTP answer, and closes", () => {
  const answers: readonly (readonly [what: string, answer: string, own: string])[] = [
    ["501 to what is not HTTP", "SSH-2.0-OpenSSH\r\n\r\n", "501 Not Implemented"],
    ["400 to a head that breaks off", "HTTP/1.1 200 OK\r\nContent-Length\r\n\r\n", "400 Bad Request"],
    [
      "413 to too large a reply",
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1048577\r\n\r\n",
      "413 Request Entity Too Large",
    ],
    [
      "415 to an unknown coding",
      "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx",
      "415 Unsupported Media Type",
    ],
    ["505 to HTTP/2", "HTTP/2 200 OK\r\n\r\n", "505 HTTP Version Not Supported"],
    [
      "431 to a head of over 256 KiB without an end",
      `HTTP/1.1 200 OK\r\nX: ${"x".repeat(300_000)}`,
      "431 Request Header Fields Too Large",
    ],
  ];
  for (const [what, answer, own] of answers) {
    test(what, async (t) => {
      const { webhook } = await exchange(t, answer);
      assert.deepEqual(webhook.answers, [`HTTP/1.1 ${own}\r\nContent-Length: 0\r\n\r\n`]);
      assert.deepEqual(webhook.requests.map(({ connection }) => connection), [1, 2]);
    });
  }
});

describe("6: Retry-After", () => {
  const headers: readonly (readonly [what: string, headers: string, seconds: number])[] = [
    ["of 2147483647 counts as an hour", "Retry-After: 2147483647\r\n", 3600],
    ["above 2147483647 is ignored", "Retry-After: 2147483648\r\n", 0],
    ["of twenty digits is ignored", "Retry-After: 12345678901234567890\r\n", 0],
    ["counts first where there are two", "Retry-After: 7\r\nRetry-After: 30\r\n", 7],
  ];
  for (const [what, lines, seconds] of headers) {
    test(what, async (t) => {
      const { delivered: { attempts: [first, second] } } = await exchange(t, status(503, lines));
      assert.equal((second?.sentAt ?? 0) - (first?.endedAt ?? 0), seconds * 1000);
    });
  }
});

describe("8: a reply", () => {
  const SAY_HI = '{"method":"sendMessage","chat_id":111,"text":"hi"}';

  test("with a byte order mark is not executed", async (t) => {
    const { telegram, delivered } = await exchange(t, json(`\ufeff${SAY_HI}`));
    assert.equal(delivered.attempts.length, 1);
    assert.deepEqual(telegram.calls, []);
  });

  test("with two equal keys is executed with the first", async (t) => {
    const { telegram } = await exchange(
      t,
      json(SAY_HI.replace("}", ',"text":"second","method":"sendPhoto"}')),
    );
    assert.deepEqual([telegram.calls[0]?.method, telegram.calls[0]?.params.text], ["sendMessage", "hi"]);
  });

  for (const method of ["12", "null"]) {
    test(`with the method ${method} is executed as "${method}"`, async (t) => {
      const { telegram } = await exchange(t, json(SAY_HI.replace('"sendMessage"', method)));
      assert.equal(telegram.calls[0]?.method, method);
    });
  }

  function compressed(bytes: Buffer, behind: Uint8Array): string {
    const body = latin1(bytes) + latin1(behind);
    const head = "Content-Type: application/json\r\nContent-Encoding: gzip\r\n";
    return `HTTP/1.1 200 OK\r\n${head}Content-Length: ${body.length}\r\n\r\n${body}`;
  }

  test("in gzip is read up to the end of its data", async (t) => {
    const { telegram, delivered } = await exchange(
      t,
      compressed(gzipSync(SAY_HI), new TextEncoder().encode("junk")),
    );
    assert.equal(delivered.attempts.length, 1);
    assert.equal(telegram.calls[0]?.params.text, "hi");
  });

  test("in gzip is read without a second member", async (t) => {
    const { delivered } = await exchange(t, compressed(gzipSync(SAY_HI), gzipSync("more")));
    assert.equal(delivered.body, SAY_HI);
  });

  test("in gzip that is broken is told by zlib's number", async (t) => {
    const bytes = gzipSync(SAY_HI);
    bytes.fill(0xff, 12, 20);
    const { delivered } = await exchange(t, compressed(bytes, new Uint8Array(0)));
    assert.equal(delivered.attempts[0]?.error, "Bad Request: zlib error -3");
  });
});

describe("9: a head is taken", () => {
  const JSON_TYPE = "Content-Type: application/json\r\n";
  const body = '{"method":"sendMessage","chat_id":1,"text":"hi"}';
  const rest = `Content-Length: ${body.length}\r\n\r\n${body}`;
  const executed: readonly (readonly [what: string, answer: string])[] = [
    ["with a folded header", `HTTP/1.1 200 OK\r\nX-Long: one\r\n two\r\n\tthree\r\n${JSON_TYPE}${rest}`],
    ["with a line without a colon", `HTTP/1.1 200 OK\r\n${JSON_TYPE}no colon here\r\nX: y\r\n${rest}`],
    [
      "of 300 kB that comes with its end",
      `HTTP/1.1 200 OK\r\nX: ${"x".repeat(300_000)}\r\n${JSON_TYPE}${rest}`,
    ],
  ];
  for (const [what, answer] of executed) {
    test(what, async (t) => {
      const { telegram, delivered } = await exchange(t, answer);
      assert.deepEqual([delivered.attempts.length, telegram.calls.length], [1, 1]);
    });
  }

  test("without a space behind the status, which swallows the first header", async (t) => {
    const { telegram, delivered } = await exchange(t, `HTTP/1.1 200\r\n${JSON_TYPE}${rest}`);
    assert.deepEqual([delivered.attempts.length, delivered.status, telegram.calls.length], [1, 200, 0]);
  });

  test("but not if there is no header either", async (t) => {
    const { delivered } = await exchange(t, "HTTP/1.1 200\r\n\r\n");
    assert.equal(delivered.attempts[0]?.error, "Bad Request");
  });

  test("with +200 as the status 0", async (t) => {
    const { delivered } = await exchange(t, "HTTP/1.1 +200 OK\r\nContent-Length: 0\r\n\r\n");
    assert.equal(delivered.attempts[0]?.error, "Wrong response from the webhook: 0 OK");
  });

  for (const length of ["+2", "0x2"]) {
    test(`with Content-Length ${length} as 0, so that the exchange loses step`, async (t) => {
      const { telegram } = await exchange(t, `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n{}`);
      assert.deepEqual(telegram.violations, ["2 bytes arrived that belong to no answer"]);
    });
  }
});
