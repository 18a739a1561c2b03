import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Batch } from "../../mod.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";
import { bot, codeOf, gate, inChat, Log, message, part, word } from "./bot.ts";
import { requestSignals } from "../workers.ts";
import { it as scopedIt } from "../scoped_it.ts";
import { type StoreCall, WrappedStore } from "./wrapped_store.ts";

const NEVER = { quietMs: 60_000, maxWaitMs: 60_000 };

/** A store whose calls of these names fail while it is broken. */
function breakable(...calls: StoreCall[]) {
  const state = { isBroken: true };
  const store = new WrappedStore({
    before(call) {
      if (state.isBroken && calls.includes(call)) throw new Error("disk full");
    },
  });
  return { state, store };
}

/** Changes what a store claims. */
function claiming(change: (batch: Batch) => void): WrappedStore {
  return new WrappedStore({
    after(call, result) {
      if (call === "claim") { for (const batch of result as readonly Batch[]) change(batch); }
      return result;
    },
  });
}

/** What a batch has, without its class. */
function copyOf(batch: Batch): Batch {
  const { lane, updates, album, isLate, end, waitedMs, tries, crashes, crashesAlone, isReplay } = batch;
  return { lane, updates, album, isLate, end, waitedMs, tries, crashes, crashesAlone, isReplay };
}

describe("a store that fails", () => {
  it("is answered 500, so that Telegram keeps the part, which is taken once the store is well", async () => {
    const log = new Log();
    const { state, store } = breakable("add");
    const { hook, post, failures } = bot((update) => log.add(word(update)), { store });
    assert.equal(await post(part(1, "7")), 500);
    assert.match(String(failures[0]?.error), /disk full/);
    assert.equal(failures[0]?.willRetry, true);
    state.isBroken = false;
    assert.equal(await post(part(1, "7")), 200);
    await hook.close();
    assert.deepEqual(log.words, ["[1]"]);
  });

  scopedIt("is told again after a pause, in each request of Workers", async (t) => {
    const inRequest = requestSignals(t);
    const { state, store } = breakable("complete");
    const { hook, post } = bot(() => {}, { store, acknowledge: "received" });
    assert.equal(await inRequest("first", () => post(inChat(1, 1))), 200);
    assert.equal(await inRequest("second", () => post(inChat(2, 2))), 200);
    await new Promise((resolve) => setTimeout(resolve, 300));
    state.isBroken = false;
    assert.equal(store.times("complete"), 2);
    await hook.close();
    assert.equal(store.times("complete"), 4);
  });

  it("as it is opened is opened again, so that what it has need not wait for the first update", async (t) => {
    const server = setInterval(() => {}, 60_000); // what else keeps a process going
    t.after(() => clearInterval(server));
    const kept = new MemoryStore();
    const tries = { attempts: 0, failures: 0 };
    const entry = { lane: 42, chars: 100, tries, json: undefined, album: undefined, reservedMs: 0 };
    await kept.add({ update: message(1), ...entry }, "append");
    const store = new WrappedStore({
      before(call) {
        if (call === "open" && store.times("open") === 1) throw new Error("the server starts later");
      },
    }, { isDurable: true, isShared: true, store: kept });
    const handled = gate();
    const states: string[] = [];
    const { hook } = bot(() => handled.open(), {
      store,
      onEvent: (event) => event.type === "store" && states.push(event.state),
    });
    await handled.opened;
    await hook.close();
    assert.deepEqual(states, ["failing", "recovered"]);
    assert.equal(store.times("open"), 2);
  });

  for (const when of ["at once", "later"]) {
    it(`as it is opened, ${when}, is opened again by the next update`, async () => {
      const store = new WrappedStore({
        before(call) {
          if (call !== "open" || store.times("open") > 1) return;
          if (when === "later") return Promise.reject(new Error("away"));
          throw new Error("away");
        },
      });
      const { hook } = bot(() => {}, { store });
      await assert.rejects(hook.receive(message(1)), /away/);
      await hook.receive(message(1));
      await hook.close();
    });
  }

  it("where an update is put behind an album makes no handler reject", async () => {
    const { state, store } = breakable("add");
    state.isBroken = false;
    const { hook, post } = bot(() => {}, { store, mediaGroups: NEVER });
    assert.equal(await post(part(1, "7")), 200);
    state.isBroken = true;
    assert.equal(await post(message(2)), 500);
    await hook.close();
  });

  it("where nothing is expected to makes no handler reject", async () => {
    const store = Object.defineProperty(new WrappedStore(), "count", {
      get() {
        throw new Error("broken");
      },
    });
    const { hook, post, failures } = bot(() => {}, { store });
    assert.equal(await post(message(1)), 500);
    assert.match(String(failures[0]?.error), /broken/);
    await assert.rejects(hook.close(), /broken/);
  });

  for (const updates of [[message(1)], []]) {
    it(`because an update cannot be read says which is lost, and passes the ${updates.length} others`, async () => {
      const log = new Log();
      const lost = gate();
      const { hook, failures } = bot((update) => log.add(word(update)), {
        acknowledge: "received",
        store: claiming((batch) => Object.assign(batch, { updates, unreadable: [7] })),
        onEvent: ({ type }) => type === "failed" && lost.open(),
      });
      await hook.receive(message(1));
      await lost.opened;
      await hook.close({ timeoutMs: 0 });
      assert.deepEqual(log.words, updates.map(word));
      const [failure] = failures;
      assert.equal(codeOf(failure?.error), "ERR_STORE");
      assert.deepEqual([failure?.update.update_id, failure?.willRetry], [7, false]);
    });
  }

  for (
    const [what, change] of Object.entries({
      "a value that is gone": { updates: [null] },
      "an update without an id": { updates: [{ message: {} }] },
      "no tries": { tries: undefined },
      "unreadable updates that are no list": { unreadable: 7 },
    })
  ) {
    it(`by a batch with ${what} says so, keeps it, and goes on with the others`, async () => {
      const log = new Log();
      const reported = gate();
      let error: unknown;
      const changed = (batch: Batch): unknown => batch.lane === 1 ? { ...copyOf(batch), ...change } : batch;
      const { hook, post } = bot((update) => log.add(word(update)), {
        acknowledge: "received",
        store: new WrappedStore({
          after: (call, result) => call === "claim" ? (result as readonly Batch[]).map(changed) : result,
        }),
        onEvent(event) {
          if (event.type !== "store" || event.state !== "failing") return;
          error = event.error;
          reported.open();
        },
      });
      await post(inChat(1, 1));
      await post(inChat(2, 2));
      await reported.opened;
      await log.has(1);
      assert.equal(codeOf(error), "ERR_STORE");
      assert.match(String(error), /The store's "claim" must return batches .*docs\/writing-a-store.md says/);
      assert.deepEqual([log.words, hook.stats().stored], [["2"], 1]);
      await hook.close({ timeoutMs: 0 });
    });
  }

  it("by making an album of what is none has it fail like anything else", async () => {
    const failed = gate();
    const { hook, failures } = bot(assert.fail, {
      acknowledge: "received",
      store: claiming((batch) => Object.assign(batch, { album: "7" })),
      onEvent: ({ type }) => type === "failed" && failed.open(),
    });
    await hook.receive({
      update_id: 1,
      poll_answer: { poll_id: "1", option_ids: [], option_persistent_ids: [] },
    });
    await failed.opened;
    await hook.close({ timeoutMs: 0 });
    assert.match(String(failures[0]?.error), /Not a part of an album/);
    assert.equal(failures[0]?.willRetry, true);
  });

  it("does not let a slow update be acknowledged; its next delivery joins the same run", async () => {
    const slow = gate();
    let runs = 0;
    const { state, store } = breakable("add");
    const { hook, post } = bot(async () => {
      runs++;
      await slow.opened;
    }, { store, acknowledgeWithinMs: 20 });
    assert.equal(await post(message(1)), 500);
    state.isBroken = false;
    assert.equal(await post(message(1)), 200);
    slow.open();
    await hook.close();
    assert.equal(runs, 1);
  });
});
