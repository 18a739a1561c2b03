import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { startTestBotApi } from "../../src/testing/mod.ts";
import { startCli } from "./run_cli.ts";
import { runInProcess } from "./run_in_process.ts";

test("poll --json prints updates and albums, and confirms them at SIGTERM", async (t) => {
  const telegram = await startTestBotApi();
  t.after(() => telegram.close());
  const cli = startCli(t, ["poll", "--json"], {
    BOT_TOKEN: telegram.token,
    TELEGRAM_API_ROOT: telegram.apiRoot,
  });
  await cli.printed("stderr", /Polling\n/);
  const anna = telegram.user({ first_name: "Anna" });
  void anna.sends("One");
  void anna.sendsAlbum([{ photo: true }, { photo: true }]);
  void anna.sends("Two");
  await cli.printed("stdout", /"Two"/);
  cli.signal("SIGTERM");
  assert.equal(await cli.ended, 0);
  const kinds = cli.stdout.trimEnd().split("\n").map((line) => Object.keys(JSON.parse(line))[1]);
  assert.deepEqual(kinds, ["message", "message_media_group", "message"]);
  assert.equal(telegram.pending, 0);
  assert.doesNotMatch(cli.stdout + cli.stderr, /TEST-TOKEN/);
});

test("poll --inspect serves a page that shows what arrives", async (t) => {
  const telegram = await startTestBotApi();
  t.after(() => telegram.close());
  const cli = startCli(t, ["poll", "--inspect"], {
    BOT_TOKEN: telegram.token,
    TELEGRAM_API_ROOT: telegram.apiRoot,
  });
  const [, page = ""] = await cli.printed("stderr", /Inspector: (\S+)\n/);
  void telegram.user({ first_name: "Eve" }).sends("Hi");
  await cli.printed("stdout", /Eve: Hi\n/);
  const { row } = await (await fetch(`${page}delivery/1`)).json();
  assert.equal(row.what, "Eve: Hi");
  cli.signal("SIGTERM");
  assert.equal(await cli.ended, 0);
});

test("poll --once prints one update of many, and leaves the others to Telegram", async (t) => {
  const telegram = await startTestBotApi();
  t.after(() => telegram.close());
  for (const first_name of ["Anna", "Ben", "Clara"]) void telegram.user({ first_name }).sends("Hi");
  const { code, stdout } = await runInProcess(["poll", "--once"], {
    BOT_TOKEN: telegram.token,
    TELEGRAM_API_ROOT: telegram.apiRoot,
  });
  assert.equal(code, 0);
  assert.match(stdout, /^[^\n]*Anna: Hi\n$/);
  assert.equal(telegram.pending, 2);
});

test("poll refuses a bot with a webhook, and deletes it with --take-over", async (t) => {
  const telegram = await startTestBotApi();
  t.after(() => telegram.close());
  const env = { BOT_TOKEN: telegram.token, TELEGRAM_API_ROOT: telegram.apiRoot };
  await fetch(`${telegram.apiRoot}/bot${telegram.token}/setWebhook?url=http://127.0.0.1:9/`);
  const refused = await runInProcess(["poll"], env);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^telehook: A webhook is set, [^\n]*: add --take-over [^\n]*\n$/);
  assert.ok(telegram.webhook !== undefined);
  void telegram.user().sends("hello");
  const { code, stdout } = await runInProcess(["poll", "--take-over", "--once"], env);
  assert.equal(code, 0);
  assert.match(stdout, /hello/);
  assert.equal(telegram.webhook, undefined);
  assert.equal(telegram.pending, 0);
});

test("poll ends at SIGTERM while the Bot API does not answer", async (t) => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => void sockets.add(socket));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const asked = once(silent, "connection");
  const { port } = silent.address() as AddressInfo;
  const cli = startCli(t, ["poll"], {
    BOT_TOKEN: "1:AAexample",
    TELEGRAM_API_ROOT: `http://127.0.0.1:${port}`,
  });
  await asked;
  cli.signal("SIGTERM");
  assert.equal(await cli.ended, 0);
});
