import { createHmac } from "node:crypto";
import {
  type Bytes,
  contextTag,
  readAll,
  readDer,
  readOctets,
  TAG,
  writeDer,
  writeMagnitude,
  writeOid,
} from "../../src/tls/der.ts";
import { derivePkcs12, PKCS12_HASHES, utf16 } from "../../src/tls/key_derivation.ts";

const SHA256 = "2.16.840.1.101.3.4.2.1";
const SALT = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

export function sequence(...contents: Uint8Array[]): Bytes {
  return writeDer(TAG.sequence, ...contents);
}

export function octets(...contents: Uint8Array[]): Bytes {
  return writeDer(TAG.octetString, ...contents);
}

export function number(value: number): Bytes {
  const view = new DataView(new ArrayBuffer(6));
  view.setUint16(0, Math.floor(value / 2 ** 32));
  view.setUint32(2, value % 2 ** 32);
  return writeMagnitude(new Uint8Array(view.buffer));
}

/** The content of a PKCS#12 file that its MAC covers. */
export function contentOf(file: Bytes): Bytes {
  const [, info] = readAll(readDer(file));
  return readOctets(readAll(readAll(info)[1], contextTag(0))[0]);
}

/** A PKCS#12 file of the content, with the `MacData` if there is one. */
export function writePkcs12(content: Bytes, macData: Bytes = new Uint8Array()): Bytes {
  const info = sequence(writeOid("1.2.840.113549.1.7.1"), writeDer(contextTag(0), octets(content)));
  return sequence(number(3), info, macData);
}

/** A PKCS#12 file of the content, whatever it is, with the MAC that belongs to it. */
export function sealPkcs12(content: Bytes, password: string): Bytes {
  const hash = PKCS12_HASHES[SHA256];
  if (hash === undefined) throw new Error("SHA-256 is missing");
  const key = derivePkcs12(hash, "mac", utf16(password), SALT, 1, hash.size);
  return writePkcs12(
    content,
    macData(sequence(writeOid(SHA256)), createHmac("sha256", key).update(content).digest()),
  );
}

/** A `MacData` as RFC 7292 has it. */
export function macData(
  algorithm: Bytes,
  mac: Uint8Array,
  salt: Bytes = SALT,
  iterations: number = 1,
): Bytes {
  return sequence(sequence(algorithm, octets(mac)), octets(salt), number(iterations));
}
