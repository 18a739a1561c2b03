/*
 * What `npm test` runs: every test, or those of some folders.
 *
 *     npm test
 *     npm test cli guard
 *
 * Each folder is one process instead of one for each file: starting a process and compiling the sources takes longer than
 * most files take to run. A file can still be run alone: `node --import tsx --test tests/cli/help.test.ts`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const TESTS = fileURLToPath(new URL(".", import.meta.url));

/** Many tests wait for a socket or a timer, so more processes than cores are useful, but not so many that these are late. */
const PROCESSES = 3;

/** Writes a module that imports every test of a folder. @returns Its path, or nothing if there are no tests. */
function writeModule(folder: string, directory: string): string | undefined {
  const files = readdirSync(join(TESTS, folder)).filter((name) => name.endsWith(".test.ts")).sort();
  if (files.length === 0) return undefined;
  const path = join(directory, `${folder}.test.mjs`);
  writeFileSync(
    path,
    files.map((name) => `import ${JSON.stringify(pathToFileURL(join(TESTS, folder, name)))};\n`).join(""),
  );
  return path;
}

const chosen = process.argv.slice(2);
const folders = readdirSync(TESTS, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((
  { name },
) => name);
const unknown = chosen.find((name) => !folders.includes(name));
if (unknown !== undefined) {
  console.error(`There is no folder tests/${unknown}: choose from ${folders.join(", ")}.`);
  process.exit(2);
}

const directory = mkdtempSync(join(tmpdir(), "telehook-tests-"));
try {
  const modules = (chosen.length > 0 ? chosen : folders).flatMap((folder) =>
    writeModule(folder, directory) ?? []
  );
  const options = ["--import", import.meta.resolve("tsx"), "--test", `--test-concurrency=${PROCESSES}`];
  process.exitCode = spawnSync(process.execPath, [...options, ...modules], { stdio: "inherit" }).status ?? 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
