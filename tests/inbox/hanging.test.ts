import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { WebhookEvent } from "../../mod.ts";
import { bot, codeOf, gate, inChat, Log, message, turn, word } from "./bot.ts";
import { Clock } from "./clock.ts";
import { WrappedStore } from "./wrapped_store.ts";
import { requestSignals } from "../workers.ts";
import { it as scopedIt } from "../scoped_it.ts";

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describe("a handler that runs longer than warnAfterMs", () => {
  it("is reported once, with its update and what waits", async () => {
    const slow = gate();
    const reported = gate();
    const events: WebhookEvent[] = [];
    const { hook, post } = bot(() => slow.opened, {
      warnAfterMs: 300, // long enough for what waits to be there
      acknowledgeWithinMs: 5,
      onEvent: (event) => {
        if (event.type !== "slow") return;
        events.push(event);
        reported.open();
      },
    });
    const alive = setInterval(() => {}, 1_000); // to report is no reason to live
    for (const id of [1, 2, 3]) assert.equal(await post(message(id)), 200);
    await reported.opened;
    await pause(400);
    clearInterval(alive);
    slow.open();
    await hook.close();
    assert.equal(events.length, 1);
    const [event] = events;
    assert.ok(event?.type === "slow" && event.update.update_id === 1 && event.waiting === 3);
    assert.ok(event.runningMs >= 300 && event.runningMs < 5_000);
  });

  it("is reported each, though they began at different times", async () => {
    const slow = gate();
    const log = new Log();
    const { hook, post } = bot(() => slow.opened, {
      warnAfterMs: 30,
      onEvent: (event) => event.type === "slow" && log.add(word(event.update)),
    });
    const answers = [post(inChat(1, 1))];
    await pause(15);
    answers.push(post(inChat(2, 2)));
    await log.has(2);
    assert.deepEqual(log.words, ["1", "2"]);
    slow.open();
    await Promise.all(answers);
    await hook.close();
  });

  it("is told on the console if nobody listens to events, and never with Infinity", async (t) => {
    const told = t.mock.method(console, "warn", () => {});
    for (const warnAfterMs of [10, Infinity]) {
      const { hook, post } = bot(() => pause(30), { warnAfterMs, onEvent: undefined as never });
      assert.equal(await post(message(7)), 200);
      await hook.close();
    }
    assert.equal(told.mock.callCount(), 1);
    assert.match(String(told.mock.calls[0]?.arguments[0]), /the handler of update 7 has been running for/);
  });
});

describe("a handler that runs longer than handlerTimeoutMs", () => {
  scopedIt("is not one whose update was on its way into a slow store for that long", async (t) => {
    const clock = new Clock(t);
    const { hook, post } = bot(() => pause(100), {
      handlerTimeoutMs: 50,
      store: new WrappedStore({
        async before(call) {
          if (call !== "add") return;
          await turn();
          clock.pass(1_000);
        },
      }, { isShared: true }),
    });
    assert.equal(await post(message(1)), 200);
    await hook.close();
  });

  it("has its signal aborted and its update fail, which Telegram sends again", async () => {
    const reasons: unknown[] = [];
    const { hook, post, failures } = bot((_, { attempt, signal }) => {
      if (attempt > 1) return;
      signal.addEventListener("abort", () => reasons.push(signal.reason));
      return new Promise(() => {});
    }, { handlerTimeoutMs: 20 });
    assert.equal(await post(message(1)), 500);
    assert.deepEqual([codeOf(reasons[0]), failures[0]?.error], ["ERR_TIMEOUT", reasons[0]]);
    assert.equal(hook.stats().running, 0);
    assert.equal(await post(message(1)), 200);
    await hook.close();
  });

  it("has its lane go on, where it was acknowledged", async () => {
    const alive = setInterval(() => {}, 1_000); // a handler that hangs is no reason to live
    const log = new Log();
    const { hook, post } = bot((update, { attempt }) => {
      log.add(`${word(update)} ${attempt}`);
      return update.update_id === 1 && attempt === 1 ? new Promise(() => {}) : undefined;
    }, { handlerTimeoutMs: 20, acknowledge: "received" });
    for (const id of [1, 2]) assert.equal(await post(message(id)), 200);
    await log.has(3);
    assert.deepEqual(log.words, ["1 1", "1 2", "2 1"]);
    await hook.close();
    clearInterval(alive);
  });

  scopedIt(
    "fails also where its signal cannot be aborted, since it belongs to another request of Workers",
    async (t) => {
      const inRequest = requestSignals(t);
      const signals: AbortSignal[] = [];
      const { hook, post } = bot((_, { signal }) => new Promise(() => signals.push(signal)), {
        handlerTimeoutMs: 40,
      });
      const first = inRequest("first", () => post(inChat(1, 1)));
      const second = inRequest("second", () => post(inChat(2, 2)));
      assert.deepEqual(await Promise.all([first, second]), [500, 500]);
      assert.equal(inRequest("first", () => signals[0]?.aborted), true);
      await hook.close({ timeoutMs: 0 });
    },
  );

  scopedIt(
    "has its lane go on where what waited for it has ended with its request, as on Workers",
    async (t) => {
      const alive = setInterval(() => {}, 1_000); // to abort is no reason to live
      const { race } = Promise;
      Promise.race = () => new Promise(() => {}); // nothing that waits goes on
      t.after(() => {
        clearInterval(alive);
        Promise.race = race;
      });
      const handled = gate();
      const { hook, post } = bot(({ update_id }, { attempt }) => {
        if (update_id === 2) handled.open();
        return update_id === 1 && attempt === 1 ? new Promise(() => {}) : undefined;
      }, { handlerTimeoutMs: 20, acknowledge: "received" });
      for (const id of [1, 2]) assert.equal(await post(message(id)), 200);
      await handled.opened;
      Promise.race = race;
      await hook.close();
    },
  );

  it("has the limit of each that began after it looked at, though warnAfterMs is later", async () => {
    const { hook, post } = bot(() => new Promise(() => {}), { handlerTimeoutMs: 40 });
    const first = post(inChat(1, 1));
    await pause(20);
    const began = performance.now();
    const second = post(inChat(2, 2));
    assert.deepEqual(await Promise.all([first, second]), [500, 500]);
    assert.ok(performance.now() - began < 1_000);
    await hook.close({ timeoutMs: 0 });
  });

  it("has the limit of each that begins once others have passed theirs", async () => {
    const { hook, post } = bot(() => new Promise(() => {}), { handlerTimeoutMs: 20 });
    for (const attempt of [1, 2, 3]) {
      const began = performance.now();
      assert.equal(await post(message(1)), 500);
      assert.ok(performance.now() - began < 5_000, `attempt ${attempt}`);
    }
    await hook.close({ timeoutMs: 0 });
  });

  it("is reported in time, though others were reported before and are still to be aborted", async () => {
    const alive = setTimeout(() => two.open(), 5_000);
    const reported: number[] = [];
    const two = gate();
    const { hook } = bot(() => new Promise(() => {}), {
      warnAfterMs: 20,
      handlerTimeoutMs: 60_000,
      acknowledge: "received",
      onEvent(event) {
        if (event.type !== "slow") return;
        reported.push(event.update.update_id);
        if (reported.length === 1) void hook.receive(inChat(2, 2));
        else two.open();
      },
    });
    await hook.receive(inChat(1, 1));
    await two.opened;
    clearTimeout(alive);
    assert.deepEqual(reported, [1, 2]);
    await hook.close({ timeoutMs: 0 });
  });

  it("is reported as hanging too, if that comes first", async () => {
    const kinds: string[] = [];
    const { hook, post } = bot(() => new Promise(() => {}), {
      warnAfterMs: 10,
      handlerTimeoutMs: 40,
      onEvent: ({ type }) => void kinds.push(type),
    });
    assert.equal(await post(message(1)), 500);
    assert.deepEqual(kinds, ["received", "started", "slow", "failed", "answered"]);
    await hook.close();
  });

  it("is off by default, and refuses what is no time", async () => {
    for (const handlerTimeoutMs of [0, -1, NaN, 2 ** 31]) {
      assert.throws(() => bot(() => {}, { handlerTimeoutMs }), { code: "ERR_OPTION" });
    }
    const { hook, post } = bot(() => pause(30), { handlerTimeoutMs: Infinity });
    assert.equal(await post(message(1)), 200);
    await hook.close();
  });
});

it("acknowledgeWithinMs is below the minute after which Telegram closes the connection", () => {
  for (const acknowledgeWithinMs of [55_001, 60_000, Infinity, 0]) {
    assert.throws(() => bot(() => {}, { acknowledgeWithinMs }), { code: "ERR_OPTION" });
  }
  bot(() => {}, { acknowledgeWithinMs: 55_000 });
});
