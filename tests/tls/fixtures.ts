import { readdirSync, readFileSync } from "node:fs";

const FOLDER = new URL("../fixtures/tls/", import.meta.url);

/** Where a file made by `make_fixtures.sh` is. */
export function fixtureUrl(path: string): URL {
  return new URL(path, FOLDER);
}

/** A fixture's bytes, in memory that a test may change. */
export function fixtureBytes(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(fixtureUrl(path)));
}

/** A fixture's text. */
export function fixtureText(path: string): string {
  return readFileSync(fixtureUrl(path), "utf8");
}

/** The names of the files in a folder of fixtures. */
export function fixtureNames(folder: string): string[] {
  return readdirSync(fixtureUrl(folder)).sort();
}

/** Bytes written in hexadecimal digits. */
export function hex(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(digits.replace(/\s/g, "").match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

/** Hexadecimal digits of bytes. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
