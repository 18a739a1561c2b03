/*
 * What the stores do in a second, without a network and without an inbox:
 *
 *     node --import tsx bench/stores.ts [--updates 20000] [--stuck 10,1000,100000] [--stores memory,sqlite]
 *
 * - ordinary: an update whose lane is empty, as `"handled"` asks for each (`add(…, "behind")`, which answers "alone").
 * - received: added, claimed and completed, 64 of them at a time, as with `acknowledge: "received"`.
 * - one by one: the same, but the next begins when the last one is done: the time of a call.
 * - backlog: all are added, then claimed eight at a time and completed, as after a start.
 * - and "received" once more beside lanes that are stuck: each has an update that is claimed or retried in an hour.
 *
 * Block is how long the event loop stood still at most, in "received" and "backlog".
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import type { Batch, InboxStore, StoreEntry } from "../mod.ts";
import { MemoryStore } from "../src/store/memory/memory_store.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite_store.ts";
import { machine, table } from "./machine.ts";

const { values } = parseArgs({
  options: {
    updates: { type: "string", default: "20000" },
    stuck: { type: "string", default: "10,1000,100000" },
    stores: { type: "string", default: "memory,sqlite" },
  },
});
const UPDATES = Number(values.updates);
const AT_A_TIME = 64;

const directory = mkdtempSync(join(tmpdir(), "telehook-bench-"));
let files = 0;

/** How to make each store. To measure another one, add it here. */
const STORES: Readonly<Record<string, () => InboxStore>> = {
  memory: () => new MemoryStore(),
  sqlite: () => sqliteStore(join(directory, `${++files}.db`)),
};

let lastId = 0;

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

async function opened(name: string): Promise<InboxStore> {
  const store = STORES[name]?.();
  if (store === undefined) throw new Error(`No store is named ${name}`);
  await store.open({ wake: () => {}, lost: () => {}, failed: (error) => console.error(error) });
  return store;
}

/** How many of something are done in a second, and how long the event loop stood still meanwhile. */
async function measure(
  count: number,
  work: () => Promise<void>,
): Promise<{ perSecond: number; blockMs: number }> {
  let blockMs = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    blockMs = Math.max(blockMs, now - last);
    last = now;
  }, 1);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const began = performance.now();
  await work();
  const perSecond = count / ((performance.now() - began) / 1_000);
  await new Promise((resolve) => setTimeout(resolve, 5));
  clearInterval(timer);
  return { perSecond, blockMs };
}

async function ordinary(store: InboxStore, entries: readonly StoreEntry[]): Promise<void> {
  for (const entry of entries) {
    const added = store.add(entry, "behind");
    if (added instanceof Promise) await added;
  }
}

/** As the inbox does: claims with the answer to the last one, or when it has room. */
async function received(store: InboxStore, entries: readonly StoreEntry[], atATime: number): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    for (let entry = entries[next++]; entry !== undefined; entry = entries[next++]) {
      const added = await store.add(entry, "claim");
      if (typeof added === "object") await store.complete(added, false);
    }
  };
  await Promise.all(Array.from({ length: atATime }, one));
  for (let left = await store.claim(8, 0); left.length > 0; left = await store.claim(8, 0)) {
    for (const batch of left) await store.complete(batch, false);
  }
}

async function backlog(store: InboxStore): Promise<void> {
  const handle = async (first: Batch): Promise<void> => {
    let batch: Batch | undefined = first;
    while (batch !== undefined) {
      const done: Batch | Promise<Batch | undefined> | undefined = store.complete(batch, true);
      batch = await done;
    }
  };
  for (let batches = await store.claim(8, 0); batches.length > 0; batches = await store.claim(8, 0)) {
    await Promise.all(batches.map(handle));
  }
}

async function addStuck(store: InboxStore, lanes: number): Promise<void> {
  for (let lane = 0; lane < lanes; lane += 1_000) {
    const most = Math.min(1_000, lanes - lane);
    const adding = Array.from({ length: most }, (_, i) => store.add(entry(`stuck ${lane + i}`), "claim"));
    const claimed = await Promise.all(adding);
    await Promise.all(claimed.map((batch, i) => {
      if (typeof batch === "object" && i % 2 === 0) return store.retry(batch, 3_600_000);
    }));
  }
}

const perSecond = (value: number) => Math.round(value).toLocaleString("en");
const rows = [["store", "ordinary/s", "received/s", "block ms", "one by one/s", "backlog/s", "block ms"]];
const stuckRows = [["store", "stuck lanes", "received/s", "block ms", "close ms"]];
try {
  for (const name of values.stores.split(",")) {
    const store = await opened(name);
    const make = () => Array.from({ length: UPDATES }, (_, i) => entry(i % 997));
    await received(store, make(), AT_A_TIME); // to warm up
    const usual = make();
    const plain = await measure(UPDATES, () => ordinary(store, usual));
    const busy = make();
    const many = await measure(UPDATES, () => received(store, busy, AT_A_TIME));
    const few = make().slice(0, UPDATES / 4);
    const single = await measure(few.length, () => received(store, few, 1));
    for (let i = 0; i < UPDATES; i += 500) {
      await Promise.all(Array.from({ length: 500 }, (_, j) => store.add(entry((i + j) % 997), "append")));
    }
    const drained = await measure(UPDATES, () => backlog(store));
    await store.close();
    rows.push([
      name,
      ...[perSecond(plain.perSecond), perSecond(many.perSecond), many.blockMs.toFixed(1)],
      ...[perSecond(single.perSecond), perSecond(drained.perSecond), drained.blockMs.toFixed(1)],
    ]);
    for (const stuck of values.stuck.split(",").map(Number)) {
      const filled = await opened(name);
      await addStuck(filled, stuck);
      const entries = make();
      const beside = await measure(UPDATES, () => received(filled, entries, AT_A_TIME));
      const began = performance.now();
      await filled.close();
      const closeMs = performance.now() - began;
      stuckRows.push([
        ...[name, stuck.toLocaleString("en"), perSecond(beside.perSecond)],
        ...[beside.blockMs.toFixed(1), closeMs.toFixed(1)],
      ]);
    }
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
console.log(`${machine()}\n${UPDATES} updates\n\n${table(rows)}\n\n${table(stuckRows)}`);
process.exit();
