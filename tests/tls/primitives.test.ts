import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { derivePkcs12, PKCS12_HASHES, type Purpose, utf16 } from "../../src/tls/pkcs12_kdf.ts";
import { decryptCbc } from "../../src/tls/primitives/cbc.ts";
import { des } from "../../src/tls/primitives/des.ts";
import { md5 } from "../../src/tls/primitives/md5.ts";
import { rc2 } from "../../src/tls/primitives/rc2.ts";
import { sha1 } from "../../src/tls/primitives/sha1.ts";
import { sha256 } from "../../src/tls/primitives/sha256.ts";
import { Unreadable } from "../../src/tls/unreadable.ts";
import { hex, randomNumbers, toHex } from "./fixtures.ts";

describe("hashes", () => {
  const text = (message: string) => new TextEncoder().encode(message);
  const digits = "1234567890".repeat(8);

  it("MD5 gives the digests of RFC 1321, A.5", () => {
    assert.equal(toHex(md5(text(""))), "d41d8cd98f00b204e9800998ecf8427e");
    assert.equal(toHex(md5(text("a"))), "0cc175b9c0f1b6a831c399e269772661");
    assert.equal(toHex(md5(text("message digest"))), "f96b697d7cb7938d525a2f31aaf161d0");
    assert.equal(toHex(md5(text(digits))), "57edf4a22be3c955ac49da2e2107b67a");
  });

  it("SHA-1 gives the digests of FIPS 180's examples", () => {
    assert.equal(toHex(sha1(text("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
    const twoBlocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    assert.equal(toHex(sha1(text(twoBlocks))), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  });

  it("SHA-256 gives the digests of FIPS 180's examples", () => {
    assert.equal(
      toHex(sha256(text("abc"))),
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    assert.equal(
      toHex(sha256(text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    );
  });

  it("agree with the runtime's for every length around the ends of blocks", () => {
    const random = randomNumbers(1);
    for (let length = 0; length < 200; length++) {
      const message = Uint8Array.from({ length }, () => random() * 256);
      for (const [name, hash] of [["md5", md5], ["sha1", sha1], ["sha256", sha256]] as const) {
        assert.equal(
          toHex(hash(message)),
          createHash(name).update(message).digest("hex"),
          `${name} of ${length}`,
        );
      }
    }
  });
});

describe("block ciphers", () => {
  it("DES decrypts the example of FIPS 81", () => {
    const decrypt = des(hex("0123456789abcdef"));
    const blocks = ["3fa40e8a984d4815", "6a271787ab8883f9", "893d51ec4b563b53"].map(hex);
    blocks.forEach(decrypt);
    assert.equal(blocks.map((block) => new TextDecoder().decode(block)).join(""), "Now is the time for all ");
  });

  it("triple DES decrypts the example of NIST SP 800-67, appendix B", () => {
    const decrypt = des(hex("0123456789abcdef 23456789abcdef01 456789abcdef0123"));
    const blocks = ["a826fd8ce53b855f", "cce21c8112256fe6", "68d5c05dd9b6b900"].map(hex);
    blocks.forEach(decrypt);
    assert.equal(blocks.map((block) => new TextDecoder().decode(block)).join(""), "The qufck brown fox jump");
  });

  it("triple DES with two keys uses the first one twice", () => {
    const [two, three] = [hex("8000000000000000"), hex("8000000000000000")];
    des(hex("0123456789abcdef 23456789abcdef01"))(two);
    des(hex("0123456789abcdef 23456789abcdef01 0123456789abcdef"))(three);
    assert.deepEqual(two, three);
  });

  it("triple DES with one key three times is DES", () => {
    const [once, thrice] = [hex("85e813540f0ab405"), hex("85e813540f0ab405")];
    des(hex("133457799bbcdff1"))(once);
    des(hex("133457799bbcdff1".repeat(3)))(thrice);
    assert.equal(toHex(once), "0123456789abcdef");
    assert.deepEqual(once, thrice);
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

  it("CBC undoes chaining and padding, and tells a wrong padding from a wrong length", () => {
    // FIPS 81's example of CBC, which has no padding.
    const key = hex("0123456789abcdef");
    const iv = hex("1234567890abcdef");
    const plain = hex("e5c7cdde872bf27c 43e934008c389c0f 683788499a7c05f6");
    assert.throws(() => decryptCbc(des(key), iv, plain), { reason: "password" });
    assert.throws(() => decryptCbc(des(key), iv, plain.subarray(1)), { reason: "damaged" });
    assert.throws(() => decryptCbc(des(key), iv, new Uint8Array()), { reason: "damaged" });
    assert.throws(() => decryptCbc(des(key), iv.subarray(1), plain), { reason: "damaged" });

    const identity = () => {};
    const zero = new Uint8Array(8);
    const padded = (...end: number[]) => Uint8Array.of(...new Uint8Array(8 - end.length).fill(65), ...end);
    assert.equal(toHex(decryptCbc(identity, zero, padded(2, 2))), "414141414141");
    assert.equal(toHex(decryptCbc(identity, zero, new Uint8Array(8).fill(8))), "");
    for (const end of [[0], [9], [1, 2], [3, 2, 3]]) {
      assert.throws(() => decryptCbc(identity, zero, padded(...end)), Unreadable, `${end}`);
    }
  });
});

describe("key derivation of PKCS#12", () => {
  it("gives the keys that other implementations publish", async () => {
    const examples: [Purpose, password: string, salt: string, iterations: number, derived: string][] = [
      ["key", "smeg", "0a58cf64530d823f", 1, "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3"],
      ["iv", "smeg", "0a58cf64530d823f", 1, "79993dfe048d3b76"],
      ["mac", "smeg", "3d83c0e4546ac140", 1, "8d967d88f6caa9d714800ab3d48051d63f73a312"],
      ["key", "queeg", "05dec959acff72f7", 1000, "ed2034e36328830ff09df1e1a07dd357185dac0d4f9eb3d4"],
      ["iv", "queeg", "05dec959acff72f7", 1000, "11dedad7758d4860"],
      ["mac", "queeg", "263216fcc2fab31c", 1000, "5ec4c7a80df652294c3925b6489a7ab857c83476"],
    ];
    const hash = PKCS12_HASHES["1.3.14.3.2.26"];
    assert.ok(hash);
    for (const [purpose, password, salt, iterations, expected] of examples) {
      const derived = await derivePkcs12(
        hash,
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
