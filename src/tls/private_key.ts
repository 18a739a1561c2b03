import {
  type Bytes,
  contextTag,
  type Der,
  expectTag,
  readAll,
  readDer,
  readNumber,
  readOctets,
  readOid,
  TAG,
} from "./der.ts";
import { Unreadable } from "./unreadable.ts";

export const RSA = "1.2.840.113549.1.1.1";
export const RSA_PSS = "1.2.840.113549.1.1.10";
export const EC = "1.2.840.10045.2.1";
export const ED25519 = "1.3.101.112";

const LABELS = new Set(["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"]);

/** A private key taken out of its frame: what kind of key it is and the key in that kind's own form. */
export interface PrivateKey {
  /** The object identifier of the kind. */
  readonly algorithm: string;
  /** The parameters of the kind, such as which curve. */
  readonly parameters: Der | undefined;
  readonly key: Der;
}

/**
 * Reads a private key: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017) or SEC 1 (RFC 5915), as the label of its PEM
 * block says.
 */
export function readPrivateKey(label: string, bytes: Bytes): PrivateKey {
  if (!LABELS.has(label)) throw new Unreadable("unsupported", `it is an "${label}": convert it to PKCS#8`);
  const der = readDer(bytes);
  if (label === "RSA PRIVATE KEY") {
    return { algorithm: RSA, parameters: undefined, key: expectTag(der, TAG.sequence) };
  }
  if (label === "EC PRIVATE KEY") return { algorithm: EC, parameters: readCurve(der), key: der };
  const [, algorithm, key] = readAll(der);
  const [oid, parameters] = readAll(algorithm);
  return { algorithm: readOid(oid), parameters, key: readDer(readOctets(key)) };
}

/**
 * Refuses what a wrong password made: the padding alone comes out right for one in 256. All forms of key are
 * a sequence that starts with a version.
 */
export function requireKey(decrypted: Bytes): Bytes {
  try {
    readNumber(readAll(readDer(decrypted))[0]);
    return decrypted;
  } catch {
    throw new Unreadable("password", "what comes out is not a key");
  }
}

function readCurve(der: Der): Der | undefined {
  const tagged = readAll(der).find(({ tag }) => tag === contextTag(0));
  return tagged && readAll(tagged, tagged.tag)[0];
}
