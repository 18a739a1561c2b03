/*
 * One process of bench/stores.ts: uses a store as it is told, line by line, and answers what it has measured.
 *
 *     stores_measure.ts <store> <address> <name> <number of the process>
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { type Batch, type InboxStore, sqliteStore, type StoreEntry } from "../mod.ts";
import { MemoryStore } from "../src/store/memory/memory_store.ts";
import { postgresStore } from "../src/store/postgres/mod.ts";
import { redisStore } from "../src/store/redis/mod.ts";
import { listeningPool } from "../tests/postgres/wire_client.ts";
import { respClient } from "../tests/redis/resp_client.ts";

/** What a process is told. */
export type Order =
  | { readonly what: "fill"; readonly from: number; readonly to: number }
  | { readonly what: "handled" | "received" | "bare handled" | "bare received"; readonly ms: number };

/** What it answers. */
export interface Measured {
  /** Updates. */
  readonly count: number;
  readonly seconds: number;
  readonly p99Ms: number;
  /** How long the event loop stood still at most. */
  readonly blockMs: number;
  readonly cpuMs: number;
  /** Round trips to the server. */
  readonly trips: number;
  readonly rssMiB: number;
}

const AT_A_TIME = 40;
const CONNECTIONS = 8;
const LANES = 9_973;

const [kind = "", address = "", name = "", number = ""] = process.argv.slice(2);
let lastId = Number(number) * 1e9;
let trips = 0;

/** The same call, counted. */
function counted<A extends unknown[], T>(call: (...args: A) => T): (...args: A) => T {
  return (...args) => {
    trips++;
    return call(...args);
  };
}

/** What is measured: a store, and what a bare loop does through its client. */
interface Subject {
  readonly store: InboxStore;
  read(id: number): Promise<unknown>;
  write(id: number, json: string): Promise<unknown>;
  remove(id: number): Promise<unknown>;
}

async function subject(): Promise<Subject> {
  const none = () => Promise.reject(new Error("There is no client"));
  if (kind === "redis") {
    const [{ send }, { subscribe }] = [respClient(address), respClient(address)];
    return {
      store: redisStore(counted(send), { name, subscriber: subscribe }),
      read: (id) => send("GET", [`bare:${id}`]),
      write: (id, json) => send("SET", [`bare:${id}`, json]),
      remove: (id) => send("DEL", [`bare:${id}`]),
    };
  }
  if (kind === "postgres") {
    const pool = listeningPool(address, CONNECTIONS);
    pool.query = counted(pool.query);
    await pool.query("select pg_advisory_lock(1)", []);
    await pool.query("create table if not exists bare (id bigint primary key, json text not null)");
    await pool.query("select pg_advisory_unlock_all()");
    return {
      store: postgresStore(pool, { name }),
      read: (id) => pool.query("select json as line from bare where id = $1::bigint", [String(id)]),
      write: (id, json) => pool.query("insert into bare values ($1::bigint, $2::text)", [String(id), json]),
      remove: (id) => pool.query("delete from bare where id = $1::bigint", [String(id)]),
    };
  }
  const store = kind === "memory" ? new MemoryStore() : sqliteStore(address);
  return { store, read: none, write: none, remove: none };
}

const { store, read, write, remove } = await subject();
await store.open({ wake: () => {}, lost: () => {}, failed: (error) => console.error(error) });

function entry(lane: number | string): StoreEntry {
  const id = ++lastId;
  const chat = { id: 42, type: "private" } as const;
  const text = "A message of a usual length, as people write them to bots.";
  const update = { update_id: id, message: { message_id: id, date: 1_700_000_000, chat, text } };
  const json = JSON.stringify(update);
  return {
    ...{ update, json, lane, chars: json.length },
    ...{ tries: { attempts: 0, failures: 0 }, album: undefined, reservedMs: 0 },
  };
}

/** Lanes that this process has for itself, and that are free most of the time. */
function free(): StoreEntry {
  return entry(Number(number) * LANES + (lastId * 7_919) % LANES);
}

async function completeAll(first: Batch): Promise<number> {
  let count = 0;
  for (let batch: Batch | undefined = first; batch !== undefined; count++) {
    const done: Batch | undefined | Promise<Batch | undefined> = store.complete(batch, true);
    batch = await done;
  }
  return count;
}

/** One update. @returns How many were handled, and in how many milliseconds it was added. */
const ONE: Readonly<Record<string, () => Promise<{ count: number; ms: number }>>> = {
  async handled() {
    const update = free();
    const began = performance.now();
    const added = store.add(update, "behind");
    if (added instanceof Promise) await added;
    return { count: 1, ms: performance.now() - began };
  },
  async received() {
    const update = free();
    const began = performance.now();
    const added = await store.add(update, "claim");
    const ms = performance.now() - began;
    return { count: typeof added === "object" ? await completeAll(added) : 0, ms };
  },
  async "bare handled"() {
    const { json, update: { update_id } } = free();
    const began = performance.now();
    await read(update_id + (json?.length ?? 0));
    return { count: 1, ms: performance.now() - began };
  },
  async "bare received"() {
    const { json, update: { update_id } } = free();
    const began = performance.now();
    await write(update_id, json ?? "");
    const ms = performance.now() - began;
    await remove(update_id);
    return { count: 1, ms };
  },
};

async function measure(what: string, ms: number): Promise<Measured> {
  const one = ONE[what];
  if (one === undefined) throw new Error(`There is nothing to measure that is named ${what}`);
  const times: number[] = [];
  let count = 0;
  let blockMs = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    blockMs = Math.max(blockMs, now - last);
    last = now;
  }, 1);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const cpu = process.cpuUsage();
  const tripsBefore = trips;
  const began = performance.now();
  const loop = async () => {
    for (let i = 1; performance.now() - began < ms; i++) {
      const did = await one();
      count += did.count;
      times.push(did.ms);
      if (i % 64 === 0) await new Promise((resolve) => setImmediate(resolve)); // a store in memory never waits
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, loop));
  if (what === "received") {
    for (let left = await store.claim(64, 0); left.length > 0; left = await store.claim(64, 0)) {
      for (const batch of left) count += await completeAll(batch);
    }
  }
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(timer);
  times.sort((a, b) => a - b);
  return {
    ...{ count, seconds, blockMs, p99Ms: times[Math.floor(times.length * 0.99)] ?? NaN },
    ...{
      trips: trips - tripsBefore,
      cpuMs: (user + system) / 1_000,
      rssMiB: process.memoryUsage().rss / 2 ** 20,
    },
  };
}

/** Half of them are claimed, and half are retried in an hour. */
async function fill(from: number, to: number): Promise<Measured> {
  for (let lane = from; lane < to; lane += 500) {
    await Promise.all(Array.from({ length: Math.min(500, to - lane) }, async (_, i) => {
      const added = await store.add(entry(`stuck ${lane + i}`), "claim");
      if (typeof added === "object" && i % 2 === 0) await store.retry(added, 3_600_000);
    }));
  }
  return { count: to - from, seconds: 0, p99Ms: 0, blockMs: 0, cpuMs: 0, trips: 0, rssMiB: 0 };
}

for await (const line of createInterface({ input: process.stdin })) {
  const order: Order = JSON.parse(line);
  const measured = order.what === "fill"
    ? await fill(order.from, order.to)
    : await measure(order.what, order.ms);
  console.log(JSON.stringify(measured));
}
process.exit();
