import { nodeBuiltin } from "../platform/node_builtin.ts";

/**
 * The part of `node:crypto` that this folder uses: what Web Crypto does not have (MD5, triple DES, X.509) or has only
 * as an asynchronous task per call (hashes, which a keystore needs 100 000 times). Typed here, because users of the
 * package need no Node types.
 */
interface NodeCrypto {
  hash(name: string, message: Uint8Array, encoding: "buffer"): Uint8Array;
  createDecipheriv(name: string, key: Uint8Array, iv: Uint8Array): Decipher;
  createPrivateKey(pem: string): PrivateKey;
  readonly X509Certificate: new (bytes: Uint8Array) => X509Certificate;
}

interface Decipher {
  update(ciphertext: Uint8Array): Uint8Array;
  final(): Uint8Array;
}

/** A private key in the form that certificates are compared with. Its content is not readable. */
export interface PrivateKey {
  readonly asymmetricKeyType?: string | undefined;
  readonly asymmetricKeyDetails?: { readonly namedCurve?: string | undefined } | undefined;
}

/** A certificate as `node:crypto` reads it; see the class `Certificate`, which wraps it. */
export interface X509Certificate {
  /** One attribute a line, such as `CN=example.org`. */
  readonly subject?: string | undefined;
  readonly issuer?: string | undefined;
  readonly validFrom: string;
  readonly validTo: string;
  /** Such as `DNS:example.org, IP Address:203.0.113.7`. */
  readonly subjectAltName?: string | undefined;
  readonly ca: boolean;
  readonly publicKey: unknown;
  checkIssued(issuer: X509Certificate): boolean;
  checkPrivateKey(key: PrivateKey): boolean;
  verify(publicKey: unknown): boolean;
}

/**
 * Returns `node:crypto`. It is loaded when it is first needed.
 *
 * @throws {TelehookError} `ERR_RUNTIME` if this runtime does not have it.
 */
export function nodeCrypto(): NodeCrypto {
  return nodeBuiltin<NodeCrypto>("node:crypto");
}

/** The digest of a message, by a name such as `"sha1"`; `rounds` times the digest of the digest. */
export function digest(name: string, message: Uint8Array, rounds: number = 1): Uint8Array {
  const { hash } = nodeCrypto();
  let digested = message;
  for (let round = 0; round < rounds; round++) digested = hash(name, digested, "buffer");
  return digested;
}
