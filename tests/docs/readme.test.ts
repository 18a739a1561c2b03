import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { it } from "node:test";
import type TypeScript from "typescript";

/*
 * Every TypeScript block of the README type-checks, those too that are not executed because they listen on a fixed port
 * or need a bot. (`deno test --doc README.md`, part of .ci/run, executes the others.)
 */
const root = new URL("../../", import.meta.url);
const ts: typeof TypeScript = createRequire(import.meta.url)("typescript");

// The two runtimes' globals that the blocks use, since their types are not installed.
const GLOBALS = `
declare const Deno: { serve(options: object, handler: (request: Request, info: unknown) => Promise<Response>): unknown };
declare const Bun: { serve(options: { fetch: (request: Request, server: unknown) => Promise<Response>; port: number; idleTimeout: number }): unknown };
`;

const PATHS: Record<string, string> = {
  "telehook": "mod.ts",
  "telehook/node": "src/serve/node.ts",
  "telehook/lambda": "src/serve/lambda.ts",
  "telehook/tls": "src/tls/mod.ts",
  "telehook/testing": "src/testing/mod.ts",
};

function blocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```ts[^\n]*\n([\s\S]*?)^```$/gm)].map(([, code]) => code ?? "");
}

function problemsIn(sources: ReadonlyMap<string, string>): string[] {
  const path = (name: string) => fileURLToPath(new URL(name, root));
  const options: TypeScript.CompilerOptions = {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ["lib.esnext.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
    types: ["node"],
    typeRoots: [path("node_modules/@types")],
    skipLibCheck: true,
    allowImportingTsExtensions: true,
  };
  const files = new Map([...sources].map(([name, text]) => [path(name), text]));
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (name) => files.has(name) || fileExists(name);
  host.readFile = (name) => files.get(name) ?? readFile(name);
  host.getSourceFile = (name, target) => {
    const text = host.readFile(name);
    return text === undefined ? undefined : ts.createSourceFile(name, text, target);
  };
  host.resolveModuleNameLiterals = (literals, from) =>
    literals.map(({ text }) => {
      const own = PATHS[text];
      if (own === undefined) return ts.resolveModuleName(text, from, options, host);
      return { resolvedModule: { resolvedFileName: path(own), extension: ".ts" } };
    });
  const program = ts.createProgram([...files.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    return `${file?.fileName}:${line} ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
  });
}

function asModules(codes: readonly string[]): Map<string, string> {
  const modules = new Map(codes.map((code, i) => [`readme_block_${i + 1}.mts`, `${code}\nexport {};\n`]));
  return modules.set("readme_globals.d.ts", GLOBALS);
}

it("every TypeScript block of the README type-checks", { timeout: 60_000 }, () => {
  const codes = blocks(readFileSync(new URL("README.md", root), "utf8"));
  assert.ok(codes.length >= 10);
  assert.deepEqual(problemsIn(asModules(codes)), []);
  // And the check can fail:
  const wrong = 'import { listen } from "telehook";\nawait listen(() => {}, { secretToken: 5 });';
  assert.match(problemsIn(asModules([wrong])).join(), /readme_block_1\.mts:2 .*number/);
});

it("every option is in the README's table", async () => {
  const { WEBHOOK_OPTION_NAMES } = await import("../../src/webhook.ts");
  const { SERVE_OPTION_NAMES } = await import("../../src/serve/server.ts");
  const readme = readFileSync(new URL("README.md", root), "utf8");
  const table = readme.slice(readme.indexOf("## Options"), readme.indexOf("## Testing"));
  for (const name of Object.keys({ ...WEBHOOK_OPTION_NAMES, ...SERVE_OPTION_NAMES })) {
    assert.ok(table.includes(`\`${name}\``), name);
  }
});
