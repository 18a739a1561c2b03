import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ReceiverResult, TelehookError, webhook } from "../../mod.ts";
import { bot, delivery, inChat, Log, message, part, word } from "./bot.ts";

describe("a receiver that fails", () => {
  it("is answered 500, and given up with 200 after maxAttempts deliveries, while another chat is well", async () => {
    const poison = new Error("poison");
    const { hook, post, failures } = bot(({ update_id }) =>
      update_id === 1 ? Promise.reject(poison) : undefined
    );
    const statuses = [await post(message(1))];
    assert.equal(await post(inChat(43, 2)), 200);
    for (let i = 1; i < 6; i++) statuses.push(await post(message(1)));
    assert.deepEqual(statuses, [500, 500, 500, 500, 200, 200]);
    assert.deepEqual(failures.map(({ willRetry }) => willRetry), [true, true, true, true, false]);
    assert.ok(failures.every(({ error, update }) => error === poison && update.update_id === 1));
    const { failed, givenUp, handled } = hook.stats();
    assert.deepEqual([failed, givenUp, handled], [5, 1, 1]);
  });

  it("because something that it uses is closed, has failed like any other", async () => {
    const closed = new TelehookError("ERR_CLOSED", "The server is closed");
    for (const acknowledge of ["handled", "received"] as const) {
      const { hook, post, failures } = bot(() => Promise.reject(closed), { acknowledge, maxAttempts: 1 });
      assert.equal(await post(message(1)), 200);
      await hook.close();
      assert.deepEqual(failures.map(({ error, willRetry }) => [error, willRetry]), [[closed, false]]);
      assert.equal(hook.stats().parked, 1);
    }
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
      /update 7 failed \(attempt 1, will be retried\)/,
    );
  });

  it("with an album, is tried again later with the same album, and given up", async () => {
    const log = new Log();
    const { hook, failures } = bot((update, { attempt }) => {
      if (update.update_id === 3) return;
      log.add(`${word(update)} ${attempt}`);
      if (attempt === 1) setTimeout(() => void hook.receive(inChat(43, 3))); // after the failure is known
      throw new Error("no");
    }, { maxAttempts: 2, mediaGroups: { quietMs: 100 } });
    await hook.receive(part(1, "7"));
    await hook.receive(part(2, "7"));
    await log.has(2);
    await hook.close();
    assert.deepEqual(log.words, ["[1 2] 1", "[1 2] 2"]);
    assert.deepEqual(failures.map(({ willRetry }) => willRetry), [true, false]);
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
