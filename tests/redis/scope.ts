import { it } from "node:test";
import type { Batch, InboxStore, StoreEntry, StoreHost } from "../../src/store/inbox_store.ts";
import type { TestScope } from "../../src/testing/store.ts";
import { commandOf, subscribeOf } from "../../src/store/redis/redis_client.ts";
import { RedisInboxStore } from "../../src/store/redis/redis_inbox_store.ts";
import { keysOf } from "../../src/store/redis/redis_scripts.ts";
import { type RespClient, respClient } from "./resp_client.ts";

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

/** A client that is closed when the test ends. */
export function clientFor(t: TestScope, url: string): RespClient {
  const client = respClient(url);
  t.after(() => client.close());
  return client;
}

let names = 0;

/** A name that no other test uses. */
export function newName(): string {
  return `test-${Date.now().toString(36)}-${++names}-${Math.floor(Math.random() * 1e6)}`;
}

/** What a store tells its inbox. */
export class Heard implements StoreHost {
  readonly batches: Batch[] = [];
  readonly errors: unknown[] = [];
  wakes = 0;
  wakeIn: number | undefined;
  #onWake: (() => void)[] = [];

  wake(inMs: number): void {
    this.wakes++;
    this.wakeIn = inMs;
    const waiting = this.#onWake;
    this.#onWake = [];
    for (const each of waiting) each();
  }

  lost(batch: Batch): void {
    this.batches.push(batch);
  }

  failed(error: unknown): void {
    this.errors.push(error);
  }

  /** Waits for the next wake. */
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

/** An open store, which is closed and whose keys are deleted when the test ends. */
export async function openStore(
  t: TestScope,
  client: RespClient,
  { name, leaseMs = 30_000, subscriber, send = client.send }: {
    name: string;
    leaseMs?: number;
    subscriber?: RespClient;
    send?: RespClient["send"];
  },
): Promise<{ readonly store: RedisInboxStore; readonly heard: Heard }> {
  const heard = new Heard();
  const store = new RedisInboxStore({
    ...{ client: send, name, leaseMs, command: commandOf(send) },
    subscribe: subscriber === undefined ? undefined : subscribeOf(subscriber.subscribe),
  });
  t.after(async () => {
    await store.close();
    await Promise.race([client.send("DEL", [...keysOf(name)]).catch(() => {}), sleep(500)]);
  });
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

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
