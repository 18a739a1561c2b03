import { Unreadable } from "./unreadable.ts";

/** Bytes that Web Crypto accepts: not in shared memory. */
export type Bytes = Uint8Array<ArrayBuffer>;

// Reading and writing DER. No runtime offers it: `node:crypto` reads certificates and keys, but no keystores, and it
// makes no certificates.

/** One value in Distinguished Encoding Rules (X.690): its tag, its content and all of its bytes. */
export interface Der {
  readonly tag: number;
  readonly content: Bytes;
  readonly bytes: Bytes;
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

const CONSTRUCTED = 0x20;

/** Deeper than any certificate or keystore nests, far shallower than the stack. */
const MAX_DEPTH = 32;

/** The tag of the context-specific value `[number]`, which contains other values unless it is `primitive`. */
export function contextTag(number: number, form: "constructed" | "primitive" = "constructed"): number {
  return 0x80 | (form === "constructed" ? CONSTRUCTED : 0) | number;
}

/** Reads bytes that consist of exactly one value. */
export function readDer(bytes: Bytes): Der {
  const der = readAt(bytes, 0, 0);
  if (der.bytes.length !== bytes.length) throw damaged(`${bytes.length - der.bytes.length} bytes too many`);
  return der;
}

/** The values inside a sequence, a set or another value with the tag. */
export function readAll(der: Der | undefined, tag: number = TAG.sequence): Der[] {
  const { content } = expectTag(der, tag);
  const all: Der[] = [];
  for (let offset = 0; offset < content.length;) {
    const child = readAt(content, offset, 0);
    if (child.tag === 0) break; // the end mark of an indefinite length
    all.push(child);
    offset += child.bytes.length;
  }
  return all;
}

/** Returns the value, or throws if it does not have the tag. */
export function expectTag(der: Der | undefined, tag: number): Der {
  if (der === undefined) throw damaged("a value is missing");
  if (der.tag !== tag) throw damaged(`found a value with tag ${der.tag}, not ${tag}`);
  return der;
}

/** An octet string's bytes; BER writes long ones in pieces. */
export function readOctets(der: Der | undefined, tag: number = TAG.octetString): Bytes {
  if (der?.tag !== (tag | CONSTRUCTED)) return expectTag(der, tag).content;
  return joined(readAll(der, der.tag).map((piece) => readOctets(piece)));
}

/** A bit string's bytes. Those of keys and signatures have no unused bits. */
export function readBits(der: Der | undefined): Bytes {
  const { content } = expectTag(der, TAG.bitString);
  if (content[0] !== 0) throw damaged("a bit string does not end at a byte");
  return content.subarray(1);
}

/** A small number that is not negative, such as a version or an iteration count. */
export function readNumber(der: Der | undefined): number {
  const { content } = expectTag(der, TAG.integer);
  const [first] = content;
  if (first === undefined || first > 127 || content.length > 6) throw damaged("a number is out of range");
  return content.reduce((value, byte) => value * 256 + byte, 0);
}

/** An object identifier in dotted form. */
export function readOid(der: Der | undefined): string {
  const { content } = expectTag(der, TAG.oid);
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 127);
    if (byte > 127) continue;
    if (arcs.length > 0) arcs.push(arc);
    else arcs.push(Math.min(2, Math.floor(arc / 40)), arc - 40 * Math.min(2, Math.floor(arc / 40)));
    arc = 0;
  }
  return arcs.join(".");
}

/** Writes a value with the tag; its content is the parts one after another. */
export function writeDer(tag: number, ...contents: Uint8Array[]): Bytes {
  const content = concat(...contents);
  const { length } = content;
  if (length < 128) return concat(Uint8Array.of(tag, length), content);
  const digits: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return concat(Uint8Array.of(tag, 128 + digits.length, ...digits), content);
}

/** Writes a number that is not negative, given as bytes, the highest first. */
export function writeMagnitude(magnitude: Bytes): Bytes {
  const start = magnitude.findIndex((byte) => byte !== 0);
  const digits = start < 0 ? Uint8Array.of(0) : magnitude.subarray(start);
  const [first = 0] = digits;
  return writeDer(TAG.integer, first > 127 ? Uint8Array.of(0) : new Uint8Array(), digits);
}

/** Writes a bit string without unused bits. */
export function writeBits(bytes: Bytes): Bytes {
  return writeDer(TAG.bitString, Uint8Array.of(0), bytes);
}

/** Writes an object identifier given in dotted form. */
export function writeOid(dotted: string): Bytes {
  const [top = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const digits = [top * 40 + second, ...rest].flatMap((arc) => {
    const septets = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      septets.unshift(128 + left % 128);
    }
    return septets;
  });
  return writeDer(TAG.oid, Uint8Array.from(digits));
}

/** All bytes one after another, in new memory. */
export function concat(...parts: Uint8Array[]): Bytes {
  return joined(parts);
}

/** The same for so many that they cannot be arguments. */
function joined(parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/** Whether both have the same bytes. Not for secrets: the time it takes shows where they differ. */
export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

function readAt(bytes: Bytes, offset: number, depth: number): Der {
  if (depth > MAX_DEPTH) throw damaged("values are nested too deep");
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) throw damaged("the end comes too early");
  if ((tag & 0x1f) === 0x1f) throw damaged("a tag has more than one byte");
  if (first === 0x80) return readIndefinite(bytes, offset, depth);
  let start = offset + 2;
  let length = first;
  if (first > 0x80) {
    if (first > 0x84) throw damaged("a length has more than four bytes");
    length = 0;
    for (const end = start + first - 0x80; start < end; start++) {
      length = length * 256 + (bytes[start] ?? NaN);
    }
  }
  const end = start + length;
  if (!(end <= bytes.length)) throw damaged("the end comes too early");
  return { tag, content: bytes.subarray(start, end), bytes: bytes.subarray(offset, end) };
}

/** BER, which PKCS#12 allows, lets a value end with two zeros in place of starting with its length. */
function readIndefinite(bytes: Bytes, offset: number, depth: number): Der {
  const tag = bytes[offset] ?? 0;
  if ((tag & CONSTRUCTED) === 0) throw damaged("a plain value has no length");
  let end = offset + 2;
  for (let last = false; !last;) {
    const child = readAt(bytes, end, depth + 1);
    end += child.bytes.length;
    last = child.tag === 0;
  }
  return { tag, content: bytes.subarray(offset + 2, end), bytes: bytes.subarray(offset, end) };
}

function damaged(detail: string): Unreadable {
  return new Unreadable("damaged", detail);
}
