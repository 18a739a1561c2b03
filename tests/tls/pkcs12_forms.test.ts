import assert from "node:assert/strict";
import { createHmac, pbkdf2Sync } from "node:crypto";
import { describe, it } from "node:test";
import {
  type Bytes,
  concat,
  contextTag,
  readAll,
  readDer,
  readOctets,
  TAG,
  writeDer,
  writeOid,
} from "../../src/tls/der.ts";
import { loadKeystore } from "../../src/tls/mod.ts";
import { fixtureBytes } from "./fixtures.ts";
import { contentOf, macData, number, octets, sealPkcs12, sequence, writePkcs12 } from "./pkcs12_writer.ts";

const password = "changeit";
const HMAC: Record<string, string> = {
  sha1: "1.2.840.113549.2.7",
  sha256: "1.2.840.113549.2.9",
  sha384: "1.2.840.113549.2.10",
  sha512: "1.2.840.113549.2.11",
};

/** A `MacData` as RFC 9579 has it; what it leaves to others is filled with nonsense, as it asks. */
function pbmac1(
  content: Bytes,
  { kdf = "sha256", mac = "sha256", length = 32, iterations = 2048, withLength = true } = {},
) {
  const salt = Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1);
  const oid = (name: string) => sequence(writeOid(HMAC[name] ?? ""), writeDer(TAG.null));
  const parameters = [octets(salt), number(iterations), ...(withLength ? [number(length)] : []), oid(kdf)];
  const derivation = sequence(writeOid("1.2.840.113549.1.5.12"), sequence(...parameters));
  const algorithm = sequence(writeOid("1.2.840.113549.1.5.14"), sequence(derivation, oid(mac)));
  const key = pbkdf2Sync(password, salt, Math.min(iterations, 5000), length, kdf);
  return macData(algorithm, createHmac(mac, key).update(content).digest(), octets(), 1);
}

/** Writes values without a length and octet strings in pieces, as BER allows. */
function toBer(bytes: Bytes): Bytes {
  const { tag, content } = readDer(bytes);
  const end = Uint8Array.of(0, 0);
  if (tag === TAG.octetString) {
    const pieces = [content.subarray(0, 5), content.subarray(5, 1000), content.subarray(1000)];
    return concat(Uint8Array.of(tag | 0x20, 0x80), ...pieces.map((piece) => octets(piece)), end);
  }
  if ((tag & 0x20) === 0) return bytes;
  return concat(
    Uint8Array.of(tag, 0x80),
    ...readAll(readDer(bytes), tag).map((child) => toBer(child.bytes)),
    end,
  );
}

describe("PKCS#12 beyond what the tools at hand write", () => {
  const file = fixtureBytes("keystores/openssl3-plain.p12");
  const content = contentOf(file);
  const expected = loadKeystore({ bytes: file, password });

  it("has a MAC by PBMAC1", async () => {
    const forms = [{}, { kdf: "sha512", mac: "sha512", length: 64 }, {
      kdf: "sha1",
      mac: "sha384",
      length: 20,
    }];
    for (const form of forms) {
      const bytes = writePkcs12(content, pbmac1(content, form));
      assert.deepEqual(await loadKeystore({ bytes, password }), await expected);
      await assert.rejects(loadKeystore({ bytes, password: "wrong" }), { code: "ERR_KEYSTORE_PASSWORD" });
    }
  });

  it("has a MAC by PBMAC1 that RFC 9579 forbids", async () => {
    for (const form of [{ withLength: false }, { length: 16 }, { iterations: 2_000_001 }]) {
      const bytes = writePkcs12(content, pbmac1(content, form));
      await assert.rejects(
        loadKeystore({ bytes, password }),
        { code: "ERR_KEYSTORE_FORMAT" },
        JSON.stringify(form),
      );
    }
  });

  it("asks for more iterations than a MAC may", async () => {
    const sha256 = sequence(writeOid("2.16.840.1.101.3.4.2.1"));
    for (const iterations of [0, 2_000_001, 2 ** 31 - 1, 2 ** 40]) {
      const bytes = writePkcs12(content, macData(sha256, new Uint8Array(32), octets(), iterations));
      await assert.rejects(loadKeystore({ bytes, password }), {
        code: "ERR_KEYSTORE_FORMAT",
        message: new RegExp(`an iteration count of ${iterations}, not between 1 and 2000000`),
      });
    }
  });

  it("is written in BER, outside and inside", async () => {
    for (
      const name of ["openssl3-few-iterations.p12", "openssl1.1-few-iterations.p12", "openssl3-plain.p12"]
    ) {
      const der = fixtureBytes(`keystores/${name}`);
      const pair = await loadKeystore({ bytes: der, password });
      assert.deepEqual(await loadKeystore({ bytes: toBer(der), password }), pair, `${name} outside`);
    }
    const few = fixtureBytes("keystores/openssl3-few-iterations.p12");
    const inside = sealPkcs12(toBer(contentOf(few)), password);
    assert.deepEqual(
      await loadKeystore({ bytes: inside, password }),
      await loadKeystore({ bytes: few, password }),
    );
  });

  it("names no certificate as the key's: the one with its public key is", async () => {
    const LOCAL_KEY_ID = writeOid("1.2.840.113549.1.9.21");
    const OTHER_ID = writeOid("1.2.840.113549.1.9.99");
    const text = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    const changed = text(content).replaceAll(text(LOCAL_KEY_ID), text(OTHER_ID));
    assert.notEqual(changed, text(content));
    const bytes = sealPkcs12(Uint8Array.from(changed, (char) => char.charCodeAt(0)), password);
    assert.deepEqual(await loadKeystore({ bytes, password }), await expected);
  });

  it("nests bags in bags, but not without end", async () => {
    const nest = (depth: number) => {
      const parts = readAll(readDer(content)).map((part) => {
        let safe = readOctets(readAll(readAll(part)[1], contextTag(0))[0]);
        for (let level = 0; level < depth; level++) {
          safe = sequence(sequence(writeOid("1.2.840.113549.1.12.10.1.6"), writeDer(contextTag(0), safe)));
        }
        return sequence(writeOid("1.2.840.113549.1.7.1"), writeDer(contextTag(0), octets(safe)));
      });
      return sealPkcs12(sequence(...parts), password);
    };
    assert.deepEqual(await loadKeystore({ bytes: nest(2), password }), await expected);
    await assert.rejects(loadKeystore({ bytes: nest(50), password }), { code: "ERR_KEYSTORE_FORMAT" });
  });
});
