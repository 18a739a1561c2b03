import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:http";
import { test } from "node:test";
import { listen, type ReceivedUpdate } from "../../mod.ts";
import { freePort } from "../../src/testing/free_port.ts";
import { Output } from "../../src/cli/output.ts";
import { runCommandLine } from "../../src/cli/run_command_line.ts";
import { runCli, startShell } from "./run_cli.ts";
import { runInProcess } from "./run_in_process.ts";

/** What was printed, as if the terminal were endlessly wide. */
function unwrapped(text: string): string {
  return text.replace(/\s+/g, " ");
}

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
    unwrapped(stdout),
    /^Sending update \d+ to http:\S+: message, Somebody: \/start now ✓ Answered 200 OK after \d+ ms: ack/,
  );
  assert.match(stdout, /Telegram would call sendMessage for the bot:[^]*"Hello\s+Somebody"/);
  const [update] = received;
  assert.ok(update && "message" in update);
  assert.deepEqual(update.message.entities, [{ type: "bot_command", offset: 0, length: 6 }]);

  const refused = await runInProcess(["send", server.url], { WEBHOOK_SECRET: "another-secret" });
  assert.equal(refused.code, 1);
  assert.match(
    refused.stdout,
    /✗ Answered 401 Unauthorized after \d+ ms: [^]*\n {2}Your server rejected the secret/,
  );
  const without = await runInProcess(["send", server.url]);
  assert.match(without.stdout, /This delivery had no secret token/);
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
  assert.match(envelope.stderr, /does not contain one update\. Write JSON such as/);
  writeFileSync(file, '{"update_id": 1,');
  const broken = await runInProcess(["send", server.url, "--file", file]);
  assert.equal(broken.code, 2);
  assert.match(broken.stderr, /does not contain JSON: ./);
  const missing = await runInProcess(["send", server.url, "--file", join(directory, "missing")]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /^telehook: Cannot read ".*missing": there is no such file or directory\n$/);
});

test("send says what it means that nobody answers", async () => {
  const port = await freePort();
  const { code, stdout } = await runInProcess(["send", `http://127.0.0.1:${port}/`]);
  assert.equal(code, 1);
  assert.match(stdout, /✗ No answer after \d+ ms: Connection refused\n.*nothing listens on this port/);
});

test("send --connect tries a URL at an address that its name does not have yet", async (t) => {
  const hosts: (string | null)[] = [];
  const server = createServer((request, response) => {
    hosts.push(request.headers.host ?? null);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => void server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const args = ["send", "http://bot.example.org/hook", "--connect", `127.0.0.1:${address.port}`];
  const { code, stdout, stderr } = await runInProcess(args);
  assert.deepEqual([code, stderr], [0, ""], stdout);
  assert.deepEqual(hosts, ["bot.example.org"]);
});

test("send says what it does before it does it, and marks what came of it", async (t) => {
  let printed = "";
  const server = createServer((_, response) => {
    assert.match(printed, /Sending update/);
    response.writeHead(500).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => void server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const stdout = {
    isTTY: true,
    write(text: string) {
      printed += text;
      return true;
    },
  };
  const url = `http://127.0.0.1:${address.port}/`;
  const code = await runCommandLine(["send", url], {}, new Output(stdout, stdout, {}));
  assert.equal(code, 1);
  assert.ok(printed.includes("\n\x1b[31m✗\x1b[0m Answered 500 "), printed);
  printed = "";
  await runCommandLine(["send", url], { NO_COLOR: "1" }, new Output(stdout, stdout, { NO_COLOR: "1" }));
  assert.match(printed, /\n✗ Answered 500 /);
});

test("a file on the standard input may come slowly", async (t) => {
  const line = `{ sleep 1; echo '{"update_id":1}'; } | "$@"`; // nothing tells when it reads
  const cli = startShell(t, line, ["send", "http://127.0.0.1:1/", "--no-secret", "--file", "-"]);
  assert.equal(await cli.ended, 2);
  assert.match(cli.stderr, /^telehook: "-" does not contain one update/);
});
