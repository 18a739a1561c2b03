/*
 * What receiving through telehook costs beside the bare server of the same runtime, over HTTP and HTTPS:
 *
 *     node --import tsx bench/http.ts [--rounds 5] [--ms 3000] [--runtimes node,deno,bun] [--schemes http,https]
 *                                     [--generator wrk|raw] [--peers]
 *
 * For each runtime found, alternating rounds of all servers; each server is a process on one core, and the load comes from
 * another process on another core: from `wrk` where it is installed, else from bench/load.ts. `--peers` installs other
 * frameworks from npm into a temporary folder and runs them in the same rounds.
 */
import { parseArgs } from "node:util";
import { selfSigned } from "../src/tls/mod.ts";
import { build } from "./build.ts";
import { onCore, PINNING } from "./child.ts";
import { CONNECTIONS, FIRST_ID } from "./deliveries.ts";
import { assertHandled, type ServerProcess, startServerProcess } from "./server_process.ts";
import { inTurns } from "./in_turns.ts";
import { type LoadGenerator, type Place, rawSockets, wrk } from "./load_generator.ts";
import { machine, median, medianRatio, table } from "./machine.ts";
import { installPeers, type Peers } from "./peers.ts";
import { findRuntimes, type Runtime } from "./runtimes.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    ms: { type: "string", default: "3000" },
    runtimes: { type: "string" },
    schemes: { type: "string", default: "http,https" },
    generator: { type: "string" },
    peers: { type: "boolean", default: false },
  },
});
const ROUNDS = Number(values.rounds);
const MS = Number(values.ms);
const WARM_UP_MS = 2_000;
const onOtherCore: Place = (command) => onCore(1, command);
/** A process that used less of the time than this was not what held the others back. */
const BUSY = 0.9;

interface Round {
  readonly perSecond: number;
  readonly cpuUs: number;
  readonly busy: number;
  readonly loadBusy: number;
  readonly p50: number;
  readonly p99: number;
}

/** One server over all rounds. */
class Contestant {
  readonly name: string;
  readonly rounds: Round[] = [];
  readonly #server: ServerProcess;
  readonly #url: string;
  #nextId = FIRST_ID;
  #answers = 0;

  constructor(name: string, server: ServerProcess, scheme: string) {
    this.name = name;
    this.#server = server;
    this.#url = `${scheme}://127.0.0.1:${server.port}/hook`;
  }

  async load(generator: LoadGenerator, ms: number): Promise<Round> {
    const before = await this.#server.state();
    const load = await generator.send(this.#url, this.#nextId, ms);
    const after = await this.#server.state();
    this.#nextId = load.nextId;
    this.#answers += load.answers;
    const cpuMs = after.cpuMs - before.cpuMs;
    return {
      perSecond: load.answers / load.seconds,
      cpuUs: cpuMs * 1_000 / (after.seen - before.seen),
      busy: cpuMs / 1_000 / load.seconds,
      loadBusy: load.cpuMs / 1_000 / load.seconds,
      p50: load.p50,
      p99: load.p99,
    };
  }

  /** That every update was handled, and once. */
  assertWorks(): Promise<void> {
    return assertHandled(this.#server, this.#answers, this.#nextId - FIRST_ID);
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}

async function measure(
  runtime: Runtime,
  scheme: string,
  commands: ReadonlyMap<string, readonly string[]>,
  generator: LoadGenerator,
): Promise<string[][]> {
  const contestants: Contestant[] = [];
  try {
    for (const [name, script] of commands) {
      const command = onCore(0, [...runtime.command, ...script]);
      const server = await startServerProcess(command, scheme === "https" ? TLS : {});
      contestants.push(new Contestant(name, server, scheme));
    }
    for (const each of contestants) await each.load(generator, WARM_UP_MS);
    for (const each of contestants) await each.assertWorks();
    await inTurns(contestants, ROUNDS, async (each) => {
      each.rounds.push(await each.load(generator, MS));
    });
    for (const each of contestants) await each.assertWorks();
  } finally {
    await Promise.all(contestants.map((each) => each.stop()));
  }

  const [floor] = contestants;
  return contestants.map(({ name, rounds }) => {
    const all = (field: keyof Round) => rounds.map((each) => each[field]);
    const ratio = (field: keyof Round) =>
      medianRatio(all(field), floor?.rounds.map((each) => each[field]) ?? []).toFixed(2);
    const [busy, loadBusy] = [median(all("busy")), median(all("loadBusy"))];
    const doubt = busy >= BUSY ? "" : loadBusy >= BUSY ? " (1)" : " (2)";
    return [
      runtime.name,
      scheme,
      name,
      median(all("perSecond")).toFixed(0),
      ratio("perSecond"),
      median(all("cpuUs")).toFixed(1),
      ratio("cpuUs"),
      median(all("p50")).toFixed(2),
      median(all("p99")).toFixed(2),
      ratio("p99"),
      `${(busy * 100).toFixed(0)} / ${(loadBusy * 100).toFixed(0)} %${doubt}`,
    ];
  });
}

const head = machine();
const { cert, key } = await selfSigned({ host: "127.0.0.1" });
const TLS = { BENCH_CERT: cert, BENCH_KEY: key };
const built = build();
let peers: Peers | undefined;
const rows = [[
  "runtime",
  "scheme",
  "server",
  "updates/s",
  "ratio",
  "CPU µs/update",
  "CPU ratio",
  "p50 ms",
  "p99 ms",
  "p99 ratio",
  "server / load busy",
]];
try {
  const generator = (values.generator === "raw" ? undefined : wrk(built, onOtherCore)) ??
    rawSockets(built, onOtherCore);
  console.log(
    `${head}\n${generator.name}, ${PINNING}; ${CONNECTIONS} keep-alive connections, 613-byte text updates, ` +
      `medians of ${ROUNDS} alternating rounds of ${MS} ms`,
  );
  if (values.peers) peers = installPeers();
  for (const runtime of findRuntimes(values.runtimes?.split(","))) {
    for (const scheme of values.schemes.split(",")) {
      const commands = new Map([
        ["bare", [built.file("bench/http_bare.ts")]],
        ...runtime.isNode
          ? []
          : [["the same checks by hand", [built.file("bench/http_bare.ts"), "--checks"]] as const],
        ["telehook", [built.file("bench/http_telehook.ts")]],
        // How others serve HTTPS is a proxy's affair, or the same server of the runtime.
        ...scheme === "http" ? peers?.serversFor(runtime) ?? [] : [],
      ]);
      rows.push(...await measure(runtime, scheme, commands, generator));
    }
  }
} finally {
  built.remove();
  peers?.remove();
}
console.log(`\n${table(rows)}`);
const footnotes = [
  "(1) The load generator was at its limit before the server was: updates/s are a lower bound.",
  "(2) Something else kept the server or the generator from its core: measure again on a quiet machine.",
].filter((_, i) => rows.some((row) => row.at(-1)?.endsWith(`(${i + 1})`)));
if (footnotes.length > 0) {
  console.log(
    `\n${footnotes.join("\n")}\nCPU µs/update suffers less, by cold caches only.`,
  );
}
