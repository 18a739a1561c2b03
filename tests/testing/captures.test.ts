import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import type { Person } from "../../src/testing/mod.ts";
import { OK, rawWebhook, status } from "./raw_webhook.ts";
import { call, callWithForm, frozen } from "./test_server.ts";

const fixtures = new URL("../fixtures/", import.meta.url);

/** A captured request, with the port that the webhook of this test has. */
function capture(name: string, port: number): string {
  return readFileSync(new URL(`captures/${name}.http`, fixtures), "latin1")
    .replace(/^(Host: [\w.]+):\d+/m, `$1:${port}`);
}

function certificate(name: string): { cert: string; key: string } {
  const read = (file: string) => readFileSync(new URL(`testing_certificates/${file}`, fixtures), "utf8");
  return { cert: read(`${name}.pem`), key: read(`${name}.key`) };
}

const USER = { id: 111, first_name: "Ällen", username: "allen", language_code: "en" };
const TEXTS = ["/start deep_link", 'héllo ✓ 😀 "q" \\ / \n\t<b>&amp; \u0007', "third"];

test("requests over HTTP equal the captured ones", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t);
  await call(telegram, "setWebhook", {
    url: `http://127.0.0.1:${webhook.port}/hook/path?x=1`,
    secret_token: "my-Secret_1",
  });
  await sayAll(telegram.user(USER), (ms) => telegram.clock.advance(ms));
  const expected = ["http-1-first", "http-2-keepalive-unicode", "http-3-keepalive"];
  assert.deepEqual(
    webhook.requests.map(({ text }) => text),
    expected.map((name) => capture(name, webhook.port)),
  );
  assert.deepEqual(webhook.requests.map(({ connection }) => connection), [1, 1, 1]);
});

test("requests without a secret and a path equal the captured ones", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  await sayAll(telegram.user(USER), (ms) => telegram.clock.advance(ms), 2);
  assert.deepEqual(
    webhook.requests.map(({ text }) => text),
    [1, 2].map((number) => capture(`http-nosecret-rootpath-${number}`, webhook.port)),
  );
});

test("a retry equals its capture, and its first try", async (t) => {
  const telegram = await frozen(t);
  const answers = [status(500), OK];
  const webhook = await rawWebhook(t, () => answers.shift());
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}/hook`, secret_token: "tok" });
  await sayAll(telegram.user(USER), (ms) => telegram.clock.advance(ms), 1);
  assert.deepEqual(
    webhook.requests.map(({ text }) => text),
    [1, 2].map((number) => capture(`http-retry-attempt-${number}`, webhook.port)),
  );
});

test("user info, spaces and a fragment of the URL come as in the capture", async (t) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t);
  await call(telegram, "setWebhook", { url: `http://us%65r:p%40ss@LOCALHOST:${webhook.port}/a b?c#d` });
  await sayAll(telegram.user(USER), (ms) => telegram.clock.advance(ms), 1);
  assert.equal(webhook.requests[0]?.text, capture("http-userinfo-host-fragment", webhook.port));
});

test("requests over HTTPS equal the captured ones", async (t) => {
  const telegram = await frozen(t);
  const pair = certificate("cn_ip");
  const webhook = await rawWebhook(t, () => OK, pair);
  await callWithForm(telegram, "setWebhook", {
    url: `https://127.0.0.1:${webhook.port}/hook`,
    secret_token: "my-Secret_1",
    certificate: new File([pair.cert], "cert.pem"),
  });
  await sayAll(telegram.user(USER), (ms) => telegram.clock.advance(ms));
  assert.deepEqual(
    webhook.requests.map(({ text }) => text),
    ["https-1-first", "https-2-keepalive", "https-3-keepalive"].map((name) => capture(name, webhook.port)),
  );
});

async function sayAll(anna: Person, advance: (ms: number) => Promise<void>, count = 3): Promise<void> {
  for (const text of TEXTS.slice(0, count)) {
    assert.equal((await anna.sends(text)).outcome, "acknowledged");
    await advance(1000);
  }
}

test("the update that the API shows is the one that was sent", async (t: TestContext) => {
  const telegram = await frozen(t);
  const webhook = await rawWebhook(t);
  await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
  const delivery = telegram.deliver({ message: { text: "ä" }, update_id: 7 });
  const { attempts: [attempt] } = await delivery;
  assert.equal(new TextDecoder("latin1").decode(attempt?.request), webhook.requests[0]?.text);
  assert.ok(webhook.requests[0]?.body.startsWith('{"update_id":7,\n"message":{"text":"\\u00e4"}}'));
});
