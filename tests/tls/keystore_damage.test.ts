import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { TelehookError } from "../../src/errors/telehook_error.ts";
import { type Bytes, concat } from "../../src/tls/der.ts";
import { utf16 } from "../../src/tls/key_derivation.ts";
import { type KeyPair, loadKeystore } from "../../src/tls/mod.ts";
import { randomNumbers } from "../random_numbers.ts";
import { fixtureBytes } from "./fixtures.ts";
import { contentOf, sealPkcs12 } from "./pkcs12_writer.ts";

const password = "changeit";
const FILES = ["openssl3-few-iterations.p12", "openssl1.1-few-iterations.p12", "java-ec.jks"];

/** Opens damaged bytes: what comes out, or the code of the error, which must be about a keystore. */
async function outcome(bytes: Bytes, what: string): Promise<KeyPair | string> {
  try {
    return await loadKeystore({ bytes, password });
  } catch (error) {
    assert.ok(error instanceof TelehookError, `${what}: ${error instanceof Error ? error.stack : error}`);
    assert.match(error.code, /^ERR_KEYSTORE_(FORMAT|PASSWORD|ALIAS)$/, what);
    return error.code;
  }
}

describe("a damaged keystore", () => {
  for (const name of FILES) {
    it(`is refused wherever a byte of ${name} changes, unless the byte has no meaning`, async () => {
      const bytes = fixtureBytes(`keystores/${name}`);
      const whole = await loadKeystore({ bytes, password });
      const random = randomNumbers(1);
      let refused = 0;
      for (let at = 0; at < bytes.length; at++) {
        const damaged = bytes.slice();
        damaged[at] = (damaged[at] ?? 0) ^ (1 + Math.floor(random() * 255));
        const result = await outcome(damaged, `${name} at ${at}`);
        if (typeof result === "string") refused++;
        else assert.deepEqual(result, whole, `${name} at ${at}`);
      }
      // The two bytes of the NULL after the hash's name, in PKCS#12, are all that may change.
      assert.ok(refused >= bytes.length - 2, `${refused} of ${bytes.length}`);
    });

    it(`is refused wherever ${name} is cut off`, async () => {
      const bytes = fixtureBytes(`keystores/${name}`);
      for (let length = 0; length < bytes.length; length++) {
        assert.equal(typeof await outcome(bytes.slice(0, length), `${name} cut at ${length}`), "string");
      }
    });
  }

  it("of someone who knows the password is refused or read, but breaks nothing", async () => {
    const random = randomNumbers(2);
    // Where much is encrypted, most bytes are alike.
    const strides = {
      "openssl3-plain.p12": 1,
      "openssl3-few-iterations.p12": 7,
      "openssl1.1-few-iterations.p12": 7,
    };
    for (const [name, stride] of Object.entries(strides)) {
      const content = contentOf(fixtureBytes(`keystores/${name}`));
      for (let at = 0; at < content.length; at += stride) {
        const damaged = content.slice();
        damaged[at] = (damaged[at] ?? 0) ^ (1 + Math.floor(random() * 255));
        await outcome(sealPkcs12(damaged, password), `${name} at ${at}, sealed`);
      }
    }
  });

  it("of Java's, by someone who knows the password, is refused or read, but breaks nothing", async () => {
    const random = randomNumbers(4);
    const content = fixtureBytes("keystores/java-ec.jks").subarray(0, -20);
    for (let at = 0; at < content.length; at++) {
      const damaged = content.slice();
      damaged[at] = (damaged[at] ?? 0) ^ (1 + Math.floor(random() * 255));
      const secret = concat(utf16(password).subarray(0, -2), new TextEncoder().encode("Mighty Aphrodite"));
      const digest = createHash("sha1").update(secret).update(damaged).digest();
      await outcome(concat(damaged, digest), `java-ec.jks at ${at}, sealed`);
    }
  });

  it("made of noise is refused", async () => {
    const random = randomNumbers(3);
    for (let round = 0; round < 500; round++) {
      const noise = Uint8Array.from({ length: Math.floor(random() * 300) }, () => random() * 256);
      noise.set(
        [[0x30, 0x82], [0x30, 0x80], [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2], []][round % 4]?.slice(
          0,
          noise.length,
        ) ?? [],
      );
      assert.equal(typeof await outcome(noise, `noise ${round}`), "string");
    }
  });
});
