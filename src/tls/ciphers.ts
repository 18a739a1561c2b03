import { decryptCbc } from "./primitives/cbc.ts";
import type { Bytes } from "./der.ts";
import { des } from "./primitives/des.ts";
import { Unreadable } from "./unreadable.ts";

/** Decrypts with a key and an initialization vector; throws `Unreadable` when the padding is wrong. */
export interface Cipher {
  readonly keyLength: number;
  readonly ivLength: number;
  decrypt(key: Bytes, iv: Bytes, ciphertext: Bytes): Bytes | Promise<Bytes>;
}

/** AES in CBC mode with a key of 16, 24 or 32 bytes. */
export function aesCbc(keyLength: number): Cipher {
  return { keyLength, ivLength: 16, decrypt: decryptAes };
}

/** DES in CBC mode with a key of 8 bytes, or triple DES with 16 or 24. */
export function desCbc(keyLength: number): Cipher {
  return { keyLength, ivLength: 8, decrypt: (key, iv, ciphertext) => decryptCbc(des(key), iv, ciphertext) };
}

async function decryptAes(key: Bytes, iv: Bytes, ciphertext: Bytes): Promise<Bytes> {
  if (iv.length !== 16 || ciphertext.length === 0 || ciphertext.length % 16 !== 0) {
    throw new Unreadable("damaged", "the encrypted part is not made of whole blocks");
  }
  const aes = await crypto.subtle.importKey("raw", key, "AES-CBC", false, ["decrypt"]);
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-CBC", iv }, aes, ciphertext));
  } catch {
    throw new Unreadable("password", "the padding is wrong");
  }
}
