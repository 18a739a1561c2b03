import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { pathToFileURL } from "node:url";

/*
 * The example of docs/writing-a-store.md passes the suite as the page says: its blocks become files, and are run.
 */
const root = new URL("../../", import.meta.url);
const page = readFileSync(new URL("docs/writing-a-store.md", root), "utf8");
const blocks = [...page.matchAll(/^```ts(?: ignore)?\n([\s\S]*?)^```$/gm)].map(([, code]) => code ?? "");
const [store, test] = blocks;
assert.ok(store !== undefined && test !== undefined);

const directory = mkdtempSync(join(tmpdir(), "telehook-example-"));
after(() => rmSync(directory, { recursive: true, force: true }));
for (const [name, code] of [["list_store.ts", store], ["list_store_test.ts", test]] as const) {
  const local = code
    .replace('"@telehook/telehook/testing/store"', JSON.stringify(new URL("src/testing/store.ts", root).href))
    .replace('"@telehook/telehook"', JSON.stringify(new URL("mod.ts", root).href));
  writeFileSync(join(directory, name), local);
}
writeFileSync(join(directory, "package.json"), '{ "type": "module" }');
await import(pathToFileURL(join(directory, "list_store_test.ts")).href);
