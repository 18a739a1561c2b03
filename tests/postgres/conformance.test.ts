import process from "node:process";
import { testStore } from "../../src/testing/store.ts";
import { PostgresInboxStore } from "../../src/store/postgres/postgres_inbox_store.ts";
import { sharedPostgres, skipWithoutPostgres } from "./postgres_server.ts";
import { test } from "../scoped_it.ts";
import { virtualTimes } from "../store/virtual_time.ts";
import { wirePool } from "./wire_client.ts";

/*
 * The published suite for stores, on a real server, with a time that passes at once. With a function as client; the other
 * clients are in clients.test.ts.
 */
if (skipWithoutPostgres !== undefined) {
  test("postgresStore: the suite for stores", skipWithoutPostgres, () => {});
} else {
  const pool = wirePool(await sharedPostgres());
  const schema = `conformance_${process.pid}`;
  const time = virtualTimes(0.001);
  testStore({
    name: "postgresStore",
    isDurable: true,
    isShared: true,
    leaseMs: 30_000,
    clock: (t) => time(t).clock,
    make: (name, t) =>
      new PostgresInboxStore({
        ...{ client: pool, query: pool.query, name, schema, leaseMs: 30_000, now: time(t).now },
      }),
    async crash(store) {
      if (!(store instanceof PostgresInboxStore)) return;
      await pool.query(`update ${schema}.owners set alive_until = '-infinity' where id = $1::bigint`, [
        store.crash(),
      ]);
    },
  });
}
