import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mkdtempSync, rmSync } from "node:fs";
import { after, describe } from "node:test";
import type { Added, AddMode, Batch, InboxStore, Lane, StoreEntry, StoreHost } from "../../mod.ts";
import { sqliteStore } from "../../mod.ts";
import { nextTurn } from "../../src/platform/next_turn.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";
import { testStore, type TestStoreOptions } from "../../src/testing/store.ts";
import { test } from "../scoped_it.ts";
import { hasSqlite, openDatabase } from "./sqlite_store_files.ts";

/*
 * The published suite refuses stores with a fault that could lose, repeat or reorder updates. Each of these is a right store
 * around which one thing is wrong, and names the test that must fail. The same test passes for the right store.
 */

/** What is wrong: methods in place of those of a right store. */
type Fault = (right: InboxStore, path: string) => Partial<InboxStore>;

/** Faults of any store, by the test that finds them. */
const IN_MEMORY: Record<string, Record<string, Fault>> = {
  "lanes are told apart by every character of their texts": {
    "keeps lanes without regard to case": laneBecomes((lane) => lane.toLowerCase()),
    "keeps a hundred characters of a lane": laneBecomes((lane) => lane.slice(0, 100)),
    "trims lanes": laneBecomes((lane) => lane.trim()),
    "composes accents of lanes": laneBecomes((lane) => lane.normalize()),
    "keeps lanes as numbers where it can": laneBecomes((lane) =>
      /^\d/.test(lane) ? String(Number(lane)) : lane
    ),
  },
  "albums are told apart by every character of their keys": {
    "compares keys without regard to case": adding((entry) => ({
      ...entry,
      album: entry.album && { ...entry.album, key: entry.album.key.toLowerCase() },
    })),
  },
  "lanes may be any finite numbers": {
    "keeps lanes as integers": adding((entry) => ({ ...entry, lane: Math.trunc(Number(entry.lane)) })),
  },
  "updates may have any ids that are safe integers": {
    "keeps ids in 32 bits": adding((entry) => ({
      ...entry,
      update: { ...entry.update, update_id: entry.update.update_id | 0 },
    })),
  },
  "updates are kept with every character, also while they are parked": {
    "cuts updates at 65535 characters": adding((entry) => {
      const json = JSON.stringify(entry.update);
      return json.length < 65_536
        ? entry
        : { ...entry, update: { ...entry.update, message: undefined } as never };
    }),
  },
  "what a handler has changed is retried, parked and replayed as it arrived": {
    "does not keep the JSON": adding((entry) => ({ ...entry, json: undefined })),
    "parks what the handler left": (right) => {
      const left = new Map<number, Batch["updates"]>();
      return {
        park(batch, parking) {
          left.set(batch.updates[0]?.update_id ?? 0, structuredClone(batch.updates));
          return right.park(batch, parking);
        },
        parked: async (...args) =>
          (await right.parked(...args)).map((each) => ({ ...each, updates: left.get(each.id) ?? [] })),
      };
    },
  },
  "parts of an album that have changed are retried as they arrived": {
    "keeps the JSON of single updates only": adding((entry) =>
      entry.album ? { ...entry, json: undefined } : entry
    ),
  },
  "the text of an error is kept completely": {
    "cuts errors at 255 characters": (right) => ({
      park: (batch, { error, ...rest }) => right.park(batch, { error: error.slice(0, 255), ...rest }),
    }),
  },
  "an update can be retried after two months": {
    "keeps delays in 32 bits": (right) => ({
      retry: (batch, afterMs, tries) => right.retry(batch, Math.min(afterMs, 2 ** 31 - 1), tries),
    }),
  },
  "a parked batch can be kept for two months": {
    "keeps times in 32 bits": (right) => ({
      park: (batch, parking) =>
        right.park(batch, { ...parking, keepMs: Math.min(parking.keepMs, 2 ** 31 - 1) }),
    }),
  },
  "a long lane does not hold up another one": {
    "looks for what can be claimed among the first hundred": (right) => {
      let waiting = 0;
      return {
        add: (entry, mode) => (waiting++, right.add(entry, mode)),
        claim: (most, quietExtraMs) =>
          waiting > 100 && waiting !== 300 ? [] : right.claim(most, quietExtraMs),
      };
    },
  },
  "updates that are added while others are completed are each handled once, in order": {
    "writes back a list that it has read before": (right) => {
      let writing = 0;
      return {
        add: (entry, mode) => writing === 0 ? right.add(entry, mode) : "added",
        async complete(batch) {
          writing++;
          await nextTurn();
          await right.complete(batch, false);
          writing--;
          return undefined;
        },
      };
    },
  },
  "a parked batch that is replayed is handled again, behind its lane": {
    "knows claims by the id of the update": (right) => {
      const latest = new Map<number | undefined, Batch>();
      return {
        async claim(most, quietExtraMs) {
          const batches = await right.claim(most, quietExtraMs);
          for (const batch of batches) latest.set(batch.updates[0]?.update_id, batch);
          return batches;
        },
        complete: (batch, next) => right.complete(latest.get(batch.updates[0]?.update_id) ?? batch, next),
      };
    },
  },
  "stats tell what is here": {
    "measures only what waits": (right) => {
      const claimed = new Set<Batch>();
      return {
        async claim(...args) {
          const batches = await right.claim(...args);
          for (const batch of batches) claimed.add(batch);
          return batches;
        },
        complete(batch, claimNext) {
          claimed.delete(batch);
          return right.complete(batch, claimNext);
        },
        async stats() {
          const found = await right.stats();
          return claimed.size > 0 ? { ...found, oldestMs: 0 } : found;
        },
      };
    },
  },
  "single updates are returned as they were added, one after another within a lane": {
    "takes what was completed for lost": (right) => {
      let host: StoreHost | undefined;
      return {
        open: (given) => right.open(host = given),
        complete: (batch, next) => (host?.lost(batch), right.complete(batch, next)),
      };
    },
  },
};

/** Faults of a durable store, by the test that finds them. */
const IN_A_FILE: Record<string, Record<string, Fault>> = {
  "what was completed or parked is known": {
    "knows what was handled for an hour": forgettingAfter(3_600_000),
    "knows updates by lane and id": (right) => ({
      add: (entry, mode) => entry.lane === "other" ? "added" : right.add(entry, mode),
    }),
  },
  "a thousand updates that were handled are known": {
    "knows the latest hundred": (right) => {
      const handled: number[] = [];
      return {
        complete(batch, next) {
          handled.push(...batch.updates.map(({ update_id }) => update_id));
          return right.complete(batch, next);
        },
        async add(entry, mode) {
          const isForgotten = handled.slice(0, -100).includes(entry.update.update_id);
          return isForgotten ? "added" : await right.add(entry, mode);
        },
      };
    },
  },
  "updates may have any ids that are safe integers": {
    "compares the places of ids in a ring": (right) => {
      const places = new Set<number>();
      const placeOf = ({ update }: StoreEntry) => update.update_id % 32_768;
      return {
        async add(entry, mode) {
          if (places.has(placeOf(entry))) return "known";
          places.add(placeOf(entry));
          return await right.add(entry, mode);
        },
      };
    },
  },
  "everything has the order of adding when the store is opened again": {
    "reads lanes in the order of ids": (right, path) => ({
      async open(host) {
        await right.open(host);
        const isHead = "id = (SELECT min(id) FROM batches AS each WHERE each.lane = batches.lane)";
        changeFile(path, `UPDATE batches SET place = id + 1000, is_head = ${isHead}`);
      },
    }),
  },
  "a call that has resolved has happened, even if the process ends then": Object.fromEntries(
    (["add", "retry", "park", "replay", "complete", "discard"] as const).map((late) => [
      `does a "${late}" when it is called next`,
      (right) => laterThan(right, late),
    ]),
  ),
  "a parked album is replayed as it was": {
    "keeps nine parts": afterParking("DELETE FROM parked_updates WHERE part > 8"),
    "forgets that it was late": afterParking("UPDATE parked SET is_late = 0"),
  },
  "what a process had claimed that ended is due again, and counts that": {
    "forgets how often it was tried": (right, path) => ({
      async open(host) {
        await right.open(host); // it sees who has ended
        changeFile(path, "UPDATE batches SET attempts = 0, failures = 0 WHERE crashes > 0");
      },
    }),
  },
  "after a process has ended, every update is claimed here for a while": {
    "does so for a minute": forgettingAfter(60_000),
  },
  "a process that has ended gives back nothing that another one has claimed or reserved": {
    "takes all claims for those of the one that has ended": (right, path) => ({
      async open(host) {
        await right.open(host); // it sees who has ended
        changeFile(path, "UPDATE batches SET owner = 0, claim = 0, crashes = 1");
      },
    }),
  },
  "a process that closes gives back nothing that another one has claimed or reserved": {
    "gives back all claims": (right, path) => ({
      async close() {
        const left = await right.close();
        changeFile(path, "UPDATE batches SET owner = 0, claim = 0");
        return left;
      },
    }),
    "gives back all that is reserved": (right, path) => ({
      async close() {
        const left = await right.close();
        changeFile(path, "UPDATE batches SET reserved_by = 0");
        return left;
      },
    }),
  },
  "two processes share the lanes: what one has claimed, the other waits for": {
    "counts what it has handled, not what it has added": (right) => {
      let handled = 0;
      let added = 0;
      return {
        get count() {
          return added - handled;
        },
        async add(entry, mode) {
          const answer = await right.add(entry, mode);
          if (answer === "added") added++;
          return answer;
        },
        async complete(batch, next) {
          const { updates } = await right.stats();
          const claimed = await right.complete(batch, next);
          handled += updates - (await right.stats()).updates;
          return claimed;
        },
      };
    },
  },
};

const directory = mkdtempSync(join(tmpdir(), "telehook-wrong-"));
after(() => rmSync(directory, { recursive: true, force: true }));

const memory: Base = { isDurable: false, isShared: false, makeRight: () => [new MemoryStore(), ""] };
const file: Base = {
  ...{ isDurable: true, isShared: true, leaseMs: 30_000 },
  makeRight(place) {
    const path = join(directory, `${place}.db`);
    return [sqliteStore(path), path];
  },
  crash: (store) => (store as InboxStore & { abandon(): void }).abandon(),
};

describe("the suite for stores, of a store in memory that", () => judges(memory, IN_MEMORY));
if (hasSqlite) describe("the suite for stores, of a store in a file that", () => judges(file, IN_A_FILE));

interface Base extends Omit<TestStoreOptions, "name" | "make"> {
  /** @returns A right store, and the path of its file. */
  makeRight(place: string): readonly [InboxStore, string];
}

/** Each wrong store must fail its test, and the right store must pass it. */
function judges(base: Base, faults: Record<string, Record<string, Fault>>): void {
  for (const [title, ofTitle] of Object.entries(faults)) {
    for (const [name, fault] of Object.entries(ofTitle)) {
      test(`${name}: ${title}`, undefined, async () => {
        await assert.rejects(testNamed(title, base, fault), assert.AssertionError);
      });
    }
    test(`has no fault: ${title}`, undefined, () => testNamed(title, base, () => ({})));
  }
}

/** Runs one test of the suite. */
async function testNamed(title: string, { makeRight, ...base }: Base, fault: Fault): Promise<void> {
  const tests = new Map<string, () => Promise<void>>();
  testStore({
    ...base,
    name: "A wrong store",
    make(place) {
      const [right, path] = makeRight(place);
      return withFault(right, fault(right, path));
    },
    describe: (_, add) => add(),
    it: (name, test) => tests.set(name, test),
  });
  const named = tests.get(title);
  assert.ok(named, `The suite has no test "${title}"`);
  await named();
}

function withFault(right: InboxStore, wrong: object): InboxStore {
  return new Proxy(right, {
    get(_, name) {
      const owner = name in wrong ? wrong : right;
      const value = Reflect.get(owner, name, owner);
      return typeof value === "function" ? value.bind(owner) : value;
    },
  });
}

/** Changes what is added. */
function adding(change: (entry: StoreEntry) => StoreEntry): Fault {
  return (right) => ({ add: (entry: StoreEntry, mode: AddMode) => right.add(change(entry), mode) });
}

/** Lets everything pass by once it has been open for that long. */
function forgettingAfter(ms: number): Fault {
  return (right) => {
    const openedAt = Date.now();
    return {
      add: (entry, mode) =>
        mode === "behind" && Date.now() - openedAt > ms ? "alone" : right.add(entry, mode),
    };
  };
}

/** Changes the file whenever something was parked. */
function afterParking(sql: string): Fault {
  return (right, path) => ({
    async park(batch, parking) {
      await right.park(batch, parking);
      changeFile(path, sql);
    },
  });
}

/** Keeps another text of each lane. */
function laneBecomes(change: (lane: string) => string): Fault {
  const kept = (lane: Lane) => typeof lane === "string" ? change(lane) : lane;
  return adding((entry) => ({ ...entry, lane: kept(entry.lane) }));
}

/** Answers a call at once, and does what it says before the next call: never, if the process ends. */
function laterThan(right: InboxStore, late: "add" | "retry" | "park" | "replay" | "complete" | "discard") {
  let pending: (() => unknown) | undefined;
  const wrong: Record<string, unknown> = {
    abandon() {
      pending = undefined;
      (right as InboxStore & { abandon(): void }).abandon();
    },
  };
  for (
    const name of [
      "add",
      "claim",
      "complete",
      "retry",
      "park",
      "parked",
      "replay",
      "discard",
      "stats",
      "close",
    ]
  ) {
    wrong[name] = async (...args: unknown[]): Promise<unknown> => {
      const call = pending;
      pending = undefined;
      await call?.();
      const method = right[name as "add"] as (...args: unknown[]) => unknown;
      const isNow = name !== late || (name === "add" && args[1] !== "append");
      if (isNow) return await method.apply(right, args);
      pending = () => method.apply(right, args);
      return name === "add"
        ? "added" satisfies Added
        : name === "replay" || name === "discard"
        ? true
        : undefined;
    };
  }
  return wrong;
}

function changeFile(path: string, statement: string): void {
  const database = openDatabase(path);
  database.exec(statement);
  database.close();
}
