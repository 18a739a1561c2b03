import { type Bytes, type Der, readAll, readNumber, readOctets, readOid, TAG } from "./der.ts";
import { readIterations } from "./iterations.ts";
import { schemeName } from "./schemes.ts";
import { Unreadable } from "./unreadable.ts";

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
