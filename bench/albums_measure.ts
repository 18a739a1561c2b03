/*
 * The measuring half of bench/albums.ts, on the runtime that is measured: one way of holding albums. Writes JSON.
 */
import assert from "node:assert/strict";
import { type Update, updateHandlers, webhook } from "../mod.ts";
import { pipelineOf } from "../src/webhook.ts";

/** Microseconds for one part, by its place in the album, and what is held. */
export interface Measured {
  readonly first: number;
  readonly further: number;
  /** With the merging and the call of the receiver. */
  readonly tenth: number;
  /** Parts one to nine, and ten where there is one. */
  readonly part: number;
  /** For each album with nine parts pending. */
  readonly bytes: number;
  /** The most timers that were pending at the same time. */
  readonly timers: number;
}

const [way = "telehook", count = "100000"] = globalThis.process.argv.slice(2);
const GROUPS = Number(count);
const PENDING = 9;
const LONG = 600_000; // nothing falls due while it is measured
const PARTS_BETWEEN_TURNS = 500;
const HEAD = {
  ...{ method: "POST", path: "/", address: undefined, headers: [], header: () => undefined },
  contentLength: 1_500, // bytes of a part's JSON
};

const timers = countTimers();
const updates = Array.from(
  { length: 10 * GROUPS },
  (_, index) => part(index % GROUPS, Math.floor(index / GROUPS)),
);

/** A part as `JSON.parse` leaves it, with no more in it than is needed: what else it holds is not ours to count. */
function part(album: number, number: number): Update {
  const update_id = 100_000_000 + number * GROUPS + album;
  return JSON.parse(
    `{"update_id":${update_id},"message":{"message_id":${update_id},"chat":{"id":${
      5_000_000 + album
    },"type":"private"},` +
      `"date":1785000001,"media_group_id":"${13_000_000_000 + album}"}}`,
  );
}

interface Merger {
  take(update: Update): unknown;
  /** Checks that everything was merged, and lets go of it. */
  end(): Promise<void>;
  readonly completes: boolean;
}

function ofArrays(withTimers: boolean): Merger {
  const pending = new Map<string, { parts: Update[]; timer: ReturnType<typeof setTimeout> | undefined }>();
  return {
    completes: false,
    take(update) {
      const key = "message" in update ? update.message.media_group_id ?? "" : "";
      const album = pending.get(key);
      if (withTimers) clearTimeout(album?.timer);
      const timer = withTimers ? setTimeout(() => pending.delete(key), LONG) : undefined;
      if (album === undefined) {
        pending.set(key, { parts: [update], timer });
      } else {
        album.parts.push(update);
        album.timer = timer;
      }
    },
    end() {
      assert.equal(pending.size, GROUPS);
      for (const { parts, timer } of pending.values()) {
        assert.equal(parts.length, PENDING);
        clearTimeout(timer);
      }
      return Promise.resolve();
    },
  };
}

function ofTelehook(): Merger {
  let albums = 0;
  const bot = updateHandlers({
    message_media_group({ message_media_group: { messages } }) {
      assert.equal(messages.length, 10);
      albums++;
    },
  });
  const hook = webhook(bot, {
    secretToken: null,
    mediaGroups: { quietMs: LONG, maxWaitMs: 10 * LONG },
    maxPending: Infinity,
    maxPendingChars: Infinity,
  });
  const pipeline = pipelineOf(hook);
  return {
    completes: true,
    take(update) {
      const answer = pipeline.receiveValue(update, HEAD);
      if (answer instanceof Promise || answer.status === 200) return answer;
      throw new Error(`Answered with ${answer.status}`);
    },
    async end() {
      await pipeline.inbox.idle();
      assert.equal(albums, GROUPS, "every album has come whole, and once");
      await hook.close();
    },
  };
}

/** Wraps the global timers, to know how many are pending. */
function countTimers(): { most: number; set: number } {
  const pending = new Set<unknown>();
  const counts = { most: 0, set: 0 };
  const { setTimeout, clearTimeout } = globalThis;
  const counting = (callback: () => void, ms?: number) => {
    const timer = setTimeout(() => {
      pending.delete(timer);
      callback();
    }, ms);
    pending.add(timer);
    counts.set++;
    counts.most = Math.max(counts.most, pending.size);
    return timer;
  };
  Object.assign(globalThis, {
    setTimeout: counting,
    clearTimeout(timer: ReturnType<typeof setTimeout> | undefined) {
      pending.delete(timer);
      clearTimeout(timer);
    },
  });
  return counts;
}

async function collected(): Promise<number> {
  const { gc, Bun } = globalThis as { gc?: () => void; Bun?: { gc(sync: true): void } };
  for (let i = 0; i < 3; i++) {
    await Promise.resolve();
    if (Bun) Bun.gc(true);
    else gc?.();
  }
  return globalThis.process.memoryUsage().heapUsed;
}

/**
 * Parts `from` up to `to` of all albums, the albums in turn: @returns microseconds for each. What falls due is handed
 * over meanwhile, as it is between requests.
 */
async function take(merger: Merger, from: number, to: number): Promise<number> {
  const start = performance.now();
  for (let index = from * GROUPS; index < to * GROUPS; index++) {
    const update = updates[index];
    if (update === undefined) break;
    const taken = merger.take(update);
    if (taken instanceof Promise) await taken;
    if (index % PARTS_BETWEEN_TURNS === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return (performance.now() - start) * 1_000 / ((to - from) * GROUPS);
}

const merger = way === "telehook" ? ofTelehook() : ofArrays(way === "timers");
const before = await collected();
const first = await take(merger, 0, 1);
const further = await take(merger, 1, PENDING);
const bytes = (await collected() - before) / GROUPS;
const most = timers.most;
const tenth = merger.completes ? await take(merger, PENDING, 10) : 0;
const parts = merger.completes ? 10 : 9;
const everyPart = (first + 8 * further + tenth) / parts;
await merger.end();
assert.equal(updates.length, 10 * GROUPS);
if (way === "telehook") assert.equal(most, 1, "one timer serves all albums");
const measured: Measured = { first, further, tenth, part: everyPart, bytes, timers: most };
console.log(JSON.stringify(measured));
