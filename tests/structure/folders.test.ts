import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { it } from "node:test";
import { fileURLToPath } from "node:url";

const SRC = fileURLToPath(new URL("../../src", import.meta.url));

/** The folder of a file below `src`; files that lie in `src` itself are folders of their own. */
function folderOf(path: string): string {
  return relative(SRC, path).split(/[\\/]/)[0] ?? "";
}

/** Which folders each folder imports from, types included, and one import that shows it. */
function importsOfFolders(): Map<string, Map<string, string>> {
  const graph = new Map<string, Map<string, string>>();
  for (const name of readdirSync(SRC, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".ts")) continue;
    const file = join(SRC, name);
    const from = folderOf(file);
    const targets = graph.get(from) ?? new Map<string, string>();
    graph.set(from, targets);
    const source = readFileSync(file, "utf8").replace(/^ *(?:\*|\/\/).*$/gm, ""); // examples are not imports
    for (const [, specifier] of source.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)) {
      const to = folderOf(join(dirname(file), specifier ?? ""));
      if (to !== from && !targets.has(to)) targets.set(to, `${name} imports ${specifier}`);
    }
  }
  return graph;
}

/** A way from a folder back to itself, if there is one. */
function findCycle(graph: ReadonlyMap<string, ReadonlyMap<string, string>>): string[] | undefined {
  const done = new Set<string>();
  const visit = (folder: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(folder)) return [...path.slice(path.indexOf(folder)), folder];
    if (done.has(folder)) return undefined;
    for (const next of graph.get(folder)?.keys() ?? []) {
      const cycle = visit(next, [...path, folder]);
      if (cycle !== undefined) return cycle;
    }
    done.add(folder);
    return undefined;
  };
  for (const folder of graph.keys()) {
    const cycle = visit(folder, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

it("the folders of src import each other in one direction only, types included", () => {
  const graph = importsOfFolders();
  assert.ok(graph.size > 15, `Only ${graph.size} folders were found`);
  const cycle = findCycle(graph);
  const steps = cycle?.slice(1).map((to, i) => graph.get(cycle[i] ?? "")?.get(to));
  assert.equal(cycle, undefined, `${cycle?.join(" → ")}: ${steps?.join("; ")}`);
});

it("a cycle of folders would be found", () => {
  const edge = (to: string): Map<string, string> => new Map([[to, `imports ${to}`]]);
  const graph = new Map([["a", edge("b")], ["b", edge("c")], ["c", edge("b")]]);
  assert.deepEqual(findCycle(graph), ["b", "c", "b"]);
});

it("the inspector is loaded only when somebody asks for it", () => {
  const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.startsWith("inspector"));
  const sources = [join(SRC, "../mod.ts"), ...files.map((name) => join(SRC, name))].map((file) =>
    readFileSync(file, "utf8")
  );
  assert.ok(sources.some((source) => /import\("\.\.\/inspector\//.test(source)), "--inspect asks for it");
  for (const source of sources) assert.doesNotMatch(source, /^(import|export) [^;]*"[^"]*\/inspector\//m);
});

it("src itself holds only the webhook and its pipeline", () => {
  const files = readdirSync(SRC, { withFileTypes: true }).filter((each) => each.isFile()).map(({ name }) =>
    name
  );
  assert.deepEqual(files.sort(), ["pipeline.ts", "webhook.ts"]);
});

it("the console gets errors without control characters", () => {
  const calls = readdirSync(SRC, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !/^(cli|testing|inspector.page)/.test(name))
    .flatMap((name) =>
      readFileSync(join(SRC, name), "utf8").match(/^(?! *\*).*console\.(error|warn)\([^;]*;/gm) ?? []
    );
  assert.ok(calls.length > 5, `Only ${calls.length} calls were found`);
  for (const call of calls) assert.doesNotMatch(call, /, *(error|own|cause)\)/);
});
