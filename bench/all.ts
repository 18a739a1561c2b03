/*
 * Runs every bench and writes what they print to bench/RESULTS.md:
 *
 *     node --import tsx bench/all.ts [--only in_process,albums] [-- <more options of these benches>]
 *
 * A section that is not run again stays as it is, with its own date and machine. It takes about an hour on two cores.
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { run } from "./child.ts";

const SOAK_OF_SERVERS = [
  ...["bench/soak.ts", "--store", "redis,postgres", "--updates", "100000"],
  ...["--store-faults", "200", "--restart-every", "8000"],
];

/** Each section, with the command that produces it. */
const BENCHES: Readonly<Record<string, readonly string[]>> = {
  in_process: ["bench/in_process.ts"],
  http: ["bench/http.ts", "--peers", "--schemes", "http"],
  albums: ["bench/albums.ts"],
  streams: ["bench/streams.ts"],
  cold_start: ["bench/cold_start.ts"],
  size: ["bench/size.ts"],
  keystore: ["bench/keystore.ts"],
  bot_host: ["bench/bot_host.ts"],
  stores: ["bench/stores.ts"],
  scale_out: ["bench/scale_out.ts"],
  soak: ["bench/soak.ts", "--store", "sqlite"],
  soak_node24: [...SOAK_OF_SERVERS, "--runtime", "node24"],
  soak_deno: [...SOAK_OF_SERVERS, "--runtime", "deno"],
  soak_bun: [...SOAK_OF_SERVERS, "--runtime", "bun"],
  outage: ["bench/outage.ts"],
  attack: ["bench/attack.ts"],
};

const FILE = new URL("RESULTS.md", import.meta.url);
const HEAD = `# Results

Written by \`node --import tsx bench/all.ts\`. Each section names its command, its date and its machine. Compare ratios and
processor time per update, and only within a section: machines differ, and have neighbors.
`;

const { values, positionals } = parseArgs({ options: { only: { type: "string" } }, allowPositionals: true });
const only = values.only?.split(",") ?? Object.keys(BENCHES);
for (const name of only) {
  const [script = "", ...args] = BENCHES[name] ?? [];
  if (!existsSync(fileURLToPath(new URL(`../${script}`, import.meta.url)))) {
    throw new Error(`There is no bench "${name}"`);
  }
  console.log(`${name} …`);
  const command = ["--import", "tsx", script, ...args, ...positionals];
  const printed = await run([process.execPath, ...command]);
  const date = new Date().toISOString().slice(0, 10);
  writeSection(name, `\`node ${command.join(" ")}\`, ${date}\n\n${printed.trim()}`);
}

/** Replaces a section, or adds it at the end. */
function writeSection(name: string, text: string): void {
  const before = existsSync(FILE) ? readFileSync(FILE, "utf8") : HEAD;
  const sections = new Map<string, string>();
  for (const part of before.split(/^## /m).slice(1)) {
    const end = part.indexOf("\n");
    sections.set(part.slice(0, end), part.slice(end + 1).trim());
  }
  sections.set(name, text);
  const written = [...sections].map(([title, body]) => `## ${title}\n\n${body}\n`);
  writeFileSync(FILE, `${HEAD}\n${written.join("\n")}`);
  spawnSync("deno", ["fmt", "--quiet", fileURLToPath(FILE)]); // as every file here, where there is Deno
}
