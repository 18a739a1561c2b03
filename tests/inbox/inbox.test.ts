import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type FailureDetails,
  type InboxStore,
  type ReceivedUpdate,
  type ReceiverContext,
  type ReceiverResult,
  TelehookError,
  updateStreams,
  webhook,
  type WebhookOptions,
} from "../../mod.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";
import { assertPending, delivery, gate, Log, message, part, word } from "./bot.ts";

interface Failure extends FailureDetails {
  readonly error: unknown;
}

function bot(
  receiver: (update: ReceivedUpdate, context: ReceiverContext) => ReceiverResult,
  options: Partial<WebhookOptions> = {},
) {
  const failures: Failure[] = [];
  const hook = webhook(receiver, {
    secretToken: null,
    onError: (error, details) => {
      failures.push({ error, ...details });
    },
    ...options,
  });
  const post = async (update: object) => {
    const response = await hook(delivery(update));
    return response.status;
  };
  return { hook, post, failures };
}

/** A chat of its own for each of several queues. */
const inChat = (chat: number, id: number) => message(id, { chat: { id: chat, type: "private" } });

describe("the same update again", () => {
  it("is acknowledged without a second run if it was handled", async () => {
    let runs = 0;
    const { hook, post } = bot(() => {
      runs++;
    });
    assert.deepEqual([await post(message(1)), await post(message(1)), await post(message(1))], [
      200,
      200,
      200,
    ]);
    assert.equal(runs, 1);
    assert.equal(hook.stats().duplicates, 2);
  });

  it("waits for the one run if that goes on, and both get its outcome", async () => {
    const { opened, open } = gate();
    let runs = 0;
    const { hook, post } = bot(async () => {
      runs++;
      await opened;
      return { method: "sendMessage", chat_id: 1, text: "once" };
    });
    const first = hook(delivery(message(1)));
    const second = hook(delivery(message(1)));
    await assertPending(second);
    open();
    const replies = await Promise.all([first, second].map(async (each) => (await each).json()));
    assert.deepEqual(replies, [1, 2].map(() => ({ method: "sendMessage", chat_id: 1, text: "once" })));
    assert.equal(runs, 1);
    assert.equal(await post(message(1)), 200);
    assert.equal(runs, 1);
  });

  it("runs again if it failed, and knows which attempt it is", async () => {
    const attempts: number[] = [];
    const { post, failures } = bot((_, { attempt }) => {
      attempts.push(attempt);
      if (attempt < 3) throw new Error("not yet");
    });
    assert.deepEqual([await post(message(1)), await post(message(1)), await post(message(1))], [
      500,
      500,
      200,
    ]);
    assert.deepEqual(attempts, [1, 2, 3]);
    assert.deepEqual(failures.map(({ attempt, willRetry }) => [attempt, willRetry]), [[1, true], [2, true]]);
  });
});

describe("a receiver that fails", () => {
  it("is answered 500, and given up with 200 after maxAttempts deliveries", async () => {
    const poison = new Error("poison");
    const { hook, post, failures } = bot(() => Promise.reject(poison));
    const statuses = [];
    for (let i = 0; i < 6; i++) statuses.push(await post(message(1)));
    assert.deepEqual(statuses, [500, 500, 500, 500, 200, 200]);
    assert.deepEqual(failures.map(({ willRetry }) => willRetry), [true, true, true, true, false]);
    assert.ok(failures.every(({ error, update }) => error === poison && update.update_id === 1));
    const { failed, givenUp, handled } = hook.stats();
    assert.deepEqual([failed, givenUp, handled], [5, 1, 0]);
  });

  it("leaves nothing of its error in the answer", async () => {
    const { hook } = bot(() => {
      throw new Error("the password is swordfish");
    });
    const response = await hook(delivery(message(1)));
    assert.equal(response.status, 500);
    assert.equal(await response.text(), "");
    assert.doesNotMatch(JSON.stringify([...response.headers]), /swordfish/);
  });

  it("may fail in onError too, without harm", async (t) => {
    t.mock.method(console, "error", () => {});
    for (
      const onError of [() => Promise.reject(new Error("own")), () => {
        throw new Error("own");
      }]
    ) {
      const { post } = bot(() => Promise.reject(new Error("first")), { onError });
      assert.equal(await post(message(1)), 500);
    }
  });

  it("is told on the console if there is no onError", async (t) => {
    const told = t.mock.method(console, "error", () => {});
    const hook = webhook(() => Promise.reject(new Error("why")), { secretToken: null });
    await hook(delivery(message(7)));
    assert.match(
      String(told.mock.calls[0]?.arguments[0]),
      /update 7 failed \(attempt 1; it will be tried again\)/,
    );
  });

  it("with an album, is tried again later with the same album, and given up", async () => {
    const log = new Log();
    const { hook, failures } = bot((update, { attempt }) => {
      log.add(`${word(update)} ${attempt}`);
      throw new Error("no");
    }, { maxAttempts: 2 });
    await hook.receive(part(1, "7"));
    await hook.receive(part(2, "7"));
    const closed = hook.close();
    await log.has(2);
    await closed;
    assert.deepEqual(log.words, ["[1 2] 1", "[1 2] 2"]);
    assert.deepEqual(failures.map(({ willRetry }) => willRetry), [true, false]);
  });
});

describe("a receiver that takes longer than acknowledgeWithinMs", () => {
  it("goes on in the background after the acknowledgement, before later updates of its queue", async () => {
    const slow = gate();
    const log = new Log();
    const { hook, post } = bot(async (update) => {
      if (update.update_id === 1) await slow.opened;
      log.add(word(update));
    }, { acknowledgeWithinMs: 20 });
    assert.equal(await post(message(1)), 200);
    assert.deepEqual(log.words, []);
    assert.equal(hook.stats().stored, 1);
    const next = post(message(2));
    assert.equal(await post(inChat(43, 3)), 200); // another queue does not wait
    assert.deepEqual(log.words, ["3"]);
    assert.equal(await post(message(1)), 200); // again: it is running, and acknowledged
    slow.open();
    assert.equal(await next, 200);
    assert.deepEqual(log.words, ["3", "1", "2"]);
    assert.equal(hook.stats().stored, 0);
  });

  it("keeps the order of what is acknowledged while it waits behind it", async () => {
    const slow = gate();
    const log = new Log();
    const { post } = bot(async (update) => {
      if (update.update_id === 1) await slow.opened;
      log.add(word(update));
    }, { acknowledgeWithinMs: 20 });
    for (const id of [1, 2, 3, 4]) assert.equal(await post(message(id)), 200);
    assert.deepEqual(log.words, []);
    slow.open();
    await log.has(4);
    assert.deepEqual(log.words, ["1", "2", "3", "4"]);
  });

  it("and then fails is tried again by us, since Telegram has forgotten it", async () => {
    const slow = gate();
    const log = new Log();
    const { post, failures } = bot(async (update, { attempt }) => {
      if (attempt === 1) await slow.opened;
      log.add(`${word(update)} ${attempt}`);
    }, { acknowledgeWithinMs: 20 });
    assert.equal(await post(message(1)), 200);
    slow.break(new Error("late"));
    await log.has(1);
    assert.deepEqual(log.words, ["1 2"]);
    assert.deepEqual(failures.map(({ attempt, willRetry }) => [attempt, willRetry]), [[1, true]]);
  });

  it("has its webhook reply reported, since there is no answer left for it", async () => {
    const slow = gate();
    const { hook, post, failures } = bot(async () => {
      await slow.opened;
      return { method: "sendMessage", chat_id: 1, text: "late" };
    }, { acknowledgeWithinMs: 20 });
    assert.equal(await post(message(1)), 200);
    slow.open();
    await hook.close();
    assert.equal(failures.length, 1);
    assert.ok(failures[0]?.error instanceof TelehookError && failures[0].error.code === "ERR_REPLY");
  });
});

describe('acknowledge: "received"', () => {
  it("answers at once, and handles in the order of each queue", async () => {
    const slow = gate();
    const log = new Log();
    const { hook, post } = bot(async (update) => {
      if (update.update_id === 1) await slow.opened;
      log.add(word(update));
    }, { acknowledge: "received" });
    for (const id of [1, 2, 3]) assert.equal(await post(message(id)), 200);
    assert.equal(await post(inChat(43, 4)), 200);
    await log.has(1);
    assert.deepEqual(log.words, ["4"]);
    slow.open();
    await hook.close();
    assert.deepEqual(log.words, ["4", "1", "2", "3"]);
  });
});

describe("webhook replies", () => {
  it("go out with the answer", async () => {
    const { hook } = bot(() => ({ method: "sendMessage", chat_id: 42, text: "é" }));
    const response = await hook(delivery(message(1)));
    assert.equal(response.headers.get("content-type"), "application/json");
    assert.deepEqual(await response.json(), { method: "sendMessage", chat_id: 42, text: "é" });
  });

  it("that Telegram would not carry out, or that are no JSON, are reported and not sent", async () => {
    const circular: Record<string, unknown> & { method: string } = { method: "sendMessage" };
    circular["self"] = circular;
    const useless = [
      ...["setWebhook", "deleteWebhook", "close", "logOut", "getMe", "GETUPDATES", "send message"].map((
        method,
      ) => ({ method })),
      circular,
      { method: "sendMessage", n: 1n },
      { method: "sendMessage", toJSON: () => undefined },
      { method: "sendMessage", text: "x".repeat(1_048_576) },
    ];
    for (const [i, reply] of useless.entries()) {
      const { hook, failures } = bot(() => reply);
      const response = await hook(delivery(message(i)));
      assert.deepEqual([response.status, await response.text()], [200, ""]);
      assert.ok(failures[0]?.error instanceof TelehookError && failures[0].error.code === "ERR_REPLY");
      assert.equal(failures[0].willRetry, false);
    }
  });

  it("are only what has a method: another return value says nothing", async () => {
    for (const value of [null, 5, "sendMessage", { message_id: 1 }, { method: 5 }, [], true]) {
      const { hook } = bot(() => value as unknown as ReceiverResult);
      assert.equal(await (await hook(delivery(message(1)))).text(), "");
    }
  });

  it("of a thenable that is no Promise are waited for too", async () => {
    const reply = { method: "sendMessage", chat_id: 1, text: "x" };
    const thenable = { then: (resolve: (value: unknown) => void) => resolve(reply) };
    const { hook } = bot(() => thenable as unknown as ReceiverResult);
    assert.deepEqual(await (await hook(delivery(message(1)))).json(), reply);
  });
});

describe("what a receiver returns that is no Promise", () => {
  const thrower = (error: Error) => {
    throw error;
  };
  const odd: readonly (readonly [what: string, result: () => object])[] = [
    ["a thenable whose then throws", () => ({ then: () => thrower(new RangeError("then")) })],
    [
      "a then that cannot be read",
      () => Object.defineProperty({}, "then", { get: () => thrower(new RangeError("then")) }),
    ],
    [
      "a thenable that says both",
      () => ({
        then(_: unknown, reject: (error: Error) => void) {
          reject(new RangeError("then"));
          thrower(new TypeError("too late"));
        },
      }),
    ],
  ];
  for (const [what, result] of odd) {
    it(`${what} fails like any other, leaves nothing behind, and is tried again`, async () => {
      const { hook, post, failures } = bot(() => result() as unknown as ReceiverResult);
      for (const attempt of [1, 2]) {
        assert.equal(await post(message(1)), 500);
        assert.equal(failures.length, attempt);
        assert.ok(failures.at(-1)?.error instanceof RangeError);
        assert.deepEqual([hook.stats().running, hook.stats().unanswered], [0, 0]);
      }
      await hook.close({ timeoutMs: 60_000 });
    });
  }
});

describe("limits", () => {
  it("concurrency makes updates wait for a free call, and those that wait get their answers", async () => {
    const gates = [gate(), gate(), gate()];
    let running = 0;
    let most = 0;
    const { hook, post } = bot(async (update) => {
      most = Math.max(most, ++running);
      await gates[update.update_id]?.opened;
      running--;
    }, { concurrency: 2 });
    const answers = [0, 1, 2].map((id) => post(inChat(id, id)));
    await assertPending(answers[2]!);
    assert.equal(running, 2);
    gates[0]?.open();
    assert.equal(await answers[0], 200);
    gates[2]?.open();
    assert.equal(await answers[2], 200);
    gates[1]?.open();
    assert.equal(await answers[1], 200);
    assert.equal(most, 2);
    assert.equal(hook.stats().running, 0);
  });

  it("an album that falls due while all calls are taken is handed over as soon as one is free", async () => {
    const slow = gate();
    const log = new Log();
    const { hook, post } = bot(async (update) => {
      if (update.update_id === 1) await slow.opened;
      log.add(word(update));
    }, { concurrency: 1, mediaGroups: { quietMs: 20 } });
    const running = post(inChat(1, 1));
    await hook.receive(part(2, "7"));
    await new Promise((resolve) => setTimeout(resolve, 60)); // the album is due, and there is no call for it
    slow.open();
    await running;
    await log.has(2);
    assert.deepEqual(log.words, ["1", "[2]"]);
  });

  it("maxPending answers 503 with a short Retry-After, and takes more once there is room", async () => {
    const slow = gate();
    const { hook, post } = bot(() => slow.opened, { maxPending: 2 });
    const waiting = [post(inChat(1, 1)), post(inChat(2, 2))];
    const refused = await hook(delivery(inChat(3, 3)));
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get("retry-after"), "1");
    await assert.rejects(hook.receive(inChat(3, 3)), { code: "ERR_OVERLOADED" });
    slow.open();
    assert.deepEqual(await Promise.all(waiting), [200, 200]);
    assert.equal(await post(inChat(3, 3)), 200);
  });

  it("maxPending and maxPendingChars bound the albums that wait", async () => {
    const quiet = { quietMs: 60_000, maxWaitMs: 60_000 };
    const chatOf = (id: number) => part(id, "7", { chat: { id, type: "private" } });
    const many = bot(() => {}, { maxPending: 3, mediaGroups: quiet });
    assert.deepEqual([await many.post(chatOf(1)), await many.post(chatOf(2)), await many.post(chatOf(3))], [
      200,
      200,
      200,
    ]);
    assert.equal(await many.post(chatOf(4)), 503);
    await many.hook.close();
    const large = bot(() => {}, { maxPendingChars: 150, mediaGroups: quiet });
    const statuses = [];
    for (const id of [1, 2, 3]) statuses.push(await large.post(chatOf(id)));
    assert.deepEqual(statuses, [200, 200, 503]);
    await large.hook.close();
  });
});

describe("a store that fails", () => {
  class BrokenStore extends MemoryStore implements InboxStore {
    broken = true;
    override append(entry: Parameters<MemoryStore["append"]>[0]): void {
      if (this.broken) throw new Error("disk full");
      super.append(entry);
    }
    override hold(entry: Parameters<MemoryStore["hold"]>[0]): ReturnType<MemoryStore["hold"]> {
      if (this.broken) throw new Error("disk full");
      return super.hold(entry);
    }
  }

  it("is answered 500, so that Telegram keeps the part, which is taken once the store is well", async () => {
    const log = new Log();
    const store = new BrokenStore();
    const { hook, post, failures } = bot((update) => log.add(word(update)), { store });
    assert.equal(await post(part(1, "7")), 500);
    assert.match(String(failures[0]?.error), /disk full/);
    assert.equal(failures[0]?.willRetry, true);
    store.broken = false;
    assert.equal(await post(part(1, "7")), 200);
    await hook.close();
    assert.deepEqual(log.words, ["[1]"]);
  });

  it("that throws where an album is released makes no handler reject", async () => {
    class StuckStore extends MemoryStore {
      override release(queue?: string): void {
        if (queue !== undefined) throw new Error("locked");
        super.release();
      }
    }
    const { hook, post } = bot(() => {}, {
      store: new StuckStore(),
      mediaGroups: { quietMs: 60_000, maxWaitMs: 60_000 },
    });
    assert.equal(await post(part(1, "7")), 200);
    assert.equal(await post(message(2)), 500);
    await hook.close();
  });

  it("that throws where nothing is expected to makes no handler reject", async () => {
    class Broken extends MemoryStore {
      override get isEmpty(): boolean {
        throw new Error("broken");
      }
    }
    const { hook, post, failures } = bot(() => {}, { store: new Broken() });
    assert.equal(await post(message(1)), 500);
    assert.match(String(failures[0]?.error), /broken/);
    await hook.close();
  });

  for (const updates of [[message(1)], []]) {
    it(`that cannot read an update says which is lost, and hands over the ${updates.length} others`, async () => {
      class Damaged extends MemoryStore {
        override claim() {
          const batch = super.claim();
          return batch && Object.assign(batch, { updates, unreadable: [7] });
        }
      }
      const log = new Log();
      const lost = gate();
      const { hook, failures } = bot((update) => log.add(word(update)), {
        acknowledge: "received",
        store: new Damaged(),
        onEvent: ({ type }) => type === "failed" && lost.open(),
      });
      await hook.receive(message(1));
      await lost.opened;
      await hook.close({ timeoutMs: 0 });
      assert.deepEqual(log.words, updates.map(word));
      const [failure] = failures;
      assert.ok(failure?.error instanceof TelehookError && failure.error.code === "ERR_STORE");
      assert.deepEqual([failure.update.update_id, failure.willRetry], [7, false]);
    });
  }

  it("that makes an album of what is none has it fail like anything else", async () => {
    class Confused extends MemoryStore {
      override claim() {
        const batch = super.claim();
        return batch && Object.assign(batch, { group: "7" });
      }
    }
    const failed = gate();
    const { hook, failures } = bot(assert.fail, {
      acknowledge: "received",
      store: new Confused(),
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
    const store = new BrokenStore();
    const { hook, post } = bot(async () => {
      runs++;
      await slow.opened;
    }, { store, acknowledgeWithinMs: 20 });
    assert.equal(await post(message(1)), 500);
    store.broken = false;
    assert.equal(await post(message(1)), 200);
    slow.open();
    await hook.close();
    assert.equal(runs, 1);
  });
});

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

  it("gets one promise for as long as something goes on, so that nothing grows with the answers", async () => {
    const promises: Promise<unknown>[] = [];
    const { hook } = bot(() => {}, { mediaGroups: { quietMs: 60_000, maxWaitMs: 60_000 } });
    for (const id of [1, 2, 3]) await hook(delivery(part(id, "7")), {}, beside(promises));
    assert.deepEqual([promises.length, new Set(promises).size], [3, 1]);
    await hook.close();
    await promises[0];
  });

  it("gets nothing where nothing is left", async () => {
    const promises: Promise<unknown>[] = [];
    const { hook } = bot(() => {});
    await hook(delivery(message(1)), {}, beside(promises));
    assert.deepEqual(promises, []);
  });
});

describe("receive", () => {
  it("takes updates without HTTP, returns the reply, and passes the receiver's error on", async () => {
    const { hook } = bot((update) => {
      if (update.update_id === 2) throw new RangeError("no");
      return { method: "sendMessage", chat_id: 1, text: "x" };
    });
    assert.deepEqual(await hook.receive(message(1)), { method: "sendMessage", chat_id: 1, text: "x" });
    await assert.rejects(hook.receive(message(2)), RangeError);
    await assert.rejects(hook.receive({} as ReturnType<typeof message>), { code: "ERR_UPDATE" });
  });
});

it("events tell the whole story, and a listener that throws changes nothing", async () => {
  const story: string[] = [];
  const slow = gate();
  const { hook, post } = bot(async (update, { attempt }) => {
    if (update.update_id === 2 && attempt === 1) throw new Error("once");
    if (update.update_id === 5) await slow.opened;
  }, {
    acknowledgeWithinMs: 20,
    onEvent: (event) => {
      story.push(
        event.type === "refused" ? `refused ${event.status}` : `${event.type} ${word(event.update)}`,
      );
      if ("durationMs" in event) assert.ok(event.durationMs >= 0 && event.durationMs < 5_000);
      throw new Error("from a listener");
    },
  });
  await post(message(1));
  await post(message(1));
  await post(message(2));
  await post(message(2));
  await post(part(3, "7"));
  await post(message(4));
  await post(message(5));
  await post({ nothing: true });
  slow.open();
  await hook.close();
  await post(message(6));
  assert.deepEqual(story, [
    "handled 1",
    "duplicate 1",
    "failed 2",
    "handled 2",
    "acknowledgedEarly 3",
    "mediaGroup [3]",
    "handled [3]",
    "handled 4",
    "acknowledgedEarly 5",
    "refused 400",
    "handled 5",
    "refused 503",
  ]);
  assert.deepEqual(hook.stats(), {
    handled: 5,
    failed: 1,
    givenUp: 0,
    duplicates: 1,
    acknowledgedEarly: 2,
    mediaGroups: 1,
    refused: 2,
    running: 0,
    unanswered: 0,
    stored: 0,
  });
});

it("a listener to events may be async, and reject", async () => {
  const { hook, post } = bot(() => {}, { onEvent: () => Promise.reject(new Error("from a listener")) });
  assert.equal(await post(message(1)), 200);
  await new Promise((resolve) => setTimeout(resolve, 0)); // by when Node would have ended the process
  await hook.close();
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
