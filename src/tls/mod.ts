/**
 * Certificates and keys for a webhook's HTTPS server: read from a Java keystore or a PKCS#12 file, self-signed for a
 * bare IP address, decrypted, and checked before a server starts with them. Uses Web Crypto and `node:crypto`, which
 * Node, Deno and Bun have.
 *
 * @module
 */
export { checkKeyPair, type EncryptedKeyPair, type KeyPair, type KeyPairNames } from "./key_pair.ts";
export { type KeystoreOptions, loadKeystore } from "./load_keystore.ts";
export { decryptPemKey } from "./pem_key.ts";
export { selfSigned, type SelfSignedOptions } from "./self_signed.ts";
export type { SignerAlgorithm } from "./signer.ts";
