import assert from "node:assert/strict";
import { test } from "node:test";
import { listen, webhook, type WebhookReply } from "../../mod.ts";
import { startTestBotApi } from "../../src/testing/mod.ts";

const message = { message_id: 1, date: 0, chat: { id: 5, type: "private", first_name: "Anna" }, text: "Hi" };

async function answerTo(reply: WebhookReply): Promise<{ response: Response; errors: unknown[] }> {
  const errors: unknown[] = [];
  const hook = webhook(() => reply, { secretToken: null, onError: (error) => void errors.push(error) });
  const body = JSON.stringify({ update_id: 1, message });
  const response = await hook(
    new Request("http://a.example/", {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    }),
  );
  await hook.close();
  return { response, errors };
}

test("a reply leaves out what is undefined or null, as a call does", async () => {
  const { response } = await answerTo({
    method: "sendMessage",
    chat_id: 5,
    text: "Hello",
    parse_mode: undefined,
    reply_markup: null,
  });
  assert.equal(await response.text(), '{"method":"sendMessage","chat_id":5,"text":"Hello"}');
});

test("a reply with files is executed by the sender, on this runtime's own server", async (t) => {
  const telegram = await startTestBotApi();
  t.after(() => telegram.close());
  const server = await listen(() => ({
    method: "sendMediaGroup",
    chat_id: 5,
    media: [{ type: "photo", media: new Uint8Array([0, 255, 1]) }, {
      type: "photo",
      media: new Blob(["two"]),
    }],
    message_thread_id: null,
  }), { secretToken: null, hostname: "127.0.0.1", port: 0 });
  t.after(() => server.close());
  const { port } = server;
  await fetch(`${telegram.apiRoot}/bot${telegram.token}/setWebhook?url=http://127.0.0.1:${port}/`);
  telegram.user({ first_name: "Anna" }).sends("Two photos, please");
  const { params, via, error } = await telegram.nextCall("sendMediaGroup");
  assert.deepEqual([via, error], ["webhook reply", undefined]);
  assert.ok(!("message_thread_id" in params));
  assert.match(JSON.stringify(params.media), /attach:\/\/file0.*attach:\/\/file1/);
  const { file0, file1 } = params;
  assert.ok(file0 instanceof Blob && file1 instanceof Blob);
  assert.deepEqual(new Uint8Array(await file0.arrayBuffer()), new Uint8Array([0, 255, 1]));
  assert.equal(await file1.text(), "two");
  assert.deepEqual(telegram.violations, []);
});

test("a reply with a file beyond 1 MiB is reported and not sent, nor read", async (t) => {
  const read = t.mock.method(Response.prototype, "arrayBuffer");
  const { response, errors } = await answerTo({
    method: "sendDocument",
    chat_id: 5,
    document: new Uint8Array(1_048_577),
  });
  assert.deepEqual([response.status, await response.text()], [200, ""]);
  assert.match(String(errors), /ERR_REPLY|larger than the 1 MiB/);
  assert.equal(read.mock.callCount(), 0);
  read.mock.restore();
});
