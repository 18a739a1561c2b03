/*
 * What the stores do in a second, and what they add to an update, without an inbox:
 *
 *     node --import tsx bench/stores.ts [--stores memory,sqlite,redis,postgres] [--processes 1,3] [--runtime node24]
 *         [--stuck 0,10,1000,100000] [--ms 1000] [--rounds 5]
 *
 * Processes of a bot share a store, and 40 updates at a time are under way in each, in lanes that are free:
 *
 * - handled: one operation for each update, `add(…, "behind")`, which finds that nothing of its lane waits.
 * - received: two, `add(…, "claim")` and `complete(…, true)`.
 *
 * In the same rounds, a bare loop makes as many operations through the same client, each of which is a round trip: on Redis a
 * GET, or a SET and a DEL, on PostgreSQL a SELECT, or an INSERT and a DELETE, which are committed. The ratio is the median of
 * the rounds'. "Round trips" are those of the store for each update: what is asked for in one turn of the event loop goes to
 * the server together.
 *
 * Stuck lanes have an update that is claimed or retried in an hour. "p99 added" is the time of the call that adds. Core and MB
 * are for 1000 updates a second: shares of a core, and what is written to the disk.
 *
 * Redis writes to its file once a second (`appendfsync everysec`); PostgreSQL runs as it is installed, with `fsync`.
 */
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startPostgres } from "../tests/postgres/postgres_server.ts";
import { wirePool } from "../tests/postgres/wire_client.ts";
import { startRedis } from "../tests/redis/redis_server.ts";
import { respClient } from "../tests/redis/resp_client.ts";
import { start } from "./child.ts";
import { machine, median, medianRatio, table } from "./machine.ts";
import { runtimeCommand } from "./runtimes.ts";
import type { Measured, Order } from "./stores_measure.ts";

const { values } = parseArgs({
  options: {
    stores: { type: "string", default: "memory,sqlite,redis,postgres" },
    processes: { type: "string", default: "1,3" },
    stuck: { type: "string", default: "0,10,1000,100000" },
    ms: { type: "string", default: "1000" },
    rounds: { type: "string", default: "5" },
    runtime: { type: "string", default: "node24" },
  },
});
const numbers = (text: string) => text.split(",").map(Number);

/** What a server has used until now. */
interface Used {
  readonly cpuMs: number;
  readonly bytes: number;
}

/** A store's server, or its file. */
interface Place {
  readonly address: string;
  used(): Promise<Used>;
  end(): Promise<void>;
}

const TICKS = 100; // a second has so many in /proc, on Linux

/** The processor time of a process and its children. */
function cpuMsOf(pid: number): number {
  let ticks = 0;
  for (const each of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = readFileSync(`/proc/${each}/stat`, "utf8").replace(/^.*\) /s, "").split(" ").map(Number);
      if (Number(each) === pid || fields[1] === pid) ticks += (fields[11] ?? 0) + (fields[12] ?? 0);
    } catch {
      // It has ended meanwhile.
    }
  }
  return ticks / TICKS * 1_000;
}

async function placeOf(store: string): Promise<Place> {
  if (store === "redis") {
    const server = await startRedis();
    const client = respClient(server.url);
    return {
      address: server.url,
      async used() {
        const info = String(await client.send("INFO", ["all"]));
        const of = (name: string) => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1] ?? 0);
        return { cpuMs: (of("used_cpu_user") + of("used_cpu_sys")) * 1_000, bytes: of("aof_current_size") };
      },
      end: () => server.kill(),
    };
  }
  if (store === "postgres") {
    const server = await startPostgres("fsync=on");
    const pool = wirePool(server.url, 1);
    const ask = async (text: string) => String((await pool.query(`select ${text} as it`)).rows[0]?.["it"]);
    const pid = parseInt(await ask("pg_read_file('postmaster.pid')"), 10);
    return {
      address: server.url,
      async used() {
        return { cpuMs: cpuMsOf(pid), bytes: Number(await ask("pg_current_wal_insert_lsn() - '0/0'")) };
      },
      end: () => server.kill(),
    };
  }
  const directory = mkdtempSync(join(tmpdir(), "telehook-bench-"));
  return {
    address: join(directory, "updates.db"),
    used: () => Promise.resolve({ cpuMs: 0, bytes: 0 }),
    end: () => Promise.resolve(rmSync(directory, { recursive: true })),
  };
}

/** A process of the bot. */
class Worker {
  readonly #child;
  readonly #lines;

  constructor(store: string, address: string, name: string, number: number) {
    const script = fileURLToPath(new URL("stores_measure.ts", import.meta.url));
    this.#child = start([...runtimeCommand(values.runtime), script, store, address, name, String(number)]);
    if (this.#child.stdout === null) throw new TypeError("There is nothing to listen to");
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async do(order: Order): Promise<Measured> {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
    const { done, value } = await this.#lines.next();
    if (done) throw new Error("A process of the bench has ended");
    return JSON.parse(String(value));
  }

  async end(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.stdin?.end();
    await ended;
  }
}

const perSecond = (value: number) => Math.round(value).toLocaleString("en");
const rows = [[
  ...["store", "processes", "acknowledge", "stuck lanes", "updates/s", "operations/s", "p99 added ms"],
  ...[
    "bare loop/s",
    "ratio",
    "round trips",
    "core: processes",
    "core: server",
    "MB written",
    "event loop stood ms",
  ],
]];
const memoryRows = [["store", "processes", "stuck lanes", "MiB of a process"]];
const ms = Number(values.ms);

/** A cell of the table: a store as so many processes use it, beside so many stuck lanes. */
async function measure(
  store: string,
  place: Place,
  workers: readonly Worker[],
  stuck: number,
): Promise<void> {
  const together = async (order: Order) => {
    const all = await Promise.all(workers.map((worker) => worker.do(order)));
    return {
      perSecond: all.reduce((sum, each) => sum + each.count / each.seconds, 0),
      count: all.reduce((sum, each) => sum + each.count, 0),
      p99Ms: Math.max(...all.map((each) => each.p99Ms)),
      blockMs: Math.max(...all.map((each) => each.blockMs)),
      cpuMs: all.reduce((sum, each) => sum + each.cpuMs, 0),
      trips: all.reduce((sum, each) => sum + each.trips, 0),
      rssMiB: Math.max(...all.map((each) => each.rssMiB)),
    };
  };
  const hasBare = store === "redis" || store === "postgres";
  for (const what of ["handled", "received"] as const) {
    await together({ what, ms: ms / 2 });
    if (hasBare) await together({ what: `bare ${what}`, ms: ms / 2 });
    const own: Awaited<ReturnType<typeof together>>[] = [];
    const bare: number[] = [];
    const server: Used = { cpuMs: 0, bytes: 0 };
    const used = { ...server };
    for (let round = 0; round < Number(values.rounds); round++) {
      const doOwn = async () => {
        const before = await place.used();
        own.push(await together({ what, ms }));
        const after = await place.used();
        used.cpuMs += after.cpuMs - before.cpuMs;
        used.bytes += Math.max(0, after.bytes - before.bytes); // Redis writes its file anew now and then
      };
      if (round % 2 === 0) await doOwn();
      if (hasBare) bare.push((await together({ what: `bare ${what}`, ms })).perSecond);
      if (round % 2 === 1) await doOwn();
    }
    const count = own.reduce((sum, each) => sum + each.count, 0);
    const rate = median(own.map((each) => each.perSecond));
    const cpuMs = own.reduce((sum, each) => sum + each.cpuMs, 0);
    rows.push([
      ...[store, String(workers.length), what, stuck.toLocaleString("en"), perSecond(rate)],
      ...[perSecond(rate * (what === "handled" ? 1 : 2)), median(own.map((each) => each.p99Ms)).toFixed(2)],
      ...(hasBare
        ? [
          perSecond(median(bare)),
          medianRatio(own.map((each) => each.perSecond), bare).toFixed(2),
          (own.reduce((sum, each) => sum + each.trips, 0) / count).toFixed(2),
        ]
        : ["", "", ""]),
      (cpuMs / count).toFixed(3),
      ...(hasBare ? [(used.cpuMs / count).toFixed(3), (used.bytes / count / 1_000).toFixed(2)] : ["", ""]),
      Math.max(...own.map((each) => each.blockMs)).toFixed(0),
    ]);
    console.error(rows.at(-1)?.join(" | "));
    if (what === "received") {
      const rssMiB = Math.max(...own.map((each) => each.rssMiB));
      memoryRows.push([store, String(workers.length), stuck.toLocaleString("en"), rssMiB.toFixed(0)]);
    }
  }
}

for (const store of values.stores.split(",")) {
  for (const processes of store === "memory" ? [1] : numbers(values.processes)) {
    const place = await placeOf(store);
    const workers = Array.from({ length: processes }, (_, i) => new Worker(store, place.address, "bench", i));
    try {
      let filled = 0;
      for (const stuck of numbers(values.stuck)) {
        await workers[0]?.do({ what: "fill", from: filled, to: stuck });
        filled = stuck;
        await measure(store, place, workers, stuck);
      }
    } finally {
      await Promise.all(workers.map((worker) => worker.end()));
      await place.end();
    }
  }
}
console.log(`${machine()}, ${values.runtime}\n\n${table(rows)}\n\n${table(memoryRows)}`);
process.exit();
