import { it } from "node:test";
import type { Batch, InboxStore, StoreEntry, StoreHost } from "../../src/store/inbox_store.ts";
import type { TestScope } from "../../src/testing/store.ts";
import { queryOf } from "../../src/store/postgres/postgres_client.ts";
import { PostgresInboxStore } from "../../src/store/postgres/postgres_inbox_store.ts";
import { wirePool } from "./wire_client.ts";

/** Adds a test that undoes what it has done, on every runtime; or says why it is skipped. */
export function test(
  name: string,
  skip: string | undefined,
  body: (t: TestScope) => Promise<void> | void,
): void {
  if (skip !== undefined) {
    it.skip(`${name} (${skip})`, () => {});
    return;
  }
  it(name, async () => {
    const undone: (() => unknown)[] = [];
    try {
      await body({ after: (undo) => void undone.unshift(undo) });
    } finally {
      for (const undo of undone) await undo();
    }
  });
}

export type TestPool = ReturnType<typeof wirePool>;

/** A client that is closed when the test ends. */
export function poolFor(t: TestScope, url: string, size?: number): TestPool {
  const pool = wirePool(url, size);
  t.after(() => pool.close());
  return pool;
}

let names = 0;

/** A name that no other test uses. */
export function newName(): string {
  return `test_${Date.now().toString(36)}_${++names}_${Math.floor(Math.random() * 1e6)}`;
}

/** What a store tells its inbox. */
export class Heard implements StoreHost {
  readonly batches: Batch[] = [];
  readonly errors: unknown[] = [];
  #onWake: (() => void)[] = [];

  wake(inMs: number): void {
    if (inMs > 100) return;
    for (const each of this.#onWake.splice(0)) each();
  }

  lost(batch: Batch): void {
    this.batches.push(batch);
  }

  failed(error: unknown): void {
    this.errors.push(error);
  }

  /** Waits until it is asked to claim soon. */
  nextWake(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("It is not woken")), 5_000);
      this.#onWake.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

/** An open store, which is closed when the test ends. */
export async function openStore(
  t: TestScope,
  client: object,
  { name = newName(), schema = "telehook", leaseMs = 30_000 }: {
    name?: string;
    schema?: string;
    leaseMs?: number;
  } = {},
): Promise<{ readonly store: PostgresInboxStore; readonly heard: Heard }> {
  const heard = new Heard();
  const store = new PostgresInboxStore({ client, query: queryOf(client), name, schema, leaseMs });
  t.after(() => store.close());
  await store.open(heard);
  return { store, heard };
}

export function entry(id: number, more: Partial<StoreEntry> = {}): StoreEntry {
  const chat = { id: 42, type: "private" } as const;
  return {
    update: { update_id: id, message: { message_id: id, date: 0, chat, text: `héllo 🐕 ${id}` } },
    json: undefined,
    lane: 42,
    chars: 100,
    tries: { attempts: 0, failures: 0 },
    album: undefined,
    reservedMs: 0,
    ...more,
  };
}

export function ids(batches: readonly Batch[]): number[] {
  return batches.flatMap((batch) => batch.updates.map((each) => each.update_id));
}

/** Claims until something is claimed. */
export async function claimSoon(store: InboxStore, withinMs = 5_000): Promise<readonly Batch[]> {
  for (const until = performance.now() + withinMs; performance.now() < until;) {
    const batches = await store.claim(10, 0);
    if (batches.length > 0) return batches;
    await sleep(10);
  }
  throw new Error(`Nothing to claim within ${withinMs} ms`);
}

/** Repeats a call until it succeeds, as the inbox and Telegram's sender do. */
export async function until<T>(call: () => T | Promise<T>): Promise<T> {
  for (let tries = 0;; tries++) {
    try {
      return await call();
    } catch (error) {
      if (tries > 200) throw error;
      await sleep(10);
    }
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
