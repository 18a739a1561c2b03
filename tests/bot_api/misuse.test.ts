import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { inspect } from "node:util";
import { type BotApi, botApi } from "../../src/bot_api/bot_api.ts";
import { TelehookError, type TelehookErrorCode } from "../../src/errors/telehook_error.ts";
import { BOT_TOKEN } from "./loopback_server.ts";

/** Checks an error's code and words, and that none of the given texts is in it. */
function expectError(
  code: TelehookErrorCode,
  message: RegExp,
  ...absent: string[]
): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof TelehookError, inspect(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    for (const text of absent) assert.ok(!inspect(error).includes(text), `"${text}" is in ${inspect(error)}`);
    return true;
  };
}

/** Awaits that a call is refused without a request. */
async function refused(
  call: (api: BotApi) => Promise<unknown>,
  check: (error: unknown) => true,
): Promise<void> {
  let requests = 0;
  const fetch = () => {
    requests++;
    return Promise.resolve(Response.json({ ok: true, result: true }));
  };
  await assert.rejects(call(botApi(BOT_TOKEN, { fetch })), check);
  assert.equal(requests, 0);
}

// What a caller without a type checker can pass.
function untyped<T>(value: unknown): T {
  return value as T;
}

test("a bot token that cannot be one is refused and never quoted", () => {
  const secret = "AAFsecretsecret";
  const malformed = [
    secret,
    `bot1:${secret}`,
    `0:${secret}`,
    `1:${secret}/x`,
    `1:${secret}?`,
    `1:2:${secret}`,
    `:${secret}`,
    "1:",
  ];
  for (const token of malformed) {
    assert.throws(
      () => botApi(token),
      expectError("ERR_BOT_TOKEN", /is malformed\. It looks like 123456789:AA…/, secret),
    );
  }
  for (const token of [`1:${secret}\n`, ` 1:${secret}`]) {
    assert.throws(
      () => botApi(token),
      expectError("ERR_BOT_TOKEN", /contains white space\. It looks like/, secret),
    );
  }
  for (const token of ["", undefined, null, 5]) {
    assert.throws(() => botApi(untyped(token)), expectError("ERR_BOT_TOKEN", /missing/));
  }
});

test("unknown and impossible options of botApi are refused", () => {
  const refusal = (options: unknown, message: RegExp, ...absent: string[]) =>
    assert.throws(() => botApi(BOT_TOKEN, untyped(options)), expectError("ERR_OPTION", message, ...absent));
  refusal({ apiroot: "https://a.example" }, /"apiroot".*"apiRoot"/);
  refusal({ fetch: "https://a.example" }, /"fetch" must be a function/);
  refusal({ signal: new AbortController() }, /"signal" must be an AbortSignal/);
  for (
    const apiRoot of [
      "api.telegram.org",
      "ftp://a.example",
      "https://u:hidden@a.example",
      "https://a.example/?hidden",
      "",
    ]
  ) refusal({ apiRoot }, /"apiRoot" must be an http or https URL/, "hidden");
});

test("parameters of setWebhook that Telegram would ignore or bend are refused", async () => {
  const url = "https://a.example";
  const refusal = (params: unknown, message: RegExp) =>
    refused((api) => api.setWebhook(untyped(params)), expectError("ERR_OPTION", message));
  await refusal({}, /needs a "url"/);
  await refusal("https://a.example", /must be an object/);
  await refusal({ url: new URL(url) }, /"url" must be a string/);
  await refusal({ url, secretToken: "abc" }, /"secretToken".*"secret_token"/);
  await refusal({ url, ip_address: 5 }, /"ip_address" must be a string/);
  for (const max_connections of [0, 101, 1.5, NaN, "40"]) {
    await refusal({ url, max_connections }, /"max_connections" must be a whole number from 1 to 100/);
  }
  await refusal(
    { url, allowed_updates: "message" },
    /"allowed_updates" must be an array of strings, not "message"/,
  );
  await refusal({ url, allowed_updates: [1] }, /"allowed_updates" must be an array of strings/);
  await refusal(
    { url, drop_pending_updates: "no" },
    /"drop_pending_updates" must be true or false, not "no"/,
  );
});

test("a secret token that Telegram refuses is refused and never quoted", async () => {
  for (const secret_token of ["", "x".repeat(257), "hidden.", "hidden hidden", "hiddené"]) {
    await refused(
      (api) => api.setWebhook({ url: "https://a.example", secret_token }),
      expectError("ERR_SECRET_TOKEN", /secret token/i, "hidden"),
    );
  }
});

test("a certificate that is none, or that has its private key with it, is refused and never quoted", async () => {
  const certificate = "-----BEGIN CERTIFICATE-----\nhidden\n-----END CERTIFICATE-----\n";
  const key = "-----BEGIN EC PRIVATE KEY-----\nhidden\n-----END EC PRIVATE KEY-----\n";
  const refusal = (value: unknown, message: RegExp) =>
    refused(
      (api) => api.setWebhook({ url: "https://a.example", certificate: untyped(value) }),
      expectError("ERR_TLS", message, "hidden"),
    );
  for (const path of ["/hidden/cert.pem", "hidden\\\\cert", "hidden.pem", "./hidden.CRT"]) {
    await refusal(path, /is the path of a file: pass \{ file: "/);
  }
  for (const path of ["", "hidden", "hid/den\nhidden", Buffer.from("hidden"), new Blob(["hidden"])]) {
    await refusal(path, /is not a certificate in PEM/);
  }
  for (const pem of [key, certificate + key, Buffer.from(key + certificate), new Blob([certificate, key])]) {
    await refusal(pem, /contains a private key/);
  }
  for (const value of [5, null, {}, { file_id: 5 }, ["hidden"]]) await refusal(value, /is neither PEM text/);
});

test("parameters of the other methods are looked at too", async () => {
  const refusal = (call: (api: BotApi) => Promise<unknown>, message: RegExp) =>
    refused(call, expectError("ERR_OPTION", message));
  await refusal((api) => api.deleteWebhook(untyped({ dropPendingUpdates: true })), /"dropPendingUpdates"/);
  await refusal((api) => api.deleteWebhook(untyped({ drop_pending_updates: 1 })), /must be true or false/);
  await refusal((api) => api.getUpdates({ limit: 101 }), /"limit"/);
  await refusal((api) => api.getUpdates({ timeout: -1 }), /"timeout"/);
  await refusal((api) => api.getUpdates({ offset: 1.5 }), /"offset"/);
  await refusal((api) => api.getUpdates(untyped({ allowedUpdates: [] })), /"allowedUpdates"/);
  for (const params of [null, 5, "x", []]) {
    await refusal((api) => api.call("getMe", untyped(params)), /"params" must be an object, not/);
  }
  for (const method of ["", "../getMe", "getMe?", "get me", `bot${BOT_TOKEN}`]) {
    await refusal((api) => api.call(method), /has only letters/);
  }
});

test("options of a call are looked at too", async () => {
  const refusal = (options: unknown, message: RegExp) =>
    Promise.all([
      refused((api) => api.call("getMe", {}, untyped(options)), expectError("ERR_OPTION", message)),
      refused((api) => api.getWebhookInfo(untyped(options)), expectError("ERR_OPTION", message)),
    ]);
  await refusal(null, /options of a Bot API call must be an object.*, not null$/);
  await refusal({ signal: 5 }, /"signal" must be an AbortSignal, not 5/);
  await refusal({ signal: null }, /"signal" must be an AbortSignal, not null/);
  await refusal({ timeout: 5 }, /no option "timeout"/);
});

test("a certificate that cannot be read is refused with its path", async () => {
  await refused(
    (api) => api.setWebhook({ url: "https://a.example", certificate: { file: "/nowhere/cert.pem" } }),
    expectError("ERR_FILE", /"\/nowhere\/cert\.pem": there is no such file or directory$/),
  );
  await refused(
    (api) => api.setWebhook({ url: "https://a.example", certificate: { file: "/dev/zero" } }),
    expectError("ERR_FILE", /"\/dev\/zero": it is larger than 4 MiB$/),
  );
});

test("a server of one's own may open more connections than Telegram's", async () => {
  const sent: unknown[] = [];
  const fetch = (_: string, { body }: RequestInit) => {
    sent.push(JSON.parse(String(body)).max_connections);
    return Promise.resolve(Response.json({ ok: true, result: true }));
  };
  const own = botApi(BOT_TOKEN, { fetch, apiRoot: "http://127.0.0.1:8081" });
  await own.setWebhook({ url: "http://127.0.0.1/", max_connections: 100_000 });
  await assert.rejects(
    own.setWebhook({ url: "http://127.0.0.1/", max_connections: 100_001 }),
    expectError("ERR_OPTION", /from 1 to 100000/),
  );
  const telegram = botApi(BOT_TOKEN, { fetch, apiRoot: "https://api.telegram.org/" });
  await assert.rejects(
    telegram.setWebhook({ url: "https://a.example", max_connections: 101 }),
    expectError("ERR_OPTION", /from 1 to 100,/),
  );
  assert.deepEqual(sent, [100_000]);
});

test("a parameter that cannot be written as JSON is refused", async () => {
  const refusal = (params: object, message: RegExp) =>
    refused((api) => api.call<unknown>("sendMediaGroup", params), expectError("ERR_OPTION", message));
  const ring: unknown[] = [];
  ring.push(ring);
  await refusal({ ring }, /parameters of "sendMediaGroup" cannot be sent: /);
  await refusal({ ring, file: new Blob(["a"]) }, /parameters of "sendMediaGroup" cannot be sent: /);
  await refusal({ chat_id: 1n }, /BigInt/);
  await refusal({ toJSON: () => "text" }, /toJSON\(\) does not return an object/);
});
