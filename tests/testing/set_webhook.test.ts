import { strict as assert } from "node:assert";
import { describe, test } from "node:test";
import { startTestBotApi } from "../../src/testing/mod.ts";
import { OK, rawWebhook, status } from "./raw_webhook.ts";
import { call, callWithForm, frozen, saying, START } from "./test_server.ts";

describe("setWebhook refuses", () => {
  const always: readonly (readonly [params: Record<string, unknown>, description: string])[] = [
    [{ url: "ftp://127.0.0.1/" }, "invalid webhook URL specified"],
    [{ url: "https://" }, "invalid webhook URL specified"],
    [{ url: "https://127.0.0.1:0/" }, "invalid webhook URL specified"],
    [{ url: "https://127.0.0.1:65536/" }, "invalid webhook URL specified"],
    [{ url: "https://127.0.0.1:port/" }, "invalid webhook URL specified"],
    [{ url: "https://bad host/" }, "invalid webhook URL specified"],
    [{ url: "https://bad%zz/" }, "invalid webhook URL specified"],
    [{ url: "https://[::g]/" }, "invalid webhook URL specified"],
    [{ url: "http://127.0.0.1", secret_token: "s".repeat(257) }, "secret token is too long"],
    [{ url: "http://127.0.0.1", secret_token: "not allowed" }, "secret token contains unallowed characters"],
    [{ url: "http://127.0.0.1", secret_token: "ä" }, "secret token contains unallowed characters"],
    [{ url: "http://127.0.0.1", ip_address: "home" }, "bad webhook: Invalid IP address specified"],
  ];
  const strictly: readonly (readonly [params: Record<string, unknown>, description: string])[] = [
    [{ url: "https://127.0.0.1:8080/" }, "Webhook can be set up only on ports 80, 88, 443 or 8443"],
    [{ url: "http://127.0.0.1/" }, "An HTTPS URL must be provided for webhook"],
    [{ url: "https://127.0.0.1/" }, "IP address 127.0.0.1 is reserved"],
    [{ url: "https://10.1.2.3:8443/" }, "IP address 10.1.2.3 is reserved"],
    [{ url: "https://100.127.0.1/" }, "IP address 100.127.0.1 is reserved"],
    [{ url: "https://172.31.0.1/" }, "IP address 172.31.0.1 is reserved"],
    [{ url: "https://203.0.113.8/" }, "IP address 203.0.113.8 is reserved"],
    [{ url: "https://255.255.255.255/" }, "IP address 255.255.255.255 is reserved"],
    [{ url: "https://[2001:db8::1]/" }, "IPv6-only addresses are not allowed"],
    [{ url: "https://bot.example/", ip_address: "192.168.0.1" }, "IP address 192.168.0.1 is reserved"],
  ];
  for (const [params, description] of always) {
    test(JSON.stringify(params).slice(0, 70), async (t) => {
      const telegram = await frozen(t);
      const answer = await call(telegram, "setWebhook", params);
      assert.equal(answer.description, `Bad Request: ${description}`);
      assert.deepEqual([answer.ok, answer.status, answer.error_code], [false, 400, 400]);
      assert.equal(telegram.webhook, undefined);
    });
  }
  for (const [params, description] of strictly) {
    test(`when strict ${JSON.stringify(params)}`, async (t) => {
      const telegram = await frozen(t, { strict: true });
      const answer = await call(telegram, "setWebhook", params);
      assert.equal(answer.description, `Bad Request: bad webhook: ${description}`);
    });
  }

  test("to connect anywhere but to loopback, strict or not", async (t) => {
    for (const strict of [false, true]) {
      const telegram = await frozen(t, { strict });
      for (const url of ["https://bot.example/", "https://8.8.8.8/", "https://[2001:db8::1]:443/"]) {
        const { description } = await call(telegram, "setWebhook", { url });
        assert.match(String(description), /connects to loopback addresses only; map "|IPv6-only/);
        await telegram.clock.advance(1000);
      }
    }
    await assert.rejects(
      startTestBotApi({ resolve: { "bot.example:443": "93.184.216.34:443" } }),
      /connects to loopback addresses only/,
    );
  });

  test("a certificate that is none, or too big", async (t) => {
    const telegram = await frozen(t);
    const url = "https://127.0.0.1/";
    const none = await callWithForm(telegram, "setWebhook", {
      url,
      certificate: new File(["hello"], "cert.pem"),
    });
    assert.equal(none.description, "Bad Request: bad webhook: Failed to set custom certificate file");
    await telegram.clock.advance(1000);
    const big = new File([new Uint8Array((3 << 20) + 1)], "cert.pem");
    const tooBig = await callWithForm(telegram, "setWebhook", { url, certificate: big });
    assert.equal(tooBig.description, "Bad Request: certificate size is too big (3145729 bytes)");
  });

  test("a second one within a second, and the third not", async (t) => {
    const telegram = await frozen(t);
    const webhook = await rawWebhook(t);
    const params = { url: `http://127.0.0.1:${webhook.port}` };
    assert.equal((await call(telegram, "setWebhook", params)).ok, true);
    await telegram.clock.advance(999);
    const second = await call(telegram, "setWebhook", params);
    assert.deepEqual([second.status, second.description], [429, "Too Many Requests: retry after 1"]);
    assert.deepEqual(second.parameters, { retry_after: 1 });
    assert.equal(second.headers.get("retry-after"), "1");
    await telegram.clock.advance(1);
    assert.equal((await call(telegram, "setWebhook", params)).description, "Webhook is already set");
  });
});

describe("setWebhook", () => {
  test("takes a public address for one that is mapped to loopback", async (t) => {
    const webhook = await rawWebhook(t);
    const resolve = { "203.0.113.7:80": `127.0.0.1:${webhook.port}` };
    const telegram = await frozen(t, { resolve });
    await call(telegram, "setWebhook", { url: "http://203.0.113.7/hook" });
    await telegram.deliver(saying("hello"));
    assert.equal(webhook.requests[0]?.headers.get("host"), "203.0.113.7");
    const { result } = await call(telegram, "getWebhookInfo");
    assert.equal(Reflect.get(Object(result), "ip_address"), "203.0.113.7");
  });

  test("says what it did", async (t) => {
    const telegram = await frozen(t);
    const url = "http://127.0.0.1:1";
    const set = async (params: object) => {
      await telegram.clock.advance(1000);
      return (await call(telegram, "setWebhook", params)).description;
    };
    assert.equal(await set({ url }), "Webhook was set");
    assert.equal(await set({ url }), "Webhook is already set");
    assert.equal(await set({ url, max_connections: 5 }), "Webhook was set");
    assert.equal(await set({ url, max_connections: 5, secret_token: "a" }), "Webhook was set");
    assert.equal(await set({ url: "" }), "Webhook was deleted");
    assert.equal((await call(telegram, "deleteWebhook")).description, "Webhook is already deleted");
  });

  test("clamps max_connections to 1 and 100, and has 40 by default", async (t) => {
    const telegram = await frozen(t);
    for (const [given, taken] of [[undefined, 40], [0, 1], [-1, 1], ["7", 7], [101, 100], ["many", 1]]) {
      await call(telegram, "setWebhook", { url: "http://127.0.0.1:1", max_connections: given });
      assert.equal(telegram.webhook?.maxConnections, taken);
      await call(telegram, "deleteWebhook");
      await telegram.clock.advance(1000);
    }
  });

  test("has lost the old webhook even if it refuses the new one", async (t) => {
    const telegram = await frozen(t);
    await call(telegram, "setWebhook", { url: "http://127.0.0.1:1" });
    await telegram.clock.advance(1000);
    assert.equal((await call(telegram, "setWebhook", { url: "ftp://x" })).ok, false);
    assert.equal(telegram.webhook, undefined);
  });

  test("ignores a certificate that is not an uploaded file", async (t) => {
    const telegram = await frozen(t);
    await call(telegram, "setWebhook", { url: "https://127.0.0.1/", certificate: "AgACAgIAAx" });
    assert.equal(telegram.webhook?.certificate, undefined);
  });

  test("takes what a new webhook did not get yet to it, unless drop_pending_updates", async (t) => {
    const telegram = await frozen(t);
    const old = await rawWebhook(t, () => status(500));
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${old.port}` });
    const waiting = telegram.deliver(saying("waiting"));
    await waiting.attempt(1);
    await telegram.clock.advance(1000);
    const webhook = await rawWebhook(t, () => OK);
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
    assert.equal((await waiting).outcome, "acknowledged");
    assert.deepEqual(webhook.said, ["waiting"]);
    await old.until(() => old.open === 0);

    telegram.pause();
    const dropped = telegram.deliver(saying("dropped"));
    await telegram.clock.advance(1000);
    await call(telegram, "setWebhook", {
      url: `http://127.0.0.1:${webhook.port}`,
      drop_pending_updates: true,
    });
    assert.equal((await dropped).outcome, "dropped");
  });
});

describe("getWebhookInfo", () => {
  test("is nearly empty without a webhook", async (t) => {
    const telegram = await frozen(t);
    telegram.deliver(saying("one"));
    const { result } = await call(telegram, "getWebhookInfo");
    assert.deepEqual(result, { url: "", has_custom_certificate: false, pending_update_count: 1 });
  });

  test("tells what was set, what waits and the last error in Telegram's words", async (t) => {
    const telegram = await frozen(t);
    const webhook = await rawWebhook(t, () => "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    const url = `http://127.0.0.1:${webhook.port}/`;
    await call(telegram, "setWebhook", { url, allowed_updates: ["poll", "message", "nonsense"] });
    await telegram.clock.advance(5000);
    const delivery = telegram.deliver(saying("one"));
    telegram.deliver(saying("two"));
    await delivery.attempt(1);
    assert.deepEqual((await call(telegram, "getWebhookInfo")).result, {
      url,
      has_custom_certificate: false,
      pending_update_count: 2,
      last_error_date: START / 1000 + 5,
      last_error_message: "Wrong response from the webhook: 502 Bad Gateway",
      max_connections: 40,
      ip_address: "127.0.0.1",
      allowed_updates: ["message", "poll"],
    });
  });

  test("forgets the last error with the webhook, not with a success", async (t) => {
    const telegram = await frozen(t);
    const answers = [status(500), OK];
    const webhook = await rawWebhook(t, () => answers.shift());
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
    await telegram.deliver(saying("one"));
    const info = async () => Object((await call(telegram, "getWebhookInfo")).result);
    assert.equal((await info()).last_error_message, "Wrong response from the webhook: 500 Some Reason");
    await call(telegram, "deleteWebhook");
    assert.deepEqual(await info(), { url: "", has_custom_certificate: false, pending_update_count: 0 });
  });

  test("a webhook that closes without an answer leaves no message", async (t) => {
    const telegram = await frozen(t);
    const webhook = await rawWebhook(t, (_, socket) => void socket.end());
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
    const { error } = await telegram.deliver(saying("one")).attempt(1);
    assert.equal(error, "Webhook connection closed");
    const { result } = await call(telegram, "getWebhookInfo");
    assert.equal(Reflect.get(Object(result), "last_error_message"), undefined);
  });
});
