import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { runCli, startShell } from "./run_cli.ts";
import { runInProcess } from "./run_in_process.ts";

const TOKEN = `123456789:${"A".repeat(35)}`;
const BOT = { BOT_TOKEN: TOKEN };

/** What is written, with which environment, and what must be said about it. */
const CASES: [string, Record<string, string>, RegExp][] = [
  ["lisen", {}, /Unknown command "lisen"\. Did you mean "telehook listen"\?/],
  ["frobnicate", {}, /Unknown command "frobnicate"\. Commands: demo, listen, poll, set/],
  ["help lisen", {}, /Did you mean "telehook listen"/],
  ["--json", {}, /The command must come before its options/],
  ["listen --prot 80", {}, /"listen" has no option "--prot"\. Did you mean "--port"\?/],
  ["listen -x", {}, /"listen" has no option "-x"\. Run "telehook listen --help" for its options/],
  ["listen --port", {}, /--port needs a value\. Write "--port <port>"/],
  ["listen --port --json", {}, /--port needs a value/],
  [
    "listen --path -abc123",
    {},
    /--path needs a value\. If the value begins with "-", write "--path=-…" as one word\n/,
  ],
  ["listen --path --no-secret", {}, /--path needs a value\. Write "--path <path>"\n/],
  ["listen --json=yes", {}, /--json accepts no value/],
  ["listen --no-secret --port abc", {}, /--port must be a whole number from 0 to 65535, not "abc"/],
  ["listen --no-secret --port 70000", {}, /--port must be a whole number from 0 to 65535, not "70000"/],
  ["listen --no-secret", { PORT: "80a" }, /^telehook: PORT must be a whole number/],
  ["listen", {}, /No secret token: set WEBHOOK_SECRET, set BOT_TOKEN to derive it, or pass --no-secret/],
  ["listen --no-secret --secret-file abc", {}, /--secret-file and --no-secret cannot be combined/],
  ["listen", { WEBHOOK_SECRET: "not-allowed!" }, /A secret token may only have the characters/],
  [
    "listen --url https://bot.example.org/",
    {},
    /--url registers the webhook, which needs the bot token\. Set BOT_TOKEN/,
  ],
  ["listen --drop-pending", {}, /--drop-pending registers .* needs the bot token and --url/],
  ["listen --url https://bot.example.org:8080/", BOT, /ports 80, 88, 443 and 8443/],
  ["listen --self-signed --no-secret", {}, /--self-signed needs the URL/],
  ["listen --cert a.pem --no-secret", {}, /--cert and --key belong together\. Write --key <file> too/],
  [
    "listen --url bot.example.org --allowed-updates mesage",
    BOT,
    /Unknown kind of update "mesage"\. Did you mean "message"/,
  ],
  ["info --api-root api.example", BOT, /^telehook: --api-root must be an http or https URL without/],
  [
    "info",
    { ...BOT, TELEGRAM_API_ROOT: "ftp://a/" },
    /^telehook: TELEGRAM_API_ROOT must be an http or https URL/,
  ],
  ["info", {}, /The bot token is missing\. Set BOT_TOKEN/],
  ["info", { BOT_TOKEN: "nonsense" }, /The bot token is malformed\. It looks like/],
  [
    `info --token ${TOKEN}`,
    {},
    /every user of the machine can read .* BOT_TOKEN, or a file with --token-file/,
  ],
  [`info ${TOKEN}`, BOT, /Unexpected argument "<token>"\. Usage: telehook info \[options\]/],
  ["set", BOT, /The URL of the webhook is missing\. Write --url/],
  ["set --url http://bot.example.org/", BOT, /over https only/],
  [
    "set --url bot.example.org --max-connections 101",
    BOT,
    /--max-connections must be a whole number from 1 to 100/,
  ],
  ["send", {}, /<url> is missing\. Usage: telehook send <url> \[options\]/],
  ["send ftp://127.0.0.1/", {}, /Cannot post to "ftp:\/\/127\.0\.0\.1\/"/],
  ["send http://127.0.0.1/ --text a --file b", {}, /--text and --file/],
  ["listen --secret abc", {}, /--secret is not accepted, .* WEBHOOK_SECRET, or a file with --secret-file/],
  ["listen --secret=abc", {}, /--secret is not accepted/],
  ["set --secret abc", BOT, /--secret is not accepted/],
  ["send http://127.0.0.1/ --secret abc", {}, /--secret is not accepted/],
  ["listen --passphrase abc", {}, /--passphrase is not accepted, .* TLS_PASSPHRASE, or a file/],
  ["info --secret abc", BOT, /"info" has no option "--secret"/],
  ["listen --no-secret", { HOST: " " }, /^telehook: HOST is blank\. Set it to a value, or unset it\n/],
  ["listen --no-secret --host= ", {}, /--host needs a value/],
  ["info", { BOT_TOKEN: "\t" }, /^telehook: BOT_TOKEN is blank/],
  ["listen", { WEBHOOK_SECRET: " " }, /^telehook: WEBHOOK_SECRET is blank/],
  ["set --url bot.example.org --ip-address", BOT, /--ip-address needs a value/],
  ["send http://127.0.0.1/ --connect 127.0.0.1", {}, /--connect must be an address and a port/],
  ["cert", {}, /--host is missing/],
  ["cert --host https://a.example/", {}, /--host must be without a scheme/],
  ["cert --host a.example --algorithm rsa", {}, /--algorithm must be rsa-2048 or ecdsa-p256, not "rsa"/],
];

test("wrong use is answered with one line that says what to write instead, and exit code 2", async (t) => {
  for (const [line, env, message] of CASES) {
    await t.test(line.replace(TOKEN, "<token>"), async () => {
      const { code, stdout, stderr } = await runInProcess(
        line.replace("= ", "=\0").split(" ").map((part) => part.replace("\0", " ")),
        env,
      );
      assert.match(stderr, message);
      assert.match(stderr, /^telehook: [^\n]+\n$/);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.ok(!stderr.includes("A".repeat(35)), "the token is never shown");
    });
  }
});

test("PEM text in place of a file's name is not shown", async () => {
  const keys = [
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----\n",
    `MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg${"A".repeat(100)}`, // without its first and last line
  ];
  for (const key of keys) {
    const { code, stderr } = await runInProcess(["listen", "--no-secret", `--cert=${key}`, `--key=${key}`]);
    assert.equal(code, 2);
    assert.equal(
      stderr,
      "telehook: PEM text was given where the name of a file is needed. Write it to a file, and use its name\n",
    );
  }
});

test("the process itself ends with code 2 and that line", async (t) => {
  const { code, stdout, stderr } = await runCli(t, ["send", "--texd", "hello"]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^telehook: "send" has no option "--texd"\. Did you mean "--text"\?[^\n]*\n$/);
});

test("a file that never ends is an error, and so is an empty one", async (t) => {
  if (!existsSync("/dev/zero")) return t.skip("there is no /dev/zero");
  const endless = await runInProcess(["info", "--token-file", "/dev/zero"]);
  assert.equal(endless.code, 1);
  assert.equal(endless.stderr, 'telehook: Cannot read "/dev/zero": it is larger than 4 MiB\n');
  const empty = await runInProcess(["listen"], { WEBHOOK_SECRET_FILE: "/dev/null" });
  assert.equal(empty.code, 2);
  assert.equal(empty.stderr, 'telehook: The file "/dev/null" of WEBHOOK_SECRET_FILE is empty\n');
});

test("a token is read from a pipe", async (t) => {
  const cli = startShell(t, 'echo "1:short" | "$@"', [
    "info",
    "--token-file",
    "-",
    "--api-root",
    "http://127.0.0.1:9",
  ]);
  assert.equal(await cli.ended, 1);
  assert.match(
    cli.stderr,
    /^telehook: getWebhookInfo: cannot reach the Bot API at "http:\/\/127\.0\.0\.1:9"/,
  );
});
