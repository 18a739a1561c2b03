import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { telegramQueueOf } from "../../src/delivery/telegram_queue.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";
import { NO_TRIES } from "../../src/runner/failures.ts";
import { countTurns } from "../count_turns.ts";
import { bot, inChat, message, part } from "./bot.ts";
import { WrappedStore } from "./wrapped_store.ts";

/** Counts what is handled between two turns of the event loop, however long a turn takes on a busy machine. */
function turns(countHandled: () => number): () => { readonly most: number; readonly count: number } {
  let handled = 0;
  let most = 0;
  let count = 0;
  const look = () => {
    const now = countHandled();
    most = Math.max(most, now - handled);
    handled = now;
    count++;
  };
  const timer = setInterval(look, 1);
  return () => {
    look();
    clearInterval(timer);
    return { most, count };
  };
}

/** Each takes 0.1 ms at least, so that no more than some hundred fit into the 10 ms after which the loop is to turn. */
const MOST_AT_ONCE = 500;

/** A store in memory in which updates wait since an earlier start, as far as the inbox can tell. */
function filled(updates: number, chats: number): MemoryStore {
  const store = new MemoryStore();
  for (let id = 1; id <= updates; id++) {
    const update = inChat(id % chats, id);
    store.add({
      ...{ update, json: undefined, chars: 100, tries: NO_TRIES, album: undefined, reservedMs: 0 },
      lane: telegramQueueOf(update),
    }, "append");
  }
  return store;
}

/** Long enough that it is noticed where other things wait. */
function work(): void {
  const until = performance.now() + 0.1;
  while (performance.now() < until);
}

describe("what is due is worked off while the event loop turns", () => {
  it("the backlogs of fifty bots, all at the same time", { timeout: 20_000 }, async () => {
    const hooks = Array.from({ length: 50 }, () => bot(work, { store: filled(100, 100) }).hook);
    const handled = () => hooks.reduce((sum, { stats }) => sum + stats().handled, 0);
    const turned = turns(handled);
    while (handled() < 5_000) await new Promise((resolve) => setTimeout(resolve, 5));
    const { most } = turned();
    assert.ok(most < MOST_AT_ONCE, `${most} without a turn`);
    await Promise.all(hooks.map((hook) => hook.close()));
  });

  for (const chats of [1, 10_000]) {
    it(`10 000 updates of ${chats} chats at the start`, { timeout: 20_000 }, async () => {
      const { hook } = bot(work, { store: filled(10_000, chats) });
      const turned = turns(() => hook.stats().handled);
      while (hook.stats().handled < 10_000) await new Promise((resolve) => setTimeout(resolve, 5));
      const { most } = turned();
      assert.ok(most < MOST_AT_ONCE, `${most} without a turn`);
      await hook.close();
    });
  }

  it("where completing one brings the next, too", { timeout: 20_000 }, async () => {
    const inner = filled(5_000, 1);
    const store: WrappedStore = new WrappedStore({
      after: (call, result) => call === "complete" ? inner.claim(1, 0)[0] : result,
    }, { store: inner });
    const { hook } = bot(work, { store });
    const turned = turns(() => hook.stats().handled);
    while (hook.stats().handled < 5_000) await new Promise((resolve) => setTimeout(resolve, 5));
    const { most } = turned();
    assert.ok(most < MOST_AT_ONCE, `${most} without a turn`);
    await hook.close();
  });

  it("50 000 albums at closing", { timeout: 50_000 }, async () => {
    const albums = 50_000;
    const { hook } = bot(() => {}, {
      maxPending: Infinity,
      maxPendingChars: Infinity,
      mediaGroups: { quietMs: 60_000, maxWaitMs: 60_000 },
    });
    for (let id = 1; id <= albums; id++) await hook.receive(part(id, "7", { chat: { id, type: "private" } }));
    const turned = turns(() => hook.stats().handled);
    await hook.close({ timeoutMs: 40_000 });
    const { most, count } = turned();
    assert.equal(hook.stats().handled, albums);
    assert.ok(most < albums / 2, `${most} without a turn`);
    assert.ok(count > 5, `${count} turns`);
  });

  it("2 000 updates that are lost at closing, and reported", async () => {
    let reported = 0;
    const { hook } = bot(() => new Promise(() => {}), {
      store: filled(2_000, 2_000),
      concurrency: 1,
      onError: () => {
        reported++;
        work();
      },
    });
    const turned = countTurns();
    await hook.close({ timeoutMs: 10 });
    assert.equal(reported, 2_000);
    assert.ok(turned.stop() > 5);
  });
});

it("an update that comes meanwhile is answered meanwhile", async () => {
  const { hook, post } = bot(work, { store: filled(5_000, 100) });
  await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(await post(message(20_000, { chat: { id: 1_000, type: "private" } })), 200);
  assert.ok(hook.stats().stored > 1_000, "the rest still waits");
  await hook.close();
});
