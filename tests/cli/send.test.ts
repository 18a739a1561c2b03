import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { listen, type ReceivedUpdate } from "../../mod.ts";
import { freePort } from "../../src/testing/free_port.ts";
import { runCli } from "./run_cli.ts";
import { runInProcess } from "./run_in_process.ts";

const SECRET = "a-secret-for-the-test";

test("send posts one update as Telegram would, and shows the bot's reply", async (t) => {
  const received: ReceivedUpdate[] = [];
  const server = await listen((update) => {
    received.push(update);
    return { method: "sendMessage", chat_id: 111, text: "Hello Somebody" };
  }, { secretToken: SECRET, hostname: "127.0.0.1", port: 0 });
  t.after(() => server.close());

  const { code, stdout, stderr } = await runCli(t, ["send", server.url, "--text", "/start now"], {
    WEBHOOK_SECRET: SECRET,
  });
  assert.equal(stderr, "");
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^Sent update \d+ to http:\S+: message, Somebody: \/start now\nAnswered 200 OK after \d+ ms: ack/,
  );
  assert.match(stdout, /Telegram would call sendMessage for the bot: .*"Hello Somebody"/);
  const [update] = received;
  assert.ok(update && "message" in update);
  assert.deepEqual(update.message.entities, [{ type: "bot_command", offset: 0, length: 6 }]);

  const refused = await runInProcess(["send", server.url, "--secret", "another-secret"]);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stdout,
    /Answered 401 Unauthorized after \d+ ms: .*\nYour server answered, and refused the secret/,
  );
  const without = await runInProcess(["send", server.url]);
  assert.match(without.stdout, /went out without a secret/);
  assert.equal(received.length, 1);
});

test("send takes an update from a file, and no file that holds something else", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "telehook-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "update.json");
  const received: number[] = [];
  const server = await listen(({ update_id }) => void received.push(update_id), {
    secretToken: null,
    hostname: "127.0.0.1",
    port: 0,
  });
  t.after(() => server.close());

  writeFileSync(file, '{"update_id": 17, "hologram": {"text": "ä"}}');
  const sent = await runInProcess(["send", server.url, "--file", file]);
  assert.equal(sent.code, 0, sent.stderr);
  assert.deepEqual(received, [17]);

  writeFileSync(file, '{"ok": true, "result": []}');
  const envelope = await runInProcess(["send", server.url, "--file", file]);
  assert.equal(envelope.code, 2);
  assert.match(envelope.stderr, /does not hold one update: write JSON such as/);
  const missing = await runInProcess(["send", server.url, "--file", join(directory, "missing")]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /^telehook: Cannot read ".*missing": there is no such file or directory\n$/);
});

test("send says what it means that nobody answers", async () => {
  const port = await freePort();
  const { code, stdout } = await runInProcess(["send", `http://127.0.0.1:${port}/`]);
  assert.equal(code, 1);
  assert.match(stdout, /No answer after \d+ ms: Connection refused\n.*nothing listens on this port/);
});
