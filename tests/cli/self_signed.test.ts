import assert from "node:assert/strict";
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort } from "../../src/testing/free_port.ts";
import { startTestBotApi } from "../../src/testing/mod.ts";
import { certificateFiles, reusableKeyPair, writeKeyPair } from "../../src/cli/certificate_files.ts";
import { startCli } from "./run_cli.ts";
import { runInProcess } from "./run_in_process.ts";

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "telehook-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

test("one command is a bot on a bare IP address: a certificate made, uploaded, served, verified, used again", async (t) => {
  const telegram = await startTestBotApi();
  t.after(() => telegram.close());
  const directory = temporaryDirectory(t);
  const [cert, key] = [join(directory, "cert.pem"), join(directory, "key.pem")];
  const port = await freePort();
  const args = ["listen", "--self-signed", "--url", `https://127.0.0.1:${port}/hook`, "--host", "127.0.0.1"];
  const env = { BOT_TOKEN: telegram.token, TELEGRAM_API_ROOT: telegram.apiRoot };
  const anna = telegram.user({ first_name: "Anna" });

  const first = startCli(t, [...args, "--cert", cert, "--key", key, "--once"], env);
  await first.printed("stderr", /Created a certificate for 127\.0\.0\.1: [^\n]+\n/);
  await first.printed("stderr", /Listening on https:.*has received the certificate/);
  const made = readFileSync(cert, "utf8");
  assert.equal(telegram.webhook?.certificate, made);
  if (process.platform !== "win32") assert.equal(statSync(key).mode & 0o777, 0o600);
  const { outcome, attempts } = await anna.sends("over TLS");
  assert.deepEqual([outcome, attempts.length], ["acknowledged", 1]);
  assert.equal(await first.ended, 0);
  assert.match(first.stdout, /Anna: over TLS/);

  const second = startCli(t, [...args, "--cert", cert, "--key", key], env);
  await second.printed("stderr", /Listening on https:/);
  assert.equal(readFileSync(cert, "utf8"), made);
  assert.doesNotMatch(second.stderr, /Created a certificate/);
  const url = `https://127.0.0.1:${port}/hook`;
  const sent = await runInProcess(["send", url, "--certificate", cert], { BOT_TOKEN: telegram.token });
  assert.match(sent.stdout, /Answered 200 OK/);
  const untrusted = await runInProcess(["send", url], { BOT_TOKEN: telegram.token });
  assert.equal(untrusted.code, 1);
  assert.match(
    untrusted.stdout,
    /certificate\s+verify failed\}\n {2}Telegram does not trust the certificate/,
  );
  second.signal("SIGINT");
  assert.equal(await second.ended, 0);
});

test("a pair that cannot be written whole leaves the old one as it is", (t) => {
  const directory = temporaryDirectory(t);
  const files = certificateFiles(join(directory, "bot"));
  const content = () =>
    readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), "utf8")]);
  writeKeyPair(files, { cert: "old cert", key: "old key" });
  const before = content();
  assert.equal(before.length, 2);
  // As on a full disk: the key is written, and the certificate is not.
  assert.throws(() => writeKeyPair(files, { cert: Symbol() as never, key: "new key" }), /Cannot write/);
  assert.deepEqual(content(), before);
});

test("cert writes a pair, replaces none unasked, and says how to go on", async (t) => {
  const directory = temporaryDirectory(t);
  const args = ["cert", "--host", "bot.example.org", "--algorithm", "ecdsa-p256", "--out", directory];
  const made = await runInProcess(args);
  assert.equal(made.code, 0, made.stderr);
  const cert = readFileSync(join(directory, "telehook-cert.pem"), "utf8");
  assert.match(cert, /^-----BEGIN CERTIFICATE-----/);
  assert.match(readFileSync(join(directory, "telehook-key.pem"), "utf8"), /^-----BEGIN PRIVATE KEY-----/);
  assert.match(made.stdout, /listen --url https:\/\/bot\.example\.org:8443\/hook --cert /);

  const again = await runInProcess(args);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /already exists\. Use --force to overwrite it/);
  assert.equal((await runInProcess([...args, "--force"])).code, 0);
  assert.notEqual(readFileSync(join(directory, "telehook-cert.pem"), "utf8"), cert);
});

test("a certificate for another host is replaced, and a key without its certificate is left alone", async (t) => {
  const directory = temporaryDirectory(t);
  const prefix = join(directory, "bot");
  await runInProcess(["cert", "--host", "203.0.113.7", "--algorithm", "ecdsa-p256", "--out", prefix]);
  const files = certificateFiles(prefix);
  assert.equal((await reusableKeyPair(files, "203.0.113.7"))?.cert, readFileSync(files.cert, "utf8"));
  assert.equal(await reusableKeyPair(files, "203.0.113.8"), undefined);

  await runInProcess(["cert", "--host", "203.0.113.7", "--days", "20", "--out", prefix, "--force"]);
  assert.equal(await reusableKeyPair(files, "203.0.113.7"), undefined, "it ends soon");

  rmSync(files.cert);
  await assert.rejects(() => reusableKeyPair(files, "203.0.113.7"), { code: "ERR_FILE" });
  writeFileSync(files.cert, "not a certificate");
  await assert.rejects(() => reusableKeyPair(files, "203.0.113.7"), /does not contain a certificate/);
});

/** A pair that was made by OpenSSL for 127.0.0.1. */
function pairOf(name: string): { cert: string; key: string } {
  const path = (end: string) =>
    fileURLToPath(new URL(`../fixtures/testing_certificates/${name}.${end}`, import.meta.url));
  return { cert: path("pem"), key: path("key") };
}

test("a pair is used again only if Telegram verifies it: a DNS name beside the address is compared in its place", async () => {
  for (const name of ["cn_ip", "cn_ip_and_ip_san", "dns_san_is_ip"]) {
    assert.ok(await reusableKeyPair(pairOf(name), "127.0.0.1"), name);
  }
  for (const name of ["cn_ip_other_dns_san", "ip_san_other_cn"]) {
    assert.equal(await reusableKeyPair(pairOf(name), "127.0.0.1"), undefined, name);
  }
});

test("a certificate that is uploaded must be one by which Telegram verifies the host", async () => {
  const env = { BOT_TOKEN: `123456789:${"A".repeat(35)}`, TELEGRAM_API_ROOT: "http://127.0.0.1:9/" };
  const compared = {
    cn_ip_other_dns_san:
      /: of an uploaded certificate, Telegram compares its list of DNS names, which is DNS:bot\.example, /,
    ip_san_other_cn:
      /: of an uploaded certificate, Telegram compares its common name, which is CN=bot\.example\. Create one/,
  };
  for (const [name, message] of Object.entries(compared)) {
    const { cert, key } = pairOf(name);
    const listen = ["listen", "--url", "https://127.0.0.1:8443/hook", "--port", "0", "--host", "127.0.0.1"];
    const { code, stderr } = await runInProcess([...listen, "--cert", cert, "--key", key], env);
    assert.equal(code, 1, stderr);
    assert.match(stderr, message);
    assert.match(stderr, /\.pem" is not for 127\.0\.0\.1.* telehook cert --host 127\.0\.0\.1\n$/);
  }
});

test("--self-signed opens an encrypted key that is there with --passphrase-file", async (t) => {
  const telegram = await startTestBotApi();
  t.after(() => telegram.close());
  const directory = temporaryDirectory(t);
  const [cert, key] = [join(directory, "cert.pem"), join(directory, "key.pem")];
  copyFileSync(pairOf("cn_ip_and_ip_san").cert, cert);
  writeFileSync(key, ENCRYPTED_KEY);
  const passphrase = join(directory, "passphrase.txt");
  writeFileSync(passphrase, "open-sesame\n");
  const url = `https://127.0.0.1:${await freePort()}/hook`;
  const flags = ["--url", url, "--host", "127.0.0.1", "--cert", cert, "--key", key, "--once"];
  const env = { BOT_TOKEN: telegram.token, TELEGRAM_API_ROOT: telegram.apiRoot };
  const cli = startCli(t, ["listen", "--self-signed", "--passphrase-file", passphrase, ...flags], env);
  await cli.printed("stderr", /Listening on https:.*has received the certificate/);
  assert.equal(telegram.webhook?.certificate, readFileSync(cert, "utf8"));
  assert.doesNotMatch(cli.stderr, /Created a certificate/);
  const { outcome } = await telegram.user({ first_name: "Anna" }).sends("over TLS");
  assert.equal(outcome, "acknowledged");
  assert.equal(await cli.ended, 0);
});

/** The key of `cn_ip_and_ip_san`, encrypted with "open-sesame". */
const ENCRYPTED_KEY = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiMVvTQmRHOsgICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEMaGyZm2GeHLt4fHw2NVV4kEgZC+
n7qr0+GM+MjobjlODUZ0f53a2jJXWjImOI0rXyJdOz9btSA1uwJ+edz6bzxcUiVY
zOS3rfS7Eb+ZoeqhhKBxMcsrusT/gEibmkrlXn682jx75mQX0XWi/Ma0N2+1Aw7V
PYQMQ8YfUCbauRAkK16x2visby0nVpQDOsh8MVR4qMVbPOEOIlnyief4ZV1hB8c=
-----END ENCRYPTED PRIVATE KEY-----
`;
