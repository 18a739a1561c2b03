import assert from "node:assert/strict";
import { createRequire } from "node:module";
import process from "node:process";
import { TelehookError } from "../../mod.ts";
import { postgresStore } from "../../src/store/postgres/mod.ts";
import { freePort } from "../../src/testing/free_port.ts";
import { sharedPostgres, skipWithoutOwnPostgres, skipWithoutPostgres as skip } from "./postgres_server.ts";
import { test } from "../scoped_it.ts";
import { entry, Heard, newName } from "../store/server_store.ts";
import { poolFor } from "./scope.ts";

const nobody = () => Promise.reject(new Error("never asked"));

test("options that cannot be are refused at once", undefined, () => {
  const refused = (make: () => unknown, message: RegExp) =>
    assert.throws(
      make,
      (error) => error instanceof TelehookError && error.code === "ERR_OPTION" && message.test(error.message),
    );
  refused(
    () => postgresStore({}, { name: "a" }),
    /a Pool of pg, PGlite, .*postgres\.js, Bun's SQL, or a function/,
  );
  refused(() => postgresStore("postgres://x" as never, { name: "a" }), /does not recognize this client/);
  const single = { processID: null, connect: nobody, query: nobody }; // as a Client of pg
  refused(() => postgresStore(single, { name: "a" }), /a Client of pg has one.*pass a Pool/);
  refused(() => postgresStore(nobody, { name: "" }), /"name" must be a text/);
  refused(() => postgresStore(nobody, { name: "123456:abcdefghijklmnopqrstuvwxyz" }), /bot token/);
  for (const schema of ["", "A", "1a", "a-b", "pg_a", 'a"b', "a".repeat(64)]) {
    refused(() => postgresStore(nobody, { name: "a", schema }), /"schema" must have/);
  }
  refused(() => postgresStore(nobody, { name: "a", leaseMs: 10 }), /"leaseMs"/);
  refused(() => postgresStore(nobody, { name: "a", lease: 1 } as never), /no option "lease"/);
});

async function opens(client: object, message: RegExp, schema?: string): Promise<void> {
  const store = postgresStore(client, { name: newName(), ...(schema === undefined ? {} : { schema }) });
  await assert.rejects(async () => await store.open(new Heard(100)), (error) => {
    assert.ok(error instanceof TelehookError && error.code === "ERR_STORE", String(error));
    assert.match(error.message, message);
    return true;
  });
}

test("no server", undefined, async (t) => {
  const pool = poolFor(t, `postgres://nobody@127.0.0.1:${await freePort()}/none`);
  await opens(pool, /Check that the server runs/);
});

test("a database that is not there", skip, async (t) => {
  const url = new URL(await sharedPostgres());
  url.pathname = "/not_there";
  await opens(poolFor(t, url.href), /database "not_there" does not exist\. Create this database/);
});

test("a user who may not create the schema, and what helps", skip, async (t) => {
  const admin = poolFor(t, await sharedPostgres(), 1);
  const role = newName();
  await admin.query(`create role ${role} login`);
  t.after(async () => {
    await admin.query(`drop owned by ${role} cascade`);
    await admin.query(`drop role ${role}`);
  });
  const url = new URL(await sharedPostgres());
  url.username = role;
  const pool = poolFor(t, url.href);
  await opens(
    pool,
    new RegExp(`may not create the schema "${role}".*CREATE SCHEMA "${role}" AUTHORIZATION "${role}"`),
    role,
  );
  await admin.query(`create schema "${role}" authorization "${role}"`);
  const store = postgresStore(pool, { name: "bot", schema: role });
  await store.open(new Heard(100));
  await store.close();
});

test("read-only and serializable sessions", skip, async (t) => {
  const url = await sharedPostgres();
  const readOnly = poolFor(t, url, 1);
  await readOnly.query("set default_transaction_read_only = on");
  await opens(readOnly, /read-only/);
  const serializable = poolFor(t, url, 1);
  await serializable.query("set default_transaction_isolation = 'serializable'");
  await opens(serializable, /isolation level "serializable".*read committed/);
});

test("old servers, replicas, other encodings, and clients that answer nonsense", undefined, async () => {
  const facts = {
    ...{
      version: 150000,
      is_replica: false,
      is_read_only: false,
      encoding: "UTF8",
      isolation: "read committed",
    },
    ...{ has_schema: false, has_format: false, may_create: true, database: "db", role: "me" },
  };
  const server = (more: object) => () =>
    Promise.resolve({ rows: [{ line: JSON.stringify({ ...facts, ...more }) }] });
  await opens(server({ version: 120004 }), /PostgreSQL 12\. Use PostgreSQL 13 or later/);
  await opens(server({ is_replica: true }), /replica.*Connect to the primary/);
  await opens(server({ encoding: "LATIN1" }), /encoding LATIN1\. Use one with UTF8/);
  await opens(() => Promise.resolve(undefined) as never, /instead of rows/);
  await opens(() => Promise.resolve({ rows: [["{}"]] }) as never, /a row without a text "line"/);
});

test("a database whose tables are all published", skip, async (t) => {
  const url = new URL(await sharedPostgres());
  const admin = poolFor(t, url.href, 1);
  const database = newName();
  await admin.query(`create database ${database}`);
  t.after(() => admin.query(`drop database ${database} with (force)`));
  url.pathname = `/${database}`;
  const pool = poolFor(t, url.href, 2);
  await pool.query("create publication everything for all tables"); // which wants a key of what is updated
  const store = postgresStore(pool, { name: "bot" });
  await store.open(new Heard(100));
  await store.add(entry(1), "append");
  const [batch = assert.fail()] = await store.claim(1, 0);
  await store.retry(batch, 0, { attempts: 1, failures: 1 });
  const [again = assert.fail()] = await store.claim(1, 0);
  await store.park(again, { error: "", attempts: 2, keepMs: 60_000 });
  assert.equal(await store.replay(1), true);
  const [replayed = assert.fail()] = await store.claim(1, 0);
  await store.complete(replayed, false);
  await store.close();
});

test("a schema of a later version", skip, async (t) => {
  const schema = newName();
  const pool = poolFor(t, await sharedPostgres(), 1);
  t.after(() => pool.query(`drop schema ${schema} cascade`));
  const store = postgresStore(pool, { name: "bot", schema });
  await store.open(new Heard(100));
  await store.close();
  await pool.query(`update ${schema}.format set version = 99`);
  await opens(pool, /format 99, which a later telehook has made/, schema);
});

const place = process.env["TELEHOOK_TEST_CLIENTS"];
const skipPassword = skipWithoutOwnPostgres ?? (place || process.env["CI"] ? undefined : "needs pg from npm");

test("a wrong password", skipPassword, async (t) => {
  const admin = poolFor(t, await sharedPostgres(), 1);
  const role = newName();
  // The test servers trust everybody, so the refusal is what pg makes of the server's answer.
  const { DatabaseError } = createRequire(`${place ?? "/"}/package.json`)("pg-protocol") as {
    DatabaseError: new (message: string, length: number, name: string) => Error & { code?: string };
  };
  await admin.query("select 1");
  await opens(() => {
    const error = new DatabaseError(`password authentication failed for user "${role}"`, 1, "error");
    error.code = "28P01";
    return Promise.reject(error);
  }, /refuses this user or password/);
});
