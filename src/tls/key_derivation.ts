import { type Bytes, concat, type Der, readAll, readNumber, readOctets, readOid, TAG } from "./der.ts";
import { digest } from "./node_crypto.ts";
import { schemeName } from "./schemes.ts";
import { Unreadable } from "./unreadable.ts";

// Keys from passwords: PBKDF2, which Web Crypto computes, and the older derivation of PKCS#12, which no runtime
// offers: `node:crypto` opens PKCS#12 files only as a whole, on Node only, and only for a TLS server.

/** A password in the two encodings that schemes use. */
export interface Password {
  readonly utf8: Bytes;
  readonly utf16: Bytes;
}

/** Encodes a password. */
export function encodePassword(password: string): Password {
  return { utf8: new TextEncoder().encode(password), utf16: utf16(password) };
}

/** A password as PKCS#12 takes it: UTF-16 with the high byte first, two zeros at the end. */
export function utf16(password: string): Bytes {
  const view = new DataView(new ArrayBuffer(password.length * 2 + 2));
  for (let index = 0; index < password.length; index++) view.setUint16(index * 2, password.charCodeAt(index));
  return new Uint8Array(view.buffer);
}

/** The highest iteration count that a file may ask for: 20 times what any tool writes by default, some seconds. */
const MAX_ITERATIONS = 2_000_000;

/** Reads an iteration count, within limits: the file decides how long reading it takes. */
export function readIterations(der: Der | undefined): number {
  const iterations = readNumber(der);
  if (iterations === 0 || iterations > MAX_ITERATIONS) {
    throw new Unreadable(
      "unsupported",
      `an iteration count of ${iterations}, not between 1 and ${MAX_ITERATIONS}`,
    );
  }
  return iterations;
}

const PBKDF2 = "1.2.840.113549.1.5.12";

const HASH_OF_HMAC: Readonly<Record<string, string>> = {
  "1.2.840.113549.2.7": "SHA-1",
  "1.2.840.113549.2.9": "SHA-256",
  "1.2.840.113549.2.10": "SHA-384",
  "1.2.840.113549.2.11": "SHA-512",
};

/** PBKDF2 as an algorithm identifier describes it (RFC 8018, appendix A.2); `keyLength` is in bytes. */
export interface Pbkdf2 {
  readonly salt: Bytes;
  readonly iterations: number;
  readonly keyLength: number | undefined;
  readonly hash: string;
}

/** Reads the algorithm identifier of a key derivation function, which must be PBKDF2. */
export function readPbkdf2(algorithm: Der | undefined): Pbkdf2 {
  const [oid, parameters] = readAll(algorithm);
  if (readOid(oid) !== PBKDF2) throw new Unreadable("unsupported", schemeName(readOid(oid)));
  const [salt, iterations, ...optional] = readAll(parameters);
  const keyLength = optional[0]?.tag === TAG.integer ? readNumber(optional.shift()) : undefined;
  return {
    salt: readOctets(salt),
    iterations: readIterations(iterations),
    keyLength,
    hash: optional.length === 0 ? "SHA-1" : hashOfHmac(optional[0]),
  };
}

/** Derives a key of `length` bytes. */
export async function derivePbkdf2(pbkdf2: Pbkdf2, password: Bytes, length: number): Promise<Bytes> {
  const { salt, iterations, hash } = pbkdf2;
  const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  return new Uint8Array(
    await crypto.subtle.deriveBits({ name: "PBKDF2", salt, iterations, hash }, key, length * 8),
  );
}

/** The hash that an HMAC's algorithm identifier names. */
export function hashOfHmac(algorithm: Der | undefined): string {
  const oid = readOid(readAll(algorithm)[0]);
  const hash = HASH_OF_HMAC[oid];
  if (hash === undefined) throw new Unreadable("unsupported", schemeName(oid));
  return hash;
}

/** A hash of the PKCS#12 derivation, by its two names; `block` and `size` are in bytes. */
export interface Pkcs12Hash {
  readonly webName: string;
  readonly nodeName: string;
  readonly block: number;
  readonly size: number;
}

export const SHA1: Pkcs12Hash = { webName: "SHA-1", nodeName: "sha1", block: 64, size: 20 };

/** The hashes that PKCS#12 files use, by object identifier. */
export const PKCS12_HASHES: Readonly<Record<string, Pkcs12Hash>> = {
  "1.3.14.3.2.26": SHA1,
  "2.16.840.1.101.3.4.2.1": { webName: "SHA-256", nodeName: "sha256", block: 64, size: 32 },
  "2.16.840.1.101.3.4.2.2": { webName: "SHA-384", nodeName: "sha384", block: 128, size: 48 },
  "2.16.840.1.101.3.4.2.3": { webName: "SHA-512", nodeName: "sha512", block: 128, size: 64 },
};

/** What a key is for: each purpose gives a different key (RFC 7292, appendix B.3). */
export type Purpose = "key" | "iv" | "mac";

/**
 * Derives `length` bytes from a password as described in RFC 7292, appendix B.2; `password` is in UTF-16 with an end
 * mark.
 */
export function derivePkcs12(
  hash: Pkcs12Hash,
  purpose: Purpose,
  password: Bytes,
  salt: Bytes,
  iterations: number,
  length: number,
): Bytes {
  const { nodeName, block, size } = hash;
  const diversifier = new Uint8Array(block).fill({ key: 1, iv: 2, mac: 3 }[purpose]);
  const input = concat(fillBlocks(salt, block), fillBlocks(password, block));
  const derived = new Uint8Array(Math.ceil(length / size) * size);
  for (let offset = 0; offset < derived.length; offset += size) {
    const digested = digest(nodeName, concat(diversifier, input), iterations);
    derived.set(digested, offset);
    const addend = fillBlocks(digested, block).subarray(0, block);
    for (let start = 0; start < input.length; start += block) {
      addWithCarry(input.subarray(start, start + block), addend);
    }
  }
  return derived.subarray(0, length);
}

/** Repeats the bytes until they fill whole blocks. */
function fillBlocks(bytes: Uint8Array, block: number): Bytes {
  const { length } = bytes;
  return Uint8Array.from(
    { length: Math.ceil(length / block) * block },
    (_, index) => bytes[index % length] ?? 0,
  );
}

/** Adds the addend and one to the number in `bytes`, in place. */
function addWithCarry(bytes: Bytes, addend: Bytes): void {
  let carry = 1;
  for (let index = bytes.length - 1; index >= 0; index--) {
    carry += (bytes[index] ?? 0) + (addend[index] ?? 0);
    bytes[index] = carry;
    carry >>= 8;
  }
}
