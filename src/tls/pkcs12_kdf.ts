import { type Bytes, concat } from "./der.ts";
import { sha1 } from "./primitives/sha1.ts";
import { sha256 } from "./primitives/sha256.ts";

/** A hash as the key derivation of PKCS#12 needs it; `block` and `size` are in bytes. */
export interface Pkcs12Hash {
  readonly name: string;
  readonly block: number;
  readonly size: number;
  digest(message: Bytes): Bytes | Promise<Bytes>;
}

/** The hashes that PKCS#12 files use, by object identifier. */
export const PKCS12_HASHES: Readonly<Record<string, Pkcs12Hash>> = {
  "1.3.14.3.2.26": { name: "SHA-1", block: 64, size: 20, digest: sha1 },
  "2.16.840.1.101.3.4.2.1": { name: "SHA-256", block: 64, size: 32, digest: sha256 },
  "2.16.840.1.101.3.4.2.2": {
    name: "SHA-384",
    block: 128,
    size: 48,
    digest: (message) => digest("SHA-384", message),
  },
  "2.16.840.1.101.3.4.2.3": {
    name: "SHA-512",
    block: 128,
    size: 64,
    digest: (message) => digest("SHA-512", message),
  },
};

/** What a key is for, so that no two come out the same (RFC 7292, appendix B.3). */
export type Purpose = "key" | "iv" | "mac";

/**
 * Derives `length` bytes from a password as RFC 7292, appendix B.2 has it; `password` is in UTF-16 with an
 * end mark.
 */
export async function derivePkcs12(
  hash: Pkcs12Hash,
  purpose: Purpose,
  password: Bytes,
  salt: Bytes,
  iterations: number,
  length: number,
): Promise<Bytes> {
  const diversifier = new Uint8Array(hash.block).fill({ key: 1, iv: 2, mac: 3 }[purpose]);
  const input = concat(fillBlocks(salt, hash.block), fillBlocks(password, hash.block));
  const derived = new Uint8Array(Math.ceil(length / hash.size) * hash.size);
  for (let offset = 0; offset < derived.length; offset += hash.size) {
    let digested = await hash.digest(concat(diversifier, input));
    for (let round = 1; round < iterations; round++) digested = await hash.digest(digested);
    derived.set(digested, offset);
    const addend = fillBlocks(digested, hash.block).subarray(0, hash.block);
    for (let block = 0; block < input.length; block += hash.block) {
      addWithCarry(input.subarray(block, block + hash.block), addend);
    }
  }
  return derived.subarray(0, length);
}

/** A password as PKCS#12 wants it: UTF-16 with the high byte first, two zeros at the end. */
export function utf16(password: string): Bytes {
  const view = new DataView(new ArrayBuffer(password.length * 2 + 2));
  for (let index = 0; index < password.length; index++) view.setUint16(index * 2, password.charCodeAt(index));
  return new Uint8Array(view.buffer);
}

/** Repeats the bytes until they fill whole blocks. */
function fillBlocks(bytes: Bytes, block: number): Bytes {
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

async function digest(name: string, message: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest(name, message));
}
