import { spawnSync } from "node:child_process";

/** A runtime that this machine has, and how it is started. */
export interface Runtime {
  readonly name: string;
  readonly version: string;
  readonly isNode: boolean;
  /** The program and its own arguments; a script follows. */
  readonly command: readonly string[];
  /** The same, with `gc()` to be called between measurements and a young generation that holds a whole one. */
  readonly commandWithGc: readonly string[];
}

// 64 MiB: what one timed section leaves behind fits, so that no collection falls into it by chance.
const V8 = [
  "--expose-gc",
  "--min-semi-space-size=64",
  "--max-semi-space-size=64",
  "--max-old-space-size=8000",
];
const DENO = ["run", "-A", "--no-check", "--quiet"];

const CANDIDATES = [
  { program: "node", args: [], gc: V8 },
  { program: "node24", args: [], gc: V8 },
  { program: "deno", args: DENO, gc: [...DENO, `--v8-flags=${V8.join(",")}`] },
  { program: "bun", args: [], gc: ["--expose-gc"] },
] as const;

/** The runtimes on the `PATH`; some of them, if their names are given. */
export function findRuntimes(names?: readonly string[]): Runtime[] {
  const found: Runtime[] = [];
  for (const { program, args, gc } of CANDIDATES) {
    if (names !== undefined && !names.includes(program)) continue;
    const { status, stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
    if (status !== 0) continue;
    const isNode = program.startsWith("node");
    const version = /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? "unknown version";
    if (isNode && found.some((each) => each.isNode && each.version === version)) continue;
    found.push({
      name: `${isNode ? "Node" : program === "deno" ? "Deno" : "Bun"} ${version}`,
      version,
      isNode,
      command: [program, ...args],
      commandWithGc: [program, ...gc],
    });
  }
  return found;
}

/** How a runtime is started that runs TypeScript: by its name, `node24`, `deno`, `bun` or `node`, or by its command. */
export function runtimeCommand(name: string): readonly string[] {
  if (name === "node") return ["node", "--import", "tsx"];
  if (name === "deno") return ["deno", ...DENO];
  return name.split(" ");
}
