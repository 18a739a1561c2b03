import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GiveUp, webhook, type WebhookOptions } from "../../mod.ts";
import { assertPending, bot, delivery, gate, inChat, Log, message, part, turn, word } from "./bot.ts";
import { dawdling, type StoreCall, WrappedStore } from "./wrapped_store.ts";

const NEVER = { quietMs: 60_000, maxWaitMs: 60_000 };

/** A store that answers a kind of call once it may. */
function held(...calls: (StoreCall | `add ${string}`)[]) {
  const asked = gate();
  const answered = gate();
  const store = new WrappedStore({
    before(call, [, mode]) {
      if (!calls.includes(call) && !calls.includes(`add ${mode}`)) return;
      asked.open();
      return answered.opened;
    },
  }, { isShared: true });
  return { store, asked, answered };
}

describe("a store whose answers take a while", () => {
  it("does not let an update begin twice that comes twice while the store looks", async () => {
    const log = new Log();
    const { store, answered } = held("add");
    const hook = webhook((update) => log.add(word(update)), { secretToken: null, store });
    const both = [hook.receive(message(1)), hook.receive(message(1))];
    await turn();
    assert.deepEqual(log.words, [], "nothing begins before the store has answered");
    assert.equal(hook.stats().unanswered, 1);
    answered.open();
    await Promise.all(both);
    assert.deepEqual(log.words, ["1"]);
    assert.deepEqual([hook.stats().handled, hook.stats().duplicates], [1, 1]);
    await hook.close();
  });

  it("does not let a part be appended twice that comes twice while it is stored", async () => {
    const log = new Log();
    const { store, answered } = held("add");
    const { hook, post } = bot((update) => log.add(word(update)), { store, mediaGroups: NEVER });
    const both = [post(part(1, "7")), post(part(1, "7"))];
    await turn();
    answered.open();
    assert.deepEqual(await Promise.all(both), [200, 200]);
    await hook.close();
    assert.deepEqual(log.words, ["[1]"]);
    assert.equal(store.times("add"), 1);
  });

  it("answers 500 where it cannot look, and takes the update when it comes again", async () => {
    const log = new Log();
    let isWell = false;
    const store = new WrappedStore(
      dawdling({
        before(call) {
          if (call === "add" && !isWell) throw new Error("out of order");
        },
      }),
      { isShared: true },
    );
    const errors: unknown[] = [];
    const onError = (error: unknown) => void errors.push(error);
    const hook = webhook((update) => log.add(word(update)), { secretToken: null, store, onError });
    await assert.rejects(hook.receive(message(1)), /out of order/);
    assert.deepEqual([log.words, errors.length, hook.stats().unanswered], [[], 1, 0]);
    isWell = true;
    await hook.receive(message(1));
    assert.deepEqual(log.words, ["1"]);
    await hook.close();
  });

  it("passes nothing to the receiver after closing that the store was still asked about", async () => {
    const { store, answered } = held("add");
    const hook = webhook(() => assert.fail("It is closed"), {
      secretToken: null,
      store,
      onError: assert.fail,
    });
    const told = assert.rejects(hook.receive(message(1)), { code: "ERR_CLOSED" });
    await turn();
    await hook.close({ timeoutMs: 0 });
    await told;
    answered.open();
    await turn();
    assert.equal(hook.stats().handled, 0);
  });

  it("keeps albums whole, and before what follows them", async () => {
    const log = new Log();
    const store = new WrappedStore(dawdling(), { isShared: true });
    const hook = webhook((update) => log.add(word(update)), { secretToken: null, store, mediaGroups: NEVER });
    for (const update of [message(1), part(2, "a"), part(3, "a"), message(4), part(5, "b"), message(6)]) {
      await hook.receive(update);
    }
    assert.deepEqual(log.words, ["1", "[2 3]", "4", "[5]", "6"]);
    await hook.close();
  });

  const ways: Record<string, Partial<WebhookOptions>> = {
    "by default": {},
    "with lanes": { lane: ({ update_id }) => update_id },
    "acknowledged as received": { acknowledge: "received" },
  };
  for (const [name, options] of Object.entries(ways)) {
    it(`does not have more calls run than may, though several updates are added at once, ${name}`, async () => {
      const log = new Log();
      let running = 0;
      let most = 0;
      const store = new WrappedStore(dawdling(), { isShared: true });
      const { hook, post } = bot(async ({ update_id }) => {
        most = Math.max(most, ++running);
        for (let i = 0; i < 5; i++) await turn();
        running--;
        log.add(`${update_id}`);
      }, { store, concurrency: 2, ...options });
      const ids = [1, 2, 3, 4, 5, 6];
      const statuses = await Promise.all(ids.map((id) => post(inChat(id, id))));
      await log.has(ids.length);
      assert.deepEqual([statuses, most], [ids.map(() => 200), 2]);
      await hook.close();
    });
  }

  it("asks once for an update that is acknowledged as received, and once more to complete it", async () => {
    const log = new Log();
    const store = new WrappedStore(dawdling(), { isShared: true });
    const { hook, post } = bot((update) => log.add(word(update)), { store, acknowledge: "received" });
    await post(message(1));
    await log.has(1);
    for (let i = 0; i < 5; i++) await turn(); // it is completed
    store.calls.length = 0;
    await post(message(2));
    assert.deepEqual(log.words, ["1"], "its sender is answered first");
    await log.has(2);
    await hook.close();
    assert.deepEqual(store.calls, ["add claim", "complete", "flush", "close"]);
  });

  /** A store that takes 150 ms for a call, and a sender that waits for 100. */
  async function answersLate(
    call: "add" | "add behind",
    options: { lane?: () => string } = {},
  ): Promise<WrappedStore> {
    const { store, answered } = held(call);
    const slow = gate();
    const { hook, post } = bot(() => slow.opened, { store, acknowledgeWithinMs: 100, ...options });
    const first = post(message(1));
    await new Promise((resolve) => setTimeout(resolve, 150));
    answered.open();
    const began = performance.now();
    assert.equal(await first, 200);
    assert.ok(performance.now() - began < 60, "it does not wait from the beginning");
    slow.open();
    await hook.close();
    return store;
  }

  it("that answers beyond the time limit has the update acknowledged as soon as it has it", async () => {
    await answersLate("add", { lane: () => "one" });
  });

  it("that says beyond the time limit that nothing is before an update has it adopted as soon as it runs", async () => {
    const store = await answersLate("add behind");
    assert.equal(store.times("add adopt"), 1);
  });
});

it("a slow update is adopted once, though its receiver ends while the store is still taking it", async () => {
  const { store, asked, answered } = held("add adopt");
  const slow = gate();
  const hook = webhook(() => slow.opened, { secretToken: null, store, acknowledgeWithinMs: 1 });
  const received = hook.receive(message(1));
  await asked.opened;
  slow.open();
  await turn();
  await hook.receive(inChat(43, 2)); // whose time limit makes them look again
  await new Promise((resolve) => setTimeout(resolve, 10)); // ten times as long
  answered.open();
  await received;
  await hook.close();
  assert.deepEqual([store.times("add adopt"), store.count], [1, 0]);
});

describe("a store that other processes share, and that fails to adopt a slow update", () => {
  /** How often it fails before it adopts the update. */
  function failing(times: number) {
    const slow = gate();
    const refused = gate();
    const store = new WrappedStore({
      before(call, [, mode]) {
        if (call !== "add" || mode !== "adopt" || times-- <= 0) return;
        refused.open();
        throw new Error("The connection broke");
      },
    }, { isDurable: true, isShared: true });
    const made = bot(() => slow.opened, { store, acknowledgeWithinMs: 50 });
    return { ...made, store, slow, refused };
  }

  it("is asked again, since another process would handle a copy beside its receiver", async () => {
    const { hook, post, slow, store } = failing(1);
    assert.equal(await post(message(1)), 200);
    assert.deepEqual([store.times("add adopt"), store.count], [2, 1]);
    slow.open();
    await hook.close();
    assert.equal(store.count, 0);
  });

  it("is not asked again once the receiver has ended", async () => {
    const { hook, post, slow, store, refused } = failing(1);
    const answered = post(message(1));
    await refused.opened;
    slow.open();
    assert.equal(await answered, 200);
    await hook.close();
    assert.equal(store.times("add adopt"), 1);
  });

  it("does not make Telegram send again what was handled meanwhile", async () => {
    const slow = gate();
    const asked = gate();
    const failed = gate();
    const store = new WrappedStore({
      async before(call, [, mode]) {
        if (call !== "add" || mode !== "adopt") return;
        asked.open();
        await failed.opened;
        throw new Error("The connection broke");
      },
    }, { isDurable: true, isShared: true });
    const { hook, post } = bot(() => slow.opened, { store, acknowledgeWithinMs: 1 });
    const answered = post(message(1));
    await asked.opened;
    slow.open();
    await new Promise((resolve) => setTimeout(resolve, 10)); // more than it would wait to ask again
    failed.open();
    assert.equal(await answered, 200);
    await hook.close();
  });

  it("is asked for as long again as its sender has waited", async () => {
    const { hook, post, slow, store } = failing(Infinity);
    assert.equal(await post(message(1)), 500);
    assert.equal(store.times("add adopt"), 2);
    slow.open();
    await hook.close();
  });
});

it("a reply is reported if nobody waits for it, because the store did not take its slow update", async () => {
  const slow = gate();
  const errors: unknown[] = [];
  const store = new WrappedStore(
    dawdling({
      before(call, [, mode]) {
        if (call === "add" && mode === "adopt") throw new Error("full");
      },
    }),
    { isShared: true },
  );
  const hook = webhook(async () => {
    await slow.opened;
    return { method: "sendMessage" };
  }, { secretToken: null, store, acknowledgeWithinMs: 1, onError: (error) => void errors.push(error) });
  await assert.rejects(hook.receive(message(1)), /full/);
  slow.open();
  await hook.close();
  assert.match(String(errors.at(-1)), /The reply "sendMessage" was not sent/);
});

it("a reply that is sent since the store did not take its slow update is not part of the answer to the repeat too", async () => {
  const slow = gate();
  const sent = gate();
  const store = new WrappedStore({
    before(call, [, mode]) {
      if (call === "add" && mode === "adopt") throw new Error("full");
    },
  });
  const hook = webhook(async () => {
    await slow.opened;
    return { method: "sendMessage" };
  }, {
    ...{ secretToken: null, store, acknowledgeWithinMs: 1, onError: () => {} },
    replies: { call: () => Promise.resolve(sent.open()) },
  });
  assert.equal((await hook(delivery(message(1)))).status, 500);
  slow.open();
  await sent.opened;
  const repeated = await hook(delivery(message(1)));
  assert.deepEqual([repeated.status, await repeated.text()], [200, ""]);
  await hook.close();
});

it("an update that the store was slow to take is handled, and its next delivery finds that", async () => {
  const log = new Log();
  const slow = gate();
  const { store, answered } = held("add append");
  const { hook, post } = bot(async (update) => {
    log.add(word(update));
    if (update.update_id === 1) await slow.opened;
  }, { store, concurrency: 1, acknowledgeWithinMs: 20 });
  const first = post(message(1));
  await turn();
  const second = post(inChat(43, 2)); // all calls are taken
  slow.open();
  await turn();
  answered.open();
  assert.deepEqual(await Promise.all([first, second]), [200, 200]);
  await log.has(2);
  assert.equal(await post(inChat(43, 2)), 200);
  assert.deepEqual([log.words, hook.stats().unanswered], [["1", "2"], 0]);
  await hook.close();
});

describe("a store that fails to settle", () => {
  it("is told again what became of a batch, which is not handled once more", async () => {
    const log = new Log();
    let failures = 1;
    const store = new WrappedStore({
      before(call) {
        if (call === "complete" && failures-- > 0) throw new Error("gone for a moment");
      },
    });
    const { hook } = bot((update) => log.add(word(update)), { store, acknowledge: "received" });
    await hook.receive(message(1));
    await hook.close();
    assert.deepEqual([log.words, store.times("complete"), store.count], [["1"], 2, 0]);
  });

  it("does not keep the answer back, since the update was handled", async () => {
    let isBroken = true;
    const slow = gate();
    const store = new WrappedStore({
      before(call) {
        if (call === "complete" && isBroken) throw new Error("gone");
      },
    });
    const { hook, post } = bot(() => slow.opened, { store, lane: () => "one", acknowledgeWithinMs: 50_000 });
    const answer = post(message(1));
    await turn();
    slow.open();
    assert.equal(
      await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 300, "none"))]),
      200,
    );
    isBroken = false;
    await hook.close();
  });

  for (const call of ["retry", "park"] as const) {
    it(`but has the update, does not hold up its sender beyond the time limit: ${call}`, async () => {
      let isBroken = true;
      const store = new WrappedStore({
        before(each) {
          if (each === call && isBroken) throw new Error("gone");
        },
      }, { isDurable: true });
      const { hook, post } = bot(() => {
        throw call === "park" ? new GiveUp("no") : new Error("no");
      }, { store, lane: () => "one", acknowledgeWithinMs: 50 });
      const answer = post(message(1));
      assert.equal(
        await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 400, "none"))]),
        200,
      );
      assert.equal(await post(message(1)), 200, "a copy is known");
      isBroken = false;
      await hook.close();
      assert.equal(store.times(call), 2, "it is told as soon as it is well");
    });
  }

  it("and answers the sender only once an update is withdrawn that was not handled", async () => {
    const withdrawn = gate();
    const store = new WrappedStore({
      before: (call) => call === "withdraw" ? withdrawn.opened : undefined,
    });
    const { hook, post } = bot(() => Promise.reject(new Error("no")), { store, lane: () => "one" });
    const answer = post(message(1));
    await assertPending(answer);
    withdrawn.open();
    assert.equal(await answer, 500);
    assert.equal(store.count, 0);
    await hook.close();
  });
});

describe("closing", () => {
  it("does not wait for what turned out to be here already, which counts as a duplicate", async () => {
    const looked = gate();
    const store = new WrappedStore({
      before: (call) => call === "add" ? looked.opened : undefined,
      after: (call, result) => call === "add" ? "known" : result,
    }, { isShared: true });
    const hook = webhook(assert.fail, { secretToken: null, store, onError: assert.fail });
    const received = hook.receive(message(1));
    await turn();
    const closed = hook.close({ timeoutMs: 60_000 });
    looked.open();
    await Promise.all([received, closed]);
    assert.equal(hook.stats().duplicates, 1);
  });

  it("waits for an album that is still being stored, and for its receiver", async () => {
    const log = new Log();
    const store = new WrappedStore(dawdling());
    const hook = webhook(async (update, { signal }) => {
      await turn();
      log.add(`${word(update)} ${signal.aborted}`);
    }, { secretToken: null, store, mediaGroups: NEVER });
    await hook.receive(part(1, "7"));
    const last = hook.receive(part(2, "7"));
    await turn();
    await hook.close({ timeoutMs: 60_000 });
    await last;
    assert.deepEqual([log.words, store.count], [["[1 2] false"], 0]);
  });

  it("leaves albums that collect in a durable store, and acknowledges what waits there", async () => {
    const slow = gate();
    const store = new WrappedStore(dawdling(), { isDurable: true, isShared: true });
    const { hook, post } = bot((update) => update.update_id === 3 ? slow.opened : undefined, {
      store,
      mediaGroups: NEVER,
      concurrency: 1,
    });
    for (const id of [1, 2]) assert.equal(await post(part(id, "7")), 200);
    const running = post(inChat(43, 3));
    while (hook.stats().running === 0) await turn();
    const waiting = post(inChat(44, 4));
    while (store.count < 3) await turn();
    await turn();
    const closed = hook.close();
    assert.equal(await waiting, 200);
    slow.open();
    assert.equal(await running, 200);
    await closed;
    assert.equal(store.times("flush"), 0);
    assert.equal(hook.stats().handled, 1);
  });
});

describe("a store that somebody has written", () => {
  it("is not asked without end if what it has is due in years", async () => {
    const store: WrappedStore = new WrappedStore({
      after(call, result) {
        if (call === "claim") store.host?.wake(60 * 365 * 24 * 3_600_000);
        return result;
      },
    });
    const { hook, post } = bot(() => {}, { store, acknowledge: "received" });
    await post(message(1));
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(store.times("claim") < 10, `it was asked ${store.times("claim")} times`);
    await hook.close();
  });

  it("may return promises of another library, also such as begin when they are awaited", async () => {
    const log = new Log();
    const inner = new WrappedStore(dawdling());
    const begun: string[] = [];
    const store = new Proxy(inner, {
      get(target, name) {
        if (name === "isDurable" || name === "isShared") return true;
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => ({
          then(resolve: () => void, reject: () => void) {
            begun.push(String(name));
            Promise.resolve(value.apply(target, args)).then(resolve, reject);
          },
        });
      },
    });
    const { hook, post, failures } = bot((update) => log.add(word(update)), {
      store,
      acknowledge: ({ update_id }) => update_id === 1 ? "handled" : "received",
    });
    assert.deepEqual([await post(message(1)), await post(message(2))], [200, 200]);
    await log.has(2);
    await hook.close();
    assert.deepEqual([log.words, failures], [["1", "2"], []]);
    assert.equal(begun.filter((call) => call === "complete").length, 1);
  });

  for (const acknowledge of ["handled", "received"] as const) {
    it(`does not make it acknowledge what it may not have: "${acknowledge}"`, async () => {
      const log = new Log();
      let isWrong = true;
      const after = (call: StoreCall, result: unknown) => call === "add" && isWrong ? undefined : result;
      const store = new WrappedStore({ after }, { isDurable: true });
      const { hook, post, failures } = bot((update) => log.add(word(update)), { store, acknowledge });
      assert.equal(await post(inChat(1, 1)), 500);
      assert.deepEqual(failures.map(({ error }) => String(error)), [
        'TelehookError: The store\'s "add" must return "added", "known", "alone" or a batch, not undefined: ' +
        "docs/writing-a-store.md says what it returns",
      ]);
      isWrong = false;
      assert.equal(await post(inChat(2, 2)), 200);
      await log.has(acknowledge === "handled" ? 1 : 2);
      await hook.close();
      assert.ok(log.words.includes("2"));
    });
  }

  for (const wrong of [undefined, [undefined], [{}]]) {
    it(`is asked again if what it has claimed is ${JSON.stringify(wrong)}`, async () => {
      let isWrong = true;
      const store = new WrappedStore(
        dawdling({
          after(call, result) {
            if (call !== "claim" || !isWrong) return result;
            isWrong = false;
            return wrong;
          },
        }),
        { isDurable: true },
      );
      const errors: unknown[] = [];
      const handled = gate();
      const { hook, post } = bot(() => handled.open(), {
        ...{ store, acknowledge: "received", concurrency: 1 },
        onEvent: (event) => event.type === "store" && event.state === "failing" && errors.push(event.error),
      });
      await post(message(1));
      const limit = setTimeout(() => handled.break(new Error("Not handled")), 5_000);
      await handled.opened.finally(() => clearTimeout(limit));
      await hook.close();
      assert.match(String(errors[0]), /"claim" must return a list of batches/);
    });
  }

  it("has closed all the same if its last answer is wrong, and closing says so", async () => {
    const store = new WrappedStore({ after: (call, result) => call === "close" ? undefined : result });
    const { hook, post } = bot(() => {}, { store });
    assert.equal(await post(message(1)), 200);
    await assert.rejects(hook.close(), {
      ...{ name: "TelehookError", code: "ERR_STORE" },
      message: 'The store\'s "close" must return a list of batches that have updates, not undefined: ' +
        "docs/writing-a-store.md says what it returns",
    });
    assert.equal(await post(message(2)), 503);
  });

  it("may return anything when it has completed", async () => {
    const log = new Log();
    const store = new WrappedStore({
      after: (call, result) => call === "complete" ? result ?? { changes: 1 } : result,
    }, { isDurable: true });
    const { hook, post } = bot((update) => log.add(word(update)), { store, acknowledge: "received" });
    await post(message(1));
    await post(message(2));
    await log.has(2);
    await hook.close();
    assert.equal(store.times("complete"), 2);
  });
});
