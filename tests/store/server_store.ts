import assert from "node:assert/strict";
import type { Batch, InboxStore, StoreEntry, StoreHost } from "../../src/store/inbox_store.ts";
import { pause } from "../../src/platform/pause.ts";

let names = 0;

/** A name that no other test uses. */
export function newName(): string {
  return `test_${Date.now().toString(36)}_${++names}_${Math.floor(Math.random() * 1e6)}`;
}

/** What a store tells its inbox. */
export class Heard implements StoreHost {
  readonly batches: Batch[] = [];
  readonly errors: unknown[] = [];
  wakes = 0;
  wakeIn: number | undefined;
  readonly #soonMs: number;
  readonly #onWake: (() => void)[] = [];

  /** @param soonMs Who waits for a wake is not told of later ones. Milliseconds. Default: is told of all. */
  constructor(soonMs = Infinity) {
    this.#soonMs = soonMs;
  }

  wake(inMs: number): void {
    this.wakes++;
    this.wakeIn = inMs;
    if (inMs <= this.#soonMs) { for (const each of this.#onWake.splice(0)) each(); }
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
      const timer = setTimeout(() => reject(new Error("It is not woken")), 20_000);
      this.#onWake.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
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
    await pause(10);
  }
  throw new Error(`Nothing to claim within ${withinMs} ms`);
}

/** Repeats a call until it succeeds, as the inbox and Telegram's sender do. */
export type Until = <T>(call: () => T | Promise<T>) => Promise<T>;

/** @returns A function that repeats a call that often, after a pause of that many milliseconds each. */
export function repeating(mostRepeats: number, pauseMs: number): Until {
  return async (call) => {
    for (let tries = 0;; tries++) {
      try {
        return await call();
      } catch (error) {
        if (tries > mostRepeats) throw error;
        await pause(pauseMs);
      }
    }
  };
}

/** A call whose answer is lost, after it has happened, while `isLost` is set. */
export interface LosingCall<A extends unknown[], T> {
  isLost: boolean;
  readonly call: (...args: A) => Promise<T>;
}

export function losing<A extends unknown[], T>(call: (...args: A) => Promise<T>): LosingCall<A, T> {
  const answers: LosingCall<A, T> = {
    isLost: false,
    async call(...args) {
      const answer = await call(...args);
      if (answers.isLost) throw new Error("The connection was closed");
      return answer;
    },
  };
  return answers;
}

function longEntry(id: number): StoreEntry {
  const { update } = entry(id);
  return entry(id, {
    lane: id,
    chars: 300_100,
    json: JSON.stringify({ ...update, padding: "x".repeat(300_000) }),
  });
}

/** What is long is claimed and listed in several answers: none takes longer than a call may. */
export async function runLongAnswers(store: InboxStore): Promise<void> {
  for (const id of [1, 2, 3, 4]) {
    await store.add(longEntry(id), "append");
  }
  const [first, rest] = [await store.claim(10, 0), await store.claim(10, 0)];
  assert.deepEqual([ids(first), ids(rest), await store.claim(10, 0)], [[1, 2], [3, 4], []]);
  for (const batch of [...first, ...rest]) {
    await store.park(batch, { error: "", attempts: 1, keepMs: 60_000 });
  }
  const pages = [await store.parked(0, 10), await store.parked(2, 10), await store.parked(4, 10)];
  assert.deepEqual(pages.map((page) => page.map(({ id }) => id)), [[1, 2], [3, 4], []]);
}

/** The same where calls that complete claim the next ones. */
export async function runLongNext(store: InboxStore): Promise<void> {
  const small = await Promise.all([1, 2, 3].map((id) => store.add(entry(id, { lane: id }), "claim")));
  for (const id of [4, 5, 6]) {
    await store.add(longEntry(id), "append");
  }
  const held = small.filter((each) => typeof each === "object");
  const next = await Promise.all(held.map((batch) => store.complete(batch, true)));
  assert.deepEqual(next.map((batch) => batch && ids([batch])), [[4], [5], undefined]);
  assert.deepEqual(ids(await store.claim(10, 0)), [6]);
}
