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

  it("reads blocks without a line break between them, as `cat` joins files", () => {
    const block = writePem("CERTIFICATE", Uint8Array.of(1)).trim();
    assert.deepEqual(readPem(block.repeat(3)).map(({ label }) => label), Array(3).fill("CERTIFICATE"));
  });

  it("reads headers", () => {
    const text = "-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-CBC,00\n\nAQ==\n-----END X-----";
    const [block] = readPem(text);
    assert.equal(block?.headers.get("Proc-Type"), "4,ENCRYPTED");
    assert.equal(block?.headers.get("DEK-Info"), "DES-CBC,00");
    assert.equal(toHex(block?.bytes ?? new Uint8Array()), "01");
  });

  it("says what a text without blocks is, and what to do", () => {
    const texts: readonly (readonly [string, RegExp])[] = [
      ["", /^it is empty$/],
      [" \n", /^it is empty$/],
      ["hello", /^it has no PEM block: a block starts with/],
      ["-----BEGIN", /^it has no PEM block/],
      ["----BEGIN X----\n----END X----", /^it has no PEM block/],
      ["0\ufffd\u0002\u0010\ufffd", /^it is binary: .*loadKeystore.*-inform der/],
      ["0.\u0002\u0001\u0000", /^it is binary/],
      ["\ufffd\ufffd\ufffd\ufffd\0\0\0\u0002", /^it is binary/],
      ["\ufffd\ufffd-\0-\0-\0-\0-\0B\0E\0", /^it is UTF-16, as ">" of PowerShell writes it: /],
      ["/etc/bot/fullchain.pem\n", /^it is the path of a file: pass paths as "certFile" and "keyFile"$/],
      ["privkey.pem", /^it is the path of a file/],
      ["C:\\bot\\key", /^it is the path of a file/],
    ];
    for (const [text, message] of texts) {
      assert.throws(() => readPem(text), { reason: "damaged", message }, text);
    }
  });

  it("says that line breaks are lost, in place of taking what stands there for a label", () => {
    const pem = writePem("PRIVATE KEY", Uint8Array.from({ length: 60 }, (_, index) => index));
    const certificate = writePem("CERTIFICATE", Uint8Array.of(1));
    const ways: readonly (readonly [string, RegExp])[] = [
      [" ", /^its line breaks are lost: .*\.env file.*"keyFile"$/],
      ["", /^its line breaks are lost/],
      ["\\n", /^its line breaks are written as "\\n": .*text\.replaceAll\("\\\\n", "\\n"\)/],
      ["\\r\\n", /^its line breaks are written as/],
    ];
    for (const [lineBreak, message] of ways) {
      const text = pem.replaceAll("\n", lineBreak);
      assert.throws(() => readPem(text), { message });
      assert.throws(() => readPem(`${certificate}${text}`), { message }, "beside a block that is whole");
    }
  });

  it("refuses a block without an end and one that is not Base64", () => {
    assert.throws(() => readPem("-----BEGIN X-----\nAQ==\n"), Unreadable);
    assert.throws(() => readPem("-----BEGIN X-----\nAQ==\n-----END Y-----"), Unreadable);
    assert.throws(
      () => readPem("-----BEGIN X-----".repeat(50_000)),
      Unreadable,
      "in milliseconds, not half a minute",
    );
    assert.throws(() => readPem("-----BEGIN X-----\n!!\n-----END X-----"), Unreadable);
  });
});
