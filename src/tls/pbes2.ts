import { aesCbc, type Cipher, desCbc } from "./ciphers.ts";
import { type Bytes, type Der, readAll, readOctets, readOid } from "./der.ts";
import { derivePbkdf2, readPbkdf2 } from "./pbkdf2.ts";
import { schemeName } from "./schemes.ts";
import { Unreadable } from "./unreadable.ts";

const CIPHERS: ReadonlyMap<string, Cipher> = new Map([
  ["2.16.840.1.101.3.4.1.2", aesCbc(16)],
  ["2.16.840.1.101.3.4.1.22", aesCbc(24)],
  ["2.16.840.1.101.3.4.1.42", aesCbc(32)],
  ["1.2.840.113549.3.7", desCbc(24)],
  ["1.3.14.3.2.7", desCbc(8)],
]);

/** Decrypts by PBES2 (RFC 8018, 6.2): a key from PBKDF2 for a cipher of its own. What today's tools write. */
export async function decryptPbes2(
  parameters: Der | undefined,
  ciphertext: Bytes,
  password: Bytes,
): Promise<Bytes> {
  const [derivation, encryption] = readAll(parameters);
  const [oid, iv] = readAll(encryption);
  const cipher = CIPHERS.get(readOid(oid));
  if (cipher === undefined) throw new Unreadable("unsupported", schemeName(readOid(oid)));
  const pbkdf2 = readPbkdf2(derivation);
  if ((pbkdf2.keyLength ?? cipher.keyLength) !== cipher.keyLength) {
    throw new Unreadable("damaged", `the cipher has no keys of ${pbkdf2.keyLength} bytes`);
  }
  const key = await derivePbkdf2(pbkdf2, password, cipher.keyLength);
  return cipher.decrypt(key, readOctets(iv), ciphertext);
}
