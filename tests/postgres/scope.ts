import type { TestScope } from "../../src/testing/store.ts";
import { queryOf } from "../../src/store/postgres/postgres_client.ts";
import { PostgresInboxStore } from "../../src/store/postgres/postgres_inbox_store.ts";
import { Heard, newName } from "../store/server_store.ts";
import { wirePool } from "./wire_client.ts";

export type TestPool = ReturnType<typeof wirePool>;

/** A client that is closed when the test ends. */
export function poolFor(t: TestScope, url: string, size?: number): TestPool {
  const pool = wirePool(url, size);
  t.after(() => pool.close());
  return pool;
}

/** An open store, which is closed when the test ends. */
export async function openStore(
  t: TestScope,
  client: object,
  { name = newName(), schema = "telehook", leaseMs = 30_000, now }: {
    name?: string;
    schema?: string;
    leaseMs?: number;
    now?: () => number;
  } = {},
): Promise<{ readonly store: PostgresInboxStore; readonly heard: Heard }> {
  const heard = new Heard(100);
  const store = new PostgresInboxStore({ client, query: queryOf(client), name, schema, leaseMs, now });
  t.after(() => store.close());
  await store.open(heard);
  return { store, heard };
}
