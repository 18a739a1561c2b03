import { type Bytes, concat } from "./der.ts";
import { nodeCrypto } from "./node_crypto.ts";
import { decryptRc2Cbc } from "./rc2.ts";
import { Unreadable } from "./unreadable.ts";

/** A cipher in CBC mode with the padding of PKCS #7; throws `Unreadable` when the padding is wrong. */
export interface Cipher {
  readonly keyLength: number;
  readonly ivLength: number;
  decrypt(key: Bytes, iv: Bytes, ciphertext: Bytes): Bytes | Promise<Bytes>;
}

/** AES with a key of 16, 24 or 32 bytes. By Web Crypto: the `node:crypto` of Deno does not have AES-192. */
export function aesCbc(keyLength: 16 | 24 | 32): Cipher {
  return { keyLength, ivLength: 16, decrypt: decryptAes };
}

/** DES with a key of 8 bytes, or triple DES with 16 or 24. By `node:crypto`: Web Crypto does not have it. */
export function desCbc(keyLength: 8 | 16 | 24): Cipher {
  return { keyLength, ivLength: 8, decrypt: decryptDes };
}

/** RC2 with a key of 5 or 16 bytes. By our own code; see there. */
export function rc2Cbc(keyLength: 5 | 16): Cipher {
  return {
    keyLength,
    ivLength: 8,
    decrypt(key, iv, ciphertext) {
      requireBlocks(iv, ciphertext, 8);
      return decryptRc2Cbc(key, iv, ciphertext);
    },
  };
}

async function decryptAes(key: Bytes, iv: Bytes, ciphertext: Bytes): Promise<Bytes> {
  requireBlocks(iv, ciphertext, 16);
  const aes = await crypto.subtle.importKey("raw", key, "AES-CBC", false, ["decrypt"]);
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-CBC", iv }, aes, ciphertext));
  } catch {
    throw wrongPadding();
  }
}

/**
 * Triple DES encrypts with a first key, decrypts with a second and encrypts with a third. With one key three times it
 * is DES, which OpenSSL 3 and Deno no longer have; with two keys, the first is also the third.
 */
function decryptDes(key: Bytes, iv: Bytes, ciphertext: Bytes): Bytes {
  requireBlocks(iv, ciphertext, 8);
  const threeKeys = concat(key, key, key).subarray(0, 24);
  const decipher = nodeCrypto().createDecipheriv("des-ede3-cbc", threeKeys, iv);
  try {
    return concat(decipher.update(ciphertext), decipher.final());
  } catch {
    throw wrongPadding();
  }
}

function requireBlocks(iv: Bytes, ciphertext: Bytes, size: number): void {
  if (iv.length !== size || ciphertext.length === 0 || ciphertext.length % size !== 0) {
    throw new Unreadable("damaged", "the encrypted part is not made of whole blocks");
  }
}

function wrongPadding(): Unreadable {
  return new Unreadable("password", "the padding is wrong");
}
