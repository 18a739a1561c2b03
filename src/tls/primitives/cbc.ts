import { type Bytes, concat } from "../der.ts";
import { Unreadable } from "../unreadable.ts";

/** Turns the eight bytes of `block` from ciphertext into plaintext, in place. */
export type DecryptBlock = (block: Bytes) => void;

/**
 * Undoes cipher block chaining over blocks of eight bytes and takes away the padding of PKCS #7 (RFC 5652,
 * 6.3).
 */
export function decryptCbc(decryptBlock: DecryptBlock, iv: Bytes, ciphertext: Bytes): Bytes {
  if (iv.length !== 8 || ciphertext.length === 0 || ciphertext.length % 8 !== 0) {
    throw new Unreadable("damaged", "the encrypted part is not made of whole blocks");
  }
  const plaintext = concat(ciphertext);
  let previous = iv;
  for (let offset = 0; offset < plaintext.length; offset += 8) {
    const block = plaintext.subarray(offset, offset + 8);
    decryptBlock(block);
    for (let index = 0; index < 8; index++) block[index] = (block[index] ?? 0) ^ (previous[index] ?? 0);
    previous = ciphertext.subarray(offset, offset + 8);
  }
  return withoutPadding(plaintext);
}

function withoutPadding(plaintext: Bytes): Bytes {
  const length = plaintext.at(-1) ?? 0;
  const padding = plaintext.subarray(-length);
  if (length < 1 || length > 8 || padding.some((byte) => byte !== length)) {
    throw new Unreadable("password", "the padding is wrong");
  }
  return plaintext.subarray(0, -length);
}
