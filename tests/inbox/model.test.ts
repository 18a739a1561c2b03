import assert from "node:assert/strict";
import { it } from "node:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type InboxStore,
  type ReceivedUpdate,
  sqliteStore,
  TelehookError,
  type Update,
  type Webhook,
  webhook,
} from "../../mod.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";
import { hasSqlite } from "../store/sqlite_store_files.ts";
import { albumIn, message, part, random } from "./bot.ts";
import { dawdling, WrappedStore } from "./wrapped_store.ts";

/*
 * Random interleavings of texts, edits, parts, repeats, slow receivers, failures and a restart, with every kind of store,
 * sent as Telegram sends them: several chats side by side, within a chat one update at a time and the next only after a
 * 2xx. Against what must hold whatever happens:
 *
 *  - every update is handled once, and again only if the receiver failed with it or the store failed;
 *  - within a chat, first handlings that succeed are in order;
 *  - albums come whole, unless a pause, a failure to send or the close cut them;
 *  - an update is acknowledged only when it is handled or kept.
 *
 * The seed is in the name of the run; `SEED=123` runs one again.
 */
const CHATS = 6;
const UPDATES_PER_CHAT = 25;

interface Step {
  readonly update: Update;
  /** The receiver fails so many times with it. */
  readonly failures: number;
  /** How many turns of the event loop the receiver takes. */
  readonly turns: number;
  /** Telegram sends it again although it was acknowledged, because it lost the answer. */
  readonly repeats: boolean;
}

function story(chat: number, firstId: number, roll: (below: number) => number): Step[] {
  const steps: Step[] = [];
  const at = { chat: { id: chat, type: "private" } } as const;
  const step = (update: Update, mayFail: boolean) =>
    steps.push({
      update,
      failures: mayFail && roll(15) === 0 ? 1 : 0,
      turns: roll(4),
      repeats: roll(8) === 0,
    });
  let group = 0;
  while (steps.length < UPDATES_PER_CHAT) {
    const id = firstId + steps.length;
    if (roll(3) === 0) {
      group++;
      const parts = 2 + roll(9);
      for (let i = 0; i < parts; i++) step(part(id + i, String(group), at), false);
    } else if (roll(5) === 0) {
      step({ update_id: id, edited_message: { message_id: id, date: 0, edit_date: 1, ...at } }, true);
    } else step(message(id, at), true);
  }
  // What a durable store has of an album is complete with a later update, or with time.
  step(message(firstId + steps.length, at), false);
  return steps;
}

function mayFail(error: unknown): void {
  if (error instanceof TelehookError && error.code === "ERR_OVERLOADED") return;
  if (!(error instanceof TelehookError && error.code === "ERR_CLOSED")) {
    assert.match(String(error), /on purpose/);
  }
}

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

async function run(seed: number, directory: string): Promise<void> {
  const roll = random(seed);
  const stores: (() => InboxStore)[] = [
    () => new MemoryStore(),
    () => new WrappedStore(),
    () => new WrappedStore(dawdling(), { isShared: true }),
    () =>
      new WrappedStore({
        async before(call) {
          if (roll(2) === 0) await turn();
          if (call !== "close" && roll(100) === 0) throw new Error("on purpose: not done");
        },
        after(call, result) {
          // A claim whose answer was lost ends with its lease, which a store in memory does not have.
          // Nor can it tell a claim from the one before, which a repeated retry would end.
          const isClaim = call === "claim" || call === "retry" ||
            (call === "add" && typeof result === "object");
          if (call !== "close" && !isClaim && roll(200) === 0) {
            throw new Error("on purpose: done all the same");
          }
          return result;
        },
      }, { isShared: true }),
  ];
  if (hasSqlite) stores.push(() => sqliteStore(join(directory, `${seed}.db`)));
  const openStore = stores[roll(stores.length)] ?? assert.fail();
  const stories = Array.from({ length: CHATS }, (_, chat) => story(chat + 1, 1 + chat * 1_000, roll));
  const steps = new Map(stories.flat().map((step) => [step.update.update_id, step]));
  const failed = new Map<number, number>();
  const handled = new Map<number, number>();
  const order = new Map<number, number[]>();
  const running = new Set<number>();
  const acknowledged = new Set<number>();

  const idsIn = (update: ReceivedUpdate) =>
    albumIn(update)?.updates.map((each) => each.update_id) ?? [update.update_id];
  const chatOf = (id: number) => Math.floor(id / 1_000);

  const start = () =>
    webhook(async (update) => {
      const ids = idsIn(update);
      const [first = 0] = ids;
      const chat = chatOf(first);
      assert.ok(!running.has(chat), `chat ${chat}: two at once`);
      running.add(chat);
      for (let i = steps.get(first)?.turns ?? 0; i > 0; i--) await turn();
      running.delete(chat);
      const failures = failed.get(first) ?? 0;
      if (failures < (steps.get(first)?.failures ?? 0)) {
        failed.set(first, failures + 1);
        throw new Error("on purpose");
      }
      for (const id of ids) handled.set(id, (handled.get(id) ?? 0) + 1);
      order.set(chat, [...order.get(chat) ?? [], ...ids]);
    }, {
      secretToken: null,
      onError: () => {},
      onEvent: () => {},
      acknowledge: roll(4) === 0 ? "received" : "handled",
      acknowledgeWithinMs: 1 + roll(10),
      concurrency: 1 + roll(CHATS),
      mediaGroups: { quietMs: 60_000, maxWaitMs: 60_000 },
      store: openStore(),
    });

  let hook: Webhook = start();
  // A store in memory that has done what it said it had not is not known to the next start.
  const mayRestart = openStore !== stores[3];
  let untilRestart = roll(2) === 0 || !mayRestart ? Infinity : roll(CHATS * UPDATES_PER_CHAT);
  let restarted: Promise<void> | undefined;
  const restart = async (): Promise<void> => {
    await hook.close({ timeoutMs: 30_000 });
    hook = start();
  };

  /** Telegram's side of one queue. */
  const send = async (queue: Step[]): Promise<void> => {
    for (const { update, repeats } of queue) {
      if (--untilRestart === 0) restarted = restart();
      for (let attempt = 1;; attempt++) {
        try {
          await hook.receive(update);
          break;
        } catch (error) {
          assert.ok(attempt < 200);
          const code = error instanceof TelehookError ? error.code : undefined;
          if (code === "ERR_CLOSED") await restarted;
          else if (code === "ERR_OVERLOADED") await new Promise((resolve) => setTimeout(resolve, 50)); // an outage
          else assert.match(String(error), /on purpose/);
        }
      }
      acknowledged.add(update.update_id);
      if (repeats && restarted === undefined) await hook.receive(update).catch(mayFail);
    }
  };
  await Promise.all(stories.map(send));
  await restarted;
  await hook.close({ timeoutMs: 30_000 });
  if (handled.size < steps.size) {
    // What is to be tried again rests in a store that outlives the process, until the next start.
    hook = start();
    while (handled.size < steps.size) await turn();
    await hook.close();
  }

  assert.equal(acknowledged.size, steps.size);
  for (const id of steps.keys()) assert.equal(handled.get(id), 1, `update ${id}`);
  for (const [chat, ids] of order) {
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => a - b),
      `the order of chat ${chat}`,
    );
  }
}

it(
  "whatever happens, nothing is lost, nothing comes twice, and each chat is in order",
  { timeout: 60_000 },
  async () => {
    const given = Number(process.env["SEED"]);
    const seeds = given ? [given] : Array.from({ length: 40 }, () => Math.floor(Math.random() * 2 ** 31));
    const directory = mkdtempSync(join(tmpdir(), "telehook-model-"));
    // Side by side, since most of their time is the rest that follows a failure.
    const runs = await Promise.allSettled(seeds.map((seed) => run(seed, directory)));
    rmSync(directory, { recursive: true });
    for (const [i, each] of runs.entries()) {
      if (each.status === "rejected") {
        throw new Error(`SEED=${seeds[i]} fails: ${each.reason}`, { cause: each.reason });
      }
    }
  },
);
