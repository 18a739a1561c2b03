/*
 * How soon a webhook answers after its process was started, beside the bare server of the same runtime, and what of that is
 * importing telehook:
 *
 *     node --import tsx bench/cold_start.ts [--rounds 21] [--runtimes node,deno]
 *
 * Importing is what a program that starts with `import … from` gets later to its first line by than one that imports an empty
 * module. Measured is what users import: the npm package, which is built, packed and installed for it, and on Deno also
 * mod.ts, since JSR serves the sources. The first start, which may compile and fill caches, does not count.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "./build.ts";
import { onCore, run } from "./child.ts";
import { FIRST_ID, rawDelivery, textUpdate } from "./deliveries.ts";
import { startServerProcess } from "./server_process.ts";
import { machine, median, medianRatio, table } from "./machine.ts";
import { findRuntimes, type Runtime } from "./runtimes.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "21" }, runtimes: { type: "string" } },
});
const ROUNDS = Number(values.rounds);

/** Milliseconds from starting the process to the first 200, which is asserted. */
async function firstAnswer(command: readonly string[]): Promise<number> {
  const start = performance.now();
  const server = await startServerProcess(onCore(0, command));
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(server.port, "127.0.0.1", () => {
      socket.write(rawDelivery(server.port, textUpdate(FIRST_ID)));
    });
    socket.once("error", reject);
    socket.once("data", (data) => {
      socket.destroy();
      resolve(String(data));
    });
  });
  const ms = performance.now() - start;
  assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.equal((await server.state()).seen, 1);
  await server.stop();
  return ms;
}

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Installs the npm package where the built benches find it. */
function installPackage(folder: string): void {
  const npm = (...args: string[]) =>
    execFileSync("npm", ["--silent", ...args], { cwd: ROOT, encoding: "utf8" });
  const [tarball = ""] = npm("pack", "--pack-destination", folder).trim().split("\n").slice(-1);
  npm("install", "--offline", "--prefix", folder, join(folder, tarball));
}

/** The server of bench/http.ts, but of the installed package. */
function packageServer(): string {
  const code = readFileSync(built.file("bench/http_telehook.ts"), "utf8");
  assert.ok(code.includes('"../mod.js"'));
  const file = built.file("bench/http_package.ts");
  writeFileSync(file, code.replace('"../mod.js"', '"telehook"'));
  return file;
}

/** A program that imports a module as programs do, and says when it gets to its first line. */
function importer(name: string, specifier: string): string {
  const file = built.file(`import_${name}.js`);
  const code = `import { webhook } from ${JSON.stringify(specifier)};\n` +
    "const now = performance.now();\n" + // since the process was started
    'if (webhook === undefined) throw new Error("That is not telehook");\nconsole.log(now);\n';
  writeFileSync(file, code);
  return file;
}

/** Milliseconds from the start of a process to its program's first line. */
async function firstLine(runtime: Runtime, program: string): Promise<number> {
  return Number(await run(onCore(0, [...runtime.command, program])));
}

const head = machine();
const built = build();
const rows = [[
  "runtime",
  "bare, first answer ms",
  "telehook, first answer ms",
  "difference",
  "ratio",
  "import of the npm package ms",
  "import of mod.ts ms",
]];
try {
  writeFileSync(built.file("empty.js"), "export const webhook = 0;\n");
  installPackage(dirname(built.file("empty.js")));
  const server = packageServer();
  const programs = {
    nothing: importer("nothing", "./empty.js"),
    npm: importer("npm", "telehook"),
    sources: importer("sources", new URL("../mod.ts", import.meta.url).href),
  };
  for (const runtime of findRuntimes(values.runtimes?.split(","))) {
    const measures: Record<string, () => Promise<number>> = {
      bare: () => firstAnswer([...runtime.command, built.file("bench/http_bare.ts")]),
      telehook: () => firstAnswer([...runtime.command, server]),
      nothing: () => firstLine(runtime, programs.nothing),
      npm: () => firstLine(runtime, programs.npm),
      ...runtime.command[0] === "deno" && { sources: () => firstLine(runtime, programs.sources) },
    };
    const times = new Map<string, number[]>();
    for (let round = -1; round < ROUNDS; round++) {
      for (const [what, measure] of Object.entries(measures)) {
        const ms = await measure();
        if (round >= 0) times.set(what, [...times.get(what) ?? [], ms]);
      }
    }
    const of = (what: string) => times.get(what) ?? [];
    const ms = (numbers: readonly number[]) => numbers.length === 0 ? "–" : median(numbers).toFixed(1);
    const beyond = (what: string, floor: string) =>
      ms(of(what).map((each, i) => each - (of(floor)[i] ?? NaN)));
    rows.push([
      runtime.name,
      ms(of("bare")),
      ms(of("telehook")),
      beyond("telehook", "bare"),
      medianRatio(of("telehook"), of("bare")).toFixed(2),
      ...["npm", "sources"].map((each) => beyond(each, "nothing")),
    ]);
  }
} finally {
  built.remove();
}
console.log(`${head}\nmedians of ${ROUNDS} alternating starts, each on one core\n\n${table(rows)}`);
