import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { Certificate } from "../../src/tls/certificate.ts";
import { contextTag, readAll, readDer, readOctets, readOid, TAG } from "../../src/tls/der.ts";
import { checkKeyPair, type KeyPair, selfSigned, type SelfSignedOptions } from "../../src/tls/mod.ts";
import { readPem } from "../../src/tls/pem.ts";
import { fixtureText } from "./fixtures.ts";
import { httpsExchange } from "./https_exchange.ts";

const DAY = 86_400_000;
const HAS_OPENSSL = spawnSync("openssl", ["version"]).status === 0;

/** A certificate's alternative names: those of the DNS kind as text, those of the IP kind as bytes. */
function alternativeNames(pem: string): { dns: string[]; ip: string[] } {
  const [body] = readAll(readDer(derOf(pem)));
  const tagged = readAll(body).find(({ tag }) => tag === contextTag(3));
  const names = readAll(readAll(tagged, contextTag(3))[0])
    .map((extension) => readAll(extension))
    .filter(([oid]) => readOid(oid) === "2.5.29.17")
    .flatMap((parts) => readAll(readDer(readOctets(parts.at(-1)))));
  const ofKind = (number: number) => names.filter(({ tag }) => tag === contextTag(number, "primitive"));
  return {
    dns: ofKind(2).map(({ content }) => new TextDecoder().decode(content)),
    ip: ofKind(7).map(({ content }) => content.join(".")),
  };
}

function derOf(pem: string): Uint8Array<ArrayBuffer> {
  const [block] = readPem(pem);
  assert.ok(block);
  return block.bytes;
}

/** Whether Telegram accepts the certificate when it was uploaded for a webhook on the host. */
function telegramAccepts(pem: string, host: string): boolean {
  const certificate = new X509Certificate(pem);
  return certificate.verify(certificate.publicKey) && telegramNames(pem).includes(host);
}

/**
 * With which hosts Telegram compares that of the webhook: an address counts as a name, IP names count for
 * nothing, and the common name counts only without DNS names.
 */
function telegramNames(pem: string): string[] {
  const { dns } = alternativeNames(pem);
  return dns.length > 0 ? dns : [new Certificate(derOf(pem)).name];
}

/** Runs `openssl` in a folder with the pair as `cert.pem` and `key.pem`; what it prints. */
function openssl(t: TestContext, pair: KeyPair, ...args: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "telehook-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "cert.pem"), pair.cert);
  writeFileSync(join(folder, "key.pem"), pair.key);
  const { status, stdout, stderr } = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" });
  assert.equal(status, 0, `openssl ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

describe("selfSigned", () => {
  const algorithms = ["rsa-2048", "ecdsa-p256"] as const;

  for (const algorithm of algorithms) {
    it(`makes a certificate with ${algorithm} that clients accept for an address`, async () => {
      const pair = await selfSigned({ host: "127.0.0.1", algorithm });
      assert.equal(await httpsExchange(pair, pair.cert, "127.0.0.1"), "verified");
      assert.ok(telegramAccepts(pair.cert, "127.0.0.1"));
      assert.ok(!telegramAccepts(pair.cert, "127.0.0.2"));
      assert.deepEqual(alternativeNames(pair.cert), { dns: [], ip: ["127.0.0.1"] });
      assert.deepEqual(await checkKeyPair(pair), pair);
    });

    it(`makes a certificate with ${algorithm} that clients accept for a name`, async () => {
      const pair = await selfSigned({ host: "LocalHost", algorithm });
      assert.equal(await httpsExchange(pair, pair.cert, "localhost"), "verified");
      await assert.rejects(httpsExchange(pair, pair.cert, "127.0.0.1"));
      assert.ok(telegramAccepts(pair.cert, "localhost"));
      assert.deepEqual(alternativeNames(pair.cert), { dns: ["localhost"], ip: [] });
    });

    it(`makes with ${algorithm} what OpenSSL verifies`, { skip: !HAS_OPENSSL }, async (t) => {
      const address = await selfSigned({ host: "203.0.113.7", algorithm, days: 36_500 });
      const verify = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "cert.pem"];
      openssl(t, address, ...verify, "-verify_ip", "203.0.113.7", "cert.pem");
      openssl(t, address, ...verify, "-verify_hostname", "203.0.113.7", "cert.pem");
      const name = await selfSigned({ host: "bot.example", algorithm, days: 1 });
      openssl(t, name, ...verify, "-verify_hostname", "bot.example", "cert.pem");
      const text = openssl(t, address, "x509", "-in", "cert.pem", "-noout", "-text");
      assert.match(text, /Version: 3/);
      assert.match(text, /Basic Constraints: critical\s+CA:FALSE/);
      const usage = algorithm === "rsa-2048" ? "Digital Signature, Key Encipherment" : "Digital Signature";
      assert.match(text, new RegExp(`Key Usage: critical\\s+${usage}\n`));
      assert.match(text, /Extended Key Usage:\s+TLS Web Server Authentication/);
      assert.match(text, /Subject Key Identifier:\s+([0-9A-F]{2}:){19}/);
      const ofCertificate = openssl(t, address, "x509", "-in", "cert.pem", "-noout", "-pubkey");
      assert.equal(openssl(t, address, "pkey", "-in", "key.pem", "-pubout"), ofCertificate);
    });
  }

  it("makes keys of the kind that was asked for", async () => {
    const kindOf = async (options: SelfSignedOptions) =>
      createPrivateKey((await selfSigned(options)).key).asymmetricKeyType;
    assert.equal(await kindOf({ host: "a.example" }), "rsa");
    assert.equal(await kindOf({ host: "a.example", algorithm: "ecdsa-p256" }), "ec");
  });

  it("never makes the same certificate twice", async () => {
    const options: SelfSignedOptions = { host: "bot.example", algorithm: "ecdsa-p256" };
    const [one, two] = [await selfSigned(options), await selfSigned(options)];
    assert.notEqual(one.key, two.key);
    assert.notEqual(new X509Certificate(one.cert).serialNumber, new X509Certificate(two.cert).serialNumber);
  });

  it("is valid from a day ago, for as many days from now as were asked for, before and after 2050", async () => {
    for (const days of [undefined, 1, 365, 9000, 36_500]) {
      const options = days === undefined ? {} : { days };
      const before = Date.now();
      const { cert } = await selfSigned({ host: "bot.example", algorithm: "ecdsa-p256", ...options });
      const { notBefore, notAfter } = new Certificate(derOf(cert));
      const close = (date: Date, expected: number) => Math.abs(date.getTime() - expected) < 10_000;
      assert.ok(close(notBefore, before - DAY), notBefore.toISOString());
      assert.ok(close(notAfter, before + (days ?? 3650) * DAY), notAfter.toISOString());
      const other = new X509Certificate(cert);
      assert.equal(new Date(other.validTo).getTime(), notAfter.getTime());
      assert.equal(new Date(other.validFrom).getTime(), notBefore.getTime());
    }
  });

  it("writes years from 2050 on with four digits and those before with two, as RFC 5280 asks", async () => {
    const tagsOf = async (days: number) => {
      const { cert } = await selfSigned({ host: "bot.example", algorithm: "ecdsa-p256", days });
      const [body] = readAll(readDer(derOf(cert)));
      return readAll(readAll(body)[4]).map(({ tag }) => tag);
    };
    assert.deepEqual(await tagsOf(1), [TAG.utcTime, TAG.utcTime]);
    assert.deepEqual(await tagsOf(36_500), [TAG.utcTime, TAG.generalizedTime]);
  });

  it("writes names beyond ASCII as DNS does, and leaves a long one out of the common name", async () => {
    const names = { "Bücher.example": "xn--bcher-kva.example", "пример.рф": "xn--e1afmkfd.xn--p1ai" };
    for (const [host, expected] of Object.entries(names)) {
      const { cert } = await selfSigned({ host, algorithm: "ecdsa-p256" });
      assert.deepEqual(alternativeNames(cert).dns, [expected]);
      assert.ok(telegramAccepts(cert, expected));
    }
    const long = `${"a".repeat(60)}.example`;
    const { cert } = await selfSigned({ host: long, algorithm: "ecdsa-p256" });
    assert.equal(new Certificate(derOf(cert)).name, "telehook");
    assert.ok(telegramAccepts(cert, long));
  });

  it("refuses what is no host, no number of days, no algorithm or no option", async () => {
    const misuses: unknown[] = [
      ...[
        "",
        "https://bot.example",
        "bot.example/hook",
        "bot.example:8443",
        "127.0.0.1:8443",
        "*.example",
        "[::1]",
        "::1",
      ],
      ...[
        "bot_one.example",
        "-bot.example",
        "bot-.example",
        "bot..example",
        "bot.example.",
        ".example",
        "b ot",
        "a@b",
      ],
      ...[
        "256.0.0.1",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "0x7f.0.0.1",
        "127.1",
        "1.2.3.0x4",
        "2130706433",
        "bot.123",
      ],
      ...[
        `${"a".repeat(64)}.example`,
        "a.".repeat(127) + "example",
        "exa\u0000mple",
        ...["бот пример", "бот@пример", "бот?пример", "бот#x", "бот%41", "бот\\x", "бот\u3000x", "бот..рф"],
      ],
      ...[undefined, null, 5, {}],
    ].map((host) => ({ host }));
    misuses.push(
      ...[0, -1, 1.5, 36_501, NaN, Infinity, "5", null].map((days) => ({ host: "bot.example", days })),
    );
    misuses.push(
      ...["rsa", "toString", "", null, 5].map((algorithm) => ({ host: "bot.example", algorithm })),
    );
    misuses.push({ host: "bot.example", hostname: "x" }, {}, undefined, null, "bot.example");
    for (const options of misuses) {
      const made = Reflect.apply(selfSigned, undefined, [options]);
      await assert.rejects(made, { code: "ERR_OPTION" }, JSON.stringify(options));
    }
  });

  it("says what is wrong with a host", async () => {
    const messages = {
      "https://bot.example": '"host" must be without a scheme and a path, not "https://bot.example"',
      "bot.example:8443": '"host" must be without a port, not "bot.example:8443"',
      "*.example": '"host" must not be a wildcard: Telegram compares the whole name, not "*.example"',
      "2001:db8::7": '"host" must not be IPv6: Telegram uses IPv4, not "2001:db8::7"',
    };
    for (const [host, message] of Object.entries(messages)) {
      await assert.rejects(selfSigned({ host }), { message });
    }
  });
});

describe("the tests' own model of Telegram", () => {
  it("does not look at IP names, nor at a common name beside DNS names", () => {
    const leaf = fixtureText("certs/p256.pem");
    assert.equal(new Certificate(derOf(leaf)).name, "bot-p256.example");
    assert.deepEqual(alternativeNames(leaf), { dns: ["localhost"], ip: ["127.0.0.1"] });
    assert.deepEqual(telegramNames(leaf), ["localhost"]);
    assert.ok(!telegramAccepts(leaf, "localhost"), "another has signed it");
    assert.deepEqual(telegramNames(fixtureText("certs/root.pem")), ["telehook test root"]);
  });
});
