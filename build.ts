/*
 * Builds the npm package into dist/, by what package.json exports:
 *
 *     npm run build
 *
 * dist/source/   the TypeScript files, their examples importing from "telehook" as npm users do
 * dist/**.js     an entry point each, and chunks that they share: an import loads a few files instead of a hundred
 * dist/**.d.ts   a file for each module
 *
 * The maps beside them lead debuggers and "go to definition" to dist/source.
 *
 * A new entry point needs one line in the exports of package.json, and one each in the exports and imports of
 * deno.json, which a test compares.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type * as Esbuild from "esbuild";

const ROOT = fileURLToPath(new URL(".", import.meta.url));
const DIST = join(ROOT, "dist");
const SOURCE = join(DIST, "source");

/** The esbuild that tsx depends on: the build needs no development dependency of its own for it. */
const require = createRequire(import.meta.url);
const esbuild: typeof Esbuild = createRequire(require.resolve("tsx/package.json"))("esbuild");

interface Package {
  readonly repository: { readonly url: string };
  readonly engines: { readonly node: string };
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, { readonly default: string }>>;
}

/** Copies the sources. In the examples of doc comments, the name on JSR becomes the name on npm. */
function copySources(): void {
  cpSync(join(ROOT, "mod.ts"), join(SOURCE, "mod.ts"));
  cpSync(join(ROOT, "src"), join(SOURCE, "src"), { recursive: true });
  for (const path of sources()) {
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(/^( *\*.* (?:from|import) ")@telehook\/telehook/gm, "$1telehook"));
  }
}

/** The TypeScript file of a file in dist/. */
function sourceOf(built: string): string {
  return join(SOURCE, built.replace(/^\.\/dist\//, "").replace(/\.js$/, ".ts"));
}

/** The TypeScript files in dist/source. */
function sources(): string[] {
  return readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"))
    .map((name) => join(SOURCE, name));
}

/**
 * Lets every module that is loaded by itself, as an entry point or on first use, import mod.ts too. esbuild makes a chunk for
 * each set of such modules that need the same: an import of the main entry point would load twenty files, and now loads two.
 */
function withMain(entryPoints: readonly string[]): Esbuild.Plugin {
  const main = join(SOURCE, "mod.ts");
  const loadedAlone = new Set(entryPoints);
  for (const path of sources()) {
    for (const [, target = ""] of readFileSync(path, "utf8").matchAll(/\bimport\("(\.[^"]+)"\)/g)) {
      loadedAlone.add(join(dirname(path), target));
    }
  }
  loadedAlone.delete(main);
  return {
    name: "with-main",
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^main$/ }, () => ({ path: main }));
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (!loadedAlone.has(path)) return undefined;
        return {
          contents: `import "main"; ${readFileSync(path, "utf8")}`,
          loader: "ts",
          resolveDir: dirname(path),
        };
      });
    },
  };
}

/** Bundles entry points. Those of one call share chunks, so that each class exists once. */
async function bundle(
  entryPoints: readonly string[],
  chunks: string,
  target: string,
  plugins: Esbuild.Plugin[] = [],
): Promise<void> {
  const { outputFiles, metafile } = await esbuild.build({
    entryPoints: [...entryPoints],
    plugins,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "neutral",
    target,
    external: ["node:*"],
    outbase: SOURCE,
    outdir: DIST,
    chunkNames: `${chunks}/[name]-[hash]`,
    sourcemap: "linked",
    sourcesContent: false, // they are in dist/source
    write: false,
    metafile: true,
    absWorkingDir: ROOT,
    logLevel: "warning",
  });
  const names = chunkNames(metafile);
  const renamed = (text: string) => {
    for (const [hashed, name] of names) text = text.replaceAll(hashed, name);
    return text;
  };
  for (const { path, text } of outputFiles) {
    const target = renamed(path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, renamed(text));
  }
}

/**
 * A name for each chunk in place of one with a hash, which would change with every version: "lazy" and the module that
 * it is loaded for on first use, or else the largest module in it.
 */
function chunkNames({ outputs }: Esbuild.Metafile): Map<string, string> {
  const names = new Map<string, string>();
  for (const [path, { inputs, entryPoint }] of Object.entries(outputs)) {
    const [, hashed] = /\/([\w-]+-[A-Z0-9]{8})\.js$/.exec(path) ?? [];
    if (hashed === undefined) continue;
    const [largest] = Object.entries(inputs).toSorted(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput);
    const module = (entryPoint ?? largest?.[0] ?? hashed).replace(/^dist\/source\/(src\/)?/, "").replace(
      /\.ts$/,
      "",
    );
    const name = (entryPoint === undefined ? "" : "lazy_") + module.replaceAll("/", "_");
    if ([...names.values()].includes(name)) throw new Error(`Two chunks would be named "${name}"`);
    names.set(hashed, name);
  }
  return names;
}

const { repository, engines, bin, exports }: Package = require("./package.json");
if (process.env.npm_command === "publish" && repository.url.includes("OWNER")) {
  throw new Error(
    'package.json still says "OWNER": put the owner of the repository in its place before you publish',
  );
}
rmSync(DIST, { recursive: true, force: true });
copySources();
const programs = Object.values(bin).map(sourceOf);
const modules = Object.values(exports).map((each) => sourceOf(each.default)).filter((each) =>
  !programs.includes(each)
);
const target = engines.node.replace(">=", "node");
// By the package.json of the root, mod.ts has no side effects: an import for nothing but them would be left out.
const ownPackage = join(SOURCE, "package.json");
writeFileSync(ownPackage, "{}");
await bundle(modules, "chunks", target, [withMain(modules)]);
rmSync(ownPackage);
await bundle(programs, "chunks/cli", target);
execFileSync(process.execPath, [require.resolve("typescript/bin/tsc"), "-p", "tsconfig.build.json"], {
  cwd: ROOT,
  stdio: "inherit",
});
