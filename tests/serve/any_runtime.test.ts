import { strict as assert } from "node:assert";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { createContext, runInContext } from "node:vm";
import { RUNTIME } from "./adapters.ts";

const ROOT = new URL("../../", import.meta.url);

/** A file's imports, without those that only bring types. */
interface Imports {
  readonly statics: readonly string[];
  readonly dynamics: readonly string[];
}

function importsOf(source: string): Imports {
  const code = source.replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
  const statics = [...code.matchAll(/^(?:import|export)\s+(?!type\b)(?:[^;"]*?\sfrom\s+)?"([^"]+)"/gm)];
  const dynamics = [...code.matchAll(/\bimport\(\s*([^)]*)\)/g)];
  return {
    statics: statics.map(([, specifier = ""]) => specifier),
    dynamics: dynamics.map(([, argument = ""]) => argument.trim().replace(/^"|"$/g, "")),
  };
}

/** Every file that loads when this one is imported, or could be imported from it later. */
function graphFrom(entry: string): Map<string, Imports> {
  const files = new Map<string, Imports>();
  const waiting = [new URL(entry, ROOT)];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file.href)) continue;
    assert.ok(existsSync(file), file.href);
    const imports = importsOf(readFileSync(file, "utf8"));
    files.set(file.href, imports);
    for (const specifier of [...imports.statics, ...imports.dynamics]) {
      if (specifier.startsWith(".")) waiting.push(new URL(specifier, file));
    }
  }
  return files;
}

describe("mod.ts", () => {
  it("imports nothing but its own files, at no time", () => {
    const files = graphFrom("mod.ts");
    assert.ok(files.size > 30, `only ${files.size} files: the walk has lost its way`);
    for (const [file, { statics, dynamics }] of files) {
      for (const specifier of [...statics, ...dynamics]) {
        assert.match(specifier, /^\.\.?\/.*\.ts$/, `${file} imports "${specifier}"`);
      }
    }
  });

  it("is found out if it did", () => {
    const { statics, dynamics } = importsOf(
      'import "node:fs";\nimport { a } from "x";\nimport type { T } from "y";\nexport * from "z";\nawait import("w");',
    );
    assert.deepEqual([statics, dynamics], [["node:fs", "x", "z"], ["w"]]);
  });

  it("starts nothing and reads nothing of a runtime on import", () => {
    for (const file of graphFrom("mod.ts").keys()) {
      const code = readFileSync(new URL(file), "utf8").replace(/\/\*[^]*?\*\/|\/\/.*$/gm, "");
      const topLevel = code.split("\n").filter((line) => /^\S/.test(line)).join("\n");
      const touches = /^(?:await|setTimeout|setInterval|process|Deno|Bun|globalThis|console)\b/m.exec(
        topLevel,
      );
      assert.equal(touches, null, file);
    }
  });

  it("loads and works where there are web standards and nothing else", {
    skip: RUNTIME !== "node" && "it takes esbuild, which is installed for Node",
  }, async () => {
    const context = createContext(webGlobals());
    runInContext(await bundled(), context);
    assert.equal(
      runInContext("typeof process + typeof Deno + typeof Bun + typeof require", context),
      "undefined".repeat(4),
    );
    const answers: unknown = await runInContext("tryOut.default()", context);
    assert.deepEqual(JSON.parse(String(answers)), {
      reply: [200, { method: "sendMessage", chat_id: 42, text: "You said: hi" }],
      streamed: [200, { method: "sendMessage", chat_id: 42, text: "You said: Ä" }],
      wrongSecret: 401,
      album: [200, 200],
      merged: [1, 2],
      allowed: ["message"],
      listen: "ERR_RUNTIME",
    });
  });
});

/** mod.ts, all that it imports and a try of it as one script, made as for a browser. */
async function bundled(): Promise<string> {
  const name = "esbuild"; // comes with tsx
  const { build } = await import(name);
  const { outputFiles, warnings } = await build({
    entryPoints: [new URL("any_runtime_try.ts", import.meta.url).pathname],
    bundle: true,
    write: false,
    platform: "browser",
    format: "iife",
    globalName: "tryOut",
    target: "es2022",
    logLevel: "silent",
  });
  assert.deepEqual(warnings, []);
  return outputFiles[0].text;
}

/** The web standards that every runtime has; a new context brings the language itself. */
function webGlobals(): Record<string, unknown> {
  return {
    Request,
    Response,
    Headers,
    URL,
    URLSearchParams,
    TextDecoder,
    TextEncoder,
    ReadableStream,
    Blob,
    File,
    FormData,
    AbortController,
    AbortSignal,
    DOMException,
    performance,
    crypto,
    fetch,
    // Without the objects that Node makes: in a browser, a timer is a number.
    setTimeout: (run: () => void, ms: number) => Number(setTimeout(run, ms)),
    clearTimeout: (id: number) => clearTimeout(id),
    console: undefined,
  };
}
