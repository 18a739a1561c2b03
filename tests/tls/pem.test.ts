import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readPem, writePem } from "../../src/tls/pem.ts";
import { Unreadable } from "../../src/tls/unreadable.ts";
import { toHex } from "./fixtures.ts";

describe("PEM", () => {
  it("reads what it writes, in lines of 64", () => {
    const bytes = Uint8Array.from({ length: 100 }, (_, index) => index);
    const text = writePem("CERTIFICATE", bytes);
    assert.match(text, /^-----BEGIN CERTIFICATE-----\n(.{64}\n)*.{1,64}\n-----END CERTIFICATE-----\n$/);
    const [block] = readPem(text);
    assert.equal(block?.label, "CERTIFICATE");
    assert.deepEqual(block?.bytes, bytes);
  });

  it("reads several blocks with anything between, Windows line ends, indentation and a byte order mark", () => {
    const one = writePem("A", Uint8Array.of(1));
    const two = writePem("B C", Uint8Array.of(2));
    const text = "\ufeff" + `${one}Certificate:\n  Data: x\n\n${two}bye`.replaceAll("\n", "\r\n  ");
    assert.deepEqual(readPem(text).map(({ label, bytes }) => [label, toHex(bytes)]), [["A", "01"], [
      "B C",
      "02",
    ]]);
  });

  it("reads headers", () => {
    const text = "-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-CBC,00\n\nAQ==\n-----END X-----";
    const [block] = readPem(text);
    assert.equal(block?.headers.get("Proc-Type"), "4,ENCRYPTED");
    assert.equal(block?.headers.get("DEK-Info"), "DES-CBC,00");
    assert.equal(toHex(block?.bytes ?? new Uint8Array()), "01");
  });

  it("finds nothing in text without blocks", () => {
    for (const text of ["", "hello", "-----BEGIN", "-----BEGIN -", "----BEGIN X----\n----END X----"]) {
      assert.deepEqual(readPem(text), [], text);
    }
  });

  it("refuses a block without an end and one that is not Base64", () => {
    assert.throws(() => readPem("-----BEGIN X-----\nAQ==\n"), Unreadable);
    assert.throws(() => readPem("-----BEGIN X-----\nAQ==\n-----END Y-----"), Unreadable);
    assert.throws(() => readPem("-----BEGIN X-----\n!!\n-----END X-----"), Unreadable);
  });
});
