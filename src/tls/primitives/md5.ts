import { hashBlocks } from "./block_hash.ts";
import type { Bytes } from "../der.ts";

const INITIAL = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
const SHIFTS = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/** MD5 (RFC 1321), with which OpenSSL turns the passphrase of an old encrypted PEM key into a key. */
export function md5(message: Uint8Array): Bytes {
  return hashBlocks(message, INITIAL, compress, "little-endian");
}

function compress(state: number[], words: Int32Array): void {
  let a = state[0] ?? 0;
  let b = state[1] ?? 0;
  let c = state[2] ?? 0;
  let d = state[3] ?? 0;
  for (let step = 0; step < 64; step++) {
    const round = step >> 4;
    const mixed = a + choose(round, b, c, d) + (words[wordOf(round, step)] ?? 0) + sine(step);
    a = d;
    d = c;
    c = b;
    b = (b + rotate(mixed, SHIFTS[round]?.[step & 3] ?? 0)) | 0;
  }
  state[0] = ((state[0] ?? 0) + a) | 0;
  state[1] = ((state[1] ?? 0) + b) | 0;
  state[2] = ((state[2] ?? 0) + c) | 0;
  state[3] = ((state[3] ?? 0) + d) | 0;
}

function choose(round: number, b: number, c: number, d: number): number {
  if (round === 0) return (b & c) | (~b & d);
  if (round === 1) return (b & d) | (c & ~d);
  return round === 2 ? b ^ c ^ d : c ^ (b | ~d);
}

function wordOf(round: number, step: number): number {
  const [factor = 1, offset = 0] = [[1, 0], [5, 1], [3, 5], [7, 0]][round] ?? [];
  return (factor * step + offset) & 15;
}

function sine(step: number): number {
  return Math.floor(Math.abs(Math.sin(step + 1)) * 2 ** 32);
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
