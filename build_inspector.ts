/*
 * Bundles the page of the inspector, src/inspector/page/, into src/inspector/page_files.ts, which is checked in: so the
 * inspector works on every runtime and from every registry without a build. A test compares it.
 *
 *     npm run build:inspector
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type * as Esbuild from "esbuild";

const ROOT = fileURLToPath(new URL(".", import.meta.url));
const PAGE = join(ROOT, "src", "inspector", "page");

/** Where the result lies. */
export const PAGE_FILES: string = join(ROOT, "src", "inspector", "page_files.ts");

/** The esbuild that tsx depends on, as in build.ts. */
const require = createRequire(import.meta.url);
const esbuild: typeof Esbuild = createRequire(require.resolve("tsx/package.json"))("esbuild");

/** What the file has to contain. */
export function bundlePage(): string {
  const { outputFiles: [script] } = esbuild.buildSync({
    entryPoints: [join(PAGE, "main.ts")],
    bundle: true,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    write: false,
    absWorkingDir: ROOT,
  });
  const texts = {
    PAGE_HTML: readFileSync(join(PAGE, "page.html"), "utf8"),
    PAGE_STYLE: readFileSync(join(PAGE, "page.css"), "utf8"),
    PAGE_SCRIPT: script?.text ?? "",
  };
  const lines = Object.entries(texts).map(([name, text]) =>
    `export const ${name}: string = \`${text.replace(/[\\`]|\$\{/g, "\\$&")}\`;\n`
  );
  return `// Made by build_inspector.ts from the files in page/. Change those, and run: npm run build:inspector\n${
    lines.join("")
  }`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) writeFileSync(PAGE_FILES, bundlePage());
