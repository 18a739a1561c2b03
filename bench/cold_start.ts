/*
 * How soon a webhook answers after its process was started, beside the bare server of the same runtime, and what of that is
 * importing `mod.ts`:
 *
 *     node --import tsx bench/cold_start.ts [--rounds 15] [--runtimes node,deno]
 *
 * Importing is what a program that starts with `import … from` gets later to its first line by than one that imports an empty
 * module. It is measured with the library as it is published to npm (`mod.js`: JavaScript, one file for each module), with
 * the same bundled into one file, and with the sources where a runtime takes TypeScript. The first start, which may compile
 * and fill caches, does not count.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { buildSync } from "esbuild";
import { build } from "./build.ts";
import { onCore, run } from "./child.ts";
import { FIRST_ID, rawDelivery, textUpdate } from "./deliveries.ts";
import { startServerProcess } from "./http_server_process.ts";
import { machine, median, medianRatio, table } from "./machine.ts";
import { findRuntimes, type Runtime } from "./runtimes.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "15" }, runtimes: { type: "string" } },
});
const ROUNDS = Number(values.rounds);

/** Milliseconds from starting the process to the first 200, which is asserted. */
async function firstAnswer(command: readonly string[]): Promise<number> {
  const start = performance.now();
  const server = await startServerProcess(command);
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

/** A program that imports a module as programs do, and says when it gets to its first line. */
function importer(name: string, module: string): string {
  const file = built.file(`import_${name}.js`);
  const code = `import { webhook } from ${JSON.stringify(pathToFileURL(module).href)};\n` +
    "const now = performance.now();\n" + // since the process was started
    'if (webhook === undefined) throw new Error("That is not telehook");\nconsole.log(now);\n';
  writeFileSync(file, code);
  return file;
}

/** Milliseconds from the start of a process to its program's first line. */
async function firstLine(runtime: Runtime, program: string): Promise<number> {
  return Number(await run(onCore(0, [...runtime.command, program])));
}

/** Node 20 takes no TypeScript. */
function takesTypeScript({ isNode, version }: Runtime): boolean {
  return !isNode || Number.parseFloat(version) >= 22.18;
}

const head = machine();
const built = build();
const sources = fileURLToPath(new URL("../mod.ts", import.meta.url));
const rows = [[
  "runtime",
  "bare, first answer ms",
  "telehook, first answer ms",
  "difference",
  "ratio",
  "import of mod.js ms",
  "of one file",
  "of mod.ts",
]];
try {
  const empty = built.file("empty.js");
  writeFileSync(empty, "export const webhook = 0;\n");
  const oneFile = built.file("one_file.js");
  const mod = built.file("mod.ts");
  buildSync({ entryPoints: [mod], outfile: oneFile, bundle: true, format: "esm", platform: "neutral" });
  const programs = {
    nothing: importer("nothing", empty),
    js: importer("js", mod),
    oneFile: importer("one_file", oneFile),
    ts: importer("ts", sources),
  };
  for (const runtime of findRuntimes(values.runtimes?.split(","))) {
    const measures: Record<string, () => Promise<number>> = {
      bare: () => firstAnswer([...runtime.command, built.file("bench/http_bare.ts")]),
      telehook: () => firstAnswer([...runtime.command, built.file("bench/http_telehook.ts")]),
      nothing: () => firstLine(runtime, programs.nothing),
      js: () => firstLine(runtime, programs.js),
      oneFile: () => firstLine(runtime, programs.oneFile),
      ...takesTypeScript(runtime) && { ts: () => firstLine(runtime, programs.ts) },
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
      ...["js", "oneFile", "ts"].map((each) => beyond(each, "nothing")),
    ]);
  }
} finally {
  built.remove();
}
console.log(`${head}\nmedians of ${ROUNDS} alternating starts, each on one core\n\n${table(rows)}`);
