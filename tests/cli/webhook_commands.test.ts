import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { deriveSecretToken } from "../../mod.ts";
import { startTestBotApi, virtualClock } from "../../src/testing/mod.ts";
import { json, ok, startServer, textOf } from "../bot_api/loopback_server.ts";
import { runCli } from "./run_cli.ts";
import { runInProcess } from "./run_in_process.ts";

const URL = "https://bot.example.org/hook";

async function telegramFor(t: { after(close: () => Promise<void>): void }) {
  const clock = virtualClock(Date.now());
  const telegram = await startTestBotApi({
    clock,
    strict: true,
    resolve: { "bot.example.org:443": "127.0.0.1:9" },
  });
  t.after(() => telegram.close());
  const env = { BOT_TOKEN: telegram.token, TELEGRAM_API_ROOT: telegram.apiRoot };
  return { telegram, env };
}

test("set, info and delete do what they say", async (t) => {
  const { telegram, env } = await telegramFor(t);

  const set = await runCli(t, ["set", "--allowed-updates", "message,poll", "--max-connections=7"], {
    ...env,
    WEBHOOK_URL: "bot.example.org/hook",
  });
  assert.deepEqual([set.code, set.stderr], [0, ""]);
  assert.match(
    set.stdout,
    /^✓ Telegram now delivers to https:\/\/bot\.example\.org\/hook\.\n {2}Kinds of update: message, poll\.\n/,
  );
  assert.equal(telegram.webhook?.url, URL);
  assert.equal(telegram.webhook?.maxConnections, 7);
  assert.equal(telegram.webhook?.secretToken, await deriveSecretToken(telegram.token));

  const info = await runCli(t, ["info"], env);
  assert.deepEqual([info.code, info.stderr], [0, ""]);
  assert.match(info.stdout, /^URL +https:\/\/bot\.example\.org\/hook\n/);
  assert.match(info.stdout, /^✓ Subscribed to message, poll\. To change this, run telehook set/m);

  telegram.user().sends("waits");
  const deleted = await runCli(t, ["delete", "--drop-pending"], env);
  assert.deepEqual([deleted.code, deleted.stderr], [0, ""]);
  assert.equal(deleted.stdout, `Telegram no longer delivers to ${URL}.\nDiscarded 1 pending update.\n`);
  assert.equal(telegram.webhook, undefined);
  assert.equal(telegram.pending, 0);
  for (const { stdout } of [set, info, deleted]) assert.doesNotMatch(stdout, /TEST-TOKEN/);
});

test("set takes a secret or none, and never prints it", async (t) => {
  const { telegram, env } = await telegramFor(t);
  const named = await runInProcess(["set", "--url", URL], { ...env, WEBHOOK_SECRET: "my-own-secret" });
  assert.equal(named.code, 0, named.stderr);
  assert.equal(telegram.webhook?.secretToken, "my-own-secret");
  assert.match(named.stdout, /the one from WEBHOOK_SECRET/);
  assert.doesNotMatch(named.stdout, /my-own-secret/);

  await telegram.clock.advance(2_000);
  const none = await runInProcess(["set", "--url", URL, "--no-secret"], env);
  assert.equal(none.code, 0, none.stderr);
  assert.equal(telegram.webhook?.secretToken, "");
  assert.match(none.stdout, /There is no secret token/);
});

test("info --json is what Telegram said and what was found in it, for other programs", async (t) => {
  const { env } = await telegramFor(t);
  const { code, stdout } = await runInProcess(["info", "--json"], env);
  assert.equal(code, 0);
  const { findings, ...info } = JSON.parse(stdout);
  assert.deepEqual(info, { url: "", has_custom_certificate: false, pending_update_count: 0 });
  assert.deepEqual(findings.map((each: Record<string, unknown>) => [each.code, each.severity, each.text]), [
    ["noWebhook", "problem", "No webhook is set"],
  ]);
});

test("a refusal is one line and exit code 1, without the token", async (t) => {
  const { telegram, env } = await telegramFor(t);
  const refused = await runInProcess(["info"], { ...env, BOT_TOKEN: `${telegram.token}-revoked` });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^telehook: The Bot API refused "getWebhookInfo" with 401 .*\n$/);
  await telegram.close();
  const unreachable = await runInProcess(["info"], env);
  assert.equal(unreachable.code, 1);
  assert.match(unreachable.stderr, /^telehook: [^\n]+\n$/);
  assert.doesNotMatch(refused.stderr + unreachable.stderr, /TEST-TOKEN/);
});

test("info and delete say so when what answers is no Bot API", async (t) => {
  for (const result of [null, true, { url: "" }]) {
    const { apiRoot } = await startServer(t, (response) => ok(response, result));
    for (const command of ["info", "delete"]) {
      const env = { BOT_TOKEN: `123456789:${"A".repeat(35)}`, TELEGRAM_API_ROOT: apiRoot };
      const { code, stderr } = await runInProcess([command], env);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^telehook: getWebhookInfo: the answer does not describe a webhook\. Check TELEGRAM_API_ROOT\n$/,
      );
    }
  }
});

test("set says which kinds of update stay as they were", async (t) => {
  const { telegram, env } = await telegramFor(t);
  await runInProcess(["set", "--url", URL, "--allowed-updates", "message"], env);
  await telegram.clock.advance(2_000);
  const again = await runInProcess(["set", "--url", URL, "--max-connections", "7"], env);
  assert.match(
    again.stdout,
    /^ {2}Kinds of update: unchanged, message\. To change this, use --allowed-updates\.\n/m,
  );
  await telegram.clock.advance(2_000);
  const all = await runInProcess(["set", "--url", URL, "--allowed-updates", "all"], env);
  assert.match(all.stdout, /^ {2}Kinds of update: every kind of update\.\n/m);
});

test("a server of one's own may open more connections", async (t) => {
  const { apiRoot, requests } = await startServer(t, (response) => ok(response, true));
  const env = { BOT_TOKEN: `123456789:${"A".repeat(35)}`, TELEGRAM_API_ROOT: apiRoot };
  const args = ["set", "--url", URL, "--max-connections", "5000", "--allowed-updates", "default"];
  const { code, stderr } = await runInProcess(args, env);
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(textOf(requests[0])).max_connections, 5000);
});

test("info --check exits with 1 if there is a problem", async (t) => {
  const info = {
    url: URL,
    has_custom_certificate: false,
    pending_update_count: 5,
    allowed_updates: ["message"],
  };
  const { apiRoot } = await startServer(t, (response) => ok(response, info));
  const env = { BOT_TOKEN: `123456789:${"A".repeat(35)}`, TELEGRAM_API_ROOT: apiRoot };
  const code = async (...args: string[]) => (await runInProcess(["info", "--check", ...args], env)).code;
  assert.equal(await code(), 0);
  assert.equal(await code("--max-pending", "5", "--url", URL, "--allowed-updates", "message"), 0);
  assert.equal(await code("--max-pending", "4"), 1);
  assert.equal(await code("--url", "https://other.example.org/"), 1);
  assert.equal(await code("--allowed-updates", "message,poll"), 1);
  assert.equal(await code("--json", "--max-pending", "4"), 1);
  info.url = "";
  assert.equal(await code(), 1, "no webhook");
  info.url = URL;
  const without = await runInProcess(["info", "--max-pending", "4"], env);
  assert.equal(without.code, 0, "only with --check");
  assert.match(without.stdout, /^✗ 5 updates are pending, more than 4/m);
});

test("what the Bot API says is printed without control characters, and fits the terminal", async (t) => {
  const info = {
    url: `${URL}?\x1b[2J`,
    ip_address: "1.2.3.4\x9b",
    has_custom_certificate: false,
    pending_update_count: 5,
    last_error_date: Date.now() / 1000,
    last_error_message: `SSL error \x1b]0;title\x07 \u202e${"certificate verify failed ".repeat(5)}`,
    allowed_updates: ["message", "\x1b[31mpoll"],
  };
  const { apiRoot } = await startServer(t, (response) => ok(response, info));
  const env = { BOT_TOKEN: `123456789:${"A".repeat(35)}`, TELEGRAM_API_ROOT: apiRoot };
  for (const args of [["info"], ["info", "--json"], ["info", "--url", "https://a.example/"], ["delete"]]) {
    const { stdout, stderr } = await runInProcess(args, env);
    assert.doesNotMatch(stdout.replaceAll("\n", "") + stderr, /[\p{Cc}\u202e]\S/u, args.join(" "));
    if (args.includes("--json")) {
      const { findings, ...exact } = JSON.parse(stdout);
      assert.ok(findings.length > 0);
      assert.deepEqual(exact, info);
      continue;
    }
    for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
  }
  const terminal = await runInProcess(["info"], env, { isTTY: true, columns: 60 });
  const lines = terminal.stdout.split("\n").map(stripVTControlCharacters);
  for (const line of lines) assert.ok(line.length <= 60, line);
  assert.ok(terminal.stdout.includes("\x1b[31m✗\x1b[0m "));

  const refusing = await startServer(
    t,
    (response) => json(response, 400, { ok: false, error_code: 400, description: "Bad\x1b[2J" }),
  );
  const { stderr } = await runInProcess(["info"], { ...env, TELEGRAM_API_ROOT: refusing.apiRoot });
  assert.match(stderr, /400 "Bad·\[2J"\n$/);
});

test("errors call the options as the command line does", async () => {
  const env = { BOT_TOKEN: "1:short" };
  const away = ["info", "--api-root", "http://127.0.0.1:9"];
  assert.match((await runInProcess(away, env)).stderr, /Check the network and --api-root\n$/);
  const fromEnvironment = { ...env, TELEGRAM_API_ROOT: "http://127.0.0.1:9" };
  assert.match(
    (await runInProcess(["info"], fromEnvironment)).stderr,
    /the network and TELEGRAM_API_ROOT\n$/,
  );
  const certificate = await runInProcess(["cert", "--host", "https://a.example/"]);
  assert.match(certificate.stderr, /^telehook: --host must be without a scheme/);
});
