import { hashBlocks } from "./block_hash.ts";
import type { Bytes } from "../der.ts";

const INITIAL = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];

/** SHA-1 (FIPS 180-4) without a task for each call; see `hashBlocks`. */
export function sha1(message: Uint8Array): Bytes {
  return hashBlocks(message, INITIAL, compress, "big-endian");
}

function compress(state: number[], words: Int32Array): void {
  for (let step = 16; step < 80; step++) {
    const near = (words[step - 3] ?? 0) ^ (words[step - 8] ?? 0);
    const far = (words[step - 14] ?? 0) ^ (words[step - 16] ?? 0);
    words[step] = rotate(near ^ far, 1);
  }
  let a = state[0] ?? 0;
  let b = state[1] ?? 0;
  let c = state[2] ?? 0;
  let d = state[3] ?? 0;
  let e = state[4] ?? 0;
  for (let step = 0; step < 80; step++) {
    const next = (rotate(a, 5) + choose(step, b, c, d) + e + (words[step] ?? 0)) | 0;
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  state[0] = ((state[0] ?? 0) + a) | 0;
  state[1] = ((state[1] ?? 0) + b) | 0;
  state[2] = ((state[2] ?? 0) + c) | 0;
  state[3] = ((state[3] ?? 0) + d) | 0;
  state[4] = ((state[4] ?? 0) + e) | 0;
}

function choose(step: number, b: number, c: number, d: number): number {
  if (step < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (step < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (step < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
