import assert from "node:assert/strict";
import { createRequire } from "node:module";
import process from "node:process";
import { postgresStore } from "../../src/store/postgres/mod.ts";
import { type TestScope, testStore } from "../../src/testing/store.ts";
import { queryOf } from "../../src/store/postgres/postgres_client.ts";
import { PostgresInboxStore } from "../../src/store/postgres/postgres_inbox_store.ts";
import { sharedPostgres, skipWithoutPostgres } from "./postgres_server.ts";
import { pause } from "../../src/platform/pause.ts";
import { test } from "../scoped_it.ts";
import { badNetwork } from "../store/bad_network.ts";
import { entry, Heard, ids, newName, repeating } from "../store/server_store.ts";
import { poolFor } from "./scope.ts";
import { virtualTimes } from "../store/virtual_time.ts";

/*
 * Each client that a store recognizes does everything that the store asks of it. The clients are in the directory that
 * `.ci/servers` prepares; Bun's is Bun's own.
 */
const place = process.env["TELEHOOK_TEST_CLIENTS"];
const HOW =
  'needs clients from npm: run  eval "$(.ci/servers start)"  which installs them outside this repository';
const skip = skipWithoutPostgres ?? (place || process.env["CI"] ? undefined : HOW);
const load = createRequire(`${place ?? "/"}/package.json`);

/** Begins a transaction, completes an update in it, and commits it or rolls it back. */
type Transact = (use: (transaction: unknown) => Promise<void>) => Promise<unknown>;

/** Everything once, with two stores, the second of which wakes the first. */
async function tryClient(t: TestScope, client: object, transact: Transact, other = client): Promise<void> {
  const name = newName();
  const heard = new Heard(100);
  const store = postgresStore(client, { name });
  const second = postgresStore(other, { name });
  await store.open(heard);
  t.after(() => store.close());
  await second.open(new Heard(100));
  t.after(() => second.close());
  const lane = 'лейн %_"\\{}*:?';
  assert.equal(await store.add(entry(1, { lane }), "behind"), "alone");
  const woken = heard.nextWake();
  assert.equal(
    await second.add(
      entry(1, { lane, json: '{"update_id":1,"from_the_future":{"is":[1.0, "\\u0000"]}}' }),
      "append",
    ),
    "added",
  );
  await woken;
  const [batch = assert.fail()] = await store.claim(9, 0);
  assert.deepEqual([batch.lane, batch.updates], [lane, [{
    update_id: 1,
    from_the_future: { is: [1, "\0"] },
  }]]);
  await store.retry(batch, 0, { attempts: 1, failures: 1 });
  const [again = assert.fail()] = await store.claim(9, 0);
  await store.add(entry(2, { lane }), "append");
  const next = await store.complete(again, true) ?? assert.fail();
  await store.park(next, { error: "It failed\0", attempts: 2, keepMs: 60_000 });
  assert.deepEqual((await second.parked(0, 9)).map(({ id, error }) => [id, error]), [[2, "It failed\uFFFD"]]);
  assert.equal(await second.discard(2), true);
  assert.equal(await store.add(entry(2, { lane }), "adopt"), "known");
  const together = await Promise.allSettled([
    store.add(entry(4, { lane: 4 }), "behind"),
    store.add(entry(5, { lane: 5, chars: 1e12 }), "append"), // the server refuses it
  ]);
  assert.deepEqual(together.map(({ status }) => status), ["fulfilled", "rejected"]);

  await assert.rejects(
    transact(async (transaction) => {
      await store.completeIn?.(transaction, undefined, entry(3).update);
      throw new Error("rolled back");
    }),
    /rolled back/,
  );
  assert.equal(await store.add(entry(3, { lane }), "behind"), "alone");
  await transact((transaction) =>
    store.completeIn?.(transaction, undefined, entry(3).update) ?? assert.fail()
  );
  assert.equal(await store.add(entry(3, { lane }), "behind"), "known");
  await assert.rejects(
    transact((transaction) => store.completeIn?.(transaction, undefined, entry(3).update) ?? assert.fail()),
    { code: "ERR_STORE", message: /handled already/ },
  );
  const { updates, lanes, parked } = await store.stats();
  assert.deepEqual([updates, lanes, parked], [0, 0, 0]);
  assert.deepEqual(ids(await store.claim(9, 0)), []);
  assert.deepEqual(heard.errors, []);
}

interface PgClient {
  query(text: string): Promise<unknown>;
  release(): void;
}
interface PgPool {
  query(statement: object): Promise<unknown>;
  connect(): Promise<PgClient>;
  end(): Promise<void>;
  on(event: string, listener: () => void): void;
}
type Pg = { Pool: new (options: object) => PgPool };

function pgPool(t: TestScope, options: object): PgPool {
  const pool = new (load("pg") as Pg).Pool(options);
  pool.on("error", () => {});
  t.after(() => pool.end());
  return pool;
}

function inPg(pool: PgPool): Transact {
  return async (use) => {
    const client = await pool.connect();
    try {
      await client.query("begin");
      await use(client);
      await client.query("commit");
    } catch (error) {
      await client.query("rollback");
      throw error;
    } finally {
      client.release();
    }
  };
}

test("pg", skip, async (t) => {
  const pool = pgPool(t, { connectionString: await sharedPostgres() });
  await tryClient(t, pool, inPg(pool));
});

test("pg with a pool of one connection, which cannot listen", skip, async (t) => {
  const pool = pgPool(t, { connectionString: await sharedPostgres(), max: 1 });
  await tryClient(t, pool, inPg(pool));
});

/** The same pool, which waits for answers for 200 ms. */
function impatient<P extends PgPool>(pool: P): P {
  return new Proxy(pool, {
    get(_, key) {
      if (key !== "query") return Reflect.get(pool, key, pool);
      return (statement: { query_timeout: number }) =>
        pool.query({ ...statement, query_timeout: statement.query_timeout / 50 });
    },
  });
}

test("pg closes connections that have gone silent", skip, async (t) => {
  const network = await badNetwork(await sharedPostgres(), () => 1);
  const pool = pgPool(t, { connectionString: network.url, max: 1 });
  t.after(() => network.close());
  const store = postgresStore(impatient(pool), { name: newName() });
  await store.open(new Heard(100));
  t.after(() => store.close());
  network.silence(); // as those to a machine that has failed
  const until = repeating(1, 0);
  assert.equal(await until(() => store.add(entry(1), "append")), "added");
});

test("pg does not open ever more connections to a server that waits itself", skip, async (t) => {
  const url = await sharedPostgres();
  const waitsForLock = `select pg_advisory_xact_lock(${Math.floor(Math.random() * 1e9)})::text as line`;
  const query = queryOf(impatient(pgPool(t, { connectionString: url, max: 5 })));
  const watching = pgPool(t, { connectionString: url });
  const calls: Promise<unknown>[] = [];
  let waiting = 0;
  await inPg(watching)(async (transaction) => {
    await queryOf(transaction)(waitsForLock, []);
    for (let n = 0; n < 60; n++) {
      calls.push(query(waitsForLock, []).catch(() => {}));
      await pause(30);
    }
    const { rows } = await queryOf(watching)(
      "select count(*)::int as n from pg_stat_activity where query = $1 and wait_event_type = 'Lock'",
      [waitsForLock],
    ) as { rows: { n: number }[] };
    waiting = rows[0]?.n ?? 0;
  });
  assert.equal(waiting, 25, "It has closed 20, and keeps 5");
  await Promise.all(calls); // what it keeps is answered in the end
});

interface PostgresJs {
  begin(use: (transaction: unknown) => Promise<void>): Promise<unknown>;
  end(): Promise<void>;
}

test("postgres.js", skip, async (t) => {
  const loaded = load("postgres") as PostgresJs & { default?: unknown };
  const connect = (loaded.default ?? loaded) as (url: string, options: object) => PostgresJs;
  const sql = connect(await sharedPostgres(), { max: 4, onnotice: () => {} });
  t.after(() => sql.end());
  await tryClient(t, sql, (use) => sql.begin(use));
});

interface BunSql {
  begin(use: (transaction: unknown) => Promise<void>): Promise<unknown>;
  close(): Promise<void>;
}
const { Bun } = globalThis as { Bun?: { SQL: new (url: string) => BunSql } };

test("Bun's SQL", Bun === undefined ? "only on Bun" : skipWithoutPostgres, async (t) => {
  const sql = new (Bun ?? assert.fail()).SQL(await sharedPostgres());
  t.after(() => sql.close());
  await tryClient(t, sql, (use) => sql.begin(use));
});

test("functions", skipWithoutPostgres, async (t) => {
  const url = await sharedPostgres();
  const [a, b, own] = [poolFor(t, url), poolFor(t, url), poolFor(t, url, 1)];
  await tryClient(t, a.query, async (use) => {
    await own.query("begin");
    try {
      await use(own.query);
      await own.query("commit");
    } catch (error) {
      await own.query("rollback");
      throw error;
    }
  }, b.query);
});

interface PGlite {
  transaction(use: (transaction: unknown) => Promise<void>): Promise<unknown>;
  close(): Promise<void>;
}

let pglite: Promise<PGlite> | undefined;
async function openPglite(): Promise<PGlite> {
  const { PGlite } = load("@electric-sql/pglite") as { PGlite: { create(): Promise<PGlite> } };
  return await (pglite ??= PGlite.create());
}
const skipPglite = place || process.env["CI"] ? undefined : HOW;

test("PGlite", skipPglite, async (t) => {
  const database = await openPglite();
  await tryClient(t, database, (use) => database.transaction(use));
});

if (skipPglite === undefined) {
  const database = await openPglite();
  const time = virtualTimes(0.001);
  testStore({
    name: "postgresStore on PGlite",
    isDurable: true,
    isShared: true,
    leaseMs: 30_000,
    histories: 1,
    historyLength: 150,
    clock: (t) => time(t).clock,
    make: (name, t) =>
      new PostgresInboxStore({
        ...{
          client: database,
          query: queryOf(database),
          name,
          schema: "telehook",
          leaseMs: 30_000,
          now: time(t).now,
        },
      }),
    async crash(store) {
      if (!(store instanceof PostgresInboxStore)) return;
      const text = "update telehook.owners set alive_until = '-infinity' where id = $1::bigint";
      await queryOf(database)(text, [store.crash()]);
    },
  });
}
