import assert from "node:assert/strict";
import { describe } from "node:test";
import type { Batch, StoreEntry, TelegramQueue } from "../../src/store/store.ts";
import type { MakeStore } from "./store_suite.ts";
import { it } from "./store_suite_it.ts";
import { StoppedClock } from "./store_suite_clock.ts";

const SEEDS: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8];
const STEPS = 500;
/** The first most often. */
const RULES = [
  { quietMs: 20, maxWaitMs: 50, mostParts: 4 },
  { quietMs: 20, maxWaitMs: 50, mostParts: 4 },
  { quietMs: 5, maxWaitMs: 60, mostParts: 4 },
  { quietMs: 45, maxWaitMs: 45, mostParts: 3 },
] as const;

interface ModelBatch {
  readonly queue: TelegramQueue;
  readonly entries: StoreEntry[];
  readonly group: string | undefined;
  readonly late: boolean;
  readonly beganAt: number;
  failures: number;
  end: Batch["end"];
  dueAt: number;
  isCollecting: boolean;
  isClaimed: boolean;
}

/** The rules once more, as plainly as they can be said: lists that are searched from end to end. */
class Model {
  now = 0;
  readonly batches: ModelBatch[] = []; // each queue's in its order
  readonly finished = new Set<number>();
  readonly #albums = new Set<string>();

  of(queue: TelegramQueue): ModelBatch[] {
    return this.batches.filter((each) => each.queue === queue);
  }

  isHere(id: number): boolean {
    return this.batches.some(({ entries }) => entries.some(({ update }) => update.update_id === id));
  }

  append(entry: StoreEntry): void {
    const last = this.of(entry.queue).at(-1);
    const { group } = entry;
    if (group && last?.isCollecting && last.group === group.key) {
      last.entries.push(entry);
      this.#collect(last, group);
    } else {
      if (last?.isCollecting) this.release(last, "next");
      const batch = this.#begin(entry);
      this.batches.push(batch);
      if (group) this.#collect(batch, group);
    }
  }

  hold(entry: StoreEntry): ModelBatch {
    const batch = this.#begin(entry);
    batch.isClaimed = true;
    this.batches.unshift(batch);
    return batch;
  }

  release(batch: ModelBatch, end: Batch["end"]): void {
    batch.isCollecting = false;
    batch.end = end;
    batch.dueAt = Math.min(batch.dueAt, this.now);
  }

  /** Unclaimed firsts of their queues, the first to fall due first. */
  waiting(): ModelBatch[] {
    return this.batches.filter((each) => this.of(each.queue)[0] === each && !each.isClaimed)
      .sort((a, b) => a.dueAt - b.dueAt);
  }

  remove(batch: ModelBatch): void {
    this.batches.splice(this.batches.indexOf(batch), 1);
    for (const { update } of batch.entries) this.finished.add(update.update_id);
  }

  #begin(entry: StoreEntry): ModelBatch {
    const { queue, failures, group } = entry;
    const late = group !== undefined && this.#albums.has(group.key);
    if (group) this.#albums.add(group.key);
    return {
      ...{ queue, failures, late, entries: [entry], group: group?.key },
      ...{ beganAt: this.now, dueAt: this.now, end: undefined, isCollecting: false, isClaimed: false },
    };
  }

  #collect(batch: ModelBatch, { rules }: NonNullable<StoreEntry["group"]>): void {
    const { quietMs, maxWaitMs, mostParts } = rules;
    if (batch.entries.length >= mostParts) return this.release(batch, "full");
    batch.isCollecting = true;
    batch.dueAt = Math.min(this.now + quietMs, batch.beganAt + maxWaitMs);
    batch.end = batch.dueAt === this.now + quietMs ? "quiet" : "maxWait";
  }
}

/** An update that comes again has the queue that it had. */
function queueOf(id: number): TelegramQueue {
  const number = (id * 7) % 11 % 4;
  return number < 2 ? -number - 2 ** 40 : `chat ${number}`;
}

/** Mulberry32: the same numbers for the same seed on every runtime. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export function testAgainstModel(name: string, makeStore: MakeStore): void {
  describe(`${name}: against a model of its rules`, () => {
    for (const seed of SEEDS) {
      it(`seed ${seed}`, async (t) => {
        const clock = new StoppedClock(t);
        const store = makeStore(t);
        const model = new Model();
        const random = numbersFrom(seed);
        const claimed: [Batch, ModelBatch][] = [];
        const gone: Batch[] = [];
        let lastId = 0;
        const albumOf = new Map<TelegramQueue, number>();

        const isKnown = (id: number) => model.isHere(id) || (store.outlivesProcess && model.finished.has(id));
        const newEntry = (): StoreEntry => {
          const id = random(6) === 0 && lastId > 0 ? 1 + random(lastId) : ++lastId;
          const queue = queueOf(id);
          const chat = { id: 1, type: "private" } as const;
          const update = { update_id: id, message: { message_id: id, date: 0, chat } };
          const entry = { update, queue, size: 1 + random(500), failures: random(3) };
          if (random(3) === 0) return entry;
          if (random(4) === 0) albumOf.set(queue, random(1_000_000));
          const key = `${queue} ${albumOf.get(queue)}`;
          return { ...entry, group: { key, rules: RULES[random(RULES.length)] ?? RULES[0] } };
        };
        const steps: Record<string, () => Promise<void> | void> = {
          async append() {
            const entry = newEntry();
            await store.append(entry);
            if (!isKnown(entry.update.update_id)) model.append(entry);
          },
          async hold() {
            const { group: _, ...entry } = newEntry();
            const known = isKnown(entry.update.update_id);
            const batch = await store.hold(entry);
            assert.deepEqual(batch.updates, [entry.update]);
            if (known) gone.push(batch);
            else claimed.push([batch, model.hold(entry)]);
          },
          async claim() {
            const batch = await store.claim();
            const [first] = model.waiting();
            const isDue = first !== undefined && first.dueAt <= model.now;
            // Of those that fell due at the same moment, whichever the store likes.
            const expected = isDue
              ? model.waiting().find((each) => each.dueAt === first.dueAt && each.queue === batch?.queue) ??
                first
              : undefined;
            assert.deepEqual(facts(batch), expected && modelFacts(expected, model.now));
            if (batch === undefined || expected === undefined) return;
            expected.isClaimed = true;
            expected.isCollecting = false;
            claimed.push([batch, expected]);
          },
          async complete() {
            const [pair] = claimed.splice(random(claimed.length || 1), 1);
            if (pair === undefined) return;
            await store.complete(pair[0]);
            model.remove(pair[1]);
            gone.push(pair[0]);
          },
          async putBack() {
            const [pair] = claimed.splice(random(claimed.length || 1), 1);
            if (pair === undefined) return;
            const delayMs = random(3) * 15;
            await store.putBack(pair[0], delayMs);
            Object.assign(pair[1], { isClaimed: false, dueAt: model.now + delayMs });
            pair[1].failures++;
            gone.push(pair[0]);
          },
          async whatIsGone() {
            const batch = gone[random(gone.length || 1)];
            if (batch === undefined || claimed.some(([each]) => each === batch)) return;
            if (random(2) === 0) await store.complete(batch);
            else await store.putBack(batch, 5);
          },
          async release() {
            const queue = queueOf(random(11));
            const all = random(4) === 0;
            await store.release(all ? undefined : queue);
            for (const batch of all ? [...model.batches] : model.of(queue)) {
              if (batch.isCollecting) model.release(batch, all ? "close" : "next");
            }
          },
          async look() {
            const id = 1 + random(lastId + 2);
            const queue = queueOf(id);
            const expected = isKnown(id) ? "update" : model.of(queue).length > 0 ? "queue" : "nothing";
            assert.equal(await store.look(queue, id), expected);
          },
          wait() {
            const ms = random(15);
            clock.pass(ms);
            model.now += ms;
          },
        };
        const names =
          "append append append hold claim claim claim complete complete putBack whatIsGone release look wait wait"
            .split(" ");

        const done: string[] = [];
        try {
          for (let step = 0; step < STEPS; step++) {
            const next = names[random(names.length)] ?? "";
            done.push(next);
            await steps[next]?.();
            const entries = model.batches.flatMap((each) => each.entries);
            assert.deepEqual([store.updates, store.size, store.isEmpty], [
              entries.length,
              entries.reduce((sum, { size }) => sum + size, 0),
              entries.length === 0,
            ]);
            const [first] = model.waiting();
            assert.equal(store.nextDueMs(), first && Math.max(0, first.dueAt - model.now));
          }
        } catch (error) {
          throw new Error(`Seed ${seed} fails at step ${done.length}, after ${done.slice(-12).join(" ")}`, {
            cause: error,
          });
        }
        assert.ok(model.finished.size > 30, `Only ${model.finished.size} came to an end`);
      });
    }
  });
}

function facts(batch: Batch | undefined): unknown {
  if (batch === undefined) return undefined;
  const { queue, group, late, failures, end, waitedMs } = batch;
  return { queue, group, late, failures, end, waitedMs, ids: batch.updates.map((each) => each.update_id) };
}

function modelFacts(
  { queue, group, late, failures, end, beganAt, entries }: ModelBatch,
  now: number,
): unknown {
  const ids = entries.map(({ update }) => update.update_id);
  return { queue, group, late, failures, end, waitedMs: now - beganAt, ids };
}
