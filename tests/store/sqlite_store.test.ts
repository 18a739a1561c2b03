import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { DatabaseSync } from "node:sqlite";
import type { Readable } from "node:stream";
import { describe } from "node:test";
import { fileURLToPath } from "node:url";
import { TelehookError } from "../../src/errors/telehook_error.ts";
import { sqliteStore } from "../../src/store/sqlite_store.ts";
import type { InboxStore } from "../../src/store/store.ts";
import { freshPath, hasSqlite, openDatabase } from "./sqlite_store_files.ts";
import { claim, claimNothing, entry, part, storeSuite } from "./store_suite.ts";
import { it, type Scope } from "./store_suite_it.ts";
import { StoppedClock } from "./store_suite_clock.ts";

function open(t: Scope, path: string, leaseMs = 30_000): InboxStore {
  const store = sqliteStore(path, { leaseMs });
  t.after(() => void store.close());
  return store;
}

function failsWith(code: string, ...words: string[]): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof TelehookError, `Not a TelehookError: ${error}`);
    assert.equal(error.code, code);
    for (const word of words) assert.ok(error.message.includes(word), `No ${word} in: ${error.message}`);
    return true;
  };
}

/** The connections that stores make from now on until the test ends. */
function watchConnections(t: Scope): DatabaseSync[] {
  const connections: DatabaseSync[] = [];
  const real = process.getBuiltinModule;
  const { DatabaseSync } = real("node:sqlite");
  class Watched extends DatabaseSync {
    constructor(path: string) {
      super(path);
      connections.push(this);
    }
  }
  const watched = (name: string) => name === "node:sqlite" ? { DatabaseSync: Watched } : real(name);
  Object.assign(process, { getBuiltinModule: watched });
  t.after(() => void Object.assign(process, { getBuiltinModule: real }));
  return connections;
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

/** As if every process that uses a file had been killed. */
function endProcessesOf(path: string): void {
  change(path, "UPDATE owners SET run = 'not one of this process', pid = 2147483646");
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
  storeSuite("sqliteStore", (t) => open(t, freshPath(t)));
  describe("sqliteStore: the file", theFile);
  describe("sqliteStore: two on one file", twoOnOneFile);
}

function theFile(): void {
  it("keeps everything until the next start, in order", async (t) => {
    const clock = new StoppedClock(t);
    const path = freshPath(t);
    const first = open(t, path);
    assert.equal(first.outlivesProcess, true);
    await first.append(entry(1, { failures: 3 }));
    await first.append(part(2, "album"));
    await first.append(part(3, "album"));
    await first.append(entry(4, { queue: "rests" }));
    await claim(first, 1);
    await first.putBack(await claim(first, 4), 500);
    await first.hold(entry(5, { queue: "held" }));
    await first.close();
    assert.throws(() => first.append(entry(6)), failsWith("ERR_STORE", path, "closed"));

    const second = open(t, path);
    assert.deepEqual([second.updates, second.isEmpty], [0, false]);
    const one = await claim(second, 1);
    assert.equal(one.failures, 3);
    await claim(second, 5);
    await claimNothing(second);
    assert.equal(await second.look("chat 42", 3), "update");
    await second.append(part(6, "album"));
    await second.complete(one);
    clock.pass(25);
    await second.complete(await claim(second, 2, 3, 6));
    assert.equal(second.updates, 0);
    clock.pass(475);
    assert.equal((await claim(second, 4)).failures, 1);
  });

  it("remembers what was handled: it is not added again, and an album's straggler is late", async (t) => {
    const clock = new StoppedClock(t);
    const path = freshPath(t);
    const first = open(t, path);
    await first.append(entry(1));
    await first.append(part(2, "album", { queue: "b" }));
    await first.release();
    await first.complete(await claim(first, 1));
    await first.complete(await claim(first, 2));
    await first.close();
    const second = open(t, path);
    assert.equal(await second.look("chat 42", 1), "update");
    await second.append(entry(1));
    await second.complete(await second.hold(part(2, "album", { queue: "b" })));
    assert.equal(second.isEmpty, true);
    await second.append(part(3, "album", { queue: "b" }));
    await second.release();
    assert.equal((await claim(second, 3)).late, true);

    clock.pass(24 * 60 * 60 * 1_000);
    assert.equal(await second.look("chat 42", 1), "nothing");
    await second.close();
    const third = open(t, path);
    assert.equal(valueOf(path, "SELECT count(*) FROM finished"), 0);
    assert.equal(valueOf(path, "SELECT count(*) FROM albums"), 0);
    await third.close();
  });

  it("remembers a bounded number of updates and albums", async (t) => {
    const path = freshPath(t);
    const store = open(t, path);
    for (let id = 1; id <= 100; id++) {
      await store.append(entry(id + (id % 2) * 32_768, { queue: `${id}` }));
      await store.complete(await store.claim() ?? assert.fail());
    }
    await store.append(entry(2 + 32_768));
    await store.complete(await store.claim() ?? assert.fail());
    assert.equal(valueOf(path, "SELECT count(*) FROM finished"), 100);
    assert.equal(await store.look("", 2), "nothing");
    assert.equal(await store.look("", 2 + 32_768), "update");

    change(
      path,
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
       INSERT INTO albums (album, at) SELECT 'album ' || i, ${Date.now()} FROM n`,
    );
    await store.append(part(500, "one more"));
    assert.equal(valueOf(path, "SELECT count(*) FROM albums"), 10_000);
    assert.equal(
      valueOf(path, "SELECT count(*) FROM albums WHERE album IN ('album 1', 'chat 42 one more')"),
      1,
    );
  });

  it("does not grow with what has gone through it, and takes no memory for what is in it", async (t) => {
    const path = freshPath(t);
    const store = open(t, path);
    const text = "x".repeat(20_000);
    const large = (id: number) => {
      const plain = entry(id, { queue: `${id % 50}` });
      return { ...plain, update: { ...plain.update, text } };
    };
    let id = 0;
    let fileSize = 0;
    let heap = 0;
    for (let round = 0; round < 4; round++) {
      for (let n = 0; n < 500; n++) await store.append(large(++id));
      if (round === 0) heap = process.memoryUsage().heapUsed;
      for (let batch = await store.claim(); batch !== undefined; batch = await store.claim()) {
        await store.complete(batch);
      }
      if (round === 0) fileSize = statSync(path).size;
    }
    assert.equal(store.isEmpty, true);
    assert.ok(
      statSync(path).size < fileSize * 1.5,
      `The file grew from ${fileSize} to ${statSync(path).size}`,
    );
    // 2000 updates of 20 kB have gone through: 40 MB, had anything held on to them.
    const grown = process.memoryUsage().heapUsed - heap;
    assert.ok(grown < 30_000_000, `The heap grew by ${grown}`);
  });

  it("of an earlier version is brought up to this one, with what is in it", async (t) => {
    const path = freshPath(t);
    const before = open(t, path);
    await before.append(entry(1));
    await before.close();
    change(path, "ALTER TABLE batches DROP COLUMN crashes; PRAGMA user_version = 1");
    const after = open(t, path);
    await after.complete(await claim(after, 1));
    assert.equal(valueOf(path, "PRAGMA user_version"), 2);
  });

  it("is refused if it is a later version's, another program's, or no database", (t) => {
    const path = freshPath(t);
    sqliteStore(path).close();
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

  it("that breaks while it is used fails what needs it, and names itself", async (t) => {
    const path = freshPath(t);
    const first = sqliteStore(path);
    for (let id = 1; id < 200; id++) await first.append(entry(id, { queue: `${id}` }));
    await first.close();
    const { size } = statSync(path);
    const broken = openDatabase(path);
    broken.exec("PRAGMA writable_schema = ON; PRAGMA journal_mode = DELETE");
    broken.close();
    writeFileSync(path, new Uint8Array(size - 4096).fill(0x5a), { flag: "r+" }); // the header too
    assert.throws(() => sqliteStore(path), failsWith("ERR_STORE", path));
  });

  it("that takes no more changes nothing, and is asked again to forget what was handled", async (t) => {
    new StoppedClock(t);
    const path = freshPath(t);
    const store = open(t, path);
    await store.append(entry(1));
    const running = await claim(store, 1);
    const state =
      () => [store.updates, store.size, valueOf(path, "SELECT group_concat(update_id) FROM updates")];
    const before = state();
    change(
      path,
      `CREATE TRIGGER full_1 BEFORE INSERT ON updates BEGIN SELECT RAISE(ABORT, 'disk is full'); END;
       CREATE TRIGGER full_2 BEFORE INSERT ON finished BEGIN SELECT RAISE(ABORT, 'disk is full'); END;`,
    );
    const full = failsWith("ERR_STORE", path, "disk is full");
    assert.throws(() => store.append(entry(2)), full);
    assert.throws(() => store.append(part(3, "album")), full);
    assert.throws(() => store.hold(entry(4)), full);
    assert.throws(() => store.complete(running), full);
    assert.deepEqual(state(), before);
    assert.equal(store.nextDueMs(), 250);
    assert.throws(() => store.claim(), full);
    assert.equal(await store.look("chat 42", 3), "queue");

    change(path, "DROP TRIGGER full_1; DROP TRIGGER full_2");
    await store.append(part(5, "album"));
    await store.release();
    await claim(store, 5);
    assert.deepEqual([store.updates, await store.look("chat 42", 1)], [1, "update"]);
    assert.equal(await store.look("x", 3), "nothing");
  });

  it("is no worse for a clock that is set back", async (t) => {
    const clock = new StoppedClock(t);
    const path = freshPath(t);
    const store = open(t, path);
    await store.append(part(1, "album"));
    clock.pass(-3_600_000);
    await store.append(entry(2, { queue: "other" })); // sees the clock
    await claim(store, 2);
    await claimNothing(store);
    await store.append(part(3, "album"));
    assert.equal(store.nextDueMs(), 10);
    clock.pass(10);
    await store.putBack(await claim(store, 1, 3), 50);
    await store.close();
    clock.pass(-3_600_000);
    const next = open(t, path);
    await claim(next, 2);
    assert.equal(next.nextDueMs(), 50);
    clock.pass(50);
    await claim(next, 1, 3);
  });

  it("goes on to collect an album whose process has ended", async (t) => {
    const clock = new StoppedClock(t);
    const path = freshPath(t);
    await open(t, path).append(part(1, "album"));
    endProcessesOf(path);
    clock.pass(1_500);
    const next = open(t, path);
    await claimNothing(next);
    await next.append(part(2, "album"));
    clock.pass(10);
    await claim(next, 1, 2);
  });

  it("gives back what can be read of a batch, and names what cannot", async (t) => {
    const clock = new StoppedClock(t);
    const path = freshPath(t);
    const store = open(t, path);
    for (const id of [1, 2, 3]) await store.append(part(id, "album"));
    await store.append(entry(4, { queue: "broken" }));
    change(path, "UPDATE updates SET json = substr(json, 2) WHERE update_id IN (2, 4)");
    const broken = await claim(store);
    assert.deepEqual(broken.unreadable, [4]);
    await store.complete(broken);
    clock.pass(10);
    const album = await claim(store, 1, 3);
    assert.deepEqual(album.unreadable, [2]);
    await store.complete(album);
    assert.deepEqual([store.updates, store.isEmpty], [0, true]);
  });

  it("blames the update that ends processes, and not those that were handled beside it", async (t) => {
    new StoppedClock(t);
    const path = freshPath(t);
    for (const id of [1, 2, 3]) await open(t, path).append(entry(id, { queue: `${id}` }));
    for (let crashes = 0; crashes < 2; crashes++) {
      const store = open(t, path);
      const claimed = [await claim(store, 1), await claim(store, 2), await claim(store, 3)];
      assert.deepEqual(claimed.map(({ failures }) => failures), [0, 0, 0]);
      endProcessesOf(path);
    }
    // Twice may be chance for two of them: from now on, each is handled without the others.
    const third = open(t, path);
    assert.equal((await claim(third, 1)).failures, 0);
    await claimNothing(third);
    assert.equal(third.nextDueMs(), undefined);
    await third.append(entry(4, { queue: "new" }));
    await claim(third, 4);
    endProcessesOf(path);

    const fourth = open(t, path);
    const [poison, unlucky] = [await claim(fourth, 1), await claim(fourth, 4)];
    assert.deepEqual([poison.failures, unlucky.failures], [1, 0]);
    await fourth.complete(poison);
    for (const id of [2, 3]) {
      const innocent = await claim(fourth, id);
      assert.equal(innocent.failures, 0);
      await claimNothing(fourth);
      await fourth.complete(innocent);
    }
  });

  it("blames at once what was handled alone", async (t) => {
    const path = freshPath(t);
    await open(t, path).append(entry(1));
    for (let crashes = 0; crashes < 4; crashes++) {
      assert.equal((await claim(open(t, path), 1)).failures, crashes);
      endProcessesOf(path);
    }
  });

  it("is written through to the disk only if that is wanted", (t) => {
    const connections = watchConnections(t);
    const path = freshPath(t);
    for (const [fsync, synchronous] of [[false, 1], [true, 2]] as const) {
      const store = sqliteStore(path, { fsync });
      assert.equal(connections.pop()?.prepare("PRAGMA synchronous").get()?.["synchronous"], synchronous);
      store.close();
    }
  });

  it("on a full disk takes nothing, and goes on when there is room again", async (t) => {
    const connections = watchConnections(t);
    const path = freshPath(t);
    const store = open(t, path);
    await store.append(entry(1));
    const limit = (pages: string) => connections[0]?.exec(`PRAGMA max_page_count = ${pages}`);
    limit("1"); // which means: no more than there are
    const big = entry(2);
    const large = { ...big, update: { ...big.update, text: "x".repeat(100_000) } };
    assert.throws(() => store.append(large), failsWith("ERR_STORE", path, "full"));
    assert.deepEqual([store.updates, await store.look("chat 42", 2)], [1, "queue"]);
    limit("1000000");
    await store.append(large);
    await store.complete(await claim(store, 1));
    assert.deepEqual((await claim(store, 2)).updates, [large.update]);
  });
}

function twoOnOneFile(): void {
  it("share the queues: what one has claimed, the other waits for", async (t) => {
    const clock = new StoppedClock(t);
    const path = freshPath(t);
    const [a, b] = [open(t, path), open(t, path)];
    await a.append(entry(1));
    await b.append(entry(2));
    assert.deepEqual([a.isEmpty, b.isEmpty, a.updates, b.updates], [false, false, 1, 1]);
    const first = await claim(b, 1);
    await claimNothing(a);
    assert.equal(a.nextDueMs(), 250);
    assert.equal(b.nextDueMs(), undefined);
    const [own, theirs] = [await a.hold(entry(8, { queue: "a" })), await b.hold(entry(9, { queue: "b" }))];
    assert.deepEqual([a.nextDueMs(), b.nextDueMs()], [250, 250]);
    await a.complete(own);
    await b.complete(theirs);
    assert.equal(await a.look("chat 42", 3), "queue");
    await b.complete(first);
    assert.equal(a.nextDueMs(), 0);
    assert.deepEqual([a.updates, a.size, b.updates], [0, 0, 1]);
    const second = await claim(a, 2);
    await a.complete(first); // the other's, and done
    await b.complete(second); // the other's
    assert.equal(b.updates, 1);
    await a.complete(second);
    assert.equal(b.nextDueMs(), undefined);
    assert.deepEqual([b.updates, b.size, b.isEmpty, a.isEmpty], [0, 0, true, true]);
    // It goes on looking for a while, as the other may have begun something when it did not look.
    assert.equal(a.nextDueMs(), 250);
    clock.pass(1_000);
    assert.equal(a.nextDueMs(), undefined);
  });

  it("collect one album together, and release only their own", async (t) => {
    new StoppedClock(t);
    const path = freshPath(t);
    const [a, b] = [open(t, path), open(t, path)];
    await a.append(part(1, "album"));
    await b.append(part(2, "album"));
    await b.append(part(3, "theirs", { queue: "b" }));
    await a.append(part(4, "ours", { queue: "a" }));
    await b.release();
    await b.complete(await claim(b, 1, 2));
    await claim(a, 3);
    await claimNothing(a);
    assert.equal(a.updates, 2);
    a.nextDueMs();
    assert.equal(a.updates, 1);
  });

  it("give back what they have claimed when they close", async (t) => {
    new StoppedClock(t);
    const path = freshPath(t);
    const [a, b] = [open(t, path), open(t, path)];
    await a.append(entry(1));
    await claim(a, 1);
    await claimNothing(b);
    await a.close();
    assert.equal(b.nextDueMs(), 0);
    assert.equal((await claim(b, 1)).failures, 0);
  });

  it("take over from one that is silent for a lease, and it notices when it comes back", async (t) => {
    const clock = new StoppedClock(t);
    const path = freshPath(t);
    const a = open(t, path, 1_000);
    await a.append(entry(1));
    await a.append(entry(2));
    const lost = await claim(a, 1);
    const b = open(t, path, 30_000);
    for (let ms = 0; ms < 1_000; ms += 250) {
      await claimNothing(b);
      assert.equal(b.nextDueMs(), 250);
      clock.pass(250);
    }
    const taken = await claim(b, 1);
    await a.complete(lost);
    await a.putBack(lost, 0);
    await claimNothing(a);
    assert.equal(a.nextDueMs(), 250);
    assert.equal(a.updates, 2);
    await b.complete(taken);
    await a.complete(await claim(a, 2));
    assert.deepEqual([a.nextDueMs(), a.updates, a.isEmpty], [undefined, 0, true]);
  });

  it("let one be that lives, however long it takes", async (t) => {
    const path = freshPath(t);
    const a = open(t, path, 100);
    await a.append(entry(1));
    await claim(a, 1);
    const b = open(t, path);
    await claimNothing(b);
    const beat = () => Number(valueOf(path, "SELECT beat FROM owners ORDER BY id LIMIT 1"));
    for (let tries = 0; beat() < 3; tries++) {
      assert.ok(tries < 500, "Its heart does not beat");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const clock = new StoppedClock(t);
    clock.pass(250);
    await claimNothing(b);
  });

  it("free what a process on this host had that is dead, but not what one on another host has", async (t) => {
    new StoppedClock(t);
    const owners: [string, boolean][] = [
      ["pid = 2147483646", true],
      [`pid = ${process.pid}`, true], // a container's first process always has the same id
      [`pid = ${process.ppid}`, false],
      ["pid = 2147483646, host = 'elsewhere'", false],
    ];
    for (const [owner, isFreed] of owners) {
      const path = freshPath(t);
      const a = open(t, path);
      await a.append(entry(1));
      await claim(a, 1);
      change(path, `UPDATE owners SET run = 'not one of this process', ${owner}`);
      const b = open(t, path);
      if (isFreed) await claim(b, 1);
      else await claimNothing(b);
    }
  });

  it("are two processes: one that is killed loses nothing, and keeps nothing", async (t) => {
    const path = freshPath(t);
    const store = open(t, path);
    for (const id of [1, 2, 3, 4]) await store.append(entry(id, { queue: `${id % 2}` }));
    await store.close();
    const child = start(t, "hang", path);
    for await (const text of child.stdout) if (String(text).includes("claimed")) break;
    const before = open(t, path);
    await claimNothing(before);
    await before.close();
    child.kill("SIGKILL");
    await once(child, "exit");

    const after = open(t, path);
    const claimed = [];
    for (let batch = await after.claim(); batch !== undefined; batch = await after.claim()) {
      claimed.push(...batch.updates.map((each) => each.update_id));
    }
    assert.deepEqual(claimed, [1, 2, 100]);
    assert.equal(await after.look("held", 5), "queue");
  });

  it("are three processes: each update is handled once, and in the order of its queue", async (t) => {
    const path = freshPath(t);
    const store = open(t, path);
    const log = `${path}-log`;
    change(log, "CREATE TABLE log (at INTEGER PRIMARY KEY, what TEXT, id INTEGER)");
    for (let id = 0; id < 150; id++) await store.append(entry(id, { queue: `${id % 7}` }));
    const children = [1, 2, 3].map(() => start(t, "handle", path, log));
    const exits = await Promise.all(children.map((child) => once(child, "exit")));
    assert.deepEqual(exits.map(([code]) => code), [0, 0, 0]);
    assert.equal(store.isEmpty, store.updates === 0);
    assert.equal(store.nextDueMs(), undefined);
    assert.deepEqual([store.updates, store.isEmpty], [0, true]);

    const database = openDatabase(log);
    const lines = database.prepare("SELECT what, id FROM log ORDER BY at").all();
    database.close();
    for (let queue = 0; queue < 7; queue++) {
      const own = lines.filter(({ id }) => Number(id) % 7 === queue).map(({ what, id }) => `${what} ${id}`);
      const expected = [];
      for (let id = queue; id < 150; id += 7) expected.push(`begin ${id}`, `end ${id}`);
      assert.deepEqual(own, expected);
    }
  });

  it("may be started at the same moment on a file that is not there yet", async (t) => {
    const path = freshPath(t);
    const log = `${path}-log`;
    change(log, "CREATE TABLE log (at INTEGER PRIMARY KEY, what TEXT, id INTEGER)");
    const exits = await Promise.all([1, 2, 3].map(() => once(start(t, "handle", path, log), "exit")));
    assert.deepEqual(exits.map(([code]) => code), [0, 0, 0]);
    assert.equal(valueOf(path, "SELECT count(*) FROM owners"), 0);
  });
}

/** Another process of this runtime on a store; see `sqlite_store_child.ts`. */
function start(t: Scope, ...args: string[]): ChildProcessByStdio<null, Readable, null> {
  const script = fileURLToPath(new URL("./sqlite_store_child.ts", import.meta.url));
  const loader = "Deno" in globalThis
    ? ["run", "-A", "--no-check"]
    : "Bun" in globalThis
    ? []
    : ["--import", "tsx"];
  const child = spawn(process.execPath, [...loader, script, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => void child.kill("SIGKILL"));
  return child;
}
