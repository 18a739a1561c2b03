import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { describe, it } from "node:test";
import { type KeystoreOptions, loadKeystore } from "../../src/tls/mod.ts";
import { readPem } from "../../src/tls/pem.ts";
import { fixtureBytes, fixtureText, fixtureUrl, toHex } from "./fixtures.ts";
import { httpsExchange } from "./https_exchange.ts";

type Opening = Omit<KeystoreOptions, "path" | "bytes">;

/** Which leaf of `certs/` each keystore holds, with how to open it. */
const KEYSTORES: Record<string, [leaf: "rsa" | "p256" | "other", opening: Opening]> = {
  "openssl3.p12": ["rsa", { password: "changeit" }],
  "openssl3-ec-unnamed.p12": ["p256", { password: "changeit", alias: "1" }],
  "openssl1.1.p12": ["rsa", { password: "changeit" }],
  "openssl3-2des-rc2-128.p12": ["rsa", { password: "changeit" }],
  "openssl3-sha512.p12": ["p256", { password: "changeit" }],
  "openssl3-sha384.p12": ["p256", { password: "changeit" }],
  "openssl3-unicode.p12": ["p256", { password: "пароль🔑", alias: "бот" }],
  "openssl1.1-unicode.p12": ["p256", { password: "пароль🔑", alias: "бот" }],
  "openssl3-empty-password.p12": ["p256", { password: "" }],
  "openssl1.1-empty-password.p12": ["p256", { password: "" }],
  "openssl3-plain.p12": ["p256", { password: "changeit" }],
  "java17.p12": ["rsa", { password: "changeit", alias: "BOT", aliasPassword: "changeit" }],
  "java17-several.p12": ["other", { password: "changeit", alias: "Other" }],
  "java17-key-password.p12": ["rsa", { password: "changeit", alias: "bot", aliasPassword: "bot-password" }],
  "java8.p12": ["rsa", { password: "changeit", alias: "bot" }],
  "java8-several.p12": ["other", { password: "changeit", alias: "other" }],
  "java.jks": ["rsa", { password: "changeit" }],
  "java-several.jks": ["other", { password: "changeit", alias: "other", aliasPassword: "other-password" }],
  "java-unicode.jks": ["rsa", { password: "пароль🔑", alias: "бот🤖", aliasPassword: "ключ" }],
};

function load(name: string, opening: Opening) {
  return loadKeystore({ path: fixtureUrl(`keystores/${name}`), ...opening });
}

function certificates(pem: string): string[] {
  return readPem(pem).map(({ bytes }) => toHex(bytes));
}

function pkcs8(pem: string): string {
  return createPrivateKey(pem).export({ type: "pkcs8", format: "der" }).toString("hex");
}

describe("loadKeystore", () => {
  const root = fixtureText("certs/root.pem");

  for (const [name, [leaf, opening]] of Object.entries(KEYSTORES)) {
    it(`opens ${name} and serves HTTPS with it`, async () => {
      const pair = await load(name, opening);
      const chain = [`certs/${leaf}.pem`, "certs/intermediate.pem", "certs/root.pem"].map(fixtureText).join(
        "",
      );
      assert.deepEqual(certificates(pair.cert), certificates(chain));
      if (leaf !== "other") assert.equal(pkcs8(pair.key), pkcs8(fixtureText(`certs/${leaf}.key`)));
      assert.equal(await httpsExchange(pair, root, "localhost"), "verified");
      await assert.rejects(load(name, { ...opening, password: "wrong" }), { code: "ERR_KEYSTORE_PASSWORD" });
    });
  }

  for (const name of ["java-ec.jks", "java17-ec.p12"]) {
    it(`opens ${name}, whose key lacks its public half, and serves HTTPS with it`, async () => {
      const pair = await load(name, { password: "changeit" });
      assert.equal(certificates(pair.cert).length, 1);
      assert.equal(await httpsExchange(pair, pair.cert, "127.0.0.1"), "verified");
    });
  }

  it("gives certificates that only a client which trusts their authority accepts", async () => {
    const pair = await load("openssl3.p12", { password: "changeit" });
    const stranger = await load("java-ec.jks", { password: "changeit" });
    await assert.rejects(httpsExchange(pair, stranger.cert, "localhost"));
  });

  it("takes a path as text, a URL, or bytes, which it leaves alone", async () => {
    const url = fixtureUrl("keystores/openssl3.p12");
    const fromUrl = await loadKeystore({ path: url, password: "changeit" });
    const path = decodeURIComponent(url.pathname);
    assert.deepEqual(await loadKeystore({ path, password: "changeit" }), fromUrl);
    const bytes = fixtureBytes("keystores/openssl3.p12");
    const loading = loadKeystore({ bytes, password: "changeit" });
    bytes.fill(0);
    assert.deepEqual(await loading, fromUrl);
  });

  it("reads bytes in the middle of other bytes", async () => {
    for (const name of ["openssl1.1.p12", "java.jks"]) {
      const bytes = fixtureBytes(`keystores/${name}`);
      const larger = new Uint8Array(bytes.length + 20);
      larger.set(bytes, 7);
      const pair = await loadKeystore({ bytes: larger.subarray(7, 7 + bytes.length), password: "changeit" });
      assert.deepEqual(pair, await load(name, { password: "changeit" }));
    }
  });
});
