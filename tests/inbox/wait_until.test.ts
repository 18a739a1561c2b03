import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { describe } from "node:test";
import { bot, delivery, gate, Log, message, part, turn, word } from "./bot.ts";
import { botApi, botHost, TelehookError, updateStreams } from "../../mod.ts";
import { pause } from "../../src/platform/pause.ts";
import { WakeTimer } from "../../src/runner/wake_timer.ts";
import { WrappedStore } from "./wrapped_store.ts";
import { it } from "../scoped_it.ts";
import { asOnWorkers, RequestTimers } from "../workers.ts";

describe("waitUntil", () => {
  const beside = (promises: Promise<unknown>[]) => ({
    waitUntil(promise: Promise<unknown>) {
      promises.push(promise);
    },
  });

  for (const [name, place] of [["(request, env, ctx)", 1], ["(request, context)", 0]] as const) {
    it(`gets what outlives the response: ${name}`, async () => {
      const log = new Log();
      const promises: Promise<unknown>[] = [];
      const { hook } = bot((update) => log.add(word(update)), { mediaGroups: { quietMs: 30 } });
      const args = place === 1 ? [{ KV: {} }, beside(promises)] : [beside(promises)];
      await hook(delivery(part(1, "7")), ...args);
      assert.equal(promises.length, 1);
      await promises[0];
      assert.deepEqual(log.words, ["[1]"]);
    });
  }

  it("may throw, as that of a request that is over does, and the answer still goes out", async () => {
    const { hook } = bot(() => {}, { mediaGroups: { quietMs: 60_000, maxWaitMs: 60_000 } });
    const waitUntil = () => {
      throw new Error("too late");
    };
    const unreadable = Object.defineProperty({}, "waitUntil", { get: waitUntil });
    for (const context of [{ waitUntil }, unreadable]) {
      assert.equal((await hook(delivery(part(1, "7")), {}, context)).status, 200);
    }
    await hook.close();
  });

  it("lets a request end when a later one waits, so that nothing grows with the answers", async () => {
    const promises: Promise<unknown>[] = [];
    const { hook } = bot(() => {}, { mediaGroups: { quietMs: 60_000, maxWaitMs: 60_000 } });
    for (const id of [1, 2, 3]) await hook(delivery(part(id, "7")), {}, beside(promises));
    await Promise.all(promises.slice(0, 2));
    await hook.close();
    await promises[2];
  });

  it("has what waits begin in the latest request on Workers, which goes on for the longest", async (t) => {
    asOnWorkers(t);
    const requests = new AsyncLocalStorage<number>();
    const first = gate();
    const log = new Log();
    const { hook } = bot(async ({ update_id }) => {
      log.add(`${update_id} in ${requests.getStore()}`);
      if (update_id === 1) await first.opened;
    }, { acknowledgeWithinMs: 5 });
    const promises: Promise<unknown>[] = [];
    for (const id of [1, 2, 3]) {
      const { status } = await requests.run(id, () => hook(delivery(message(id)), {}, beside(promises)));
      assert.equal(status, 200);
    }
    first.open();
    await log.has(3);
    assert.deepEqual(log.words, ["1 in 1", "2 in 3", "3 in 3"]);
    await Promise.all(promises);
    await hook.close();
  });

  it("lets no request end while something runs, which may run in its name", async () => {
    const promises: Promise<unknown>[] = [];
    const slow = gate();
    const { hook } = bot(() => slow.opened, { acknowledgeWithinMs: 10 });
    await hook(delivery(message(1)), {}, beside(promises));
    await hook(delivery(message(2)), {}, beside(promises));
    let ended = 0;
    const late = promises.map((promise) => promise.then(() => ended++));
    await turn();
    const before = ended;
    slow.open();
    await Promise.all(late);
    assert.deepEqual([before, ended], [2, 4]); // two answers, and what follows from each
    await hook.close();
  });

  it("gets a promise that is resolved once other processes have handled the rest, which tell nobody", {
    timeout: 5_000,
  }, async () => {
    const store = new WrappedStore({}, { isShared: true });
    let left = 1;
    Object.defineProperty(store, "count", { get: () => left });
    const waits: Promise<unknown>[] = [];
    const { hook } = bot(() => {}, { store, waitUntil: (promise) => void waits.push(promise) });
    await hook(delivery(message(1)));
    await turn(); // all that this one does
    left = 0;
    await waits[0];
    await hook.close();
  });

  it("is asked for on Workers, once, if something is left that would end with its request", async (t) => {
    asOnWorkers(t);
    const { error } = console;
    const said: unknown[] = [];
    console.error = (line: unknown) => void said.push(line);
    t.after(() => void (console.error = error));
    const { hook } = bot(() => {}, { mediaGroups: { quietMs: 60_000, maxWaitMs: 60_000 } });
    await turn(); // it has opened its store
    await hook(delivery(message(1)));
    assert.deepEqual(said, []);
    for (const id of [2, 3]) await hook(delivery(part(id, "7")));
    assert.equal(said.length, 1);
    assert.match(String(said[0]), /as in hook\(request, env, context\)/);
    await hook.close();
  });

  it("gets nothing where nothing is left", async () => {
    const promises: Promise<unknown>[] = [];
    const { hook } = bot(() => {});
    await turn(); // it has opened its store
    await hook(delivery(message(1)), {}, beside(promises));
    assert.deepEqual(promises, []);
  });
});

describe("timers that end with the request that has set them", () => {
  it("do not keep later albums back, after a delivery whose context was not given", async (t) => {
    const timers = new RequestTimers(t);
    const log = new Log();
    const { hook } = bot((update) => log.add(word(update)), { mediaGroups: { quietMs: 30 } });
    await timers.request(() => hook(delivery(part(1, "7"))), { hasContext: false });
    await turn();
    await timers.request(
      (context) => hook(delivery(part(2, "8", { chat: { id: 43, type: "private" } })), {}, context),
      {
        hasContext: true,
      },
    );
    await log.has(2);
    assert.deepEqual(log.words.toSorted(), ["[1]", "[2]"]);
    await hook.close();
  });

  it("do not end while something is about to be claimed: a handler may be done at once", async (t) => {
    const timers = new RequestTimers(t);
    const log = new Log();
    const { hook } = bot((update) => log.add(word(update)), { mediaGroups: { quietMs: 30 } });
    for (const id of [1, 2, 3]) {
      await timers.request((context) => hook(delivery(part(id, `${id}`)), {}, context), { hasContext: true });
      await log.has(id);
    }
    await hook.close();
  });

  it("fire once, although no other request can clear them", async (t) => {
    const { clearTimeout } = globalThis;
    t.after(() => void Object.assign(globalThis, { clearTimeout }));
    Object.assign(globalThis, { clearTimeout() {} });
    let times = 0;
    const timer = new WakeTimer(() => times++, () => true);
    timer.wake(20);
    for (let request = 2; request <= 4; request++) timer.rearm();
    await pause(60);
    assert.equal(times, 1);
    timer.stop();
  });

  it("are set again in the request that waits, also with the option", async (t) => {
    const timers = new RequestTimers(t);
    const log = new Log();
    let wait: ((promise: Promise<unknown>) => void) | undefined;
    const { hook } = bot((update) => log.add(word(update)), {
      mediaGroups: { quietMs: 30 },
      waitUntil: (promise) => wait?.(promise),
    });
    for (const id of [1, 2, 3]) {
      await timers.request((context) => {
        wait = context?.waitUntil;
        return hook(delivery(part(id, "7")));
      }, { hasContext: true });
    }
    await log.has(1);
    assert.deepEqual(log.words, ["[1 2 3]"]);
    await hook.close();
  });

  it("do not end the time limit for the acknowledgement", async (t) => {
    const timers = new RequestTimers(t);
    const slow = gate();
    const { hook } = bot(async ({ update_id }) => {
      if (update_id === 1) await turn();
      else await slow.opened;
    }, { acknowledgeWithinMs: 60 });
    await timers.request((context) => hook(delivery(message(1)), {}, context), { hasContext: true });
    const began = performance.now();
    const answered = timers.request(
      (context) => hook(delivery(message(2, { chat: { id: 43, type: "private" } })), {}, context),
      { hasContext: true },
    );
    const { status } = await answered;
    const tookMs = performance.now() - began;
    assert.equal(status, 200);
    assert.ok(tookMs >= 50 && tookMs < 400, `${tookMs} ms`);
    slow.open();
    await hook.close();
  });
});

it("a webhook is made without what Workers refuse before their first request", async (t) => {
  const { AbortController, fetch, setTimeout } = globalThis;
  const { getRandomValues } = crypto;
  const undo = () => {
    Object.assign(globalThis, { AbortController, fetch, setTimeout });
    crypto.getRandomValues = getRandomValues;
  };
  t.after(undo);
  const refuse = () => {
    throw new Error("Disallowed operation called within global scope");
  };
  class RefusedController {
    constructor() {
      refuse();
    }
  }
  Object.assign(globalThis, { AbortController: RefusedController, fetch: refuse, setTimeout: refuse });
  crypto.getRandomValues = refuse;
  const log = new Log();
  const { hook, post } = bot((update) => log.add(word(update)), {
    replies: botApi("1:token"),
    health: "/health",
    metrics: "/metrics",
  });
  const host = botHost(updateStreams(), { find: () => "1:token", health: "/health", metrics: "/metrics" });
  undo();
  await host.close();
  assert.equal(await post(message(1)), 200);
  assert.deepEqual(log.words, ["1"]);
  await hook.close();
});

it("streams are refused in the module of a worker, where loops end with requests", async (t) => {
  asOnWorkers(t);
  updateStreams(); // in a request, or as a Durable Object is constructed
  const { setTimeout } = globalThis;
  t.after(() => void Object.assign(globalThis, { setTimeout }));
  Object.assign(globalThis, {
    setTimeout() {
      throw new Error("Disallowed operation called within global scope");
    },
  });
  const error: unknown = await Promise.resolve().then(() => updateStreams()).catch((thrown) => thrown);
  assert.ok(error instanceof TelehookError && error.code === "ERR_RUNTIME");
});
