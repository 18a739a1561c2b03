import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseWebhookUrl } from "../../src/testing/webhook_url.ts";

test("an address is taken apart as Telegram does", () => {
  assert.deepEqual(parseWebhookUrl("HTTPS://us%65r:p@Bot.Example:8443/a b?c#d"), {
    protocol: "https",
    userInfo: "us%65r:p",
    host: "bot.example",
    port: 8443,
    path: "/a%20b?c#d",
    hostHeader: "bot.example:8443",
  });
});

const parts: readonly (readonly [url: string, hostHeader: string, port: number, path: string])[] = [
  ["bot.example", "bot.example", 443, "/"],
  ["bot.example:88", "bot.example:88", 88, "/"],
  ["http://bot.example", "bot.example", 80, "/"],
  ["http://bot.example:443/", "bot.example:443", 443, "/"],
  ["https://bot.example:0443/x", "bot.example", 443, "/x"],
  ["https://bot.example?q", "bot.example", 443, "/?q"],
  ["https://bot.example/x \n", "bot.example", 443, "/x"],
  ["https://[2001:DB8::1]:88/", "[2001:db8::1]:88", 88, "/"],
  ["https://bücher.example/ä", "xn--bcher-kva.example", 443, "/ä"],
];
for (const [url, hostHeader, port, path] of parts) {
  test(`${JSON.stringify(url)} is ${hostHeader} and ${path}`, () => {
    const parsed = parseWebhookUrl(url);
    assert.deepEqual([parsed?.hostHeader, parsed?.port, parsed?.path], [hostHeader, port, path]);
  });
}

for (
  const url of [
    "https://",
    "https://.",
    "https:///x",
    "https://a b/",
    "https://a%2/",
    "https://u<v@a/",
    "https://a@b@bot.example/",
    "https://a:1a/",
  ]
) {
  test(`${JSON.stringify(url)} is no address`, () => assert.equal(parseWebhookUrl(url), undefined));
}
