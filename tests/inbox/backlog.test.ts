import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { telegramQueueOf } from "../../src/delivery/telegram_queue.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";
import { NO_TRIES } from "../../src/runner/failures.ts";
import { bot, inChat, message, part } from "./bot.ts";
import { WrappedStore } from "./wrapped_store.ts";

/** Processor time of this process in milliseconds: other programs on the machine do not make it longer. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** The longest work during which nothing else happened, in milliseconds, from now until it is asked for. */
function longestBlock(): () => number {
  let last = cpuMs();
  let longest = 0;
  const look = () => {
    const now = cpuMs();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(look, 1);
  return () => {
    look();
    clearInterval(timer);
    return longest;
  };
}

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
  for (const chats of [1, 10_000]) {
    it(`5 000 updates of ${chats} chats at the start`, { timeout: 20_000 }, async () => {
      const { hook } = bot(work, { store: filled(5_000, chats) });
      const longest = longestBlock();
      while (hook.stats().handled < 5_000) await new Promise((resolve) => setTimeout(resolve, 5));
      const blockedMs = longest();
      assert.ok(blockedMs < 300, `${Math.round(blockedMs)} ms`);
      await hook.close();
    });
  }

  it("where completing one brings the next, too", { timeout: 20_000 }, async () => {
    const inner = filled(5_000, 1);
    const store: WrappedStore = new WrappedStore({
      after: (call, result) => call === "complete" ? inner.claim(1, 0)[0] : result,
    }, { store: inner });
    const { hook } = bot(work, { store });
    const longest = longestBlock();
    while (hook.stats().handled < 5_000) await new Promise((resolve) => setTimeout(resolve, 5));
    const blockedMs = longest();
    assert.ok(blockedMs < 300, `${Math.round(blockedMs)} ms`);
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
    const longest = longestBlock();
    await hook.close({ timeoutMs: 40_000 });
    const blockedMs = longest();
    assert.equal(hook.stats().handled, albums);
    assert.ok(blockedMs < 300, `${Math.round(blockedMs)} ms`);
  });
});

it("an update that comes meanwhile is answered meanwhile", async () => {
  const { hook, post } = bot(work, { store: filled(5_000, 100) });
  await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(await post(message(20_000, { chat: { id: 1_000, type: "private" } })), 200);
  assert.ok(hook.stats().stored > 1_000, "the rest still waits");
  await hook.close();
});
