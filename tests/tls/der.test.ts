import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  concat,
  contextTag,
  readAll,
  readBits,
  readDer,
  readNumber,
  readOctets,
  readOid,
  TAG,
  writeBits,
  writeDer,
  writeMagnitude,
  writeOid,
} from "../../src/tls/der.ts";
import { Unreadable } from "../../src/tls/unreadable.ts";
import { hex, toHex } from "./fixtures.ts";

describe("reading DER", () => {
  it("reads short and long lengths", () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65_536]) {
      const der = readDer(writeDer(TAG.octetString, new Uint8Array(length).fill(7)));
      assert.equal(der.tag, TAG.octetString);
      assert.equal(readOctets(der).length, length);
    }
  });

  it("reads the examples of X.690 for object identifiers", () => {
    assert.equal(readOid(readDer(hex("0603883703"))), "2.999.3");
    assert.equal(readOid(readDer(hex("06062a864886f70d"))), "1.2.840.113549");
  });

  it("reads numbers", () => {
    assert.equal(readNumber(readDer(hex("020100"))), 0);
    assert.equal(readNumber(readDer(hex("02020800"))), 2048);
    assert.equal(readNumber(readDer(hex("02020080"))), 128);
    assert.throws(() => readNumber(readDer(hex("020180"))), Unreadable, "negative");
    assert.throws(() => readNumber(readDer(hex("0200"))), Unreadable, "empty");
    assert.throws(
      () => readNumber(readDer(hex("020701000000000000"))),
      Unreadable,
      "beyond what a number holds",
    );
  });

  it("reads BER without lengths, and octet strings in pieces", () => {
    const pieces = readDer(hex("2480 0402 6162 0401 63 0000"));
    assert.equal(toHex(readOctets(pieces)), "616263");
    const piece = writeDer(TAG.octetString, Uint8Array.of(7));
    const many = new Uint8Array(200_000 * piece.length).map((_, index) => piece[index % piece.length] ?? 0);
    assert.equal(readOctets(readDer(writeDer(0x24, many))).length, 200_000);
    const nested = readAll(readDer(hex("3080 3080 020101 0000 020102 0000")));
    assert.deepEqual(nested.map(({ tag }) => tag), [TAG.sequence, TAG.integer]);
    assert.equal(readNumber(readAll(nested[0])[0]), 1);
    const implicit = readDer(hex("a080 0401 61 0401 62 0000"));
    assert.equal(toHex(readOctets(implicit, contextTag(0, "primitive"))), "6162");
  });

  it("refuses what is damaged", () => {
    const damaged = {
      "nothing": "",
      "a tag alone": "30",
      "a length beyond the end": "3003020101ff".slice(0, 8),
      "bytes behind the end": "020101ff",
      "a length of five bytes": "30850000000000",
      "a length that is cut off": "3082 01",
      "a tag of two bytes": "1f8101 00",
      "a plain value without a length": "0480 0000",
      "an end that never comes": "3080 020101",
      "nesting without end": "3080".repeat(10_000),
    };
    for (const [what, bytes] of Object.entries(damaged)) {
      assert.throws(() => readDer(hex(bytes)), Unreadable, what);
    }
    assert.throws(() => readAll(readDer(hex("020101"))), Unreadable, "a number in place of a sequence");
    assert.throws(() => readAll(undefined), Unreadable, "a value that is missing");
    assert.throws(() => readBits(readDer(hex("03020780"))), Unreadable, "a bit string with spare bits");
    assert.throws(
      () => readOctets(readDer(hex("2403020101"))),
      Unreadable,
      "a piece that is no octet string",
    );
  });
});

describe("writing DER", () => {
  it("writes what it reads", () => {
    for (const oid of ["2.999.3", "1.2.840.113549.1.12.1.3", "2.5.4.3", "0.9.2342.19200300.100.1.25"]) {
      assert.equal(readOid(readDer(writeOid(oid))), oid);
    }
    assert.equal(toHex(readBits(readDer(writeBits(hex("0102"))))), "0102");
    const two = writeDer(TAG.sequence, writeMagnitude(hex("01")), writeMagnitude(hex("02")));
    assert.deepEqual(readAll(readDer(two)).map(readNumber), [1, 2]);
  });

  it("writes numbers with as few bytes as can be, and never as negative", () => {
    assert.equal(toHex(writeMagnitude(hex("00"))), "020100");
    assert.equal(toHex(writeMagnitude(hex("00007f"))), "02017f");
    assert.equal(toHex(writeMagnitude(hex("0080"))), "02020080");
  });

  it("puts bytes together in separate memory", () => {
    const part = hex("01");
    const joined = concat(part);
    part[0] = 2;
    assert.equal(toHex(joined), "01");
  });
});
