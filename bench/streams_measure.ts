/*
 * The measuring half of bench/streams.ts, on the runtime that is measured. Writes JSON.
 */
import assert from "node:assert/strict";
import { type Update, updateStreams } from "../mod.ts";
import { textUpdate } from "./deliveries.ts";
import { median, medianRatio } from "./machine.ts";

/** Microseconds for each update, all its subscribers included. */
export interface Measured {
  readonly subscribers: number;
  readonly floorUs: number;
  readonly us: number;
  readonly ratio: number;
}

const ROUNDS = Number(globalThis.process.argv[2] ?? 20);
const WARM_UP = 5;
const BATCH = 1_000;

/** Something that hands updates to loops. */
interface Source {
  subscribe(): AsyncIterable<Update>;
  /** @returns What to wait for before the next, if anything. */
  send(update: Update): unknown;
}

function leastThatWorks(): Source {
  const sinks: ((update: Update) => void)[] = [];
  return {
    subscribe() {
      const buffer: Update[] = [];
      let resume: ((result: IteratorResult<Update>) => void) | undefined;
      sinks.push((value) => {
        if (resume === undefined) return void buffer.push(value);
        const wake = resume;
        resume = undefined;
        wake({ done: false, value });
      });
      const next = () => {
        const value = buffer.shift();
        if (value !== undefined) return Promise.resolve<IteratorResult<Update>>({ done: false, value });
        return new Promise<IteratorResult<Update>>((resolve) => resume = resolve);
      };
      return { [Symbol.asyncIterator]: () => ({ next }) };
    },
    send(update) {
      for (const sink of sinks) sink(update);
    },
  };
}

function telehook(): Source {
  const streams = updateStreams();
  const context = {
    attempt: 1,
    isReplay: false,
    complete: () => Promise.reject(new Error("not here")),
    signal: new AbortController().signal,
  };
  return {
    subscribe: () => streams.on("message"),
    send: (update) => streams.receive(update, context),
  };
}

/** A source with its loops, each of which looks at every update. */
class Audience {
  readonly #source: Source;
  readonly #subscribers: number;
  #left = 0;
  #done = () => {};

  constructor(source: Source, subscribers: number) {
    this.#source = source;
    this.#subscribers = subscribers;
    for (let i = 0; i < subscribers; i++) void this.#listen(source.subscribe());
  }

  async #listen(stream: AsyncIterable<Update>): Promise<void> {
    let last = -1;
    for await (const { update_id } of stream) {
      if (last !== -1 && update_id !== last + 1) throw new Error(`${update_id} came after ${last}`);
      last = update_id;
      if (--this.#left === 0) this.#done();
    }
  }

  /** Passes on a batch and waits until every loop has seen all of it. @returns microseconds for each update. */
  async send(updates: readonly Update[]): Promise<number> {
    this.#left = updates.length * this.#subscribers;
    const done = new Promise<void>((resolve) => this.#done = resolve);
    const start = performance.now();
    for (let i = 0; i < updates.length; i++) {
      const update = updates[i];
      if (update === undefined) break;
      const room = this.#source.send(update);
      if (room instanceof Promise) await room;
      // Deliveries come in bursts, as they arrive from sockets, and between bursts the loops run.
      else if (i % 40 === 39) await new Promise(setImmediate);
    }
    await done;
    return (performance.now() - start) * 1_000 / updates.length;
  }
}

const results: Measured[] = [];
for (const subscribers of [1, 10, 100]) {
  const floor = new Audience(leastThatWorks(), subscribers);
  const ours = new Audience(telehook(), subscribers);
  const floors: number[] = [];
  const times: number[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const updates: Update[] = Array.from(
      { length: BATCH },
      (_, i) => JSON.parse(textUpdate((round + WARM_UP) * BATCH + i)),
    );
    const first = round % 2 === 0 ? await floor.send(updates) : undefined;
    const us = await ours.send(updates);
    const other = first ?? await floor.send(updates);
    if (round < 0) continue;
    floors.push(other);
    times.push(us);
  }
  results.push({
    subscribers,
    floorUs: median(floors),
    us: median(times),
    ratio: medianRatio(times, floors),
  });
}
assert.equal(results.length, 3);
console.log(JSON.stringify(results));
globalThis.process.exit(0); // the loops never end
