import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { createInterface, type Interface } from "node:readline";
import type { DatabaseSync } from "node:sqlite";
import type { Readable, Writable } from "node:stream";
import { describe } from "node:test";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import type { AddMode, Batch, StoreEntry, StoreHost } from "../../mod.ts";
import { TelehookError } from "../../src/errors/telehook_error.ts";
import { Batches } from "../../src/store/sqlite/batches.ts";
import { SqliteDatabase, type Statement } from "../../src/store/sqlite/database.ts";
import * as uses from "../../src/store/sqlite/process.ts";
import { prepareSchema } from "../../src/store/sqlite/schema.ts";
import { Writer } from "../../src/store/sqlite/writer.ts";
import { SqliteInboxStore } from "../../src/store/sqlite/sqlite_inbox_store.ts";
import { sqliteStore, type SqliteStoreOptions } from "../../src/store/sqlite/sqlite_store.ts";
import { stoppedClock, type TestScope, testStore } from "../../src/testing/store.ts";
import { entry, ids, updateOf } from "../../src/testing/store/trial.ts";
import { countTurns } from "../count_turns.ts";
import { it } from "../scoped_it.ts";
import { freshPath, hasSqlite, openDatabase } from "./sqlite_store_files.ts";

const FIXTURE = fileURLToPath(new URL("../fixtures/store-version-2.db", import.meta.url));
const RULES = { quietMs: 10, maxWaitMs: 25, mostParts: 4 };

/** A store that is open, with what it has told its host. */
class Opened {
  readonly store: SqliteInboxStore;
  readonly wakes: number[] = [];
  readonly lost: Batch[] = [];

  constructor(path: string, options?: SqliteStoreOptions) {
    const store = sqliteStore(path, options);
    assert.ok(store instanceof SqliteInboxStore);
    this.store = store;
  }

  readonly host: StoreHost = {
    wake: (inMs) => void this.wakes.push(inMs),
    lost: (batch) => void this.lost.push(batch),
    failed: (error) => assert.fail(`${error}`),
  };

  async adds(entry: StoreEntry, mode: AddMode = "append"): Promise<void> {
    assert.equal(await this.store.add(entry, mode), "added");
  }

  async claim(...expected: number[]): Promise<Batch> {
    const [batch] = await this.store.claim(1, 0);
    assert.ok(batch, `Nothing to claim, but ${expected} should be`);
    assert.deepEqual(ids(batch), expected);
    return batch;
  }

  async claimsNothing(): Promise<void> {
    assert.deepEqual((await this.store.claim(1, 0)).map(ids), []);
  }

  async completes(...expected: number[]): Promise<void> {
    await this.store.complete(await this.claim(...expected), false);
  }
}

async function open(t: TestScope, path: string, options?: SqliteStoreOptions): Promise<Opened> {
  const opened = new Opened(path, options);
  t.after(() => opened.store.close());
  await opened.store.open(opened.host);
  return opened;
}

function part(id: number, key: string, more: Partial<StoreEntry> = {}): StoreEntry {
  return entry(id, { album: { key, rules: RULES }, ...more });
}

function failsWith(code: string, ...words: string[]): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof TelehookError, `Not a TelehookError: ${error}`);
    assert.equal(error.code, code);
    for (const word of words) assert.ok(error.message.includes(word), `No ${word} in: ${error.message}`);
    return true;
  };
}

/** The connections that stores make from now on until the test ends, and the statements that these run. */
function watchConnections(t: TestScope): { readonly connections: DatabaseSync[]; readonly ran: string[] } {
  const connections: DatabaseSync[] = [];
  const ran: string[] = [];
  const real = process.getBuiltinModule;
  const { DatabaseSync } = real("node:sqlite");
  class Watched extends DatabaseSync {
    constructor(path: string) {
      super(path);
      connections.push(this);
    }

    override prepare(...args: Parameters<DatabaseSync["prepare"]>): ReturnType<DatabaseSync["prepare"]> {
      const statement = super.prepare(...args);
      const watched = (method: "get" | "all" | "run") => (...values: never[]) => {
        ran.push(args[0]);
        return statement[method](...values);
      };
      return { get: watched("get"), all: watched("all"), run: watched("run") } as unknown as typeof statement;
    }
  }
  const watched = (name: string) => name === "node:sqlite" ? { DatabaseSync: Watched } : real(name);
  Object.assign(process, { getBuiltinModule: watched });
  t.after(() => void Object.assign(process, { getBuiltinModule: real }));
  return { connections, ran };
}

/** Bytes of the heap that are in use, without garbage. */
function usedHeap(): number {
  const { Bun } = globalThis as { Bun?: { gc(isSync: boolean): void } };
  if (Bun !== undefined) Bun.gc(true);
  else {
    setFlagsFromString("--expose-gc");
    runInNewContext("gc")();
  }
  return process.memoryUsage().heapUsed;
}

/** What a file holds, behind the store's back. */
function valueOf(path: string, sql: string): unknown {
  const database = openDatabase(path);
  try {
    return Object.values(database.prepare(sql).get() ?? {})[0];
  } finally {
    database.close();
  }
}

function change(path: string, sql: string): void {
  const database = openDatabase(path);
  database.exec(sql);
  database.close();
}

/** Adds as many batches to a file, each in its lane, behind the store's back. */
function fill(path: string, count: number, setAt: number): void {
  change(
    path,
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
     INSERT INTO batches (id, lane, place, is_head, began_at, set_at, due_at, added_by, chars, json)
     SELECT i, i, 0, 1, ${setAt}, ${setAt}, ${setAt}, 0, 2, '{"update_id":' || i || '}' FROM n`,
  );
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!await isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** How long the event loop stood still at most, until it is stopped. */
function watchLoop(): () => number {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  return () => {
    clearInterval(timer);
    return longest;
  };
}

it("sqliteStore refuses paths and options that it cannot mean", () => {
  for (const path of ["", ":memory:", "file:a.db", 1]) {
    assert.throws(() => Reflect.apply(sqliteStore, undefined, [path]), failsWith("ERR_OPTION"));
  }
  for (const options of [{ lease: 1 }, { leaseMs: 99 }, { leaseMs: "1" }, { fsync: "yes" }, null]) {
    assert.throws(
      () => Reflect.apply(sqliteStore, undefined, ["/nowhere/a.db", options]),
      failsWith("ERR_OPTION"),
    );
  }
});

if (!hasSqlite) {
  it("sqliteStore says what it takes where there is no node:sqlite", () => {
    assert.throws(() => sqliteStore("/tmp/never.db"), failsWith("ERR_RUNTIME", "node:sqlite", "Node 22.13"));
  });
} else {
  const paths = new Map<string, string>();
  testStore({
    name: "sqliteStore",
    isDurable: true,
    isShared: true,
    leaseMs: 30_000,
    make(place, t) {
      const path = paths.get(place) ?? freshPath(t);
      paths.set(place, path);
      return sqliteStore(path);
    },
    crash: (store) => store instanceof SqliteInboxStore ? store.abandon() : undefined,
  });
  describe("sqliteStore: the file", theFile);
  describe("sqliteStore: its writer", itsWriter);
  describe("sqliteStore: written down", writtenDown);
  describe("A file with very many lanes", { skip: !hasSqlite }, () => {
    it("is not learned at once, which would block the event loop", (t) => {
      const database = new SqliteDatabase(freshPath(t));
      t.after(() => database.close());
      prepareSchema(database);
      const batches = new Batches(database);
      database.exec(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2001)
       INSERT INTO batches (id, lane, place, is_head, began_at, set_at, due_at, added_by, chars, json)
       SELECT i, i, 0, 1, 0, 0, 0, 0, 2, '{}' FROM n`,
      );
      assert.equal(batches.overview(), undefined);
      database.exec("DELETE FROM batches WHERE id = 2001");
      assert.equal(batches.overview()?.lanes.size, 2000);
    });

    it("is asked for each update until there are fewer, and then not any longer", async (t) => {
      const { ran } = watchConnections(t);
      const path = freshPath(t);
      const trial = await open(t, path);
      fill(path, 2_001, 0);
      const statements = async (id: number) => {
        await until(() => trial.store.add(entry(1), "behind") !== "alone"); // it has seen the file
        ran.length = 0;
        assert.equal(await trial.store.add(entry(id, { lane: "new" }), "behind"), "alone");
        return ran.filter((sql) => sql !== "PRAGMA data_version").length;
      };
      assert.ok(await statements(5_000) > 0);
      for (const batch of await trial.store.claim(10, 0)) await trial.store.complete(batch, false);
      await until(async () => await statements(5_001) === 0);
      assert.equal(await trial.store.add(entry(5_002, { lane: 2_000 }), "behind"), "added");
      assert.equal(await trial.store.add(entry(1), "behind"), "known");
    });

    it("lets the event loop turn after the clock was set back", async (t) => {
      const path = freshPath(t);
      const trial = await open(t, path);
      fill(path, 1_501, Date.now() + 3_600_000);
      const left = () => Number(valueOf(path, `SELECT count(*) FROM batches WHERE set_at > ${Date.now()}`));
      const clock = stoppedClock(t);
      await clock.pass(-10);
      await trial.adds(entry(5_000));
      assert.ok(left() > 500, `${left()} are left`);
      await until(() => left() === 0);
    });

    it("lets the event loop turn while albums are told to wait", (t) => {
      const path = freshPath(t);
      const database = new SqliteDatabase(path);
      t.after(() => database.close());
      prepareSchema(database);
      fill(path, 501, 1);
      database.exec("UPDATE batches SET album = 'a', is_collecting = 1, ended = 'quiet'");
      const waitForRepeats = new Batches(database).waitForRepeats();
      const next = waitForRepeats(0, 10);
      const waiting = () => valueOf(path, "SELECT count(*) FROM batches WHERE due_at > 1");
      assert.equal(waiting(), 500);
      assert.equal(waitForRepeats(next ?? 0, 10), undefined);
      assert.equal(waiting(), 501);
    });
  });

  describe("sqliteStore: two on one file", twoOnOneFile);
}

function theFile(): void {
  it("is closed for good, and says so", async (t) => {
    const path = freshPath(t);
    const first = sqliteStore(path);
    await assert.rejects(
      async () => await first.add(entry(1), "append"),
      failsWith("ERR_STORE", path, "open"),
    );
    const { store } = await open(t, path);
    await store.close();
    await assert.rejects(
      async () => await store.add(entry(1), "append"),
      failsWith("ERR_STORE", path, "closed"),
    );
    await assert.rejects(async () => await store.claim(1, 0), failsWith("ERR_STORE", path, "closed"));
    await first.close();
  });

  it("forgets what was handled more than a day ago", async (t) => {
    const clock = stoppedClock(t);
    const path = freshPath(t);
    const first = await open(t, path);
    await first.adds(part(1, "album"));
    await clock.pass(10);
    await first.completes(1);
    await clock.pass(24 * 60 * 60 * 1_000);
    assert.equal(await first.store.add(entry(1), "behind"), "alone");
    await first.store.close();
    const second = await open(t, path);
    assert.equal(valueOf(path, "SELECT count(*) FROM finished"), 0);
    assert.equal(valueOf(path, "SELECT count(*) FROM albums"), 0);
    await second.store.close();
  });

  it("remembers a bounded number of updates and albums", async (t) => {
    const clock = stoppedClock(t);
    const path = freshPath(t);
    const trial = await open(t, path);
    for (let id = 1; id <= 100; id++) {
      await trial.adds(entry(id + (id % 2) * 32_768, { lane: `${id}` }));
      await trial.completes(id + (id % 2) * 32_768);
    }
    await trial.adds(entry(2 + 32_768));
    await trial.completes(2 + 32_768);
    assert.equal(valueOf(path, "SELECT count(*) FROM finished"), 100);
    assert.equal(await trial.store.add(entry(2), "behind"), "alone");
    assert.equal(await trial.store.add(entry(2 + 32_768), "behind"), "known");

    change(
      path,
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
       INSERT INTO albums (album, at) SELECT 'album ' || i, ${Date.now()} FROM n`,
    );
    await trial.adds(part(500, "one more"));
    await clock.pass(10);
    await trial.completes(500);
    assert.equal(valueOf(path, "SELECT count(*) FROM albums"), 10_000);
    assert.equal(
      valueOf(path, "SELECT count(*) FROM albums WHERE album IN ('album 1', 'chat 42 one more')"),
      1,
    );
  });

  it("does not grow with what has gone through it, and takes no memory for what is in it", async (t) => {
    const path = freshPath(t);
    const { store } = await open(t, path);
    const text = "x".repeat(20_000);
    const large = (id: number) => {
      const plain = entry(id, { lane: `${id % 50}` });
      return { ...plain, update: { ...plain.update, text } };
    };
    let id = 0;
    let fileSize = 0;
    const heap: number[] = [];
    for (let round = 0; round < 4; round++) {
      for (let n = 0; n < 250; n++) {
        await store.add(large(++id), "append");
      }
      heap.push(usedHeap());
      for (let batches = await store.claim(5, 0); batches.length > 0; batches = await store.claim(5, 0)) {
        await Promise.all(batches.map((batch) => store.complete(batch, false)));
      }
      if (round === 0) fileSize = statSync(path).size;
    }
    assert.equal((await store.stats()).updates, 0);
    assert.ok(
      statSync(path).size < fileSize * 1.5,
      `The file grew from ${fileSize} to ${statSync(path).size}`,
    );
    // 1000 updates of 20 kB have gone through: 20 MB, had anything held on to them.
    let grown = (heap[3] ?? 0) - (heap[0] ?? 0);
    // What is only not collected yet goes; what something holds stays, however often this looks.
    for (let looks = 0; looks < 20 && grown >= 8_000_000; looks++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      grown = usedHeap() - (heap[0] ?? 0);
    }
    assert.ok(grown < 8_000_000, `The heap grew by ${grown}`);
  });

  for (const version of [1, 2]) {
    it(`of version ${version} is brought up to this one, with what is in it`, async (t) => {
      const path = freshPath(t);
      copyFileSync(FIXTURE, path);
      if (version === 1) change(path, "ALTER TABLE batches DROP COLUMN crashes; PRAGMA user_version = 1");
      change(path, `UPDATE finished SET at = ${Date.now()}`); // it is forgotten after a day
      const trial = await open(t, path);
      assert.equal(valueOf(path, "PRAGMA user_version"), 4);
      const { updates, lanes } = await trial.store.stats();
      assert.deepEqual([updates, lanes], [5, 3]);
      assert.equal(await trial.store.add(entry(1, { lane: "done" }), "behind"), "known");
      assert.equal(await trial.store.add(part(9, "album", { lane: -100 }), "join"), "added");
      // Its owner, on another host, does not live any longer.
      change(
        path,
        "UPDATE owners SET run = 'gone', host = (SELECT max(host) FROM owners) WHERE run = 'gone'",
      );
      change(
        path,
        `UPDATE owners SET host = (SELECT host FROM owners WHERE run <> 'gone') WHERE run = 'gone'`,
      );
      for (let tries = 0; trial.wakes.length === 0 || (await trial.store.stats()).lanes < 3; tries++) {
        assert.ok(tries < 100);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      const claimed = new Map<number, Batch>();
      for (let tries = 0; claimed.size < 2; tries++) {
        assert.ok(tries < 200, `Only ${[...claimed.keys()]} is free`);
        for (const batch of await trial.store.claim(9, 0)) claimed.set(ids(batch)[0] ?? 0, batch);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      const first = claimed.get(2);
      assert.ok(first && claimed.get(6), `${[...claimed.keys()]}`);
      assert.deepEqual([first.lane, first.tries.failures, first.crashes], [42, 2, 1]);
      const { message } = first.updates[0] as { message: { text: string } };
      assert.equal(message.text, "héllo 2");
      await trial.store.complete(first, false);
      await trial.completes(3);
      change(path, "UPDATE batches SET due_at = 0");
      const album = await trial.claim(4, 5, 9);
      assert.deepEqual([album.album, album.lane, album.isLate], ["album", -100, false]);
    });
  }

  it("is refused if it is a later version's, another program's, or no database", async (t) => {
    const path = freshPath(t);
    const { store } = await open(t, path);
    await store.close();
    change(path, "PRAGMA user_version = 9");
    assert.throws(() => sqliteStore(path), failsWith("ERR_STORE", path, "version 9"));
    assert.equal(valueOf(path, "PRAGMA user_version"), 9);

    const other = `${path}-other`;
    change(other, "CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)");
    assert.throws(() => sqliteStore(other), failsWith("ERR_STORE", other, "another program's"));
    assert.equal(valueOf(other, "SELECT count(*) FROM sqlite_schema"), 1);
    assert.equal(valueOf(other, "PRAGMA journal_mode"), "delete");

    const garbage = `${path}-garbage`;
    writeFileSync(garbage, "This is not a database. ".repeat(1000));
    assert.throws(() => sqliteStore(garbage), failsWith("ERR_STORE", garbage));
  });

  it("is refused if it cannot be opened", (t) => {
    const path = freshPath(t);
    mkdirSync(path);
    assert.throws(() => sqliteStore(path), failsWith("ERR_STORE", path));
    const nowhere = join(path, "missing", "updates.db");
    assert.throws(() => sqliteStore(nowhere), failsWith("ERR_STORE", nowhere));
  });

  it("that is broken is refused, and named", async (t) => {
    const path = freshPath(t);
    const first = await open(t, path);
    for (let id = 1; id < 200; id++) await first.adds(entry(id, { lane: `${id}` }));
    await first.store.close();
    const { size } = statSync(path);
    change(path, "PRAGMA writable_schema = ON; PRAGMA journal_mode = DELETE");
    writeFileSync(path, new Uint8Array(size - 4096).fill(0x5a), { flag: "r+" }); // the header too
    assert.throws(() => sqliteStore(path), failsWith("ERR_STORE", path));
  });

  it("that accepts nothing more is not changed, and a call that failed can be repeated", async (t) => {
    const path = freshPath(t);
    const trial = await open(t, path);
    const { store } = trial;
    await trial.adds(entry(1));
    const running = await trial.claim(1);
    const state = () => [store.count, store.chars, valueOf(path, "SELECT group_concat(id) FROM batches")];
    const before = state();
    change(
      path,
      `CREATE TRIGGER full_1 BEFORE INSERT ON batches BEGIN SELECT RAISE(ABORT, 'disk is full'); END;
       CREATE TRIGGER full_2 BEFORE INSERT ON finished BEGIN SELECT RAISE(ABORT, 'disk is full'); END;`,
    );
    const full = failsWith("ERR_STORE", path, "disk is full");
    const calls = [
      () => store.add(entry(2), "append"),
      () => store.add(part(3, "album"), "append"),
      () => store.add(entry(4), "adopt"),
      () => store.complete(running, false),
      () => store.park(running, { error: "x", attempts: 1, keepMs: 1_000 }),
    ];
    for (const call of calls) await assert.rejects(async () => await call(), full);
    assert.deepEqual(state(), before);
    assert.equal(await store.add(entry(3, { lane: "other" }), "behind"), "alone");

    change(path, "DROP TRIGGER full_1; DROP TRIGGER full_2");
    await trial.adds(entry(5));
    await store.complete(running, false);
    await trial.completes(5);
    assert.equal(await store.add(entry(1), "behind"), "known");
    assert.deepEqual([store.count, store.chars], [0, 0]);
  });

  it("is no worse for a clock that is set back", async (t) => {
    const clock = stoppedClock(t);
    const path = freshPath(t);
    const first = await open(t, path);
    await first.adds(part(1, "album"));
    await clock.pass(-3_600_000);
    await first.adds(entry(2, { lane: "other" })); // sees the clock
    await first.claim(2);
    await first.claimsNothing();
    await first.adds(part(3, "album"), "join");
    await clock.pass(10);
    await first.store.retry(await first.claim(1, 3), 50);
    await first.store.close();
    await clock.pass(-3_600_000);
    const next = await open(t, path);
    await next.claim(2);
    await next.claimsNothing();
    await clock.pass(50);
    await next.claim(1, 3);
  });

  it("delays nothing after a clock was set back, though nobody writes", async (t) => {
    const clock = stoppedClock(t);
    const trial = await open(t, freshPath(t));
    await trial.adds(part(1, "album"));
    await clock.pass(-3_600_000);
    await trial.claimsNothing();
    await clock.pass(10);
    await trial.claim(1);
  });

  it("remembers that a clock was set back though the call that saw it fails", async (t) => {
    const clock = stoppedClock(t);
    const path = freshPath(t);
    const trial = await open(t, path);
    await trial.adds(part(1, "album"));
    change(
      path,
      "CREATE TRIGGER no BEFORE INSERT ON batches WHEN NEW.id = 2 BEGIN SELECT RAISE(ABORT, 'no'); END",
    );
    await clock.pass(-3_600_000);
    await assert.rejects(async () => await trial.store.add(entry(2, { lane: "other" }), "append"), /no/);
    await trial.claimsNothing();
    await clock.pass(10);
    await trial.claim(1);
  });

  const replace = (path: string) => {
    copyFileSync(path, `${path}-copy`);
    renameSync(`${path}-copy`, path);
  };
  const remove = (path: string) => [path, `${path}-wal`, `${path}-shm`].forEach((each) => rmSync(each));
  for (const [what, change] of [["removed", remove], ["replaced", replace]] as const) {
    it(`takes nothing more once it was ${what}, and gives what it has`, async (t) => {
      const path = freshPath(t);
      const trial = new Opened(path, { leaseMs: 100 });
      t.after(() => trial.store.close());
      const failed = Promise.withResolvers<unknown>();
      await trial.store.open({ ...trial.host, failed: failed.resolve });
      await trial.adds(entry(1));
      change(path);
      const alive = setInterval(() => {}, 1_000);
      assert.match(String(await failed.promise), /was removed or replaced while it was used/);
      clearInterval(alive);
      await assert.rejects(
        async () => await trial.store.add(entry(2), "append"),
        failsWith("ERR_STORE", "was removed or replaced while it was used", "restart"),
      );
      await trial.completes(1);
    });
  }

  it("does not depend on the working directory once it is made", async (t) => {
    const [path, before] = [freshPath(t), process.cwd()];
    t.after(() => process.chdir(before));
    process.chdir(dirname(path));
    const trial = new Opened(basename(path), { leaseMs: 100 });
    t.after(() => trial.store.close());
    await trial.store.open(trial.host); // which fails the test if it is told that the file was removed
    process.chdir(before);
    await new Promise((resolve) => setTimeout(resolve, 100)); // it looks for its file every 25 ms
    await trial.adds(entry(1));
    await trial.claim(1);
  });

  it("forgets what has been parked for long enough part by part", async (t) => {
    const path = freshPath(t);
    const trial = await open(t, path);
    change(
      path,
      `WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
       INSERT INTO parked (id, lane, is_late, error, attempts, parked_at, kept_until) SELECT i, i, 0, '', 1, 1, 2 FROM n`,
    );
    const left = () => Number(valueOf(path, "SELECT count(*) FROM parked"));
    await trial.adds(entry(1));
    await trial.store.park(await trial.claim(1), { error: "", attempts: 1, keepMs: 60_000 });
    assert.ok(left() > 500, `${left()} are left`);
    for (let rest = left(); rest > 1; rest = left()) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });

  it("is not slower with many updates in it when albums wait longer", async (t) => {
    const path = freshPath(t);
    const trial = await open(t, path);
    change(
      path,
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
       INSERT INTO batches (id, lane, place, is_head, began_at, set_at, due_at, added_by, chars, json)
       SELECT i, i, 0, 1, 1, 1, 9e15, 1, 2, '{}' FROM n`,
    );
    await trial.claimsNothing();
    const took = async (quietExtraMs: number) => {
      const since = performance.now();
      for (let i = 0; i < 20; i++) await trial.store.claim(1, quietExtraMs);
      return performance.now() - since;
    };
    const [usual, longer] = [await took(0), await took(500)];
    assert.ok(longer < 50 + 10 * usual, `${longer} ms instead of ${usual} ms`);
  });

  it("lets other things happen while it writes one by one, because one of them fails", async () => {
    const slow = {
      transaction: (work: () => unknown) => {
        const result = work();
        for (const since = performance.now(); performance.now() - since < 5;); // a disk that takes its time
        return result;
      },
    };
    const writer = new Writer(slow as unknown as SqliteDatabase, () => true, () => {});
    const writes = Array.from({ length: 20 }, () => writer.write({ work: () => {} }));
    const failing = writer.write({ work: () => assert.fail("no") });
    writer.release();
    let turns = 0;
    const turn = () => void (turns++, next = setImmediate(turn));
    let next = setImmediate(turn);
    await Promise.all(writes);
    await assert.rejects(failing);
    clearImmediate(next);
    assert.ok(turns > 5, `${turns} turns`);
  });

  it("returns what can be read of a batch, and names what cannot", async (t) => {
    const clock = stoppedClock(t);
    const path = freshPath(t);
    const trial = await open(t, path);
    for (const id of [1, 2, 3]) await trial.adds(part(id, "album"));
    await trial.adds(entry(4, { lane: "broken" }));
    change(path, "UPDATE parts SET json = substr(json, 2) WHERE update_id = 2");
    change(path, "UPDATE batches SET json = substr(json, 2) WHERE id = 4");
    const [broken] = await trial.store.claim(1, 0);
    assert.ok(broken);
    assert.deepEqual([broken.updates, broken.unreadable], [[], [4]]);
    await trial.store.complete(broken, false);
    await clock.pass(10);
    const album = await trial.claim(1, 3);
    assert.deepEqual(album.unreadable, [2]);
    await trial.store.complete(album, false);
    assert.deepEqual([trial.store.count, (await trial.store.stats()).updates], [0, 0]);
  });

  it("is written through to the disk only if that is wanted", async (t) => {
    const { connections } = watchConnections(t);
    const path = freshPath(t);
    for (const [fsync, synchronous] of [[false, 1], [true, 2]] as const) {
      const { store } = await open(t, path, { fsync });
      assert.equal(connections.pop()?.prepare("PRAGMA synchronous").get()?.["synchronous"], synchronous);
      await store.close();
    }
  });

  it("on a full disk accepts nothing, and goes on when there is room again", async (t) => {
    const { connections } = watchConnections(t);
    const path = freshPath(t);
    const trial = await open(t, path);
    await trial.adds(entry(1));
    const limit = (pages: string) => connections[0]?.exec(`PRAGMA max_page_count = ${pages}`);
    limit("1"); // which means: no more than there are
    const large = { ...entry(2), update: { ...updateOf(2), text: "x".repeat(200_000) } };
    await assert.rejects(
      async () => await trial.store.add(large, "append"),
      failsWith("ERR_STORE", path, "full"),
    );
    assert.equal(trial.store.count, 1);
    limit("1000000");
    await trial.adds(large);
    await trial.completes(1);
    assert.deepEqual((await trial.claim(2)).updates, [large.update]);
  });

  it("is readable for its owner alone", { skip: process.platform === "win32" }, async (t) => {
    const path = freshPath(t);
    const trial = await open(t, path);
    await trial.adds(entry(1));
    for (const name of [path, `${path}-wal`, `${path}-shm`]) {
      assert.equal((statSync(name).mode & 0o777).toString(8), "600", name);
    }
  });

  it("keeps the text that Telegram sent", async (t) => {
    const path = freshPath(t);
    const { store } = await open(t, path);
    const json = '{"update_id":1,\n"message":{"message_id":1}}';
    const update = { ...updateOf(1), amount: 1n }; // of a foreign parser
    await assert.rejects(
      async () => await store.add(entry(1, { update }), "append"),
      failsWith("ERR_STORE", "update 1"),
    );
    assert.equal(await store.add(entry(1, { update, json }), "append"), "added");
    assert.equal(valueOf(path, "SELECT json FROM batches"), json);
  });
}

function itsWriter(): void {
  it("commits together what arrives together, and answers after that", async (t) => {
    const { ran } = watchConnections(t);
    const path = freshPath(t);
    const { store } = await open(t, path);
    ran.length = 0;
    const all = Array.from({ length: 50 }, (_, i) => i + 1);
    const answers = all.map(async (id) => {
      await store.add(entry(id, { lane: id }), "append");
      return valueOf(path, `SELECT count(*) FROM batches WHERE id = ${id}`);
    });
    assert.deepEqual(await Promise.all(answers), all.map(() => 1));
    assert.ok(ran.filter((sql) => sql === "COMMIT").length <= 3);
    const claimed = await store.claim(50, 0);
    ran.length = 0;
    await Promise.all(claimed.map((batch) => store.complete(batch, false)));
    assert.ok(ran.filter((sql) => sql === "COMMIT").length <= 3);
  });

  it("undoes a call that fails, and no other", async (t) => {
    const path = freshPath(t);
    const { store } = await open(t, path);
    change(
      path,
      `CREATE TRIGGER odd BEFORE INSERT ON batches WHEN new.id % 3 = 0 BEGIN SELECT RAISE(ABORT, 'odd'); END;`,
    );
    const all = Array.from({ length: 12 }, (_, i) => i + 1);
    const results = await Promise.allSettled(all.map(async (id) => await store.add(entry(id), "append")));
    assert.deepEqual(
      results.map(({ status }) => status),
      all.map((id) => id % 3 === 0 ? "rejected" : "fulfilled"),
    );
    assert.equal(store.count, 8);
    for (const id of all.filter((each) => each % 3 !== 0)) {
      const [batch] = await store.claim(1, 0);
      assert.deepEqual(batch && ids(batch), [id]);
      if (batch !== undefined) await store.complete(batch, false);
    }
    assert.equal(await store.add(entry(12), "behind"), "alone");
  });

  it("waits for a file that somebody else has locked, and does not block the event loop", async (t) => {
    const path = freshPath(t);
    const trial = await open(t, path);
    await trial.adds(entry(1));
    const running = await trial.claim(1);
    const other = openDatabase(path);
    t.after(() => other.close());
    other.exec("BEGIN IMMEDIATE");
    const stop = watchLoop();
    const calls = [
      trial.store.add(entry(2), "append"),
      trial.store.complete(running, false),
      trial.store.add(entry(3, { lane: "other" }), "append"),
    ];
    assert.equal(await trial.store.add(entry(9, { lane: "free" }), "behind"), "alone");
    const first = await Promise.race([
      ...calls,
      new Promise((resolve) => setTimeout(() => resolve("waits"), 400)),
    ]);
    assert.equal(first, "waits");
    other.exec("COMMIT");
    assert.deepEqual(await Promise.all(calls), ["added", undefined, "added"]);
    const longest = stop();
    assert.ok(longest < 100, `The event loop stood still for ${longest} ms`);
    assert.equal(trial.store.count, 2);
  });

  it("tells that nothing is ahead of an update while what comes for other lanes waits for a lock", async (t) => {
    const path = freshPath(t);
    const first = await open(t, path);
    await open(t, path); // another process: now nothing is answered from memory
    await first.adds(entry(1, { lane: "not empty" }));
    const other = openDatabase(path);
    t.after(() => other.close());
    other.exec("BEGIN IMMEDIATE");
    const waiting = [first.store.add(part(2, "album", { lane: "album" }), "append")];
    assert.equal(await first.store.add(entry(3, { lane: "empty" }), "behind"), "alone");
    assert.equal(await first.store.add(entry(1, { lane: "not empty" }), "behind"), "known");
    waiting.push(first.store.add(entry(4, { lane: "album" }), "behind"));
    waiting.push(first.store.add(entry(5, { lane: "not empty" }), "behind"));
    other.exec("COMMIT");
    assert.deepEqual(await Promise.all(waiting), ["added", "added", "added"]);
  });

  it("is closed in time although somebody else has locked the file", async (t) => {
    const path = freshPath(t);
    const trial = await open(t, path);
    await trial.adds(entry(1));
    await trial.claim(1);
    const other = openDatabase(path);
    other.exec("BEGIN IMMEDIATE");
    const adding = trial.store.add(entry(2), "append");
    const rejected = assert.rejects(async () => await adding, failsWith("ERR_STORE", path));
    const began = performance.now();
    await trial.store.close();
    await rejected;
    const tookMs = performance.now() - began;
    assert.ok(tookMs < 2_500, `${tookMs} ms`);
    other.exec("COMMIT");
    other.close();
    const next = await open(t, path);
    await next.claim(1);
  });

  it("writes what it was asked for before it was closed", async (t) => {
    const path = freshPath(t);
    const first = await open(t, path);
    await first.adds(entry(1, { lane: "a" }));
    const batch = await first.claim(1);
    const calls = [first.store.complete(batch, false), first.store.add(entry(2), "append")];
    await first.store.close();
    assert.deepEqual(await Promise.all(calls), [undefined, "added"]);
    const second = await open(t, path);
    await second.completes(2);
    assert.equal(await second.store.add(entry(1, { lane: "a" }), "behind"), "known");
  });

  it("knows the lane of a batch that is replayed while others end", async (t) => {
    const path = freshPath(t);
    const trial = await open(t, path);
    const { store } = trial;
    await trial.adds(entry(1));
    await store.park(await trial.claim(1), { error: "x", attempts: 1, keepMs: 60_000 });
    await trial.adds(entry(2));
    const second = await trial.claim(2);
    const calls = [store.replay(1), store.complete(second, true), store.add(entry(3), "append")];
    const [, next] = await Promise.all(calls);
    const replayed = (next as Batch | undefined) ?? await trial.claim(1);
    assert.deepEqual(ids(replayed), [1]);
    await store.complete(replayed, false);
    await trial.completes(3);
  });

  it("runs no statement for an ordinary update while the process is alone", async (t) => {
    const { ran } = watchConnections(t);
    const path = freshPath(t);
    const trial = await open(t, path);
    await trial.adds(entry(1, { lane: "busy" }));
    await trial.claim(1);
    ran.length = 0;
    const stopped = stoppedClock(t); // the clock between processes goes on
    void stopped;
    for (let id = 2; id <= 2_000; id++) {
      assert.equal(trial.store.add(entry(id, { lane: id % 40 }), "behind"), "alone");
    }
    const others = ran.filter((sql) => sql !== "PRAGMA data_version");
    assert.deepEqual(others, []);
    assert.ok(ran.length < 20, `${ran.length} looks for others`);
    assert.equal(await trial.store.add(entry(2_001, { lane: "busy" }), "behind"), "added");
  });

  it("has no statement that SQLite compiles again for each value of a limit or a lane", (t) => {
    const texts: string[] = [];
    class Watched extends SqliteDatabase {
      override prepare<Row>(sql: string): Statement<Row> {
        texts.push(sql);
        return super.prepare<Row>(sql);
      }
    }
    const database = new Watched(freshPath(t));
    t.after(() => database.close());
    prepareSchema(database);
    void new Batches(database);
    assert.ok(
      texts.some((text) => text.includes("LIMIT +?")) && texts.some((text) => text.includes("lane = +?")),
    );
    for (const text of texts) assert.doesNotMatch(text, /LIMIT \?|lane = \?/);
  });

  it("lets the event loop turn while a long list is written", async (t) => {
    const path = freshPath(t);
    const { store } = await open(t, path);
    const stop = watchLoop();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const calls: unknown[] = [];
    for (let id = 1; id <= 8_000; id++) {
      calls.push(store.add(entry(id, { lane: id, json: '{"update_id":1}' }), "append"));
      if (id % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    await Promise.all(calls);
    const longest = stop();
    assert.ok(longest < 150, `The event loop stood still for ${longest} ms`);
  });

  it("lets the event loop turn between the files of many bots that are opened and closed together", async (t) => {
    const many = Array.from({ length: 20 }, () => new Opened(freshPath(t)));
    const opening = countTurns();
    await Promise.all(many.map(({ store, host }) => store.open(host)));
    const [opened, closing] = [opening.stop(), countTurns()];
    await Promise.all(many.map(({ store }) => store.close()));
    const closed = closing.stop();
    assert.ok(opened >= many.length && closed >= many.length, `${opened} and ${closed} turns`);
  });

  it("lists large parked updates a few at a time, and all of them", async (t) => {
    const opened = await open(t, freshPath(t));
    const all = [1, 2, 3, 4, 5];
    for (const id of all) {
      await opened.adds(entry(id, { update: { ...updateOf(id), text: "x".repeat(300_000) } as never }));
      await opened.store.park(await opened.claim(id), { error: "", attempts: 1, keepMs: 60_000 });
    }
    const page = await opened.store.parked(0, 100);
    assert.deepEqual(page.map(({ id }) => id), [1, 2]);
    const listed: number[] = [];
    for (let after: number | undefined = 0; after !== undefined; after = listed.at(-1)) {
      const found = await opened.store.parked(after, 100);
      if (found.length === 0) break;
      listed.push(...found.map(({ id }) => id));
    }
    assert.deepEqual(listed, all);
  });

  it("returns large updates a few at a time, so that they need little memory at once", async (t) => {
    const opened = await open(t, freshPath(t));
    for (let id = 1; id <= 6; id++) await opened.adds(entry(id, { lane: id, chars: 200_000 }));
    await opened.adds(entry(7, { lane: 7, chars: 900_000 }));
    await opened.adds(entry(8, { lane: 8 }));
    const claimed: (readonly number[])[] = [];
    for (let most = 99; most > 0;) {
      const batches = await opened.store.claim(most, 0);
      if (batches.length === 0) most = 0;
      else claimed.push(batches.flatMap(ids));
    }
    assert.deepEqual(claimed, [[1, 2], [3, 4], [5, 6], [7], [8]]);
  });

  it("works off a few updates as fast beside a long list of stuck lanes", async (t) => {
    const path = freshPath(t);
    const { store } = await open(t, path);
    const round = async (from: number): Promise<number> => {
      const began = performance.now();
      for (let id = from; id < from + 200; id++) {
        const batch = await store.add(entry(id, { lane: "quick" }), "claim");
        assert.ok(typeof batch === "object");
        await store.complete(batch, true);
      }
      return performance.now() - began;
    };
    await round(1_000_000);
    const before = Math.min(await round(1_001_000), await round(1_002_000));
    const stuck = Array.from(
      { length: 20_000 },
      (_, i) => store.add(entry(i + 1, { lane: i % 15_000, chars: 30 }), "append"), // one claim returns all
    );
    await Promise.all(stuck);
    const claimed = await store.claim(15_000, 0);
    assert.equal(claimed.length, 15_000);
    await Promise.all(claimed.slice(0, 7_000).map((batch) => store.retry(batch, 3_600_000)));
    const after = Math.min(await round(1_003_000), await round(1_004_000));
    assert.ok(after < 5 * before + 50, `${before} ms before, ${after} ms after`);
  });
}

/** Makes an insertion fail, as a full disk does. */
const REFUSE = "CREATE TRIGGER refuse BEFORE INSERT ON owners BEGIN SELECT RAISE(FAIL, 'on purpose'); END;";

function writtenDown(): void {
  it("is opened again after it could not be", async (t) => {
    const path = freshPath(t);
    await (await open(t, path)).store.close();
    change(path, REFUSE);
    const { store, host } = new Opened(path);
    t.after(() => store.close());
    await assert.rejects(async () => await store.open(host), failsWith("ERR_STORE", "on purpose"));
    change(path, "DROP TRIGGER refuse");
    await store.open(host);
    assert.equal(await store.add(entry(1), "append"), "added");
  });

  it("comes back after it was taken for dead, though it cannot at first", { timeout: 20_000 }, async (t) => {
    const path = freshPath(t);
    const { store, host } = new Opened(path);
    t.after(() => store.close());
    const failures: unknown[] = [];
    await store.open({ ...host, failed: (error) => void failures.push(error) });
    change(path, `${REFUSE} DELETE FROM owners`);
    await assert.rejects(
      async () => await store.add(entry(1), "append"),
      failsWith("ERR_STORE", "on purpose"),
    );
    change(path, "DROP TRIGGER refuse");
    const added = async () => await store.add(entry(2), "append");
    while (await added().catch(() => "refused") !== "added") await new Promise((r) => setTimeout(r, 5));
    assert.match(String(failures[0]), /on purpose/);
  });

  it(
    "comes back after it was taken for dead, though the file is locked then",
    { timeout: 20_000 },
    async (t) => {
      const path = freshPath(t);
      const { store } = await open(t, path);
      const other = openDatabase(path);
      t.after(() => other.close());
      other.exec("BEGIN IMMEDIATE");
      const added = store.add(entry(1), "append");
      await new Promise((resolve) => setTimeout(resolve, 100));
      other.exec("DELETE FROM owners; COMMIT; BEGIN IMMEDIATE");
      const second = store.add(entry(2, { lane: "other" }), "append"); // sees it
      await new Promise((resolve) => setTimeout(resolve, 100));
      other.exec("COMMIT");
      assert.deepEqual(await Promise.all([added, second]), ["added", "added"]);
    },
  );
}

function twoOnOneFile(): void {
  it("one lets the other be that lives, however long it takes", async (t) => {
    const path = freshPath(t);
    const a = await open(t, path, { leaseMs: 300 });
    await a.adds(entry(1));
    await a.claim(1);
    const b = await open(t, path, { leaseMs: 300 });
    const until = performance.now() + 1_000;
    while (performance.now() < until) {
      await b.claimsNothing();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.deepEqual([a.lost, b.lost], [[], []]);
    assert.equal(valueOf(path, "SELECT count(*) FROM owners"), 2);
  });

  it("are let live by each other in one process, also if it has loaded this module twice", async () => {
    const again = "../../src/store/sqlite/process.ts?again";
    const copy: typeof uses = await import(again);
    assert.notEqual(copy.isDead, uses.isDead);
    const [user, other] = [uses.beginUse(), copy.beginUse()];
    assert.deepEqual([uses.isDead(other, user), copy.isDead(user, other)], [false, false]);
    copy.endUse(other);
    assert.deepEqual([uses.isDead(other, user), copy.isDead(user, other)], [true, false]);
    uses.endUse(user);
  });

  it("one lets another thread of its process live, and no process that had its id before", {
    skip: process.platform !== "linux", // which alone tells when a process has begun
  }, async () => {
    const module = new URL("../../src/store/sqlite/process.ts", import.meta.url).href;
    const code = `import(${JSON.stringify(module)}).then(({ beginUse }) =>
      require("node:worker_threads").parentPort.postMessage(beginUse()));`;
    const worker = new Worker(code, { eval: true });
    const [thread]: uses.StoreUser[] = await once(worker, "message");
    await worker.terminate();
    assert.ok(thread);
    const user = uses.beginUse();
    const before = { ...thread, run: thread.run.replace(" ", " 1") };
    assert.deepEqual([thread.pid, before.pid], [user.pid, user.pid]);
    assert.deepEqual([uses.isDead(thread, user), uses.isDead(before, user)], [false, true]);
    uses.endUse(user);
  });

  it("one takes no other for dead where it cannot know in which container that runs", {
    skip: !("Deno" in globalThis) || process.platform !== "linux", // Deno reads it with all permissions only
  }, () => {
    const module = new URL("../../src/store/sqlite/process.ts", import.meta.url).href;
    const code = `import { beginUse, isDead } from ${JSON.stringify(module)};
      const self = beginUse();
      const others = [self.pid, 2147483646].map((pid) => ({ ...self, run: "another", pid }));
      console.log(others.map((other) => isDead(other, self)).join());`;
    const permissions = ["--allow-run", "--allow-sys=hostname", "--allow-read", "--no-prompt"];
    const dead = (...permissions: string[]) => {
      const args = ["run", "--no-check", ...permissions, "-"];
      return spawnSync(process.execPath, args, { input: code, encoding: "utf8" }).stdout.trim();
    };
    assert.deepEqual([dead(...permissions), dead("--allow-all")], ["false,false", "true,true"]);
  });

  it("one frees what a process on this host had that is dead, but not what one on another host has", async (t) => {
    const owners: [string, boolean][] = [
      ["pid = 2147483646", true],
      [`pid = ${process.pid}`, true], // the first process of a container always has the same id
      [`pid = ${process.ppid}`, false],
      ["pid = 2147483646, host = 'elsewhere'", false],
    ];
    for (const [owner, isFreed] of owners) {
      const path = freshPath(t);
      const a = await open(t, path);
      await a.adds(entry(1));
      await a.claim(1);
      a.store.abandon();
      change(path, `UPDATE owners SET run = 'not one of this process', ${owner}`);
      const b = await open(t, path);
      if (isFreed) await b.claim(1);
      else await b.claimsNothing();
    }
  });

  it("one that finds another one dead lets albums wait for the parts that were sent to it", async (t) => {
    const path = freshPath(t);
    const [dead, other] = [await open(t, path), await open(t, path)];
    await dead.adds(part(1, "album"));
    dead.store.abandon();
    change(path, `UPDATE owners SET run = 'not one of this process', pid = 2147483646 WHERE id = 1`);
    await open(t, path);
    const waits = "SELECT due_at - set_at - quiet_ms FROM batches";
    assert.ok(Number(valueOf(path, waits)) >= 2_000, "As long as the first pause of Telegram's sender");
    await other.store.close();
  });

  it("one handles what the other has added, though that came and went between two looks", async (t) => {
    const path = freshPath(t);
    const a = await open(t, path);
    await a.adds(entry(1));
    await a.store.complete(await a.claim(1), false);
    await new Promise((resolve) => setTimeout(resolve, 60)); // what it knows is no longer fresh
    change(
      path,
      `INSERT INTO batches (id, lane, place, is_head, began_at, set_at, due_at, reserved_until, added_by, chars, json)
       VALUES (2, 'other', 0, 1, 0, 0, 0, 0, 9, 15, '${JSON.stringify(entry(2).update)}')`,
    );
    a.wakes.length = 0;
    assert.equal(a.store.add(entry(3), "behind"), "alone");
    const until = performance.now() + 1_000;
    while (a.wakes.length === 0 && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.ok(a.wakes.length > 0, "It is not woken");
    await a.completes(2);
  });

  it("one knows what the other has handled that came and went before its own is written", async (t) => {
    const path = freshPath(t);
    const trial = await open(t, path);
    await trial.adds(entry(1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const added = trial.store.add(entry(7, { lane: "other" }), "append");
    change(path, `INSERT INTO finished (slot, update_id, at) VALUES (7, 7, ${Date.now()})`);
    assert.equal(await added, "known");
  });

  it("one notices the other before that changes anything", async (t) => {
    const { ran } = watchConnections(t);
    const path = freshPath(t);
    const a = await open(t, path);
    assert.equal(a.store.add(entry(1), "behind"), "alone");
    const began = performance.now();
    const b = await open(t, path);
    assert.ok(performance.now() - began >= 100, "A newcomer waits until the others have seen it");
    await b.adds(entry(5));
    ran.length = 0;
    assert.equal(await a.store.add(entry(6), "behind"), "added");
    assert.ok(ran.length > 0);
    await b.store.close();
    await a.completes(5);
    await a.completes(6);
    for (let tries = 0;; tries++) {
      ran.length = 0;
      assert.equal(await a.store.add(entry(7 + tries), "behind"), "alone");
      if (ran.length === 0) break;
      assert.ok(tries < 20, "It does not notice that it is alone again");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });

  it("are two processes: each sees what the other has added before it answers", async (t) => {
    const path = freshPath(t);
    const child = start(t, "ask", path);
    assert.equal(await child.next(), "alone alone");
    await new Promise((resolve) => setTimeout(resolve, 100)); // it answers from memory
    const trial = await open(t, path);
    await trial.adds(entry(1, { lane: "shared" }));
    assert.equal(await child.next(), "not alone added");
    await once(child.process, "exit");
    await trial.completes(1);
    const [theirs] = await trial.store.claim(1, 0);
    assert.equal(theirs?.lane, "shared");
  });

  it("are two processes: one that is frozen beyond its lease learns what it has lost", async (t) => {
    const path = freshPath(t);
    const store = await open(t, path);
    await store.adds(entry(1));
    await store.store.close();
    const child = start(t, "freeze", path);
    assert.equal(await child.next(), "claimed");
    const other = await open(t, path, { leaseMs: 400 });
    await other.claimsNothing();
    process.kill(child.process.pid ?? 0, "SIGSTOP");
    let taken: readonly Batch[] = [];
    for (let tries = 0; taken.length === 0; tries++) {
      assert.ok(tries < 200, "Its lease does not end");
      await new Promise((resolve) => setTimeout(resolve, 20));
      taken = await other.store.claim(1, 0);
    }
    assert.deepEqual(taken.map((batch) => [ids(batch), batch.crashes]), [[[1], 1]]);
    process.kill(child.process.pid ?? 0, "SIGCONT"); // Deno sends no second signal by `kill`;
    assert.equal(await child.next(), "lost 1");
    child.process.stdin.write("go\n");
    assert.equal(await child.next(), "left 1");
    await once(child.process, "exit");
    assert.deepEqual(other.lost, []);
    await other.store.complete(taken[0] ?? assert.fail(), false);
    assert.equal((await other.store.stats()).updates, 0);
  });

  it("gives one that has come back its whole lease again", async (t) => {
    const path = freshPath(t);
    const returned = await open(t, path, { leaseMs: 900 });
    const other = await open(t, path, { leaseMs: 900 });
    await other.adds(entry(1));
    const batch = await returned.claim(1);
    change(
      path,
      "CREATE TRIGGER silent BEFORE UPDATE OF beat ON owners WHEN old.id = 1 BEGIN SELECT RAISE(IGNORE); END",
    );
    for (const since = performance.now(); returned.lost.length === 0;) {
      assert.ok(performance.now() - since < 5_000, "Its lease does not end");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.deepEqual(returned.lost, [batch]);
    await returned.claim(1);
    await new Promise((resolve) => setTimeout(resolve, 500)); // the other one looks twice
    await other.claimsNothing();
    change(path, "DROP TRIGGER silent");
  });

  it("lets the other be that could not write either, as on a full disk", async (t) => {
    const path = freshPath(t);
    const both = [await open(t, path, { leaseMs: 1_500 }), await open(t, path, { leaseMs: 1_500 })];
    const [first] = both;
    for (const id of [1, 2]) await first?.adds(entry(id, { lane: id }));
    for (const [n, each] of both.entries()) await each.claim(n + 1);
    const changes = ["UPDATE OF beat", "DELETE"];
    const full = (what: string, n: number) =>
      `CREATE TRIGGER full_${n} BEFORE ${what} ON owners BEGIN SELECT RAISE(ABORT, 'disk is full'); END;`;
    change(path, changes.map(full).join(" "));
    // They beat every 500 ms, and look for others every 250 ms: after this, they look first.
    await new Promise((resolve) => setTimeout(resolve, 2_600));
    change(path, changes.map((_, n) => `DROP TRIGGER full_${n};`).join(" "));
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.deepEqual(both.map(({ lost }) => lost), [[], []]);
  });

  it("are two processes: one that is killed loses nothing, and keeps nothing", async (t) => {
    const path = freshPath(t);
    const before = await open(t, path);
    for (const id of [1, 2, 3, 4]) await before.adds(entry(id, { lane: `${id % 2}` }));
    await before.store.close();
    const child = start(t, "hang", path);
    assert.equal(await child.next(), "claimed");
    const beside = await open(t, path);
    await beside.claimsNothing();
    await beside.store.close();
    child.process.kill("SIGKILL");
    await once(child.process, "exit");

    const after = await open(t, path);
    const claimed = await after.store.claim(10, 0);
    assert.deepEqual(claimed.flatMap(ids).sort((a, b) => a - b), [1, 2, 100]);
    assert.deepEqual(claimed.map((batch) => batch.crashesAlone), [0, 0, 0]);
    assert.equal(await after.store.add(entry(100, { lane: "adopted" }), "behind"), "known");
  });

  it("are three processes: each update is handled once, and in the order of its lane", async (t) => {
    const path = freshPath(t);
    const trial = await open(t, path);
    const log = `${path}-log`;
    change(log, "CREATE TABLE log (at INTEGER PRIMARY KEY, what TEXT, id INTEGER)");
    await Promise.all(Array.from({ length: 150 }, (_, id) => trial.adds(entry(id, { lane: `${id % 7}` }))));
    const children = [1, 2, 3].map(() => start(t, "handle", path, log));
    const exits = await Promise.all(children.map((child) => once(child.process, "exit")));
    assert.deepEqual(exits.map(([code]) => code), [0, 0, 0]);
    assert.equal((await trial.store.stats()).updates, 0);
    assert.equal(trial.store.count, 0);

    const database = openDatabase(log);
    const lines = database.prepare("SELECT what, id FROM log ORDER BY at").all();
    database.close();
    for (let lane = 0; lane < 7; lane++) {
      const own = lines.filter(({ id }) => Number(id) % 7 === lane).map(({ what, id }) => `${what} ${id}`);
      const expected = [];
      for (let id = lane; id < 150; id += 7) expected.push(`begin ${id}`, `end ${id}`);
      assert.deepEqual(own, expected);
    }
  });

  it("leaves nobody behind that was closed before its turn to open", async (t) => {
    const path = freshPath(t);
    await (await open(t, path)).store.close();
    const { store, host } = new Opened(path);
    const opening = store.open(host);
    await store.close();
    await opening.catch(() => {});
    assert.equal(valueOf(path, "SELECT count(*) FROM owners"), 0);
  });

  it("may be started at the same moment on a file that is not there yet", async (t) => {
    const path = freshPath(t);
    const log = `${path}-log`;
    change(log, "CREATE TABLE log (at INTEGER PRIMARY KEY, what TEXT, id INTEGER)");
    const exits = await Promise.all(
      [1, 2, 3].map(() => once(start(t, "handle", path, log).process, "exit")),
    );
    assert.deepEqual(exits.map(([code]) => code), [0, 0, 0]);
    assert.equal(valueOf(path, "SELECT count(*) FROM owners"), 0);
  });
}

interface Child {
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  /** The next line that it writes. */
  next(): Promise<string | undefined>;
}

/** Another process of this runtime on a store; see `sqlite_store_child.ts`. */
function start(t: TestScope, ...args: string[]): Child {
  const script = fileURLToPath(new URL("./sqlite_store_child.ts", import.meta.url));
  const loader = "Deno" in globalThis
    ? ["run", "-A", "--no-check"]
    : "Bun" in globalThis
    ? []
    : ["--import", "tsx"];
  const child = spawn(process.execPath, [...loader, script, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => void child.kill("SIGKILL"));
  const lines: AsyncIterator<string> = linesOf(createInterface({ input: child.stdout }));
  return { process: child, next: async () => (await lines.next()).value };
}

function linesOf(reader: Interface): AsyncIterator<string> {
  return reader[Symbol.asyncIterator]();
}
