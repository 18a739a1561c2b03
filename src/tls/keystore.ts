import type { Bytes } from "./der.ts";

/** What a keystore of any format holds, once its integrity is verified. */
export interface Keystore {
  readonly entries: readonly KeystoreEntry[];
  /** The aliases under which it holds a certificate without a key. */
  readonly certificateAliases: readonly string[];
}

/** A private key, still encrypted, and where to find it. */
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
