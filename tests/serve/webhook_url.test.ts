import assert from "node:assert/strict";
import { test } from "node:test";
import { webhookUrl } from "../../src/serve/webhook_url.ts";

test("an address without a scheme is https, with a port or without", () => {
  const addresses = {
    "bot.example.org": "https://bot.example.org/",
    "bot.example.org/x": "https://bot.example.org/x",
    "bot.example.org:8443/x": "https://bot.example.org:8443/x",
    "203.0.113.7:88": "https://203.0.113.7:88/",
    "bot.example.org/x?then=mailto:a": "https://bot.example.org/x?then=mailto:a",
    "HTTPS://bot.example.org/": "https://bot.example.org/",
  };
  for (const [address, href] of Object.entries(addresses)) {
    assert.equal(webhookUrl(address, "telegram").href, href);
  }
});

test("what only looks like a URL is no host", () => {
  const addresses = [
    "https:/bot.example.org/x",
    "http:/bot.example.org/x",
    "https:bot.example.org",
    "https:8443",
    "mailto:a@b",
    "data:text/plain,hi",
    "",
  ];
  for (const rules of ["telegram", "any"] as const) {
    for (const address of addresses) {
      assert.throws(() => webhookUrl(address, rules), {
        code: "ERR_WEBHOOK_URL",
        message: /it is not a URL. Use one/,
      });
    }
  }
});
