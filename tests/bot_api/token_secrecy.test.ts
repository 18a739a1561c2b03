import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { type BotApi, botApi } from "../../src/bot_api/bot_api.ts";
import { BotApiError } from "../../src/bot_api/bot_api_error.ts";
import { TelehookError } from "../../src/errors/telehook_error.ts";
import { freePort } from "../../src/testing/free_port.ts";
import { BOT_TOKEN, json, startServer } from "./loopback_server.ts";

const SECRET_TOKEN = "s".repeat(3) + "-webhook-secret-" + "t".repeat(3);
const [, KEY = ""] = BOT_TOKEN.split(":");

interface Inspector {
  readonly inspect?: (value: unknown, options?: object) => string;
}

/** Whatever a program could print of a value, on this runtime. */
function printed(value: unknown): string {
  const { Deno, Bun } = globalThis as { Deno?: Inspector; Bun?: Inspector };
  const texts = [
    String(value),
    inspect(value, { depth: Infinity, showHidden: true, getters: true }),
    Deno?.inspect?.(value, { depth: 100, showHidden: true }),
    Bun?.inspect?.(value, { depth: 100 }),
    JSON.stringify(value),
  ];
  for (let error = value; error instanceof Error; error = error.cause) {
    texts.push(error.message, error.stack, String(error), JSON.stringify(error));
    for (const name of Reflect.ownKeys(error)) {
      texts.push(inspect(Reflect.get(error, name), { depth: Infinity }));
    }
  }
  return texts.join("\n");
}

function assertSecretFree(value: unknown): void {
  const text = printed(value);
  for (const secret of [KEY, KEY.slice(0, 12), SECRET_TOKEN]) {
    assert.ok(!text.includes(secret), text.replaceAll(secret, "[[LEAK]]"));
  }
}

/** Has all that can be printed of a failure looked through, and returns the failure. */
async function failureOf(promise: Promise<unknown>): Promise<TelehookError> {
  const error = await promise.then(() => assert.fail("It should have failed"), (error: unknown) => error);
  assertSecretFree(error);
  assert.ok(error instanceof TelehookError, inspect(error));
  return error;
}

function setWebhook(api: BotApi): Promise<true> {
  return api.setWebhook({ url: "https://a.example", secret_token: SECRET_TOKEN });
}

test("the client shows no token", () => {
  const api = botApi(BOT_TOKEN);
  assertSecretFree(api);
  for (const method of Object.values(api)) assertSecretFree(method);
});

test("network faults show no token, say why, and keep a cause", async (t) => {
  const plain = await startServer(t, (response) => response.destroy());
  const faults: [string, RegExp][] = [
    [`http://127.0.0.1:${await freePort()}`, /refused/i],
    ["http://telehook.invalid", /ENOTFOUND|EAI_AGAIN|dns|resolve/i],
    [plain.apiRoot.replace("http:", "https:"), /ssl|tls|corrupt message/i],
    [plain.apiRoot, /./],
  ];
  for (const [apiRoot, why] of faults) {
    const error = await failureOf(setWebhook(botApi(BOT_TOKEN, { apiRoot })));
    assert.equal(error.code, "ERR_BOT_API_UNREACHABLE");
    assert.ok(error.message.includes(`"${apiRoot}"`), error.message);
    assert.match(error.message, why);
    assert.ok(error.cause instanceof Error);
    assert.ok(error.cause.stack);
  }
});

test("what a fetch of one's own throws shows no token, however it quotes it", async () => {
  const thrown: ((url: string, init: RequestInit) => unknown)[] = [
    (url) => new Error(`GET ${url} failed`),
    (url) => Object.assign(new TypeError("failed"), { url, request: { url }, code: `E_${url}` }),
    (url) => new Error("outer", { cause: new Error("middle", { cause: new RangeError(url) }) }),
    (url) => new Error("outer", { cause: url }),
    (url) => new AggregateError([new Error(url)], url),
    (url) => new DOMException(url, "TimeoutError"),
    (url) => Object.defineProperty(new Error("renamed"), "name", { value: url }),
    (url) => url,
    (url) => ({ url }),
    (url) => new Error(encodeURIComponent(url)),
    (url) => new Error(url.slice(0, url.indexOf(KEY) + 15)),
    (_, init) => new Error(`body: ${init.body}`),
    () => new Error(`only ${KEY}`),
    () => Object.assign(new Error("no stack"), { stack: [BOT_TOKEN] }),
    () => undefined,
  ];
  for (const make of thrown) {
    const error = await failureOf(setWebhook(botApi(BOT_TOKEN, {
      fetch: (url, init) => {
        throw make(url, init);
      },
    })));
    assert.equal(error.code, "ERR_BOT_API_UNREACHABLE");
  }
});

test("a scrubbed cause is still a good one", async () => {
  const fetch = (url: string) => {
    throw Object.assign(new TypeError(`Cannot reach ${url}`, { cause: new Error("no route") }), {
      code: "EHOSTUNREACH",
    });
  };
  const { cause, message } = await failureOf(botApi(BOT_TOKEN, { fetch }).getWebhookInfo());
  assert.ok(cause instanceof Error);
  assert.equal(cause.name, "TypeError");
  assert.equal(cause.message, "Cannot reach https://api.telegram.org/bot<token>/getWebhookInfo");
  assert.equal("code" in cause && cause.code, "EHOSTUNREACH");
  assert.match(cause.stack ?? "", /token_secrecy\.test/);
  assert.ok(cause.cause instanceof Error && cause.cause.message === "no route");
  assert.match(message, /cannot reach the Bot API at .*: no route to the host\. Check the network/);
});

test("a ring of causes comes to an end", async () => {
  const fetch = (url: string) => {
    const error = new Error(url);
    error.cause = error;
    throw error;
  };
  await failureOf(botApi(BOT_TOKEN, { fetch }).getWebhookInfo());
});

test("answers that repeat the address or the secret show neither", async (t) => {
  const { apiRoot } = await startServer(t, (response, request, index) => {
    const quoted = `${request.url} ${new TextDecoder().decode(request.body)}`;
    if (index === 0) json(response, 400, { ok: false, error_code: 400, description: quoted });
    else if (index === 1) response.writeHead(404).end(`{"path": ${quoted}`);
    else response.writeHead(302, { location: `${request.url}/${quoted}` }).end(quoted);
  });
  const api = botApi(BOT_TOKEN, { apiRoot });
  const refusal = await failureOf(setWebhook(api));
  assert.ok(refusal instanceof BotApiError);
  assert.equal(
    refusal.description,
    '/bot<token>/setWebhook {"url":"https://a.example","secret_token":"<secret>"}',
  );
  assert.equal((await failureOf(setWebhook(api))).code, "ERR_BOT_API_UNREACHABLE");
  assert.equal((await failureOf(setWebhook(api))).code, "ERR_BOT_API_UNREACHABLE");
});

test("an abort in flight shows no token", async (t) => {
  const controller = new AbortController();
  const { apiRoot } = await startServer(t, () => controller.abort());
  const error = await setWebhook(botApi(BOT_TOKEN, { apiRoot, signal: controller.signal })).catch((error) =>
    error
  );
  assert.equal(error, controller.signal.reason);
  assertSecretFree(error);
});

test("an address that was given as apiRoot together with the token shows no token", async () => {
  assert.throws(() => botApi(BOT_TOKEN, { apiRoot: `api.telegram.org/bot${BOT_TOKEN}` }), (error) => {
    assertSecretFree(error);
    return true;
  });
  const apiRoot = `http://127.0.0.1:${await freePort()}/bot${BOT_TOKEN}`;
  await failureOf(botApi(BOT_TOKEN, { apiRoot }).getWebhookInfo());
});

test("a secret that is a part of ordinary words does not garble a message", async () => {
  const fetch = () => Promise.reject(new Error('The request at "abc" was not sent: "secret_token":"a"'));
  const error = await botApi("1:a", { fetch }).setWebhook({ url: "https://a.example", secret_token: "a" })
    .catch((error: unknown) => error);
  assert.ok(error instanceof TelehookError);
  assert.equal(
    error.message,
    'setWebhook: cannot reach the Bot API at "https://api.telegram.org": The request at "abc" was not sent: ' +
      '"secret_token":"<token>". Check the network and "apiRoot"',
  );
});
