import type { DecryptBlock } from "./cbc.ts";

// The tables of FIPS 46-3 number bits from 1, the highest first; so do these.
// deno-fmt-ignore
const KEY_CHOICE_1 = [
  57, 49, 41, 33, 25, 17,  9,  1, 58, 50, 42, 34, 26, 18,
  10,  2, 59, 51, 43, 35, 27, 19, 11,  3, 60, 52, 44, 36,
  63, 55, 47, 39, 31, 23, 15,  7, 62, 54, 46, 38, 30, 22,
  14,  6, 61, 53, 45, 37, 29, 21, 13,  5, 28, 20, 12,  4,
];
// deno-fmt-ignore
const KEY_CHOICE_2 = [
  14, 17, 11, 24,  1,  5,  3, 28, 15,  6, 21, 10,
  23, 19, 12,  4, 26,  8, 16,  7, 27, 20, 13,  2,
  41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48,
  44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];
const KEY_SHIFTS = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];
// deno-fmt-ignore
const INITIAL = [
  58, 50, 42, 34, 26, 18, 10,  2, 60, 52, 44, 36, 28, 20, 12,  4,
  62, 54, 46, 38, 30, 22, 14,  6, 64, 56, 48, 40, 32, 24, 16,  8,
  57, 49, 41, 33, 25, 17,  9,  1, 59, 51, 43, 35, 27, 19, 11,  3,
  61, 53, 45, 37, 29, 21, 13,  5, 63, 55, 47, 39, 31, 23, 15,  7,
];
// deno-fmt-ignore
const FINAL = [
  40,  8, 48, 16, 56, 24, 64, 32, 39,  7, 47, 15, 55, 23, 63, 31,
  38,  6, 46, 14, 54, 22, 62, 30, 37,  5, 45, 13, 53, 21, 61, 29,
  36,  4, 44, 12, 52, 20, 60, 28, 35,  3, 43, 11, 51, 19, 59, 27,
  34,  2, 42, 10, 50, 18, 58, 26, 33,  1, 41,  9, 49, 17, 57, 25,
];
// deno-fmt-ignore
const AFTER_BOXES = [
  16,  7, 20, 21, 29, 12, 28, 17,  1, 15, 23, 26,  5, 18, 31, 10,
   2,  8, 24, 14, 32, 27,  3,  9, 19, 13, 30,  6, 22, 11,  4, 25,
];
/** The eight substitution boxes, their rows one after another, a hex digit for each value. */
const BOXES = [
  "e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d",
  "f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9",
  "a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c",
  "7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e",
  "2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453",
  "c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d",
  "4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c",
  "d2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b",
];

/** Worked out when first needed. */
let permutedBoxes: number[][] | undefined;

/** For each of 16 rounds, the eight groups of six key bits that go into the boxes. */
type RoundKeys = number[][];

/** DES (FIPS 46-3) with a key of 8 bytes, triple DES with 16 or 24. Decryption alone, for what is old. */
export function des(key: Uint8Array): DecryptBlock {
  const first = roundKeys(key.subarray(0, 8));
  const second = roundKeys(key.subarray(8, 16));
  const third = key.length === 24 ? roundKeys(key.subarray(16)) : first;
  // Triple DES encrypts with the first key, decrypts with the second, encrypts with the third.
  const passes = key.length === 8 ? [first.toReversed()] : [third.toReversed(), second, first.toReversed()];
  const boxes = permutedBoxes ??= permuteBoxes();
  return (block) => {
    let [left, right] = toWords(pick(toBits(block, 8), INITIAL));
    for (const keys of passes) {
      for (const roundKey of keys) [left, right] = [right, left ^ mangle(right, roundKey, boxes)];
      [left, right] = [right, left];
    }
    const words = new DataView(new ArrayBuffer(8));
    words.setInt32(0, left);
    words.setInt32(4, right);
    const result = toWords(pick(toBits(new Uint8Array(words.buffer), 8), FINAL));
    result.forEach((word, index) => new DataView(block.buffer, block.byteOffset).setInt32(index * 4, word));
  };
}

function roundKeys(key: Uint8Array): RoundKeys {
  const bits = pick(toBits(key, 8), KEY_CHOICE_1);
  let turned = 0;
  return KEY_SHIFTS.map((shift) => {
    turned += shift;
    const halves = [bits.slice(0, 28), bits.slice(28)];
    const shifted = halves.flatMap((half) => [...half.slice(turned), ...half.slice(0, turned)]);
    const chosen = pick(shifted, KEY_CHOICE_2);
    return Array.from({ length: 8 }, (_, box) => toNumber(chosen.slice(box * 6, box * 6 + 6)));
  });
}

/** The boxes with the permutation that follows them worked in: for each six bits, 32 bits to mix in. */
function permuteBoxes(): number[][] {
  return BOXES.map((rows, box) =>
    Array.from({ length: 64 }, (_, six) => {
      const row = (six >> 4 & 2) | (six & 1);
      const value = parseInt(rows.charAt(row * 16 + (six >> 1 & 15)), 16);
      return toNumber(pick(toBits(Uint32Array.of(value << 28 >>> (box * 4)), 32), AFTER_BOXES));
    })
  );
}

function mangle(half: number, roundKey: number[], boxes: number[][]): number {
  let mixed = 0;
  for (let box = 0; box < 8; box++) {
    // The expansion: four bits of the half with the neighbour on either side.
    const by = box * 4 + 5;
    const six = (half << by | half >>> (32 - by)) & 63;
    mixed |= boxes[box]?.[six ^ (roundKey[box] ?? 0)] ?? 0;
  }
  return mixed;
}

function pick(bits: number[], positions: number[]): number[] {
  return positions.map((position) => bits[position - 1] ?? 0);
}

function toBits(values: Uint8Array | Uint32Array, width: number): number[] {
  return Array.from({ length: values.length * width }, (_, index) => {
    return (values[Math.floor(index / width)] ?? 0) >>> (width - 1 - index % width) & 1;
  });
}

function toNumber(bits: number[]): number {
  return bits.reduce((number, bit) => number << 1 | bit, 0);
}

function toWords(bits: number[]): [number, number] {
  return [toNumber(bits.slice(0, 32)), toNumber(bits.slice(32))];
}
