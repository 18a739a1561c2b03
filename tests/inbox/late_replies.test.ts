import assert from "node:assert/strict";
import { describe } from "node:test";
import { type ReceivedUpdate, type ReceiverResult, TelehookError, type WebhookEvent } from "../../mod.ts";
import { bot, codeOf, delivery, gate, inChat, Log, message, part, turn, word } from "./bot.ts";
import { Clock } from "./clock.ts";
import { WrappedStore } from "./wrapped_store.ts";
import { it } from "../scoped_it.ts";

const REPLY = { method: "sendMessage", chat_id: 42, text: "hello" };

/** What `botApi` is here: notes what it is asked to call. */
function sender(fail: (attempt: number) => unknown = () => undefined) {
  const calls: [method: string, params: object][] = [];
  const log = new Log();
  let attempts = 0;
  return {
    calls,
    log,
    call: (method: string, params: object): Promise<unknown> => {
      const error = fail(++attempts);
      if (error !== undefined) return Promise.reject(error);
      calls.push([method, params]);
      log.add(method);
      return Promise.resolve(true);
    },
  };
}

/** Larger than what Telegram reads of an answer. */
const LARGE = { ...REPLY, method: "sendPhoto", photo: new Blob([new Uint8Array(2 ** 20)]) };

const SENT = [["sendMessage", { chat_id: 42, text: "hello" }]];

/** The code of each failure, and that of its cause. */
function codes(failures: readonly { readonly error: unknown }[]): unknown[] {
  return failures.map(({ error }) => [codeOf(error), error instanceof Error && codeOf(error.cause)]);
}

describe("a reply arrives once", () => {
  it("in the answer, if there still is one", async () => {
    const replies = sender();
    const { hook } = bot(() => REPLY, { replies });
    assert.deepEqual(await (await hook(delivery(message(1)))).json(), REPLY);
    await hook.close();
    assert.deepEqual(replies.calls, []);
  });

  for (
    const [isIgnored, how] of [[false, "if its signal ends it"], [true, "if it ignores its signal"]] as const
  ) {
    it(
      `after an attempt that gets no answer, which holds up its lane no longer than that, ${how}`,
      { timeout: 10_000 },
      async (t) => {
        const { timeout } = AbortSignal;
        AbortSignal.timeout = (ms) => timeout.call(AbortSignal, ms / 1_000);
        t.after(() => AbortSignal.timeout = timeout);
        const alive = setInterval(() => {}, 1_000);
        t.after(() => clearInterval(alive));
        const log = new Log();
        const { hook, failures } = bot(({ update_id }) => {
          log.add(String(update_id));
          return update_id === 1 ? REPLY : undefined;
        }, {
          acknowledge: "received",
          replies: {
            call(method, _, { signal } = {}) {
              log.add(method);
              if (log.words.length > 2) return Promise.resolve(true);
              return new Promise((_, reject) => {
                if (!isIgnored) signal?.addEventListener("abort", () => reject(signal.reason));
              });
            },
          },
        });
        await hook.receive(message(1));
        await hook.receive(message(2));
        await log.has(4);
        await hook.close();
        assert.deepEqual([log.words, failures], [["1", "sendMessage", "sendMessage", "2"], []]);
      },
    );
  }

  it("through the Bot API for a handler that is slower than the limit", async () => {
    const replies = sender();
    const slow = gate();
    const events: WebhookEvent[] = [];
    const { hook, failures } = bot(async () => {
      await slow.opened;
      return REPLY;
    }, { replies, acknowledgeWithinMs: 10, onEvent: (event) => void events.push(event) });
    const answer = await hook(delivery(message(1)));
    assert.deepEqual([answer.status, await answer.text()], [200, ""]);
    slow.open();
    await hook.close();
    assert.deepEqual([replies.calls, failures, hook.stats().repliesSent], [SENT, [], 1]);
    assert.ok(events.some((event) => event.type === "replySent" && event.method === "sendMessage"));
  });

  it('through the Bot API with "received", and of an album', async () => {
    for (const updates of [[message(1)], [part(1, "7"), part(2, "7")]]) {
      const replies = sender();
      const { hook, post } = bot(() => REPLY, {
        replies,
        acknowledge: "received",
        mediaGroups: { quietMs: 5 },
      });
      for (const update of updates) assert.equal(await post(update), 200);
      await replies.log.has(1);
      await hook.close();
      assert.deepEqual(replies.calls, SENT);
    }
  });

  it("in the answer, where its update waited for its turn", async () => {
    const replies = sender();
    const { hook, post } = bot((update) => update.update_id === 2 ? REPLY : undefined, {
      replies,
      mediaGroups: { quietMs: 60_000, maxWaitMs: 60_000 },
    });
    await post(part(1, "7"));
    assert.deepEqual(await (await hook(delivery(message(2)))).json(), REPLY);
    await hook.close();
    assert.deepEqual(replies.calls, []);
  });

  it("through the Bot API, where it is larger than what Telegram reads of an answer", async () => {
    const handlers = { "at once": () => LARGE, later: () => Promise.resolve(LARGE) };
    for (const [when, handle] of Object.entries(handlers)) {
      for (const before of [[], [part(1, "7")]]) { // it waits for its turn behind an album
        const replies = sender();
        const { hook, failures, post } = bot((update) => word(update) === "2" ? handle() : undefined, {
          replies,
          mediaGroups: { quietMs: 60_000, maxWaitMs: 60_000 },
        });
        for (const update of before) await post(update);
        const answer = await hook(delivery(message(2)));
        assert.deepEqual(
          [answer.status, await answer.text(), replies.log.words],
          [200, "", ["sendPhoto"]],
          when,
        );
        assert.equal(await (await hook(delivery(message(2)))).text(), "");
        await hook.close();
        assert.deepEqual([replies.log.words, failures], [["sendPhoto"], []]);
      }
    }
  });

  it("in the answer to a repeat, if the first answer was lost; for a minute", async (t) => {
    const clock = new Clock(t);
    let runs = 0;
    const { hook } = bot(() => {
      runs++;
      return REPLY;
    });
    const again = async () => await (await hook(delivery(message(1)))).text();
    assert.deepEqual(JSON.parse(await again()), REPLY);
    clock.pass(59_000);
    assert.deepEqual(JSON.parse(await again()), REPLY);
    clock.pass(1_000);
    assert.equal(await again(), "");
    assert.equal(runs, 1);
    await hook.close();
  });

  it("is kept for the latest thousand", async () => {
    const { hook } = bot(() => REPLY);
    for (let id = 0; id <= 1_000; id++) await hook.receive(inChat(id, id));
    assert.equal(await hook.receive(inChat(0, 0)), undefined);
    assert.deepEqual(await hook.receive(inChat(1, 1)), REPLY);
    await hook.close();
  });

  it("is kept for those that are small enough together", async () => {
    const text = "x".repeat(1_000_000);
    const { hook, post } = bot(() => ({ method: "sendMessage", chat_id: 42, parts: [{ text }] }));
    for (let id = 1; id <= 20; id++) await post(message(id));
    const kept: number[] = [];
    for (let id = 1; id <= 20; id++) {
      if (await (await hook(delivery(message(id)))).text() !== "") kept.push(id);
    }
    assert.deepEqual(kept, [13, 14, 15, 16, 17, 18, 19, 20]);
    await hook.close();
  });

  it("through the Bot API, where another process had stored a copy of its update", async () => {
    const replies = sender();
    const slow = gate();
    const store = new WrappedStore({
      after: (call, result) => call === "add" && typeof result === "object" ? "known" : result,
    });
    const { hook, post } = bot(async () => {
      await slow.opened;
      return REPLY;
    }, { store, replies, acknowledgeWithinMs: 10 });
    assert.equal(await post(message(1)), 200);
    slow.open();
    await replies.log.has(1);
    await hook.close({ timeoutMs: 0 });
    assert.deepEqual(replies.calls, SENT);
  });
});

describe("a reply through the Bot API", () => {
  const late = async (
    replies: ReturnType<typeof sender> | undefined,
    reply: unknown = REPLY,
  ) => {
    const { hook, post, failures } = bot(() => reply as ReceiverResult, {
      acknowledge: "received",
      ...(replies && { replies }),
    });
    await post(message(1));
    await hook.close({ timeoutMs: 20_000 });
    return { failures, stats: hook.stats() };
  };
  const botApiError = (error_code: number) =>
    Object.assign(new TelehookError("ERR_BOT_API", "no"), { error_code });

  it("is sent again if the Bot API has an internal error, or cannot be reached", async (t) => {
    const real = globalThis.setTimeout;
    globalThis.setTimeout = Object.assign(
      (run: () => void, ms?: number) => real(run, ms !== undefined && ms >= 1_000 && ms < 10_000 ? 1 : ms),
      real,
    ) as typeof setTimeout;
    t.after(() => void (globalThis.setTimeout = real));
    const faults = [
      botApiError(502),
      new TelehookError("ERR_BOT_API_UNREACHABLE", "no"),
      botApiError(500),
      botApiError(429),
    ];
    const replies = sender((attempt) => faults[attempt - 1]);
    const { failures, stats } = await late(replies);
    assert.deepEqual([replies.calls, failures, stats.handled], [SENT, [], 1]);
  });

  it("is reported if the Bot API refuses it, and its update is handled all the same", async () => {
    let asked = 0;
    const { failures, stats } = await late(sender(() => {
      asked++;
      return botApiError(400);
    }));
    assert.equal(asked, 1);
    assert.deepEqual(codes(failures), [["ERR_REPLY", "ERR_BOT_API"]]);
    assert.equal(failures[0]?.willRetry, false);
    assert.deepEqual([stats.handled, stats.repliesFailed], [1, 1]);
  });

  it("is reported without a sender, with what to do", async () => {
    const { failures } = await late(undefined);
    assert.equal(codeOf(failures[0]?.error), "ERR_REPLY");
    assert.match(String(failures[0]?.error), /set "replies" to botApi\(token\)/);
  });

  it("is checked as one in an answer is", async () => {
    const replies = sender();
    const { failures } = await late(replies, { method: "deleteWebhook" });
    assert.equal(codeOf(failures[0]?.error), "ERR_REPLY");
    assert.deepEqual(replies.calls, []);
  });

  it("needs what botApi returns", () => {
    for (const replies of [null, {}, "123:abc", () => {}]) {
      assert.throws(
        () => bot(() => {}, { replies: replies as never }),
        (error: Error) => codeOf(error) === "ERR_OPTION" && !error.message.includes("123:abc"),
      );
    }
  });
});

describe("a result that is no reply", () => {
  const results = async (value: unknown, options: Parameters<typeof bot>[1] = {}) => {
    const { hook, post, failures } = bot((_: ReceivedUpdate) => value as ReceiverResult, options);
    for (const id of [1, 2, 3]) assert.equal(await post(inChat(id, id)), 200);
    await hook.close();
    return failures;
  };

  it("is reported once, in the answer's time and after it", async () => {
    for (const acknowledge of ["handled", "received"] as const) {
      for (const value of [{ chat_id: 42, text: "no method" }, "hello", [1]]) {
        const failures = await results(value, { acknowledge });
        assert.equal(failures.length, 1);
        assert.match(
          String(failures[0]?.error),
          /A handler returned .*, which is ignored: return a reply such as/,
        );
        assert.deepEqual([codeOf(failures[0]?.error), failures[0]?.willRetry], ["ERR_REPLY", false]);
      }
    }
  });

  it("is not reported if it is meant as nothing", async () => {
    for (const value of [undefined, null, false, true, 5, ""]) assert.deepEqual(await results(value), []);
  });
});

describe("closing and replies that are being sent", () => {
  const unreachable = new TelehookError("ERR_BOT_API_UNREACHABLE", "Down");

  it("aborts what waits to be sent again, once its time is over", async () => {
    const tried = gate();
    const replies = sender((attempt) => {
      if (attempt === 1) tried.open();
      return attempt === 1 ? unreachable : undefined;
    });
    const { hook, post, failures } = bot(() => REPLY, { replies, acknowledge: "received" });
    assert.equal(await post(message(1)), 200);
    await tried.opened;
    await hook.close({ timeoutMs: 10 });
    await new Promise((resolve) => setTimeout(resolve, 1_100)); // the pause would have ended
    assert.deepEqual(replies.calls, []);
    assert.deepEqual(codes(failures), [["ERR_REPLY", "ERR_CLOSED"]]);
  });

  it("aborts a call of the Bot API that hangs", async () => {
    const called = gate();
    const replies = {
      call: (_method: string, _params: object, { signal }: { signal?: AbortSignal } = {}) => {
        called.open();
        return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
      },
    };
    const { hook, post, failures } = bot(() => REPLY, { replies, acknowledge: "received" });
    assert.equal(await post(message(1)), 200);
    await called.opened;
    await hook.close({ timeoutMs: 10 });
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.deepEqual(codes(failures), [["ERR_REPLY", "ERR_CLOSED"]]);
    assert.match(String(failures[0]?.error), /Closed before/);
  });

  it("completes their updates in the store, so that the next start does not handle them again", async () => {
    for (const isSynchronous of [true, false]) {
      const called = gate();
      const store = new WrappedStore({
        before: (call) => isSynchronous || call !== "complete" ? undefined : turn(),
      }, { isDurable: true });
      const replies = {
        call: (_method: string, _params: object, { signal }: { signal?: AbortSignal } = {}) => {
          called.open();
          return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
        },
      };
      const { hook, post } = bot(() => REPLY, { replies, store, acknowledge: "received" });
      assert.equal(await post(message(1)), 200);
      await called.opened;
      await hook.close({ timeoutMs: 10 });
      assert.deepEqual(store.calls.slice(-2), ["complete", "close"]);
    }
  });

  it("acknowledges updates whose replies are too large for an answer: they were handled", async () => {
    for (const handle of [() => LARGE, () => Promise.resolve(LARGE)]) {
      const called = gate();
      const replies = {
        call: (_method: string, _params: object, { signal }: { signal?: AbortSignal } = {}) => {
          called.open();
          return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
        },
      };
      const { hook, post, failures } = bot(handle, { replies });
      const answer = post(message(1));
      await called.opened;
      await hook.close({ timeoutMs: 10 });
      assert.equal(await answer, 200);
      await turn();
      assert.deepEqual(codes(failures), [["ERR_REPLY", "ERR_CLOSED"]]);
    }
  });

  it("ends all the same if the Bot API's call does not end when it is aborted", async () => {
    const called = gate();
    const store = new WrappedStore({}, { isDurable: true });
    const replies = {
      call: () => {
        called.open();
        return new Promise(() => {});
      },
    };
    const { hook, post } = bot(() => REPLY, { replies, store, acknowledge: "received" });
    assert.equal(await post(message(1)), 200);
    await called.opened;
    await hook.close({ timeoutMs: 10 });
    assert.equal(store.calls.at(-1), "close");
  });
});
