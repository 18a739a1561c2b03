import assert from "node:assert/strict";
import { test } from "node:test";
import { runCli } from "./run_cli.ts";
import { runInProcess } from "./run_in_process.ts";

const TOKEN = `123456789:${"A".repeat(35)}`;
const BOT = { BOT_TOKEN: TOKEN };

/** What is written, with which environment, and what must be said about it. */
const CASES: [string, Record<string, string>, RegExp][] = [
  ["lisen", {}, /There is no command "lisen", did you mean "telehook listen"\?/],
  ["frobnicate", {}, /There is no command "frobnicate", write one of demo, listen, set/],
  ["help lisen", {}, /did you mean "telehook listen"/],
  ["--json", {}, /A command stands before its options/],
  ["listen --prot 80", {}, /"listen" has no option "--prot", did you mean "--port"\?/],
  ["listen -x", {}, /"listen" has no option "-x", "telehook listen --help" lists/],
  ["listen --port", {}, /--port needs a value, write "--port <port>"/],
  ["listen --port --json", {}, /--port needs a value/],
  [
    "listen --secret -abc123",
    {},
    /--secret needs a value: if it starts with "-", write "--secret=-…" in one word\n/,
  ],
  ["listen --secret --no-secret", {}, /--secret needs a value, write "--secret <text>"\n/],
  ["listen --json=yes", {}, /--json takes no value/],
  ["listen --no-secret --port abc", {}, /--port must be a whole number from 0 to 65535, not "abc"/],
  ["listen --no-secret --port 70000", {}, /--port must be a whole number from 0 to 65535, not "70000"/],
  ["listen --no-secret", { PORT: "80a" }, /^telehook: PORT must be a whole number/],
  ["listen", {}, /set WEBHOOK_SECRET, or BOT_TOKEN to derive it from, or write --no-secret/],
  ["listen --no-secret --secret abc", {}, /--secret and --no-secret/],
  ["listen --secret not-allowed!", {}, /A secret token may only have the characters/],
  [
    "listen --url https://bot.example.org/",
    {},
    /--url registers the webhook, which needs the bot token: set BOT_TOKEN/,
  ],
  ["listen --drop-pending", {}, /--drop-pending registers .* needs the bot token and --url/],
  ["listen --url https://bot.example.org:8080/", BOT, /ports 80, 88, 443 and 8443/],
  ["listen --self-signed --no-secret", {}, /--self-signed needs the address/],
  ["listen --cert a.pem --no-secret", {}, /--cert and --key go together: write --key <file> too/],
  [
    "listen --url bot.example.org --allowed-updates mesage",
    BOT,
    /no kind of update "mesage", did you mean "message"/,
  ],
  ["info --api-root api.example", BOT, /^telehook: --api-root must be an http or https URL without/],
  [
    "info",
    { ...BOT, TELEGRAM_API_ROOT: "ftp://a/" },
    /^telehook: TELEGRAM_API_ROOT must be an http or https URL/,
  ],
  ["info", {}, /The bot token is missing: set BOT_TOKEN/],
  ["info", { BOT_TOKEN: "nonsense" }, /The bot token is not digits, a colon/],
  [`info --token ${TOKEN}`, {}, /seen by every user of the machine, put it into .* BOT_TOKEN/],
  [`info ${TOKEN}`, BOT, /Nothing can stand at "<token>", write "telehook info \[options\]"/],
  ["set", BOT, /The address of the webhook is missing: write --url/],
  ["set --url http://bot.example.org/", BOT, /over https only/],
  [
    "set --url bot.example.org --max-connections 101",
    BOT,
    /--max-connections must be a whole number from 1 to 100/,
  ],
  ["send", {}, /<url> is missing, write "telehook send <url> \[options\]"/],
  ["send ftp://127.0.0.1/", {}, /"ftp:\/\/127\.0\.0\.1\/" is not an address to post to/],
  ["send http://127.0.0.1/ --text a --file b", {}, /--text and --file/],
  ["cert", {}, /--host is missing/],
  ["cert --host https://a.example/", {}, /"host" must be without a scheme/],
  ["cert --host a.example --algorithm rsa", {}, /--algorithm must be rsa-2048 or ecdsa-p256, not "rsa"/],
];

test("wrong use is answered with one line that says what to write instead, and exit code 2", async (t) => {
  for (const [line, env, message] of CASES) {
    await t.test(line.replace(TOKEN, "<token>"), async () => {
      const { code, stdout, stderr } = await runInProcess(line.split(" "), env);
      assert.match(stderr, message);
      assert.match(stderr, /^telehook: [^\n]+\n$/);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.ok(!stderr.includes("A".repeat(35)), "the token is never shown");
    });
  }
});

test("PEM text in place of a file's name is not shown", async () => {
  const key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----\n";
  const { code, stderr } = await runInProcess(["listen", "--no-secret", `--cert=${key}`, `--key=${key}`]);
  assert.equal(code, 2);
  assert.equal(
    stderr,
    "telehook: That is PEM text in place of a file's name: write it to a file and name that\n",
  );
});

test("the process itself ends with code 2 and that line", async (t) => {
  const { code, stdout, stderr } = await runCli(t, ["send", "--texd", "hello"]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^telehook: "send" has no option "--texd", did you mean "--text"\?[^\n]*\n$/);
});
