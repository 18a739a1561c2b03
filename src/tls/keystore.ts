import type { Bytes } from "./der.ts";

/** The content of a keystore of any format, after its integrity was verified. */
export interface Keystore {
  readonly entries: readonly KeystoreEntry[];
  /** The aliases under which it holds a certificate without a key. */
  readonly certificateAliases: readonly string[];
}

/** A private key that is still encrypted, and its alias. */
export interface KeystoreEntry {
  readonly alias: string;
  /** Decrypts the key, which may have another password than the keystore. */
  open(password: string): OpenedEntry | Promise<OpenedEntry>;
}

/** A private key in PKCS#8 and its certificates, the key's own first. */
export interface OpenedEntry {
  readonly key: Bytes;
  readonly chain: readonly Bytes[];
}
