import type { Bytes } from "../der.ts";

/**
 * The compression function of a hash: mixes a block of a message into the state. The block is the first 16 of
 * the words; the others are room for what is worked out of them.
 */
export type Compress = (state: number[], words: Int32Array) => void;

/**
 * Shared by all calls, since none can start while another runs: making an array costs more than hashing a
 * block.
 */
const words = new Int32Array(80);

/**
 * The frame that MD5, SHA-1 and SHA-256 share (Merkle–Damgård): pad the message with its length, cut it into
 * blocks of 64 bytes, mix one after another into the state.
 *
 * Web Crypto hashes too, but as one task for each call: a key derivation that hashes 100 000 times, as Java's
 * does, would take seconds.
 */
export function hashBlocks(
  message: Uint8Array,
  initial: readonly number[],
  compress: Compress,
  order: "little-endian" | "big-endian",
): Bytes {
  const little = order === "little-endian";
  const bytes = new Uint8Array(Math.ceil((message.length + 9) / 64) * 64);
  bytes.set(message);
  bytes[message.length] = 0x80;
  let bits = message.length * 8;
  for (let index = 0; index < 8; index++, bits = Math.floor(bits / 256)) {
    bytes[little ? bytes.length - 8 + index : bytes.length - 1 - index] = bits;
  }
  const state = initial.slice();
  for (let block = 0; block < bytes.length; block += 64) {
    for (let index = 0; index < 16; index++) words[index] = readWord(bytes, block + index * 4, little);
    compress(state, words);
  }
  const digest = new Uint8Array(state.length * 4);
  for (let index = 0; index < digest.length; index++) {
    digest[index] = (state[index >> 2] ?? 0) >>> 8 * (little ? index & 3 : ~index & 3);
  }
  return digest;
}

function readWord(bytes: Uint8Array, offset: number, little: boolean): number {
  const a = bytes[offset] ?? 0;
  const b = bytes[offset + 1] ?? 0;
  const c = bytes[offset + 2] ?? 0;
  const d = bytes[offset + 3] ?? 0;
  return little ? a | b << 8 | c << 16 | d << 24 : a << 24 | b << 16 | c << 8 | d;
}
