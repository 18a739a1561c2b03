import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { tokenize } from "../updates/type_sources.ts";

const root = new URL("../../", import.meta.url);

/** Every source that is published. */
const sources = ["mod.ts"].concat(
  readdirSync(new URL("src/", root), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts")).map((name) => `src/${name}`),
);

/** What stands before a type. */
const BEFORE_A_TYPE = new Set([
  ":",
  "<",
  ",",
  "|",
  "&",
  "(",
  "[",
  "=",
  ">",
  "as",
  "extends",
  "is",
  "readonly",
]);

/** Where a source names the type `any`. */
function anysOf(source: string): number[] {
  // A template holds text; it is blotted out, with its line ends kept.
  const tokens = tokenize(source.replace(/`(?:[^`\\]|\\.)*`/gs, (text) => text.replace(/[^\n]/g, " ")));
  return tokens.flatMap(({ text, start }, index) => {
    const [before = "", behind] = [tokens[index - 1]?.text, tokens[index + 1]?.text];
    const isName = before === "readonly" && behind === ":";
    return text === "any" && BEFORE_A_TYPE.has(before) && !isName ? [start] : [];
  });
}

describe("the published types", () => {
  it("have no any", () => {
    assert.ok(sources.length > 100);
    for (const name of sources) {
      const source = readFileSync(new URL(name, root), "utf8");
      const lines = anysOf(source).map((start) => source.slice(0, start).split("\n").length);
      assert.deepEqual(lines, [], name);
    }
  });

  it("would not hide one", () => {
    const hidden = [
      "let a: any",
      "x as any",
      "Map<any, any[]>",
      "f<T extends any>",
      "(a: 1 | any) => any",
      "readonly any[]",
    ];
    assert.deepEqual(hidden.map((source) => anysOf(source).length), [1, 1, 2, 1, 2, 1]);
    assert.deepEqual(anysOf('// any\nconst any = "any"; /* : any */ interface A { readonly any: 1 }'), []);
  });
});
