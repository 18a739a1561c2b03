import { aesCbc, type Cipher, desCbc, rc2Cbc } from "./ciphers.ts";
import { type Bytes, type Der, readAll, readDer, readNumber, readOctets, readOid } from "./der.ts";
import {
  derivePbkdf2,
  derivePkcs12,
  type Password,
  readIterations,
  readPbkdf2,
  SHA1,
} from "./key_derivation.ts";
import { schemeName } from "./schemes.ts";
import { Unreadable } from "./unreadable.ts";

// Password-based encryption. `createPrivateKey` of `node:crypto` decrypts PKCS#8 with a passphrase too, but each runtime
// refuses other schemes: Node RC2 and DES, Deno everything with triple DES, Bun PBKDF2 with SHA-384 or SHA-512. And it
// does not decrypt the certificates of a PKCS#12 file.

const PBES2 = "1.2.840.113549.1.5.13";

/** The ciphers of PBES2, by object identifier. */
const CIPHERS: ReadonlyMap<string, Cipher> = new Map([
  ["2.16.840.1.101.3.4.1.2", aesCbc(16)],
  ["2.16.840.1.101.3.4.1.22", aesCbc(24)],
  ["2.16.840.1.101.3.4.1.42", aesCbc(32)],
  ["1.2.840.113549.3.7", desCbc(24)],
  ["1.3.14.3.2.7", desCbc(8)],
]);

/** The schemes of RFC 7292, appendix C, that OpenSSL up to 1.1 and Java up to 8 write. */
const OLD_SCHEMES: ReadonlyMap<string, Cipher> = new Map([
  ["1.2.840.113549.1.12.1.3", desCbc(24)],
  ["1.2.840.113549.1.12.1.4", desCbc(16)],
  ["1.2.840.113549.1.12.1.5", rc2Cbc(16)],
  ["1.2.840.113549.1.12.1.6", rc2Cbc(5)],
]);

/** Decrypts what a password protects, by the scheme that an algorithm identifier names. */
export async function decryptPbe(
  algorithm: Der | undefined,
  ciphertext: Bytes,
  password: Password,
): Promise<Bytes> {
  const [identifier, parameters] = readAll(algorithm);
  const oid = readOid(identifier);
  if (oid === PBES2) return await decryptPbes2(parameters, ciphertext, password.utf8);

  const cipher = OLD_SCHEMES.get(oid);
  if (cipher === undefined) throw new Unreadable("unsupported", schemeName(oid));
  const [saltValue, iterationsValue] = readAll(parameters);
  const salt = readOctets(saltValue);
  const iterations = readIterations(iterationsValue);
  const key = derivePkcs12(SHA1, "key", password.utf16, salt, iterations, cipher.keyLength);
  const iv = derivePkcs12(SHA1, "iv", password.utf16, salt, iterations, cipher.ivLength);
  return await cipher.decrypt(key, iv, ciphertext);
}

/** PBES2 (RFC 8018, 6.2), which today's tools write: a key from PBKDF2, and any cipher. */
async function decryptPbes2(parameters: Der | undefined, ciphertext: Bytes, password: Bytes): Promise<Bytes> {
  const [derivation, encryption] = readAll(parameters);
  const [oid, iv] = readAll(encryption);
  const cipher = CIPHERS.get(readOid(oid));
  if (cipher === undefined) throw new Unreadable("unsupported", schemeName(readOid(oid)));
  const pbkdf2 = readPbkdf2(derivation);
  if ((pbkdf2.keyLength ?? cipher.keyLength) !== cipher.keyLength) {
    throw new Unreadable("damaged", `the cipher has no keys of ${pbkdf2.keyLength} bytes`);
  }
  const key = await derivePbkdf2(pbkdf2, password, cipher.keyLength);
  return await cipher.decrypt(key, readOctets(iv), ciphertext);
}

/** Decrypts the `EncryptedPrivateKeyInfo` of RFC 5958: an algorithm identifier and the encrypted PKCS#8 key. */
export async function decryptPkcs8(encrypted: Der, password: Password): Promise<Bytes> {
  const [algorithm, ciphertext] = readAll(encrypted);
  return requireKey(await decryptPbe(algorithm, readOctets(ciphertext), password));
}

/**
 * Refuses the result of a wrong password: the padding alone is right in one of 256 cases. Every form of key is a
 * sequence that starts with a version.
 */
export function requireKey(decrypted: Bytes): Bytes {
  try {
    readNumber(readAll(readDer(decrypted))[0]);
    return decrypted;
  } catch {
    throw new Unreadable("password", "the result is not a key");
  }
}
