import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TelehookErrorCode } from "../../src/errors/telehook_error.ts";
import { type KeystoreOptions, loadKeystore } from "../../src/tls/mod.ts";
import { fixtureBytes, fixtureText, fixtureUrl } from "./fixtures.ts";

type Opening = Partial<Omit<KeystoreOptions, "path" | "bytes">>;

function refuses(name: string, opening: Opening, code: TelehookErrorCode, message: RegExp): Promise<void> {
  const path = fixtureUrl(`keystores/${name}`);
  return assert.rejects(loadKeystore({ path, password: "changeit", ...opening }), (error: unknown) => {
    assert.ok(error instanceof Error && "code" in error, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.match(error.message, new RegExp(`keystore "file:.*${name}"`), "names the file");
    return true;
  });
}

describe("loadKeystore refuses", () => {
  it("a wrong password", async () => {
    for (const name of ["openssl3.p12", "openssl1.1.p12", "java17.p12", "java.jks"]) {
      for (const password of ["wrong", "", "changeit ", "Changeit"]) {
        await refuses(
          name,
          { password },
          "ERR_KEYSTORE_PASSWORD",
          /^The password of the keystore .* is wrong, or/,
        );
      }
    }
  });

  it("a wrong password of the key alone, naming the key", async () => {
    const message = /^The password of the key "bot" in the keystore .* is wrong: pass it as "aliasPassword"$/;
    const code = "ERR_KEYSTORE_PASSWORD";
    await refuses("java17-key-password.p12", {}, code, message);
    await refuses("java17.p12", { aliasPassword: "wrong" }, code, message);
    await refuses("java-several.jks", { alias: "bot" }, code, message);
    await refuses("java-several.jks", { alias: "bot", aliasPassword: "other-password" }, code, message);
  });

  it("every one of many wrong passwords of a key: some leave a padding that looks right", async () => {
    const bytes = fixtureBytes("keystores/openssl1.1-few-iterations.p12");
    for (let attempt = 0; attempt < 700; attempt++) {
      const wrong = loadKeystore({ bytes, password: "changeit", aliasPassword: `wrong ${attempt}` });
      await assert.rejects(wrong, { code: "ERR_KEYSTORE_PASSWORD" });
    }
  });

  it("an alias that is not there, listing those that are", async () => {
    const message = /has nothing under the alias "nobody": its keys are ("bot", "other"|"other", "bot")$/;
    await refuses("java17-several.p12", { alias: "nobody" }, "ERR_KEYSTORE_ALIAS", message);
    await refuses("java-several.jks", { alias: "nobody" }, "ERR_KEYSTORE_ALIAS", message);
    await refuses("openssl3.p12", { alias: "nobody" }, "ERR_KEYSTORE_ALIAS", /its keys are "bot"$/);
    await refuses("openssl3-ec-unnamed.p12", { alias: "bot" }, "ERR_KEYSTORE_ALIAS", /its keys are "1"$/);
  });

  it("an alias that has a certificate but no key", async () => {
    const message = /has only a certificate under the alias "Authority": its keys are /;
    await refuses("java17-several.p12", { alias: "Authority" }, "ERR_KEYSTORE_ALIAS", message);
    await refuses("java-several.jks", { alias: "Authority" }, "ERR_KEYSTORE_ALIAS", message);
  });

  it("to guess which of several keys is meant", async () => {
    const message = /has 2 keys: choose one as "alias": ("bot", "other"|"other", "bot")$/;
    await refuses("java17-several.p12", {}, "ERR_KEYSTORE_ALIAS", message);
    await refuses("java-several.jks", {}, "ERR_KEYSTORE_ALIAS", message);
  });

  it("a keystore without a key", async () => {
    const message = /has no private key, only certificates$/;
    await refuses("openssl3-no-key.p12", {}, "ERR_KEYSTORE_ALIAS", message);
    await refuses("java-no-key.jks", { alias: "authority" }, "ERR_KEYSTORE_ALIAS", message);
  });

  it("schemes that it does not read, by name, and says how to convert", async () => {
    const schemes = {
      "openssl3-rc4.p12": /pbeWithSHAAnd128BitRC4 \(1\.2\.840\.113549\.1\.12\.1\.1\).*openssl pkcs12 -export/,
      "openssl3-md5-mac.p12": /MD5 \(1\.2\.840\.113549\.2\.5\)/,
      "openssl3-no-mac.p12": /no MAC/,
      "java.jceks": /JCEKS.*keytool -importkeystore/,
    };
    for (const [name, message] of Object.entries(schemes)) {
      await refuses(name, {}, "ERR_KEYSTORE_FORMAT", message);
    }
  });

  it("what is no keystore", async () => {
    const cases: [Uint8Array, RegExp][] = [
      [new Uint8Array(), /^The keystore is empty$/],
      [new TextEncoder().encode("hello"), /^The keystore is neither PKCS#12 nor JKS$/],
      [
        new TextEncoder().encode(fixtureText("certs/p256.pem")),
        /^The keystore is PEM text.*"cert" and "key"$/,
      ],
      [new Uint8Array(4 * 1024 * 1024 + 1), /^The keystore has more than 4194304 bytes$/],
      [Uint8Array.of(0xfe, 0xed, 0xfe, 0xed), /^The keystore is damaged or cut short: /],
      [Uint8Array.of(0x30, 0x00), /^The keystore is damaged or cut short: /],
    ];
    for (const [bytes, message] of cases) {
      await assert.rejects(loadKeystore({ bytes, password: "" }), { code: "ERR_KEYSTORE_FORMAT", message });
    }
  });

  it("a file that is not there", async () => {
    await assert.rejects(loadKeystore({ path: "/nowhere/bot.p12", password: "" }), {
      code: "ERR_FILE",
      message: /^Cannot read "path", "\/nowhere\/bot\.p12": /,
    });
  });

  it("a file that never ends", async () => {
    await assert.rejects(loadKeystore({ path: "/dev/zero", password: "" }), {
      code: "ERR_FILE",
      message: /^Cannot read "path", "\/dev\/zero": it is larger than 4 MiB$/,
    });
  });

  it("options that cannot be meant", async () => {
    const bytes = new Uint8Array();
    const misuses: unknown[] = [
      {},
      { password: "" },
      { bytes },
      { path: "x", bytes, password: "" },
      { path: 5, password: "" },
      { bytes: "x", password: "" },
      { bytes, password: "", alias: 1 },
      { bytes, password: "", aliasPassword: null },
      { bytes, password: "", keyAlias: "bot" },
      { path: "-----BEGIN PRIVATE KEY-----", password: "" },
      undefined,
      null,
      "bot.jks",
    ];
    for (const options of misuses) {
      await assert.rejects(
        Reflect.apply(loadKeystore, undefined, [options]),
        { code: "ERR_OPTION" },
        JSON.stringify(options),
      );
    }
  });

  it("without showing a password", async () => {
    for (const name of ["openssl3.p12", "java.jks"]) {
      const opening = { password: "hunter2", aliasPassword: "hunter2" };
      const refused = loadKeystore({ bytes: fixtureBytes(`keystores/${name}`), ...opening });
      await assert.rejects(refused, (error: Error) => !String(error.stack).includes("hunter2"));
    }
  });
});
