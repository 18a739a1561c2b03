import assert from "node:assert/strict";
import { test } from "node:test";
import type { WebhookInfo } from "../../mod.ts";
import { selfSigned } from "../../src/tls/mod.ts";
import { explainError } from "../../src/webhook_check/explain_error.ts";
import { ago, explainWebhook, type WebhookContext } from "../../src/webhook_check/explain_webhook.ts";

const NOW = 1_800_000_000;
const around = { now: NOW, isTelegram: true };

function info(about: Partial<WebhookInfo>): WebhookInfo {
  return {
    url: "https://bot.example.org/hook",
    has_custom_certificate: false,
    pending_update_count: 0,
    ...about,
  };
}

test("every error that Telegram is known to show is explained", () => {
  const known: [string, RegExp][] = [
    ["Wrong response from the webhook: 401 Unauthorized", /rejected the secret/],
    ["Wrong response from the webhook: 403 Forbidden", /rejects the request/],
    ["Wrong response from the webhook: 404 Not Found", /there is no webhook on this path/],
    ["Wrong response from the webhook: 405 Method Not Allowed", /does not accept POST/],
    ["Wrong response from the webhook: 302 Found", /redirect/],
    ["Wrong response from the webhook: 413 Payload Too Large", /malformed/],
    ["Wrong response from the webhook: 500 Internal Server Error", /code failed/],
    ["Wrong response from the webhook: 502 Bad Gateway", /proxy/],
    ["Wrong response from the webhook: 503 Service Unavailable", /closing/],
    ["Wrong response from the webhook: 418 I'm a teapot", /did not answer with success/],
    ["Connection refused", /nothing listens/],
    ["Connection timed out", /firewall/],
    ["Connection reset by peer", /closed before there was an answer/],
    ["Read timeout expired", /60 seconds/],
    ["SSL error {error:0A000086:SSL routines::certificate verify failed}", /does not trust/],
    ["SSL error {error:0A00010B:SSL routines::wrong version number}", /uses plain HTTP/],
    [
      "SSL error {error:0A000126:SSL routines::unexpected eof while reading}",
      /closed before there was an answer/,
    ],
    ["SSL error {error:0A000410:SSL routines::sslv3 alert handshake failure}", /handshake/],
    ["Failed to resolve host: Name or service not known", /no IPv4 address/],
  ];
  for (const [message, meaning] of known) {
    const explained = explainError(message);
    assert.match(explained?.meaning ?? "", meaning, message);
    assert.ok(explained?.advice, message);
  }
  assert.equal(explainError("Something that nobody has seen"), undefined);
});

test("a failing webhook: the error first, then what may be the cause", () => {
  const findings = explainWebhook(
    info({
      url: "https://203.0.113.7:8443/hook",
      pending_update_count: 3,
      last_error_date: NOW - 60,
      last_error_message: "SSL error {error:0A000086:SSL routines::certificate verify failed}",
    }),
    around,
  );
  assert.deepEqual(findings.map(({ severity }) => severity), ["problem", "hint", "good"]);
  assert.match(findings[0]?.text ?? "", /60 seconds ago\. Telegram does not trust the certificate/);
  assert.match(findings[1]?.advice ?? "", /--url https:\/\/203\.0\.113\.7:8443\/hook --self-signed/);
});

test("an error is a problem while it is new and updates are pending", () => {
  const severity = (age: number, pending_update_count: number) =>
    explainWebhook(
      info({ last_error_date: NOW - age, last_error_message: "Connection refused", pending_update_count }),
      around,
    ).find(({ code }) => code === "deliveryFailed")?.severity;
  assert.equal(severity(60, 1), "problem");
  assert.equal(severity(60, 0), "hint", "nothing is pending any longer");
  assert.equal(severity(600, 1), "hint", "a delivery that still fails is tried every two minutes");
  assert.equal(severity(7200, 1), "hint");
});

test("what else can be wrong with a webhook", () => {
  const texts = (about: Partial<WebhookInfo>, expected: Partial<WebhookContext> = {}) =>
    explainWebhook(info(about), { ...around, ...expected })
      .map(({ code, severity, text }) => `${code} ${severity}: ${text}`).join("\n");

  assert.match(
    texts({ url: "", pending_update_count: 2 }),
    /^noWebhook problem: No webhook is set\. 2 updates are/,
  );
  assert.match(
    texts({ url: "", pending_update_count: 1 }),
    /1 update is pending; Telegram keeps it for up to 24 h/,
  );
  assert.match(texts({ url: "https://bot.example.org:8080/hook" }), /url problem: .* deliver to port 8080/);
  assert.match(texts({ url: "http://bot.example.org/hook" }), /not https/);
  assert.match(texts({}, { url: "https://other.example.org/" }), /otherUrl problem: .*, https:\/\/other\./);
  assert.doesNotMatch(texts({}, { url: "https://bot.example.org/hook" }), /otherUrl/);
  const token = `https://bot.example.org/${"1234567:"}${"A".repeat(35)}`;
  assert.match(texts({ url: token }), /url hint: The URL contains the bot token/);
  assert.doesNotMatch(texts({ url: token }, { url: "https://a.example/" }), /AAAA/);
  assert.match(texts({ pending_update_count: 500 }), /pending hint: .* faster than your handlers answer/);
  assert.match(texts({ pending_update_count: 5 }, { maxPending: 4 }), /pending problem: 5 .*, more than 4/);
  assert.doesNotMatch(texts({ pending_update_count: 5 }, { maxPending: 5 }), /pending problem/);
  assert.match(texts({ last_synchronization_error_date: NOW - 10 }), /telegramTrouble hint/);
  assert.match(
    texts({
      has_custom_certificate: true,
      last_error_date: NOW,
      last_error_message: "SSL error {certificate verify failed}",
    }),
    /certificate hint: A certificate was uploaded, but the server uses another/,
  );
});

test("a webhook without a problem is said to work", () => {
  const codes = (about: Partial<WebhookInfo>) => explainWebhook(info(about), around).map(({ code }) => code);
  assert.deepEqual(codes({}), ["subscribed", "working"]);
  assert.deepEqual(codes({ url: "http://bot.example.org/hook" }), ["url", "subscribed"]);
});

test("what was intended is not a hint", () => {
  const notGood = (about: Partial<WebhookInfo>) =>
    explainWebhook(info(about), around).filter(({ severity }) => severity !== "good");
  assert.deepEqual(notGood({}), []);
  assert.deepEqual(notGood({ allowed_updates: ["message", "callback_query"] }), []);
  assert.deepEqual(notGood({ allowed_updates: ["inline_query"] }), []);
  assert.deepEqual(notGood({ url: "https://203.0.113.7/hook" }), [], "a public CA issues for addresses, too");
});

test("the kinds of update are compared with those that are expected", () => {
  const finding = (actual: string[] | undefined, allowed_updates: readonly string[]) => {
    const [first] = explainWebhook(info(actual ? { allowed_updates: actual } : {}), {
      ...around,
      allowed_updates,
    });
    return first?.code === "otherAllowedUpdates" ? `${first.severity} ${first.text}` : undefined;
  };
  assert.equal(finding(["message"], ["message"]), undefined);
  assert.equal(finding(undefined, []), undefined, "none named are all but the opt-in ones");
  assert.match(finding(["message"], ["message", "poll"]) ?? "", /^problem .* not deliver these .*: poll$/);
  assert.match(finding(["message", "poll"], ["poll"]) ?? "", /^hint .* also delivers .*: message$/);
  assert.match(finding(undefined, ["chat_member"]) ?? "", /^problem .*: chat_member$/);
});

test("a certificate near its end is a problem, a short-lived one later", async () => {
  const { cert } = await selfSigned({ host: "bot.example.org", algorithm: "ecdsa-p256", days: 90 });
  const short = await selfSigned({ host: "bot.example.org", algorithm: "ecdsa-p256", days: 6 });
  const created = Date.now() / 1000;
  const text = (certificate: string, days: number) =>
    explainWebhook(info({}), { ...around, now: created + days * 86_400, certificate })
      .find(({ code }) => code === "certificateEnds" || code === "certificate")?.text;
  assert.equal(text(cert, 70), undefined);
  assert.match(text(cert + cert, 80) ?? "", /^The certificate expires in 10 days, on \d{4}-\d\d-\d\d$/);
  assert.match(text(cert, 93) ?? "", /^The certificate expired 3 days ago, on /);
  assert.equal(text(short.cert, 4), undefined);
  assert.match(text(short.cert, 5.5) ?? "", /^The certificate expires in 12 hours, on /);
  assert.match(text("no certificate", 0) ?? "", /^The certificate is not PEM text/);
});

test("times are in words", () => {
  assert.deepEqual([0, 90, 600, 7200 * 2, 3 * 86_400].map(ago), [
    "just now",
    "90 seconds ago",
    "10 minutes ago",
    "4 hours ago",
    "3 days ago",
  ]);
});
