import { type DecryptBlock, decryptCbc } from "./primitives/cbc.ts";
import { type Bytes, type Der, readAll, readOctets, readOid } from "./der.ts";
import { des } from "./primitives/des.ts";
import { readIterations } from "./iterations.ts";
import { decryptPbes2 } from "./pbes2.ts";
import { derivePkcs12, PKCS12_HASHES, utf16 } from "./pkcs12_kdf.ts";
import { rc2 } from "./primitives/rc2.ts";
import { requireKey } from "./private_key.ts";
import { schemeName } from "./schemes.ts";
import { Unreadable } from "./unreadable.ts";

const PBES2 = "1.2.840.113549.1.5.13";
const SHA1 = "1.3.14.3.2.26";

/** The schemes of RFC 7292, appendix C, that OpenSSL up to 1.1 and Java up to 8 write. */
const OLD_SCHEMES: Readonly<Record<string, { keyLength: number; cipher: (key: Bytes) => DecryptBlock }>> = {
  "1.2.840.113549.1.12.1.3": { keyLength: 24, cipher: des },
  "1.2.840.113549.1.12.1.4": { keyLength: 16, cipher: des },
  "1.2.840.113549.1.12.1.5": { keyLength: 16, cipher: rc2 },
  "1.2.840.113549.1.12.1.6": { keyLength: 5, cipher: rc2 },
};

/** A password in the two encodings that schemes want. */
export interface Password {
  readonly utf8: Bytes;
  readonly utf16: Bytes;
}

/** Encodes a password. */
export function encodePassword(password: string): Password {
  return { utf8: new TextEncoder().encode(password), utf16: utf16(password) };
}

/** Decrypts what a password protects, by the scheme that an algorithm identifier names. */
export async function decryptPbe(
  algorithm: Der | undefined,
  ciphertext: Bytes,
  password: Password,
): Promise<Bytes> {
  const [identifier, parameters] = readAll(algorithm);
  const oid = readOid(identifier);
  if (oid === PBES2) return decryptPbes2(parameters, ciphertext, password.utf8);

  const scheme = OLD_SCHEMES[oid];
  const hash = PKCS12_HASHES[SHA1];
  if (scheme === undefined || hash === undefined) throw new Unreadable("unsupported", schemeName(oid));
  const [saltValue, iterationsValue] = readAll(parameters);
  const salt = readOctets(saltValue);
  const iterations = readIterations(iterationsValue);
  const key = await derivePkcs12(hash, "key", password.utf16, salt, iterations, scheme.keyLength);
  const iv = await derivePkcs12(hash, "iv", password.utf16, salt, iterations, 8);
  return decryptCbc(scheme.cipher(key), iv, ciphertext);
}

/**
 * Decrypts the `EncryptedPrivateKeyInfo` of RFC 5958: an algorithm identifier and the encrypted PKCS#8 key.
 */
export async function decryptPkcs8(encrypted: Der, password: Password): Promise<Bytes> {
  const [algorithm, ciphertext] = readAll(encrypted);
  return requireKey(await decryptPbe(algorithm, readOctets(ciphertext), password));
}
