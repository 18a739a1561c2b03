import assert from "node:assert/strict";
import { test } from "node:test";
import type { WebhookInfo } from "../../mod.ts";
import { explainError } from "../../src/cli/explain_error.ts";
import { ago, explainWebhook } from "../../src/cli/explain_webhook.ts";

const NOW = 1_800_000_000;
const around = { now: NOW, wantedUrl: undefined, isTelegram: true };

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
    ["Wrong response from the webhook: 401 Unauthorized", /secret/],
    ["Wrong response from the webhook: 403 Forbidden", /forbids/],
    ["Wrong response from the webhook: 404 Not Found", /no webhook on this path/],
    ["Wrong response from the webhook: 405 Method Not Allowed", /no POST/],
    ["Wrong response from the webhook: 302 Found", /redirect/],
    ["Wrong response from the webhook: 413 Payload Too Large", /malformed/],
    ["Wrong response from the webhook: 500 Internal Server Error", /code failed/],
    ["Wrong response from the webhook: 502 Bad Gateway", /proxy/],
    ["Wrong response from the webhook: 503 Service Unavailable", /closing/],
    ["Wrong response from the webhook: 418 I'm a teapot", /something else than success/],
    ["Connection refused", /nothing listens/],
    ["Connection timed out", /firewall/],
    ["Connection reset by peer", /closed before an answer/],
    ["Read timeout expired", /60 seconds/],
    ["SSL error {error:0A000086:SSL routines::certificate verify failed}", /does not trust/],
    ["SSL error {error:0A00010B:SSL routines::wrong version number}", /plain HTTP/],
    ["SSL error {error:0A000126:SSL routines::unexpected eof while reading}", /closed before an answer/],
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
  assert.deepEqual(findings.map(({ weight }) => weight), ["problem", "hint", "good"]);
  assert.match(findings[0]?.text ?? "", /60 seconds ago\. Telegram does not trust the certificate/);
  assert.match(findings[1]?.advice ?? "", /--url https:\/\/203\.0\.113\.7:8443\/hook --self-signed/);
});

test("an error after which nothing waits any more has passed", () => {
  const error = { last_error_date: NOW - 60, last_error_message: "Connection refused" };
  const weights = (about: Partial<WebhookInfo>) =>
    explainWebhook(info(about), around).map(({ weight }) => weight);
  assert.deepEqual(weights({ ...error, pending_update_count: 1 }), ["problem", "good"]);
  assert.deepEqual(weights(error), ["hint", "good", "good"]);
});

test("what else can be wrong with a webhook", () => {
  const texts = (about: Partial<WebhookInfo>, wantedUrl?: string) =>
    explainWebhook(info(about), { ...around, wantedUrl }).map(({ text }) => text).join("\n");

  assert.match(texts({ url: "", pending_update_count: 2 }), /^No webhook is set, and 2 updates wait/);
  assert.match(texts({ url: "https://bot.example.org:8080/hook" }), /does not deliver to port 8080/);
  assert.match(texts({ url: "http://bot.example.org/hook" }), /not https/);
  assert.match(texts({}, "https://other.example.org/"), /another address than you want/);
  assert.doesNotMatch(texts({}, "https://bot.example.org/hook"), /another address/);
  const token = `https://bot.example.org/${"1234567:"}${"A".repeat(35)}`;
  assert.match(texts({ url: token }), /bot token in it/);
  assert.match(texts({ allowed_updates: ["poll"] }), /No messages come/);
  assert.match(texts({ allowed_updates: ["message", "callback_query"] }), /Only these kinds/);
  assert.match(texts({ pending_update_count: 500 }), /faster than your handlers answer/);
  assert.match(texts({ last_synchronization_error_date: NOW - 10 }), /Telegram's own servers/);
  assert.match(
    texts({
      has_custom_certificate: true,
      last_error_date: NOW,
      last_error_message: "SSL error {certificate verify failed}",
    }),
    /A certificate was uploaded, and the server shows another/,
  );
});

test("times are told as people do", () => {
  assert.deepEqual([0, 90, 600, 7200 * 2, 3 * 86_400].map(ago), [
    "just now",
    "90 seconds ago",
    "10 minutes ago",
    "4 hours ago",
    "3 days ago",
  ]);
});
