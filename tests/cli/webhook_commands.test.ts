import assert from "node:assert/strict";
import { test } from "node:test";
import { deriveSecretToken } from "../../mod.ts";
import { startTestBotApi, virtualClock } from "../../src/testing/mod.ts";
import { ok, startServer } from "../bot_api/loopback_server.ts";
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
  assert.match(set.stdout, /^✓ Telegram now delivers to https:\/\/bot\.example\.org\/hook\.\n {2}Kinds of update: message, poll\.\n/);
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
