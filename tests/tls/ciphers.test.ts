import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aesCbc, type Cipher, desCbc, rc2Cbc } from "../../src/tls/ciphers.ts";
import { type Bytes, concat } from "../../src/tls/der.ts";
import { derivePkcs12, type Purpose, SHA1, utf16 } from "../../src/tls/key_derivation.ts";
import { decryptRc2Cbc, rc2, withoutPadding } from "../../src/tls/rc2.ts";
import { Unreadable } from "../../src/tls/unreadable.ts";
import { hex, toHex } from "./fixtures.ts";

describe("block ciphers", () => {
  const decrypted = async (cipher: Cipher, key: string, blocks: string, plain: string) => {
    const iv = new Uint8Array(cipher.ivLength);
    assert.equal(toHex(await cipher.decrypt(hex(key), iv, hex(blocks))), plain);
  };

  it("DES and triple DES decrypt what OpenSSL encrypts", async () => {
    // openssl enc -des-cbc|-des-ede-cbc|-des-ede3-cbc -K <key> -iv 0 (the first with -provider legacy)
    const text = toHex(new TextEncoder().encode("Now is the time for all"));
    await decrypted(desCbc(8), "0123456789abcdef", "3fa40e8a984d48150b2e73f88dc5856aca5655719299cf35", text);
    await decrypted(
      desCbc(16),
      "0123456789abcdef23456789abcdef01",
      "b7835779ee26acb7c2f323d025e58b27111ff51dd9ca33f5",
      text,
    );
    await decrypted(
      desCbc(24),
      "0123456789abcdef23456789abcdef01456789abcdef0123",
      "314f8327fa7a09a8fd9b21da8f3732776fbcabc733e91f80",
      text,
    );
  });

  it("RC2 decrypts the examples of RFC 2268, 5", () => {
    const key33 = "88bca90e90875a7f0f79c384627bafb216f80a6f85920584c42fceb0be255daf1e";
    const examples: [key: string, bits: number, plain: string, cipher: string][] = [
      ["0000000000000000", 63, "0000000000000000", "ebb773f993278eff"],
      ["ffffffffffffffff", 64, "ffffffffffffffff", "278b27e42e2f0d49"],
      ["3000000000000000", 64, "1000000000000001", "30649edf9be7d2c2"],
      ["88", 64, "0000000000000000", "61a8a244adacccf0"],
      ["88bca90e90875a", 64, "0000000000000000", "6ccf4308974c267f"],
      ["88bca90e90875a7f0f79c384627bafb2", 64, "0000000000000000", "1a807d272bbe5db1"],
      ["88bca90e90875a7f0f79c384627bafb2", 128, "0000000000000000", "2269552ab0f85ca6"],
      [key33, 129, "0000000000000000", "5b78d3a43dfff1f1"],
    ];
    for (const [key, bits, plain, cipher] of examples) {
      const block = hex(cipher);
      rc2(hex(key), bits)(block);
      assert.equal(toHex(block), plain, `${key}, ${bits} bits`);
    }
  });

  it("distinguish wrong padding from a wrong length", async () => {
    const noPadding = hex("e5c7cdde872bf27c 43e934008c389c0f 683788499a7c05f6");
    const ciphers = [desCbc(8), desCbc(24), rc2Cbc(5), rc2Cbc(16), aesCbc(16)];
    for (const cipher of ciphers) {
      const key = new Uint8Array(cipher.keyLength).fill(1);
      const iv = new Uint8Array(cipher.ivLength);
      const decrypt = async (iv: Bytes, ciphertext: Bytes) => await cipher.decrypt(key, iv, ciphertext);
      const whole = concat(noPadding, noPadding);
      await assert.rejects(decrypt(iv, whole), { reason: "password" });
      await assert.rejects(decrypt(iv, whole.subarray(1)), { reason: "damaged" });
      await assert.rejects(decrypt(iv, new Uint8Array()), { reason: "damaged" });
      await assert.rejects(decrypt(iv.subarray(1), whole), { reason: "damaged" });
    }
  });

  it("RC2 undoes chaining and padding", () => {
    // openssl enc -rc2-cbc|-rc2-40-cbc -K <key> -iv <iv> -provider legacy -provider default
    const text = toHex(new TextEncoder().encode("Now is the time for all"));
    const iv = hex("1234567890abcdef");
    assert.equal(
      toHex(
        decryptRc2Cbc(
          hex("0123456789abcdef23456789abcdef01"),
          iv,
          hex("adf58cf3dc1945c01ebbf32df1f382abb2ac11671e5eec57"),
        ),
      ),
      text,
    );
    assert.equal(
      toHex(decryptRc2Cbc(hex("0123456789"), iv, hex("57423ac28c86900d2afbb7c085793fc682670b8592737976"))),
      text,
    );
    const padded = (...end: number[]) => Uint8Array.of(...new Uint8Array(8 - end.length).fill(65), ...end);
    assert.equal(toHex(withoutPadding(padded(2, 2))), "414141414141");
    assert.equal(toHex(withoutPadding(new Uint8Array(8).fill(8))), "");
    for (const end of [[0], [9], [1, 2], [3, 2, 3]]) {
      assert.throws(() => withoutPadding(padded(...end)), Unreadable, `${end}`);
    }
  });
});

describe("key derivation of PKCS#12", () => {
  it("gives the keys that other implementations publish", () => {
    const examples: [Purpose, password: string, salt: string, iterations: number, derived: string][] = [
      ["key", "smeg", "0a58cf64530d823f", 1, "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3"],
      ["iv", "smeg", "0a58cf64530d823f", 1, "79993dfe048d3b76"],
      ["mac", "smeg", "3d83c0e4546ac140", 1, "8d967d88f6caa9d714800ab3d48051d63f73a312"],
      ["key", "queeg", "05dec959acff72f7", 1000, "ed2034e36328830ff09df1e1a07dd357185dac0d4f9eb3d4"],
      ["iv", "queeg", "05dec959acff72f7", 1000, "11dedad7758d4860"],
      ["mac", "queeg", "263216fcc2fab31c", 1000, "5ec4c7a80df652294c3925b6489a7ab857c83476"],
    ];
    for (const [purpose, password, salt, iterations, expected] of examples) {
      const derived = derivePkcs12(
        SHA1,
        purpose,
        utf16(password),
        hex(salt),
        iterations,
        expected.length / 2,
      );
      assert.equal(toHex(derived), expected, `${purpose} ${password}`);
    }
  });
});
