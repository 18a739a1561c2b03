import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { botApi } from "../../src/bot_api/bot_api.ts";
import { encodeForm, serializeParams } from "../../src/bot_api/serialize_params.ts";
import type { SetWebhookParams } from "../../src/bot_api/webhook_params.ts";
import { BOT_TOKEN, ok, startServer, textOf } from "./loopback_server.ts";
import { partsOf } from "./multipart.ts";

const PEM = "-----BEGIN CERTIFICATE-----\r\nMIIB\u00e9\n-----END CERTIFICATE-----\n";
const PEM_BYTES = new TextEncoder().encode(PEM);
const PEM_LATIN1 = Buffer.from(PEM).toString("latin1");

test("parameters are posted as JSON, spelt as given", async (t) => {
  const { apiRoot, requests } = await startServer(t, (response) => ok(response));
  const params: SetWebhookParams = {
    url: "https://bot.example.org/ü?a=1",
    ip_address: "127.0.0.1",
    max_connections: 100,
    allowed_updates: ["message", "callback_query"],
    drop_pending_updates: false,
    secret_token: "a-Z_09",
  };
  assert.equal(await botApi(BOT_TOKEN, { apiRoot }).setWebhook(params), true);

  assert.equal(requests.length, 1);
  assert.equal(requests[0]?.method, "POST");
  assert.equal(requests[0]?.url, `/bot${BOT_TOKEN}/setWebhook`);
  assert.equal(requests[0]?.headers["content-type"], "application/json");
  assert.equal(requests[0]?.headers["content-length"], String(requests[0]?.body.length));
  assert.equal(textOf(requests[0]), JSON.stringify(params));
});

test("undefined and null parameters are left out, null inside of a parameter is not", async (t) => {
  const { apiRoot, requests } = await startServer(t, (response) => ok(response));
  const api = botApi(BOT_TOKEN, { apiRoot });
  await api.setWebhook({ url: "", secret_token: undefined, certificate: undefined });
  await api.call("sendPoll", { chat_id: 1, question: undefined, type: null, options: [null, { a: null }] });
  await api.call<unknown>("sendPhoto", {
    chat_id: 1,
    photo: new Uint8Array(1),
    caption: undefined,
    parse_mode: null,
  });

  assert.equal(textOf(requests[0]), '{"url":""}');
  assert.equal(textOf(requests[1]), '{"chat_id":1,"options":[null,{"a":null}]}');
  assert.deepEqual(partsOf(requests[2]).map(({ name }) => name), ["chat_id", "photo"]);
});

test("every method posts to its own address and returns the result", async (t) => {
  const { apiRoot, requests } = await startServer(t, (response, request) => ok(response, request.url));
  const api = botApi(BOT_TOKEN, { apiRoot: `${apiRoot}/prefix//` });
  const results = [
    await api.deleteWebhook(),
    await api.deleteWebhook({ drop_pending_updates: true }),
    await api.getWebhookInfo(),
    await api.getUpdates(),
    await api.getUpdates({ offset: -1, limit: 100, timeout: 0, allowed_updates: [] }),
    await api.call("getMe"),
  ];

  const methods = ["deleteWebhook", "deleteWebhook", "getWebhookInfo", "getUpdates", "getUpdates", "getMe"];
  assert.deepEqual(results, methods.map((method) => `/prefix/bot${BOT_TOKEN}/${method}`));
  assert.deepEqual(requests.map(textOf), [
    "{}",
    '{"drop_pending_updates":true}',
    "{}",
    "{}",
    '{"offset":-1,"limit":100,"timeout":0,"allowed_updates":[]}',
    "{}",
  ]);
});

test("a certificate is uploaded as a file, whatever holds it", async (t) => {
  const { apiRoot, requests } = await startServer(t, (response) => ok(response));
  const api = botApi(BOT_TOKEN, { apiRoot });
  const padded = new Uint8Array([0, ...PEM_BYTES, 0]);
  const certificates = [
    PEM,
    PEM_BYTES,
    padded.subarray(1, -1),
    Buffer.from(PEM),
    PEM_BYTES.buffer.slice(PEM_BYTES.byteOffset, PEM_BYTES.byteOffset + PEM_BYTES.byteLength),
    new Blob([PEM_BYTES]),
    new File([PEM_BYTES], "other.crt", { type: "text/plain" }),
  ];
  for (const certificate of certificates) {
    await api.setWebhook({
      url: "https://127.0.0.1:8443/ü",
      certificate,
      max_connections: 1,
      allowed_updates: ["message"],
      drop_pending_updates: true,
    });
  }

  assert.equal(requests.length, certificates.length);
  for (const request of requests) {
    assert.equal(request.headers["content-length"], String(request.body.length));
    const text = { filename: undefined, type: undefined };
    assert.deepEqual(partsOf(request), [
      { ...text, name: "url", content: Buffer.from("https://127.0.0.1:8443/ü").toString("latin1") },
      {
        name: "certificate",
        filename: "certificate.pem",
        type: "application/x-pem-file",
        content: PEM_LATIN1,
      },
      { ...text, name: "max_connections", content: "1" },
      { ...text, name: "allowed_updates", content: '["message"]' },
      { ...text, name: "drop_pending_updates", content: "true" },
    ]);
  }
});

test("a certificate is read from a file when the webhook is set", async (t) => {
  const { apiRoot, requests } = await startServer(t, (response) => ok(response));
  const directory = mkdtempSync(join(tmpdir(), "telehook-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "cert.pem");
  writeFileSync(file, PEM);
  await botApi(BOT_TOKEN, { apiRoot }).setWebhook({ url: "https://a.example", certificate: { file } });
  assert.equal(partsOf(requests[0]).find(({ name }) => name === "certificate")?.content, PEM_LATIN1);
});

test("a certificate's file_id is passed through as text", async (t) => {
  const { apiRoot, requests } = await startServer(t, (response) => ok(response));
  await botApi(BOT_TOKEN, { apiRoot }).setWebhook({
    url: "https://a.example",
    certificate: { file_id: "BQAD" },
  });
  assert.equal(textOf(requests[0]), '{"url":"https://a.example","certificate":"BQAD"}');
});

test("any method uploads files byte for byte, under a File's own name or else the parameter's", async (t) => {
  const { apiRoot, requests } = await startServer(t, (response) => ok(response));
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  const latin1 = Buffer.from(bytes).toString("latin1");
  await botApi(BOT_TOKEN, { apiRoot }).call<unknown>("sendMediaGroup", {
    media: [{ type: "photo", media: "attach://first" }],
    first: new File([bytes], "cat.jpg", { type: "image/jpeg" }),
    second: new Blob([bytes], { type: "image/png" }),
    third: new DataView(bytes.buffer, 254),
  });
  assert.deepEqual(partsOf(requests[0]), [
    {
      name: "media",
      filename: undefined,
      type: undefined,
      content: '[{"type":"photo","media":"attach://first"}]',
    },
    { name: "first", filename: "cat.jpg", type: "image/jpeg", content: latin1 },
    { name: "second", filename: "second", type: "image/png", content: latin1 },
    { name: "third", filename: "third", type: "application/octet-stream", content: "\xfe\xff" },
  ]);
});

test("a nested file is attached under a name that no parameter has", async (t) => {
  const { apiRoot, requests } = await startServer(t, (response) => ok(response));
  const bytes = new TextEncoder().encode("one");
  await botApi(BOT_TOKEN, { apiRoot }).call<unknown>("sendMediaGroup", {
    chat_id: 5,
    media: [
      { type: "photo", media: bytes, caption: null },
      { type: "photo", media: new File(["two"], "two.jpg", { type: "image/jpeg" }) },
      { type: "video", media: Buffer.from("three"), thumbnail: new Blob(["four"]) },
    ],
    file1: "taken",
  });
  const text = { filename: undefined, type: undefined };
  const stream = "application/octet-stream";
  assert.deepEqual(partsOf(requests[0]), [
    { ...text, name: "chat_id", content: "5" },
    {
      ...text,
      name: "media",
      content: '[{"type":"photo","media":"attach://file0","caption":null},' +
        '{"type":"photo","media":"attach://file2"},' +
        '{"type":"video","media":"attach://file3","thumbnail":"attach://file4"}]',
    },
    { ...text, name: "file1", content: "taken" },
    { name: "file0", filename: "file0", type: stream, content: "one" },
    { name: "file2", filename: "two.jpg", type: "image/jpeg", content: "two" },
    { name: "file3", filename: "file3", type: stream, content: "three" },
    { name: "file4", filename: "file4", type: stream, content: "four" },
  ]);
});

test("a form is encoded to the same parts", async () => {
  const form = serializeParams({ chat_id: 5, photo: new Uint8Array([0, 255]), caption: null });
  assert.ok(form instanceof FormData);
  const { bytes, contentType } = await encodeForm(form);
  const headers = { "content-type": contentType };
  assert.deepEqual(partsOf({ method: "POST", url: "/", headers, body: bytes }), [
    { name: "chat_id", filename: undefined, type: undefined, content: "5" },
    { name: "photo", filename: "photo", type: "application/octet-stream", content: "\x00\xff" },
  ]);
});
