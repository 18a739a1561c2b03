import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { describe, it } from "node:test";
import { decryptPemKey } from "../../src/tls/mod.ts";
import { randomNumbers } from "../random_numbers.ts";
import { fixtureNames, fixtureText } from "./fixtures.ts";

const PASSPHRASE = "пароль";
const UNSUPPORTED: Record<string, RegExp> = {
  "pkcs8-PBE-MD5-DES.pem": /pbeWithMD5AndDES-CBC \(1\.2\.840\.113549\.1\.5\.3\)/,
  "pkcs8-PBE-SHA1-RC4-128.pem": /pbeWithSHAAnd128BitRC4 \(1\.2\.840\.113549\.1\.12\.1\.1\)/,
  "pkcs8-aria-128-cbc.pem": /1\.2\.410\.200046\.1\.1\.2/,
  "pkcs8-scrypt.pem": /scrypt \(1\.3\.6\.1\.4\.1\.11591\.4\.11\)/,
  "traditional-camellia128.pem": /CAMELLIA-128-CBC/,
};

function toPkcs8(pem: string): string {
  return createPrivateKey(pem).export({ type: "pkcs8", format: "der" }).toString("hex");
}

describe("decryptPemKey", () => {
  const encrypted = fixtureNames("keys").filter((name) => /^(pkcs8|traditional)/.test(name));

  for (const name of encrypted.filter((name) => UNSUPPORTED[name] === undefined)) {
    it(`decrypts ${name} as OpenSSL wrote it`, async () => {
      const text = fixtureText(`keys/${name}`);
      const key = await decryptPemKey(text, PASSPHRASE);
      assert.equal(toPkcs8(key), toPkcs8(fixtureText("certs/p256.key")));
      await assert.rejects(decryptPemKey(text, "wrong", name), {
        code: "ERR_TLS",
        message: `The passphrase of the private key in "${name}" is wrong`,
      });
      await assert.rejects(decryptPemKey(text, ""), { code: "ERR_TLS" });
      await assert.rejects(decryptPemKey(text, undefined, name), {
        code: "ERR_TLS",
        message: `The private key in "${name}" is encrypted: pass its passphrase`,
      });
    });
  }

  for (const [name, scheme] of Object.entries(UNSUPPORTED)) {
    it(`names the scheme of ${name}, which it does not read`, async () => {
      await assert.rejects(decryptPemKey(fixtureText(`keys/${name}`), PASSPHRASE), (error: unknown) => {
        assert.ok(error instanceof Error && "code" in error);
        assert.equal(error.code, "ERR_TLS");
        assert.match(error.message, scheme);
        return true;
      });
    });
  }

  it("returns keys that are not encrypted as they are, without what stands around them", async () => {
    const sec1 = fixtureText("keys/sec1.pem");
    assert.equal(await decryptPemKey(sec1), sec1);
    assert.equal(await decryptPemKey(sec1, "ignored"), sec1);
    assert.equal(await decryptPemKey(fixtureText("keys/sec1-with-parameters.pem")), sec1);
    assert.equal(await decryptPemKey(fixtureText("certs/p256.pem") + sec1), sec1);
    const pkcs1 = fixtureText("keys/pkcs1-rsa.pem");
    assert.equal(await decryptPemKey(pkcs1), pkcs1);
  });

  it("says what it found in place of a key", async () => {
    await assert.rejects(decryptPemKey(fixtureText("certs/p256.pem"), "", "/etc/key.pem"), {
      code: "ERR_TLS",
      message: 'The private key in "/etc/key.pem" cannot be read: it has no private key, only "CERTIFICATE"',
    });
    await assert.rejects(decryptPemKey("hello"), {
      code: "ERR_TLS",
      message:
        'The private key in "key" cannot be read: it has no PEM block: a block starts with a line of "-----BEGIN …-----"',
    });
  });

  it("takes a decrypted key for one only if it has the shape of one", async () => {
    // One wrong passphrase in 256 leaves a padding that looks right.
    const key = fixtureText("keys/traditional-des.pem");
    for (let attempt = 0; attempt < 700; attempt++) {
      await assert.rejects(decryptPemKey(key, `wrong ${attempt}`), { code: "ERR_TLS" });
    }
  });

  it("refuses a cipher by the name of something that every object has", async () => {
    const key = fixtureText("keys/traditional-des.pem").replace("DES-CBC", "constructor");
    await assert.rejects(decryptPemKey(key, PASSPHRASE), {
      code: "ERR_TLS",
      message: /the cipher "constructor"/,
    });
  });

  it("never shows the passphrase", async () => {
    const key = fixtureText("keys/pkcs8-aes-256-cbc.pem");
    await assert.rejects(
      decryptPemKey(key, "hunter2"),
      (error: Error) => !String(error.stack).includes("hunter2"),
    );
  });

  it("meets damage with ERR_TLS alone", async () => {
    const random = randomNumbers(6);
    for (const name of ["pkcs8-PBE-SHA1-RC2-40.pem", "pkcs8-des3.pem", "traditional-aes128.pem"]) {
      const text = fixtureText(`keys/${name}`);
      for (let round = 0; round < 150; round++) {
        const at = Math.floor(random() * text.length);
        const other = String.fromCharCode(32 + Math.floor(random() * 95));
        const damaged = random() < 0.2 ? text.slice(0, at) : text.slice(0, at) + other + text.slice(at + 1);
        await decryptPemKey(damaged, PASSPHRASE).catch((error: { code?: unknown }) => {
          assert.equal(error.code, "ERR_TLS", `${name}: ${damaged}: ${error}`);
        });
      }
    }
  });
});
