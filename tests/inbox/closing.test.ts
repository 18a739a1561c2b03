import assert from "node:assert/strict";
import { describe } from "node:test";
import { type StoreEntry, TelehookError, updateStreams, webhook } from "../../mod.ts";
import { assertPending, bot, delivery, gate, inChat, Log, message, part, turn, word } from "./bot.ts";
import { it } from "../scoped_it.ts";
import { WrappedStore } from "./wrapped_store.ts";

describe("closing", () => {
  it("calls the receiver with nothing more once it is over, since the sender was told to keep it", async () => {
    const slow = gate();
    const started = gate();
    const log = new Log();
    const { hook, post } = bot(async (update) => {
      started.open();
      log.add(word(update));
      await slow.opened;
    }, { concurrency: 1 });
    const answers = [post(inChat(1, 1)), post(inChat(2, 2))];
    await started.opened;
    await hook.close({ timeoutMs: 10 });
    assert.deepEqual(await Promise.all(answers), [503, 503]);
    slow.open();
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.deepEqual(log.words, ["1"]);
  });

  it("refuses with 503 and Retry-After, awaits what runs, and is the same promise twice", async () => {
    const slow = gate();
    const started = gate();
    const { hook, post } = bot(() => {
      started.open();
      return slow.opened;
    });
    const running = post(message(1));
    await started.opened;
    const closed = hook.close();
    const refused = await hook(delivery(message(2)));
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get("retry-after"), "1");
    await assert.rejects(hook.receive(message(3)), { code: "ERR_CLOSED" });
    await assertPending(closed);
    slow.open();
    await Promise.all([closed, hook.close()]);
    assert.equal(await running, 200);
  });

  it("aborts the signals once its time is over, and then answers 503 to whoever still waits", async () => {
    const reasons: unknown[] = [];
    const started = gate();
    const { hook, post } = bot((_, { signal }) => {
      started.open();
      return new Promise(() => signal.addEventListener("abort", () => reasons.push(signal.reason)));
    });
    const answer = post(message(1));
    await started.opened;
    await hook.close({ timeoutMs: 10 });
    assert.equal(await answer, 503);
    assert.ok(reasons[0] instanceof TelehookError && reasons[0].code === "ERR_CLOSED");
  });

  it("tells onError what is lost with a store in memory", async () => {
    const { hook, failures } = bot(() => new Promise(() => {}), { acknowledge: "received" });
    await hook.receive(message(1));
    await hook.receive(message(2));
    await hook.close({ timeoutMs: 10 });
    assert.deepEqual(failures.map(({ update, willRetry }) => [update.update_id, willRetry]), [[1, false], [
      2,
      false,
    ]]);
  });

  it("counts what is lost, and what was given up", async () => {
    const { hook } = bot(() => new Promise(() => {}), { acknowledge: "received" });
    await hook.receive(message(1));
    await hook.close({ timeoutMs: 0 });
    assert.deepEqual([hook.stats().failed, hook.stats().givenUp], [1, 1]);
  });

  it("leaves to Telegram what is unanswered, though its time limit is over meanwhile", async () => {
    const started = gate();
    const { hook, post, failures } = bot(() => {
      started.open();
      return new Promise(() => {});
    }, { acknowledgeWithinMs: 20 });
    const answer = post(message(1));
    await started.opened;
    await hook.close({ timeoutMs: 60 });
    assert.equal(await answer, 503);
    assert.deepEqual([failures, hook.stats().acknowledgedEarly], [[], 0]);
  });

  it("leaves to a durable store what is stored meanwhile, and waits for nothing but what runs", async () => {
    const slow = gate();
    const stored = gate();
    const log = new Log();
    const { hook } = bot((update) => {
      log.add(word(update));
      return slow.opened;
    }, {
      acknowledgeWithinMs: 55_000,
      lane: () => "one",
      store: new WrappedStore({
        async before(call, [entry]) {
          if (call === "add" && (entry as StoreEntry).update.update_id === 2) await stored.opened;
        },
      }, { isDurable: true, isShared: true }),
    });
    const first = hook.receive(message(1));
    await log.has(1);
    const second = hook.receive(message(2));
    const closed = hook.close({ timeoutMs: 30_000 });
    await turn();
    stored.open();
    await second; // acknowledged: it is safe there
    slow.open();
    await Promise.all([first, closed]);
    assert.deepEqual(log.words, ["1"]);
  });

  it("ends a store that was opened only after that", async () => {
    const answered = gate();
    const opened = gate();
    const store = new WrappedStore({
      before: (call) => call === "open" ? answered.opened : undefined,
      after: (call) => call === "open" ? opened.open() : [],
    }, { isDurable: true, isShared: true });
    const { hook } = bot(() => {}, { store });
    await turn();
    await hook.close({ timeoutMs: 0 });
    answered.open();
    await opened.opened;
    await turn();
    assert.deepEqual(store.calls, ["open", "close", "close"]);
  });

  for (const timeoutMs of [10_000, 0]) {
    it(`lets no handler begin that it does not await, with ${timeoutMs} ms`, async () => {
      // In whatever order the store's answer and the call of close() come.
      for (let microtasks = 0; microtasks < 20; microtasks++) {
        const stored = gate();
        const started = gate();
        const log = new Log();
        const { hook } = bot(async ({ update_id }) => {
          log.add(`begin ${update_id}`);
          started.open();
          await turn();
          log.add(`end ${update_id}`);
        }, {
          acknowledge: "received",
          concurrency: 1,
          store: new WrappedStore({
            async before(call) {
              if (call === "complete") await stored.opened;
              if (call === "close") log.add(call);
              // One after the other, as a file or a server does.
              const turns = call === "claim" ? 2 : call === "close" ? 3 : 0;
              for (let i = 0; i < turns; i++) await turn();
            },
          }, { isDurable: true, isShared: true }),
        });
        await hook.receive(inChat(1, 1));
        await hook.receive(inChat(2, 2));
        await started.opened;
        await log.has(2);
        stored.open();
        for (let i = 0; i < microtasks; i++) await undefined;
        await hook.close({ timeoutMs });
        for (let i = 0; i < 4; i++) await turn();
        const afterwards = log.words.slice(log.words.indexOf("close"));
        assert.ok(!afterwards.some((each) => each.startsWith("begin")), `${microtasks} microtasks later`);
        if (timeoutMs > 0) assert.deepEqual(afterwards, ["close"], `${microtasks} microtasks later`);
      }
    });
  }

  it("leaves no timer behind, and tells nobody that it has parked what the store could not be told of", async (t) => {
    const { setTimeout: set, clearTimeout: clear } = globalThis;
    t.after(() => Object.assign(globalThis, { setTimeout: set, clearTimeout: clear }));
    const timers = new Set<unknown>();
    Object.assign(globalThis, {
      setTimeout(call: () => void, ms?: number) {
        const timer = set(() => {
          timers.delete(timer);
          call();
        }, ms);
        timers.add(timer);
        return timer;
      },
      clearTimeout(timer: never) {
        timers.delete(timer);
        clear(timer);
      },
    });
    const refused = gate();
    const store = new WrappedStore({
      before(call) {
        if (call !== "park") return;
        refused.open();
        throw new Error("The server is down");
      },
    }, { isDurable: true });
    const events: string[] = [];
    const { hook } = bot(() => {
      throw new Error("broken");
    }, { store, acknowledge: "received", maxAttempts: 1, onEvent: ({ type }) => events.push(type) });
    await hook.receive(message(1));
    await refused.opened;
    await hook.close({ timeoutMs: 10 });
    await turn();
    assert.equal(timers.size, 0);
    assert.ok(events.includes("failed"));
    assert.ok(!events.includes("parked"));
  });

  it("ends, and says so, if the store's own closing does not", async (t) => {
    const real = globalThis.setTimeout;
    t.after(() => Object.assign(globalThis, { setTimeout: real }));
    Object.assign(globalThis, {
      setTimeout: (call: () => void, ms = 0) => real(call, ms === 5_000 ? 1 : ms),
    });
    const store = new WrappedStore({
      after: (call, result) => call === "close" ? new Promise(() => {}) : result,
    });
    const hook = webhook(() => {}, { secretToken: null, store });
    await hook.receive(message(1));
    await assert.rejects(hook.close(), {
      code: "ERR_STORE",
      message: /"close" has not ended within 5000 ms/,
    });
  });

  it("works with await using", async () => {
    const log = new Log();
    {
      await using hook = webhook((update) => log.add(word(update)), { secretToken: null });
      await hook.receive(part(1, "7"));
    }
    assert.deepEqual(log.words, ["[1]"]);
  });

  it("refuses a time limit that is none", async () => {
    const { hook } = bot(() => {});
    await assert.rejects(hook.close({ timeoutMs: -1 }), { code: "ERR_OPTION" });
    await assert.rejects(hook.close({ timeout: 1 } as object), { code: "ERR_OPTION" });
    await hook.close();
  });
});

describe("streams that are closed before the webhook", () => {
  it("are not to blame for albums that come due: these are kept, uncounted, until it is closed too", async () => {
    const streams = updateStreams();
    streams.on("message_media_group");
    const refused = gate();
    const { hook, post, failures } = bot((update, context) => {
      if (update.update_id === 1) refused.open();
      return streams.receive(update, context);
    }, { maxAttempts: 1, mediaGroups: { quietMs: 10 } });
    assert.equal(await post(part(1, "7")), 200);
    streams.close();
    await refused.opened;
    await new Promise((resolve) => setTimeout(resolve, 0));
    const { failed, givenUp, stored } = hook.stats();
    assert.deepEqual([failed, givenUp, stored, failures], [0, 0, 1, []]);
    await hook.close({ timeoutMs: 0 });
    assert.deepEqual(failures.map(({ willRetry }) => willRetry), [false], "memory keeps nothing longer");
  });
});
