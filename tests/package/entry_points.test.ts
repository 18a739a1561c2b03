import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), "utf8");
const npm: {
  name: string;
  version: string;
  exports: Record<string, { types: string; default: string }>;
} = JSON.parse(read("package.json"));
const jsr: { version: string; exports: Record<string, string>; imports: Record<string, string> } = JSON.parse(
  read("deno.json"),
);

test("npm and JSR have the same version and the same entry points, of the same sources", () => {
  assert.equal(npm.version, jsr.version);
  const sources = Object.entries(npm.exports).map(([entry, { types, default: built }]) => {
    assert.equal(types, built.replace(/\.js$/, ".d.ts"));
    return [entry, built.replace("./dist/", "./").replace(/\.js$/, ".ts")];
  });
  assert.deepEqual(Object.fromEntries(sources), jsr.exports);
});

test('the examples of README and docs can import every entry point from "telehook" on Deno', () => {
  const names = Object.entries(jsr.exports).map(([entry, source]) => [npm.name + entry.slice(1), source]);
  assert.deepEqual(jsr.imports, Object.fromEntries(names));
});

test("every entry point says what it is for, as npm's and JSR's pages show it", () => {
  for (const source of Object.values(jsr.exports)) {
    assert.match(read(source), /^(#!.*\n)?\/\*\*\n \* [^@][^]*?@module\n \*\//, source);
  }
});

test('examples in doc comments import from "@telehook/telehook", which the build turns into "telehook" for npm', () => {
  for (const file of readdirSync(new URL("src/", ROOT), { recursive: true, encoding: "utf8" })) {
    if (file.endsWith(".ts")) {
      assert.doesNotMatch(read(`src/${file}`), /^ *\*.*(from|import) "telehook/m, file);
    }
  }
});

test("no constant is the path of a file outside, which builders with a file tracer would read and deploy", () => {
  for (const file of readdirSync(new URL("src/", ROOT), { recursive: true, encoding: "utf8" })) {
    if (file.endsWith(".ts")) {
      assert.doesNotMatch(
        read(`src/${file}`),
        /^ *(export )?const \w+.* = *["'`]\/(dev|etc|proc|run|sys)\//m,
        file,
      );
    }
  }
});
