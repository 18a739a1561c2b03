import { type Bytes, type Der, readAll, readOctets, readOid } from "./der.ts";
import {
  derivePbkdf2,
  derivePkcs12,
  hashOfHmac,
  type Password,
  PKCS12_HASHES,
  readIterations,
  readPbkdf2,
} from "./key_derivation.ts";
import { schemeName } from "./schemes.ts";
import { Unreadable } from "./unreadable.ts";

const PBMAC1 = "1.2.840.113549.1.5.14";

/** Whether the file's MAC over the content, its `MacData` (RFC 7292, 4), was made with this password. */
export async function verifyMac(macData: Der, content: Bytes, password: Password): Promise<boolean> {
  const [digestInfo, saltValue, iterationsValue] = readAll(macData);
  const [algorithm, digest] = readAll(digestInfo);
  const [oidValue, parameters] = readAll(algorithm);
  const mac = readOctets(digest);
  const oid = readOid(oidValue);
  if (oid === PBMAC1) return await verifyPbmac1(parameters, mac, content, password);

  const hash = PKCS12_HASHES[oid];
  if (hash === undefined) throw new Unreadable("unsupported", schemeName(oid));
  const salt = readOctets(saltValue);
  const iterations = iterationsValue === undefined ? 1 : readIterations(iterationsValue);
  const key = derivePkcs12(hash, "mac", password.utf16, salt, iterations, hash.size);
  return await verifyHmac(hash.webName, key, mac, content);
}

/** PBMAC1 in a PKCS#12 file (RFC 9579): HMAC with a key from PBKDF2. */
async function verifyPbmac1(parameters: Der | undefined, mac: Bytes, content: Bytes, password: Password) {
  const [derivation, scheme] = readAll(parameters);
  const pbkdf2 = readPbkdf2(derivation);
  if (pbkdf2.keyLength === undefined || pbkdf2.keyLength < 20 || pbkdf2.keyLength > 1024) {
    throw new Unreadable("damaged", "the length of the MAC's key is missing or out of range");
  }
  const key = await derivePbkdf2(pbkdf2, password.utf8, pbkdf2.keyLength);
  return await verifyHmac(hashOfHmac(scheme), key, mac, content);
}

async function verifyHmac(hash: string, key: Bytes, mac: Bytes, content: Bytes): Promise<boolean> {
  const hmac = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash }, false, ["verify"]);
  return await crypto.subtle.verify("HMAC", hmac, mac, content);
}
