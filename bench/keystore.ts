/*
 * How long a keystore takes to open, on the runtime that runs this file:
 *
 *     node --import tsx bench/keystore.ts
 *     deno run -A bench/keystore.ts
 *     bun bench/keystore.ts
 *
 * The first load in a process is the one that a starting server pays for, so it has its own column.
 */
import { readFile } from "node:fs/promises";
import { loadKeystore } from "../src/tls/mod.ts";
import { table } from "./machine.ts";

const FOLDER = new URL("../tests/fixtures/tls/keystores/", import.meta.url);
const KEYSTORES = [
  "java8.p12",
  "openssl1.1.p12",
  "openssl3.p12",
  "openssl3-sha512.p12",
  "java17.p12",
  "java.jks",
];
const ROUNDS = 7;

async function loadMs(bytes: Uint8Array): Promise<number> {
  const start = performance.now();
  await loadKeystore({ bytes, password: "changeit" });
  return performance.now() - start;
}

const rows = [["keystore", "first ms", "median ms"]];
for (const name of KEYSTORES) {
  const bytes = await readFile(new URL(name, FOLDER));
  const first = await loadMs(bytes);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) times.push(await loadMs(bytes));
  const median = times.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? first;
  rows.push([name, first.toFixed(1), median.toFixed(1)]);
}
console.log(table(rows));
