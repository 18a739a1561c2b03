import assert from "node:assert/strict";
import { test } from "node:test";
import { botApi } from "../../src/bot_api/bot_api.ts";
import { BotApiError } from "../../src/bot_api/bot_api_error.ts";
import { TelehookError } from "../../src/errors/telehook_error.ts";
import { freePort } from "../../src/testing/free_port.ts";
import { BOT_TOKEN, json, ok, startServer } from "./loopback_server.ts";

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(() => assert.fail("It should have failed"), (error: unknown) => error);
}

test("a refusal becomes a BotApiError with all that Telegram says", async (t) => {
  const description = "Bad Request: bad webhook: An HTTPS URL must be provided for webhook";
  const { apiRoot } = await startServer(
    t,
    (response) => json(response, 400, { ok: false, error_code: 400, description }),
  );
  const error = await failureOf(botApi(BOT_TOKEN, { apiRoot }).setWebhook({ url: "http://a.example" }));
  assert.ok(error instanceof BotApiError);
  assert.ok(error instanceof TelehookError);
  assert.equal(error.name, "BotApiError");
  assert.equal(error.code, "ERR_BOT_API");
  assert.equal(error.method, "setWebhook");
  assert.equal(error.error_code, 400);
  assert.equal(error.description, description);
  assert.equal(error.retry_after, undefined);
  assert.equal(error.migrate_to_chat_id, undefined);
  assert.equal(error.message, `The Bot API refused "setWebhook" with 400 "${description}"`);
});

test("a refusal is quoted without control characters, on one line", () => {
  const error = new BotApiError("getMe", {
    error_code: 400,
    description: `\x1b[2JBad\n\x9b${"x".repeat(5_000)}`,
  });
  assert.match(error.message, /^The Bot API refused "getMe" with 400 "·\[2JBad ⏎ ·x{100,300}…"$/);
  assert.ok(error.description.startsWith("\x1b[2JBad\n"));
});

test("a refusal's parameters are there, and no others", async (t) => {
  const refusal = { ok: false, error_code: 400, description: "Bad Request: group chat was upgraded" };
  const parameters = [{ migrate_to_chat_id: -1001234567890, retry_after: 7 }, { retry_after: "7" }, [], null];
  const { apiRoot } = await startServer(
    t,
    (response, _, index) => json(response, 400, { ...refusal, parameters: parameters[index] }),
  );
  const api = botApi(BOT_TOKEN, { apiRoot });
  const error = await failureOf(api.call("sendMessage", { chat_id: -1, text: "Hello" }));
  assert.ok(error instanceof BotApiError);
  assert.equal(error.migrate_to_chat_id, -1001234567890);
  assert.equal(error.retry_after, 7);
  for (const _ of parameters.slice(1)) {
    const other = await failureOf(api.call("sendMessage"));
    assert.ok(other instanceof BotApiError);
    assert.equal(other.migrate_to_chat_id, undefined);
    assert.equal(other.retry_after, undefined);
  }
});

test("a refused token is said to be one to check", async (t) => {
  const { apiRoot } = await startServer(
    t,
    (response) => json(response, 401, { ok: false, error_code: 401, description: "Unauthorized" }),
  );
  const error = await failureOf(botApi(BOT_TOKEN, { apiRoot }).getWebhookInfo());
  assert.ok(error instanceof BotApiError);
  assert.match(error.message, /401 "Unauthorized"\. Check the bot token$/);
});

test("what is no answer of a Bot API is told apart from a refusal", async (t) => {
  const bodies: [number, string][] = [
    [502, "<html><h1>502 Bad Gateway</h1></html>"],
    [200, ""],
    [200, "true"],
    [200, "null"],
    [200, '{"ok":true}'],
    [400, '{"ok":false,"description":"no code"}'],
    [400, '{"ok":false,"error_code":400}'],
    [200, '{"ok":true,"result":'],
  ];
  const { apiRoot } = await startServer(t, (response, _, index) => {
    const [status, body] = bodies[index] ?? assert.fail();
    response.writeHead(status, { "content-type": "text/html" }).end(body);
  });
  const api = botApi(BOT_TOKEN, { apiRoot });
  for (const [status] of bodies) {
    const error = await failureOf(api.getWebhookInfo());
    assert.ok(error instanceof TelehookError);
    assert.equal(error.code, "ERR_BOT_API_UNREACHABLE");
    assert.match(
      error.message,
      new RegExp(`^getWebhookInfo: "${apiRoot}" answered with status ${status}, but not as`),
    );
  }
});

test("a redirect is not followed, even if its body looks like an answer", async (t) => {
  const elsewhere = await startServer(t, (response) => ok(response));
  const { apiRoot } = await startServer(t, (response, request, index) => {
    const status = [301, 302, 303, 307, 308][index] ?? assert.fail();
    response.writeHead(status, { location: elsewhere.apiRoot + request.url });
    response.end('{"ok":true,"result":true}');
  });
  const api = botApi(BOT_TOKEN, { apiRoot });
  for (let index = 0; index < 5; index++) {
    const error = await failureOf(api.deleteWebhook());
    assert.ok(error instanceof TelehookError);
    assert.equal(error.code, "ERR_BOT_API_UNREACHABLE");
    assert.match(error.message, /redirect/);
  }
  assert.equal(elsewhere.requests.length, 0);
});

test("an answer that breaks off is no answer", async (t) => {
  const { apiRoot } = await startServer(t, (response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write('{"ok":true,', () => response.destroy());
  });
  const error = await failureOf(botApi(BOT_TOKEN, { apiRoot }).getWebhookInfo());
  assert.ok(error instanceof TelehookError);
  assert.equal(error.code, "ERR_BOT_API_UNREACHABLE");
  assert.ok(error.cause instanceof Error);
});

test("an answer without an end is no answer, and is not read on", { timeout: 30_000 }, async () => {
  const chunk = new Uint8Array(2 ** 20).fill(32);
  let pulled = 0;
  let isCancelled = false;
  const body = new ReadableStream({
    pull: (controller) =>
      ++pulled > 1_000 ? controller.error(new Error("read on")) : controller.enqueue(chunk),
    cancel: () => void (isCancelled = true),
  });
  const fetch = () => Promise.resolve(new Response(body));
  const error = await failureOf(botApi(BOT_TOKEN, { fetch }).getWebhookInfo());
  assert.ok(error instanceof TelehookError);
  assert.equal(error.code, "ERR_BOT_API_UNREACHABLE");
  assert.match(error.message, /larger than 128 MiB/);
  assert.deepEqual([pulled < 200, isCancelled], [true, true]);
});

test("an answer of a fetch that has no stream is read as its text", async () => {
  const answer = { status: 200, text: () => Promise.resolve('{"ok":true,"result":{"id":1}}') };
  const fetch = () => Promise.resolve(answer as Response);
  assert.deepEqual(await botApi(BOT_TOKEN, { fetch }).call("getMe"), { id: 1 });
});

/** Stands for the code of a bot: its name must be in the stack. */
async function theBotsOwnCode(call: () => Promise<unknown>): Promise<unknown> {
  const result = await call(); // not in the last place, where Bun takes the frame away
  return result;
}

test("an error has the stack of the code that called, whatever went wrong", async (t) => {
  const refusal = { ok: false, error_code: 400, description: "Bad Request" };
  const { apiRoot } = await startServer(t, (response) => json(response, 400, refusal));
  const away = botApi(BOT_TOKEN, { apiRoot: `http://127.0.0.1:${await freePort()}` });
  const api = botApi(BOT_TOKEN, { apiRoot });
  const calls: (() => Promise<unknown>)[] = [
    () => away.call("getMe"),
    () => api.call("getMe"),
    () => api.call("get me"),
    () => api.setWebhook({ url: "https://a.example", certificate: { file: "/nowhere/cert.pem" } }),
    () => api.setWebhook({ url: "https://a.example", max_connections: 0 }),
    () => away.deleteWebhook(),
    () => away.getWebhookInfo(),
    () => api.getUpdates(),
  ];
  for (const call of calls) {
    const error = await failureOf(theBotsOwnCode(call));
    assert.ok(error instanceof TelehookError);
    const [first = "", ...frames] = error.stack?.split("\n") ?? [];
    assert.equal(first, `${error.name}: ${error.message}`);
    assert.match(frames[0] ?? "", /errors\.test/);
    assert.match(frames.join("\n"), /theBotsOwnCode/);
    assert.doesNotMatch(frames.join("\n"), /bot_api\.ts|call_bot_api/);
  }
});
