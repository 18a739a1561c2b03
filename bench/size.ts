/*
 * How many bytes the library adds to a bundle, by what is imported of it, and that what is not imported is not in it:
 *
 *     node --import tsx bench/size.ts [--modules]
 *
 * Bundled and minified by the esbuild that tsx depends on, compressed by gzip. `--modules` lists what the core is made of.
 */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import type * as Esbuild from "esbuild";
import { table } from "./machine.ts";

const { values } = parseArgs({ options: { modules: { type: "boolean", default: false } } });
const require = createRequire(import.meta.url);
const { build, version }: typeof Esbuild = createRequire(require.resolve("tsx/package.json"))("esbuild");
const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** What the core should have at most. It does not: outages, parked updates, late replies, metrics and logs are in it. */
const GOAL = 14_000;

interface Bundle {
  readonly text: string;
  readonly minified: number;
  readonly gzipped: number;
  /** Bytes in the bundle by module. */
  readonly modules: ReadonlyMap<string, number>;
}

async function bundle(code: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: ROOT, loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    write: false,
    metafile: true,
    absWorkingDir: ROOT,
    logLevel: "error",
  });
  const [file] = outputFiles;
  const [output] = Object.values(metafile.outputs);
  if (file === undefined || output === undefined) throw new Error("esbuild made nothing");
  const modules = Object.entries(output.inputs)
    .map(([name, { bytesInOutput }]): [string, number] => [name, bytesInOutput])
    .filter(([name, bytes]) => bytes > 0 && name !== "<stdin>");
  return {
    text: file.text,
    minified: file.contents.length,
    gzipped: gzipSync(file.contents, { level: 9 }).length,
    modules: new Map(modules.toSorted(([, a], [, b]) => b - a)),
  };
}

const from = '"./mod.ts"';
const BUNDLES = {
  "core: webhook, updateHandlers": `export { webhook, updateHandlers } from ${from}`,
  "webhook with a function": `export { webhook } from ${from}`,
  "core and updateStreams": `export { webhook, updateHandlers, updateStreams } from ${from}`,
  "mergeMediaGroups": `export { mergeMediaGroups } from ${from}`,
  // With the adapters of all three runtimes, which a bundler that splits would leave in separate files.
  "listen, updateHandlers": `export { listen, updateHandlers } from ${from}`,
  "setWebhookAndListen, updateHandlers": `export { setWebhookAndListen, updateHandlers } from ${from}`,
  "botApi": `export { botApi } from ${from}`,
  "sqliteStore": `export { sqliteStore } from ${from}`,
  "everything": `export * from ${from}`,
  "nothing": `import ${from}`,
};

const rows = [["imported", "minified B", "gzipped B", "of 14 kB", "modules"]];
const bundles = new Map<string, Bundle>();
for (const [what, code] of Object.entries(BUNDLES)) {
  const made = await bundle(code);
  bundles.set(what, made);
  rows.push([
    what,
    String(made.minified),
    String(made.gzipped),
    (made.gzipped / GOAL).toFixed(2),
    String(made.modules.size),
  ]);
}
console.log(`esbuild ${version}, gzip -9\n\n${table(rows)}`);

const [core] = bundles.values();
assert.ok(core);
if (values.modules) {
  console.log(
    `\n${
      table([
        ["module of the core", "minified B"],
        ...[...core.modules].map(([name, bytes]) => [name, String(bytes)]),
      ])
    }`,
  );
}

// That the measured bundle works, by itself.
const { webhook, updateHandlers } = await import(`data:text/javascript,${encodeURIComponent(core.text)}`);
let handled = 0;
const hook = webhook(updateHandlers({ message: () => handled++ }), { secretToken: null });
const headers = { "content-type": "application/json" };
const body = JSON.stringify({
  update_id: 1,
  message: { message_id: 1, date: 0, chat: { id: 1, type: "private" } },
});
const response: Response = await hook(new Request("https://bot.example/", { method: "POST", headers, body }));
assert.deepEqual([response.status, handled], [200, 1], "the bundled core receives an update");

// That what was not imported is not in it, by its modules and by what only these say.
const NOT_CORE: readonly [RegExp, readonly string[]][] = [
  [/^src\/serve\//, ["createServer", "Deno.serve", "node:http"]],
  [/^src\/bot_api\/(?!allowed_updates|serialize_params)/, ["api.telegram.org", "getWebhookInfo"]],
  [/\/sqlite_[^/]*$/, ["node:sqlite", "PRAGMA"]],
  [/^src\/dispatch\/update_streams?\.ts/, ["bufferSize", "dropOldest"]],
  [/^src\/inbox\/merge_media_groups\.ts/, ["mergeMediaGroups"]],
  [/^src\/tls\//, ["BEGIN CERTIFICATE"]],
  [/^src\/(testing|cli)\//, []],
];
for (const [place, words] of NOT_CORE) {
  for (const name of core.modules.keys()) {
    assert.doesNotMatch(name, place, "the core has nothing of what it does not use");
  }
  for (const word of words) assert.ok(!core.text.includes(word), `The core says "${word}"`);
}
// The words are the right ones: everything says them, but for what mod.ts does not export.
const everything = bundles.get("everything")?.text ?? "";
for (const word of NOT_CORE.slice(0, 5).flatMap(([, words]) => words)) {
  assert.ok(everything.includes(word), `Even everything does not say "${word}"`);
}
assert.equal(
  bundles.get("nothing")?.gzipped,
  gzipSync("", { level: 9 }).length,
  "an import for nothing adds nothing",
);
console.log(
  "\nThe core works, and holds nothing of the servers, the Bot API client, SQLite, streams, TLS, testing or CLI.",
);
