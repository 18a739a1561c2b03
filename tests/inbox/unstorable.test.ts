import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GiveUp, type StoreEntry, type Update, type WebhookEvent } from "../../mod.ts";
import { bot, codeOf, gate, inChat, message, part } from "./bot.ts";
import { WrappedStore } from "./wrapped_store.ts";

const NEVER = { quietMs: 60_000, maxWaitMs: 60_000 };

describe("an update that cannot be stored", () => {
  it("since it is no JSON, counts as its own failure: it is given up at last, and reported", async () => {
    const { hook, failures } = bot(assert.fail, { acknowledge: "received", maxAttempts: 3 });
    const update = message(1, { date: 1n as unknown as number }); // as a parser of somebody else's may make it
    for (let times = 0; times < 2; times++) {
      await assert.rejects(hook.receive(update), { code: "ERR_UPDATE" });
    }
    assert.equal(await hook.receive(update), undefined);
    assert.deepEqual(failures.map(({ error, attempt, willRetry }) => [codeOf(error), attempt, willRetry]), [
      ["ERR_UPDATE", 1, true],
      ["ERR_UPDATE", 2, true],
      ["ERR_UPDATE", 3, false],
    ]);
    assert.match(
      String(failures[0]?.error),
      /Update 1 cannot be stored, because it cannot be written as JSON/,
    );
    assert.deepEqual([hook.stats().storeFailures, hook.stats().givenUp, hook.stats().isOutage], [
      0,
      1,
      false,
    ]);
    await hook.close();
  });

  it("since it is no JSON, and that its handler gives up, does not come for ever", async () => {
    const { hook, failures } = bot(() => Promise.reject(new GiveUp("nonsense")));
    const update = message(1, { date: 1n as unknown as number });
    for (let times = 0; times < 2; times++) assert.equal(await hook.receive(update), undefined);
    assert.deepEqual(failures.map(({ attempt, willRetry }) => [attempt, willRetry]), [[1, false]]);
    assert.deepEqual([hook.stats().storeFailures, hook.stats().duplicates], [0, 1]);
    await hook.close();
  });

  /** A store that refuses some updates, or all. */
  function refusing(isRefused: (update: Update) => boolean) {
    return new WrappedStore({
      before(call, [entry]) {
        if (call === "add" && isRefused((entry as StoreEntry).update)) throw new Error("not in this table");
      },
    });
  }

  it("by a store that takes others, is given up after maxAttempts, once it has failed for giveUpAfterMs", async (t) => {
    const real = performance.now;
    t.after(() => void (performance.now = real));
    const { hook, post, failures } = bot(() => {}, {
      store: refusing(({ update_id }) => update_id === 1),
      mediaGroups: NEVER,
      maxAttempts: 3,
    });
    const statuses: number[] = [];
    const fails = async (from: number) => {
      for (let id = from; id < from + 5; id++) {
        statuses.push(await post(part(1, "7")));
        assert.equal(await post(part(id, "8", { chat: { id: 43, type: "private" } })), 200);
      }
    };
    await fails(10); // perhaps the store is only unreliable
    assert.deepEqual(statuses, [500, 500, 500, 500, 500]);
    performance.now = () => real.call(performance) + 600_000;
    assert.equal(await post(part(1, "7")), 200);
    assert.deepEqual([failures.at(-1)?.attempt, failures.at(-1)?.willRetry], [6, false]);
    await hook.close();
  });

  it("by a store that takes none, is not given up with maxAttempts: 1 either", async (t) => {
    const real = performance.now;
    t.after(() => void (performance.now = real));
    const { hook, post } = bot(() => {}, {
      store: refusing(() => true),
      mediaGroups: NEVER,
      maxAttempts: 1,
    });
    assert.equal(await post(part(1, "7")), 500);
    performance.now = () => real.call(performance) + 600_000;
    assert.equal(await post(part(1, "7")), 500);
    await hook.close();
  });

  it("while its handler runs, is not given up", async (t) => {
    const real = performance.now;
    t.after(() => void (performance.now = real));
    const store = new WrappedStore({
      before(call, [, mode]) {
        if (call === "add" && mode === "adopt") throw new Error("not in this table");
      },
    }, { isDurable: true });
    const slow = gate();
    const { hook, post } = bot(({ update_id }) => update_id === 1 ? slow.opened : undefined, {
      store,
      acknowledge: ({ update_id }) => update_id === 1 ? "handled" : "received",
      acknowledgeWithinMs: 1,
      maxAttempts: 2,
    });
    const statuses: number[] = [];
    for (let times = 1; times <= 4; times++) {
      statuses.push(await post(message(1)));
      assert.equal(await post(inChat(43, 10 + times)), 200);
      performance.now = () => real.call(performance) + times * 600_000;
    }
    assert.deepEqual(statuses, [500, 500, 500, 500], "it would be lost if the handler failed");
    slow.open();
    await hook.close();
  });

  it("by a store that takes none, is not given up, however often it comes; nor if what needs no store is handled", async () => {
    const state = { isFull: true };
    const { hook, post, failures } = bot(() => {}, {
      store: refusing(() => state.isFull),
      mediaGroups: NEVER,
      maxAttempts: 2,
    });
    for (let times = 1; times <= 20; times++) {
      assert.equal(await post(part(1, "7")), 500);
      assert.equal(await post(part(2, "8", { chat: { id: 43, type: "private" } })), 500);
      assert.equal(await post(inChat(44, 100 + times)), 200);
    }
    assert.equal(hook.stats().givenUp, 0);
    assert.ok(failures.every(({ willRetry }) => willRetry));
    state.isFull = false;
    assert.equal(await post(part(1, "7")), 200);
    await hook.close();
  });
});

describe("a failing store", () => {
  it("is reported once, and with a count when it works again", async () => {
    const events: WebhookEvent[] = [];
    let isFull = true;
    const store = new WrappedStore({
      before(call) {
        if (call === "add" && isFull) throw new Error("disk full");
      },
    });
    const { hook, post, failures } = bot(() => {}, {
      store,
      mediaGroups: NEVER,
      onEvent: (event) => event.type === "store" && events.push(event),
    });
    for (let id = 1; id <= 50; id++) {
      assert.equal(await post(part(id, "7", { chat: { id, type: "private" } })), 500);
      assert.equal(await post(inChat(1_000 + id, 1_000 + id)), 200); // which needs no store
    }
    assert.deepEqual([events.length, failures.length], [1, 1]);
    assert.equal(failures[0]?.willRetry, true);
    isFull = false;
    assert.equal(await post(part(51, "7")), 200);
    assert.deepEqual(events.map((event) => event.type === "store" && [event.state, event.failures]), [
      ["failing", 1],
      ["recovered", 50],
    ]);
    assert.equal(hook.stats().storeFailures, 50);
    await hook.close();
  });

  it("that can be read and not written is not said to work again", async () => {
    const events: WebhookEvent[] = [];
    const store = new WrappedStore({
      before(call, [, mode]) {
        if (call === "add" && mode === "append") throw new Error("disk full");
      },
    }, { isShared: true });
    const { hook, post } = bot(() => {}, {
      store,
      mediaGroups: NEVER,
      onEvent: (event) => event.type === "store" && events.push(event),
    });
    for (let id = 1; id <= 10; id++) {
      assert.equal(await post(part(id, "7", { chat: { id, type: "private" } })), 500);
      assert.equal(await post(inChat(1_000 + id, 1_000 + id)), 200);
      store.host?.wake(0);
    }
    assert.equal(events.length, 1);
    await hook.close();
  });

  it("that cannot claim is asked again, and what it has is handled then", async () => {
    let failures = 2;
    const store = new WrappedStore({
      before(call) {
        if (call === "claim" && failures-- > 0) throw new Error("locked");
      },
    });
    const { hook, post } = bot(() => {}, { store, acknowledge: "received" });
    assert.equal(await post(message(1)), 200);
    await hook.close();
    assert.deepEqual([hook.stats().handled, hook.stats().storeFailures], [1, 2]);
  });

  it("is told to the console once, if nobody listens", async (t) => {
    const told = t.mock.method(console, "error", () => {});
    const store = new WrappedStore({
      before(call) {
        if (call === "add") throw new Error("disk full");
      },
    });
    const { hook, post } = bot(() => {}, { store, onEvent: undefined as never });
    for (let id = 1; id <= 5; id++) assert.equal(await post(part(id, "7")), 500);
    assert.equal(told.mock.callCount(), 1);
    await hook.close();
  });
});
