/**
 * Certificates and keys for a webhook's HTTPS server, by Web Crypto alone: taken out of a Java keystore or a
 * PKCS#12 file, made on the spot for a bare IP address, decrypted, and checked before a server starts with
 * them.
 *
 * @module
 */
export { checkKeyPair, type EncryptedKeyPair, type KeyPair, type KeyPairNames } from "./key_pair.ts";
export type { KeystoreOptions } from "./keystore_options.ts";
export { loadKeystore } from "./load_keystore.ts";
export { decryptPemKey } from "./pem_key.ts";
export { selfSigned, type SelfSignedOptions } from "./self_signed.ts";
export type { SignerAlgorithm } from "./signer.ts";
