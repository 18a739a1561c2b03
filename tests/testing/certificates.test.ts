import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import type { TestBotApiOptions, VirtualClock } from "../../src/testing/mod.ts";
import { OK, rawWebhook } from "./raw_webhook.ts";
import { call, callWithForm, frozen, saying } from "./test_server.ts";

function file(name: string): string {
  return readFileSync(new URL(`../fixtures/testing_certificates/${name}`, import.meta.url), "utf8");
}

const REFUSED = "SSL error {error:0A000086:SSL routines::certificate verify failed}";

interface Case {
  presented: string;
  uploaded?: string;
  host?: string;
  options?: TestBotApiOptions<VirtualClock>;
}

/** Delivers one update to a webhook with this certificate. */
async function deliver(t: TestContext, { presented, uploaded, host = "127.0.0.1", options }: Case) {
  const tls = { cert: file(`${presented}.pem`), key: file(`${presented}.key`) };
  const webhook = await rawWebhook(t, () => OK, tls);
  const url = `https://${host}:${webhook.port}/`;
  const telegram = await frozen(t, {
    ...options,
    resolve: { [`${host}:${webhook.port}`]: `127.0.0.1:${webhook.port}` },
  });
  const { ok } = uploaded
    ? await callWithForm(telegram, "setWebhook", {
      url,
      certificate: new File([file(`${uploaded}.pem`)], "c.pem"),
    })
    : await call(telegram, "setWebhook", { url });
  assert.equal(ok, true);
  const delivery = telegram.deliver(saying("hello"));
  // A connection that was refused before there was an update is replaced after two seconds.
  await telegram.clock.advance(2000);
  const info = Object((await call(telegram, "getWebhookInfo")).result);
  return { delivery, info, webhook };
}

const verifies: readonly (readonly [name: string, what: Case])[] = [
  ["CN=<ip>", { presented: "cn_ip", uploaded: "cn_ip" }],
  ["CN=<ip> with an IP SAN", { presented: "cn_ip_and_ip_san", uploaded: "cn_ip_and_ip_san" }],
  ["a DNS SAN that is the very address", { presented: "dns_san_is_ip", uploaded: "dns_san_is_ip" }],
  ["Ed25519", { presented: "ed25519", uploaded: "ed25519" }],
  ["CN=<name> for a host name", { presented: "cn_localhost", uploaded: "cn_localhost", host: "localhost" }],
  ["a wildcard for a name under it", {
    presented: "wildcard",
    uploaded: "wildcard",
    host: "my.bots.example",
  }],
  ["a leaf of the uploaded authority", { presented: "leaf", uploaded: "authority" }],
  ["what was uploaded as BEGIN TRUSTED CERTIFICATE", { presented: "cn_ip", uploaded: "cn_ip_trusted" }],
  ["extendedKeyUsage with serverAuth", { presented: "client_and_server", uploaded: "client_and_server" }],
  ["an IP SAN of a trusted authority", {
    presented: "cn_ip_and_ip_san",
    options: { authorities: file("cn_ip_and_ip_san.pem") },
  }],
];
for (const [name, what] of verifies) {
  test(`${name} verifies`, async (t) => {
    const { delivery, info, webhook } = await deliver(t, what);
    assert.equal(delivery.outcome, "acknowledged");
    assert.equal(info.last_error_message, undefined);
    assert.equal(info.has_custom_certificate, what.uploaded !== undefined);
    assert.equal(webhook.requests.length, 1);
  });
}

const fails: readonly (readonly [name: string, what: Case])[] = [
  ["an IP SAN with another CN", { presented: "ip_san_other_cn", uploaded: "ip_san_other_cn" }],
  ["CN=<ip> beside another DNS SAN", { presented: "cn_ip_other_dns_san", uploaded: "cn_ip_other_dns_san" }],
  ["another certificate than the uploaded one", { presented: "cn_ip", uploaded: "ed25519" }],
  ["extendedKeyUsage without serverAuth", { presented: "client_only", uploaded: "client_only" }],
  ["RSA-1024", { presented: "rsa_1024", uploaded: "rsa_1024" }],
  ["another name", { presented: "cn_localhost", uploaded: "cn_localhost" }],
  ["a wildcard for what is two levels under it", {
    presented: "wildcard",
    uploaded: "wildcard",
    host: "a.b.bots.example",
  }],
  ["a leaf that was uploaded without its authority", { presented: "leaf", uploaded: "leaf" }],
  ["a self-signed certificate that was not uploaded", { presented: "cn_ip" }],
  ["CN=<ip> without an IP SAN where nothing was uploaded", {
    presented: "cn_ip",
    options: { authorities: file("cn_ip.pem") },
  }],
];
for (const [name, what] of fails) {
  // Deno itself serves no key that is as short as this.
  const skip = name === "RSA-1024" && "Deno" in globalThis;
  test(`${name} does not verify`, { skip }, async (t) => {
    const { delivery, info, webhook } = await deliver(t, what);
    assert.equal(delivery.outcome, undefined);
    assert.equal(info.last_error_message, REFUSED);
    assert.equal(webhook.requests.length, 0);
  });
}

test("a webhook that does not speak TLS is told in OpenSSL's words", async (t) => {
  const webhook = await rawWebhook(t);
  webhook.greeting = "HTTP/1.1 400 Bad Request\r\n\r\n";
  const telegram = await frozen(t);
  await call(telegram, "setWebhook", { url: `https://127.0.0.1:${webhook.port}` });
  telegram.deliver(saying("hello"));
  await telegram.clock.advance(2000);
  const { result } = await call(telegram, "getWebhookInfo");
  const message = Reflect.get(Object(result), "last_error_message");
  assert.equal(message, "SSL error {error:0A00010B:SSL routines::wrong version number}");
});

test("no server name is asked for when the host is an address", async (t) => {
  const { webhook } = await deliver(t, { presented: "cn_ip", uploaded: "cn_ip" });
  assert.deepEqual(webhook.serverNames, [false]);
  const named = await deliver(t, { presented: "cn_localhost", uploaded: "cn_localhost", host: "localhost" });
  assert.deepEqual(named.webhook.serverNames, ["localhost"]);
});
