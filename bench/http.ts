/*
 * What receiving through telehook costs beside the bare server of the same runtime, over HTTP:
 *
 *     node --import tsx bench/http.ts [--rounds 5] [--ms 2000]
 *
 * For each runtime found (node, deno, bun), alternating rounds of both; server and load in processes of their own.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { machine, median, table } from "./machine.ts";

const { values } = parseArgs({ options: { rounds: { type: "string" }, ms: { type: "string" } } });
const rounds = Number(values.rounds ?? 5);
const ms = Number(values.ms ?? 2_000);
const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const RUNTIMES: Record<string, readonly string[]> = {
  node: ["node", "--import", "tsx"],
  deno: ["deno", "run", "-A", "--no-check", "--quiet"],
  bun: ["bun"],
};

interface Result {
  readonly answers: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

async function startServer(command: readonly string[], kind: string) {
  const [program = "", ...args] = command;
  const child = spawn(program, [...args, path("http_server.ts"), kind], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const say = () =>
    new Promise<string>((resolve) => child.stdout.once("data", (data) => resolve(String(data))));
  const port = Number((await say()).split(" ")[1]);
  const seen = async () => {
    child.stdin.write("?\n");
    return Number((await say()).split(" ")[1]);
  };
  return { port, seen, stop: () => child.kill("SIGKILL") };
}

async function load(port: number, firstId: number, duration: number): Promise<Result> {
  const child = spawn("node", [
    "--import",
    "tsx",
    path("load.ts"),
    String(port),
    String(firstId),
    String(duration),
  ], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  for await (const chunk of child.stdout) text += chunk;
  return JSON.parse(text);
}

const rows = [["runtime", "server", "updates/s", "ratio", "p50 ms", "p99 ms", "p99 ratio"]];
for (const [name, command] of Object.entries(RUNTIMES)) {
  const version = spawnSync(command[0] ?? "", ["--version"], { encoding: "utf8" });
  if (version.status !== 0) continue;
  const servers = {
    bare: await startServer(command, "bare"),
    telehook: await startServer(command, "telehook"),
  };
  const results: Record<keyof typeof servers, Result[]> = { bare: [], telehook: [] };
  const sent = { bare: 0, telehook: 0 };
  for (let round = -1; round < rounds; round++) { // the first only warms up
    for (const kind of ["bare", "telehook"] as const) {
      const result = await load(servers[kind].port, sent[kind], round < 0 ? 1_000 : ms);
      sent[kind] += result.answers;
      if (round >= 0) results[kind].push(result);
    }
  }
  for (const kind of ["bare", "telehook"] as const) {
    assert.equal(await servers[kind].seen(), sent[kind], `${name} ${kind} has seen every update once`);
    servers[kind].stop();
  }
  const middle = (kind: keyof typeof servers, field: keyof Result) =>
    median(results[kind].map((each) => each[field]));
  const ratios = (field: keyof Result) =>
    median(results.telehook.map((each, i) => each[field] / (results.bare[i]?.[field] ?? NaN)));
  for (const kind of ["bare", "telehook"] as const) {
    rows.push([
      `${name} ${version.stdout.trim().split(/\s+/)[name === "deno" ? 1 : 0]}`,
      kind,
      middle(kind, "perSecond").toFixed(0),
      kind === "bare" ? "1.00" : ratios("perSecond").toFixed(2),
      middle(kind, "p50").toFixed(2),
      middle(kind, "p99").toFixed(2),
      kind === "bare" ? "1.00" : ratios("p99").toFixed(2),
    ]);
  }
}
console.log(
  `${machine()}\n${rounds} rounds of ${ms} ms, 40 keep-alive connections, 613 bytes\n\n${table(rows)}`,
);
