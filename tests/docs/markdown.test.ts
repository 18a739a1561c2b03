import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { it } from "node:test";
import type TypeScript from "typescript";

/*
 * Every TypeScript block of the README and of docs/ type-checks, those too that are not executed because they listen on a
 * fixed port or need a bot. (`deno test --doc`, part of .ci/run, executes the others.) Every link leads to something.
 */
const root = new URL("../../", import.meta.url);
const ts: typeof TypeScript = createRequire(import.meta.url)("typescript");

// The two runtimes' globals that the blocks use, since their types are not installed.
const GLOBALS = `
declare const Deno: { serve(options: object, handler: (request: Request, info: unknown) => Promise<Response>): unknown };
declare const Bun: { serve(options: { fetch: (request: Request, server: unknown) => Promise<Response>; port: number; idleTimeout: number }): unknown };
`;

/** The entry points, by the names under which the npm package exports them. */
const PATHS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries<string>(JSON.parse(readFileSync(new URL("deno.json", root), "utf8")).exports)
    .map(([name, path]) => [`telehook${name.slice(1)}`, path]),
);

const read = (name: string) => readFileSync(new URL(name, root), "utf8");
const pages = readdirSync(new URL("docs/", root), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name.replaceAll("\\", "/")}`)
  .sort();

/**
 * Whether a block is a separate module. Left out are blocks that import other packages or files, whose types are not
 * there, and those without imports, which continue the text around them.
 */
function isComplete(code: string): boolean {
  const imported = [...code.matchAll(/\bfrom "([^"]+)"/g)].map(([, name = ""]) => name);
  return imported.length > 0 &&
    imported.every((name) => PATHS[name] !== undefined || name.startsWith("node:"));
}

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
  // Only the blocks: the sources are checked by `npm run check`.
  const problems = [...files.keys()].flatMap((name) => {
    const file = program.getSourceFile(name);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
  });
  return [...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics(), ...problems].map(
    ({ file, start, messageText }) => {
      const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
      return `${file?.fileName}:${line} ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
    },
  );
}

function asModules(codes: Iterable<readonly [name: string, code: string]>): Map<string, string> {
  const modules = [...codes].map(([name, code]) => [`${name}.mts`, `${code}\nexport {};\n`] as const);
  return new Map<string, string>(modules).set("markdown_globals.d.ts", GLOBALS);
}

it("every TypeScript block of the README and the documentation type-checks", { timeout: 60_000 }, () => {
  const codes = ["README.md", ...pages].flatMap((page) =>
    blocks(read(page))
      .map((code, i) => [`${page.replaceAll("/", "_")}_block_${i + 1}`, code] as const)
      .filter(([, code]) => isComplete(code))
  );
  assert.ok(codes.length >= 30, `${codes.length} blocks`);
  // One that does not, to see that the check can fail:
  const wrong = 'import { listen } from "telehook";\nawait listen(() => {}, { secretToken: 5 });';
  const problems = problemsIn(asModules([...codes, ["wrong_block", wrong]]));
  assert.match(problems.pop() ?? "", /wrong_block\.mts:2 .*number/);
  assert.deepEqual(problems, []);
});

it("every option is in docs/options.md, or on the page of what has it", async () => {
  const { WEBHOOK_OPTION_NAMES } = await import("../../src/webhook.ts");
  const { SERVE_OPTION_NAMES } = await import("../../src/serve/server.ts");
  const reference = read("docs/options.md");
  for (const name of Object.keys({ ...WEBHOOK_OPTION_NAMES, ...SERVE_OPTION_NAMES })) {
    assert.match(reference, new RegExp(`^\\|.*\`${name}\``, "m"), name);
  }
});

it("the README is a front door", () => {
  const lines = read("README.md").trimEnd().split("\n").length;
  assert.ok(lines <= 220, `${lines} lines`);
});

/** What the links of a page lead to, within the repository. */
function linksOf(page: string): string[] {
  const text = read(page).replace(/^```[\s\S]*?^```$/gm, "");
  const urls = [...text.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$/gm)].map(([, a, b]) => a ?? b ?? "");
  return urls.flatMap((url) => {
    const own = url.replace(
      /^https:\/\/(raw\.githubusercontent|github)\.com\/OWNER\/telehook\/(blob\/)?main\//,
      "/",
    );
    if (/^(https?|mailto):/.test(own)) return [];
    const { pathname, hash } = new URL(own, `file:///${page}`);
    return [pathname.slice(1) + hash];
  });
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-")
  );
}

it("every link leads to a file and a heading that are there", () => {
  const others = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "bench/README.md",
    "bench/RESULTS.md",
  ];
  const broken: string[] = [];
  for (const page of [...others, ...pages]) {
    for (const link of linksOf(page)) {
      const [path = "", anchor] = link.split("#");
      const isThere = existsSync(new URL(path, root));
      const isWrongAnchor = isThere && anchor !== undefined && !anchorsOf(read(path)).includes(anchor);
      if (!isThere || isWrongAnchor) broken.push(`${page}: ${link}`);
    }
  }
  assert.deepEqual(broken, []);
});
