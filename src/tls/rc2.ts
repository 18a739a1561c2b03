import { type Bytes, concat } from "./der.ts";
import { Unreadable } from "./unreadable.ts";

/** The random permutation of RFC 2268 (from the digits of pi), in hex. */
const PI_TABLE = "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2" +
  "179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82" +
  "54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626" +
  "6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7" +
  "08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec" +
  "c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731" +
  "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9" +
  "0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad";

/** Decrypts the eight bytes of `block` in place. */
type DecryptBlock = (block: Bytes) => void;

/**
 * RC2 (RFC 2268) in CBC mode, with the padding of PKCS #7 (RFC 5652, 6.3); decryption only. OpenSSL up to 1.1 and
 * Java up to 8 encrypt the certificates of a PKCS#12 file with it. Web Crypto does not have RC2, and neither does
 * the `node:crypto` of Node (OpenSSL 3) and Deno.
 *
 * @param iv Eight bytes.
 * @param ciphertext Whole blocks of eight bytes.
 * @throws {Unreadable} `"password"` if the padding is wrong.
 */
export function decryptRc2Cbc(key: Bytes, iv: Bytes, ciphertext: Bytes): Bytes {
  const decryptBlock = rc2(key);
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

/** Takes away what fills the last block: that many bytes, each of which is their number. */
export function withoutPadding(plaintext: Bytes): Bytes {
  const length = plaintext.at(-1) ?? 0;
  const padding = plaintext.subarray(-length);
  if (length < 1 || length > 8 || padding.some((byte) => byte !== length)) {
    throw new Unreadable("password", "the padding is wrong");
  }
  return plaintext.subarray(0, -length);
}

/** The block cipher. */
export function rc2(key: Uint8Array, effectiveBits: number = key.length * 8): DecryptBlock {
  const words = expandKey(key, effectiveBits);
  return (block) => {
    const view = new DataView(block.buffer, block.byteOffset, 8);
    const state = [0, 2, 4, 6].map((offset) => view.getUint16(offset, true));
    for (let round = 15; round >= 0; round--) {
      if (round === 10 || round === 4) unmash(state, words);
      unmix(state, words, round);
    }
    state.forEach((word, index) => view.setUint16(index * 2, word, true));
  };
}

function expandKey(key: Uint8Array, effectiveBits: number): Uint16Array {
  const pi = Uint8Array.from(PI_TABLE.match(/../g) ?? [], (hex) => parseInt(hex, 16));
  const bytes = new Uint8Array(128);
  bytes.set(key);
  for (let index = key.length; index < 128; index++) {
    bytes[index] = pi[((bytes[index - 1] ?? 0) + (bytes[index - key.length] ?? 0)) & 255] ?? 0;
  }
  const effectiveBytes = Math.ceil(effectiveBits / 8);
  const mask = 255 >> (effectiveBytes * 8 - effectiveBits);
  bytes[128 - effectiveBytes] = pi[(bytes[128 - effectiveBytes] ?? 0) & mask] ?? 0;
  for (let index = 127 - effectiveBytes; index >= 0; index--) {
    bytes[index] = pi[(bytes[index + 1] ?? 0) ^ (bytes[index + effectiveBytes] ?? 0)] ?? 0;
  }
  const view = new DataView(bytes.buffer);
  return Uint16Array.from({ length: 64 }, (_, index) => view.getUint16(index * 2, true));
}

function unmix(state: number[], words: Uint16Array, round: number): void {
  for (let index = 3; index >= 0; index--) {
    const [a, b, c] = before(state, index);
    const shift = [1, 2, 3, 5][index] ?? 0;
    const word = state[index] ?? 0;
    const turned = (word >>> shift) | (word << (16 - shift));
    state[index] = (turned - (words[round * 4 + index] ?? 0) - (a & b) - (~a & c)) & 0xffff;
  }
}

function unmash(state: number[], words: Uint16Array): void {
  for (let index = 3; index >= 0; index--) {
    const [a] = before(state, index);
    state[index] = ((state[index] ?? 0) - (words[a & 63] ?? 0)) & 0xffff;
  }
}

/** The three words before the one at `index`, going round, the nearest first. */
function before(state: number[], index: number): [number, number, number] {
  return [state[(index + 3) & 3] ?? 0, state[(index + 2) & 3] ?? 0, state[(index + 1) & 3] ?? 0];
}
