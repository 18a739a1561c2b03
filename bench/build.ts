import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The library and the benches as JavaScript, a file for each module, of the same language level as the npm package. */
export interface Build {
  /** A file of it, by its place in the repository, such as `"bench/http.ts"`. */
  file(source: string): string;
  remove(): void;
}

/**
 * Compiles into a temporary folder. What is measured must not run through a loader: tsx gives every inner function its
 * name by a call (`keepNames`), once for each delivery.
 */
export function build(): Build {
  const folder = mkdtempSync(join(tmpdir(), "telehook-bench-"));
  const settings = {
    extends: join(ROOT, "tsconfig.json"),
    compilerOptions: {
      rootDir: ROOT,
      outDir: folder,
      noEmit: false,
      noCheck: true,
      typeRoots: [join(ROOT, "node_modules/@types")],
    },
    include: ["mod.ts", "src", "bench"].map((each) => join(ROOT, each)),
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings));
  execFileSync("node", [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", folder], { stdio: "inherit" });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  return {
    file: (source) => join(folder, source.replace(/\.ts$/, ".js")),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
