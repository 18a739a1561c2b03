import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import type { ReceivedUpdate, ReceiverResult, WebhookOptions } from "../../mod.ts";
import { bot, codeOf, message } from "./bot.ts";

/*
 * What a user's function returns or throws may be anything, also what throws when it is looked at. The sender is answered,
 * the next update of the lane is handled, and nothing is left unhandled.
 */

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** Two updates of one chat. @returns The answers, and how often something was rejected without a handler. */
async function answers(
  receiver: (update: ReceivedUpdate) => ReceiverResult,
  options: Partial<WebhookOptions> = {},
) {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => void unhandled.push(error);
  process.on("unhandledRejection", note);
  try {
    const { hook, post, failures } = bot(receiver, options);
    const statuses = [await post(message(1)), await post(message(2))];
    await hook.close();
    await new Promise((resolve) => setTimeout(resolve));
    return { hook, statuses, failures, unhandled: unhandled.length };
  } finally {
    process.off("unhandledRejection", note);
  }
}

const THROWN = { "an object without a prototype": Object.create(null), "a revoked proxy": revoked() };

describe("a handler that throws", () => {
  for (const [what, thrown] of Object.entries(THROWN)) {
    for (
      const [how, receiver] of Object.entries({
        "at once": () => {
          throw thrown;
        },
        "later": () => new Promise<never>((_, reject) => setTimeout(() => reject(thrown))),
      })
    ) {
      it(`${what}, ${how}: is reported, and parked at the last attempt`, async () => {
        const { statuses, failures, unhandled } = await answers(receiver, { maxAttempts: 1 });
        assert.deepEqual([statuses, unhandled], [[200, 200], 0]);
        assert.match(String(failures[0]?.error), /value that cannot be read/);
      });
    }
  }
});

/** An error of which a property throws from the n-th time on that it is read. */
function thatThrows(property: string, time: number): Error {
  let reads = 0;
  const no = new Error("no");
  Object.defineProperty(no, "stack", {
    get: () => {
      throw no;
    },
  });
  return Object.defineProperty(new Error("on purpose"), property, {
    get: () => {
      if (++reads >= time) throw no;
      return "text";
    },
  });
}

describe("an error that throws when it is printed or kept", () => {
  const rethrow = { onError: (error: unknown) => Promise.reject(error) };
  for (
    const [how, options] of Object.entries({ "the console": { onError: undefined }, "onError": rethrow })
  ) {
    for (const [property, time] of [["stack", 1], ["cause", 1], ["message", 2], ["message", 3]] as const) {
      it(`reported to ${how}, as ${property} is read, time ${time}: the update is parked`, async (t) => {
        t.mock.method(console, "error", () => {});
        for (const acknowledge of ["handled", "received"] as const) {
          const receiver = async () => {
            await new Promise((resolve) => setTimeout(resolve));
            throw thatThrows(property, time);
          };
          const { hook, statuses, unhandled } = await answers(receiver, {
            ...{ ...options, acknowledge, maxAttempts: 1 },
          } as Partial<WebhookOptions>);
          assert.deepEqual([statuses, unhandled], [[200, 200], 0]);
          const { parked, running, storeFailures } = hook.stats();
          assert.deepEqual({ parked, running, storeFailures }, { parked: 2, running: 0, storeFailures: 0 });
        }
      });
    }
  }
});

describe("a handler that changes its update", () => {
  for (const maxAttempts of [1, 5]) {
    it(`so that it throws when it is read, and throws: is answered, with ${maxAttempts} attempts`, async () => {
      const receiver = async (update: ReceivedUpdate) => {
        await new Promise((resolve) => setTimeout(resolve));
        Object.defineProperty(update, "message", {
          enumerable: true,
          get: () => {
            throw new Error("no");
          },
        });
        throw new Error("on purpose");
      };
      const { statuses, unhandled } = await answers(receiver, { maxAttempts });
      const answer = maxAttempts === 1 ? 200 : 500; // given up, it does not come for ever, though nothing can keep it
      assert.deepEqual([statuses, unhandled], [[answer, answer], 0]);
    });
  }
});

describe("a handler that returns", () => {
  const hostile = {
    get method(): string {
      throw new Error("no");
    },
  };
  for (
    const [how, receiver] of Object.entries({
      "at once": () => hostile,
      "later": async () => await new Promise<typeof hostile>((resolve) => setTimeout(() => resolve(hostile))),
    })
  ) {
    it(`a reply that throws when it is read, ${how}: has failed`, async () => {
      const { statuses, failures, unhandled } = await answers(receiver);
      assert.deepEqual([statuses, unhandled], [[500, 500], 0]);
      assert.match(String(failures[0]?.error), /value that cannot be read/);
    });
  }

  it("a reply with a parameter that throws when it is read: the reply is reported, and the update is handled", async () => {
    const reply = () => ({
      method: "sendMessage",
      get text(): string {
        throw new Error("no");
      },
    });
    for (const acknowledge of ["handled", "received"] as const) {
      const { statuses, failures, unhandled } = await answers(reply, {
        ...{ acknowledge, replies: { call: () => Promise.resolve() } },
      });
      assert.deepEqual([statuses, unhandled], [[200, 200], 0]);
      assert.deepEqual(failures.map(({ error, willRetry }) => [codeOf(error), willRetry]), [
        ["ERR_REPLY", false],
        ["ERR_REPLY", false],
      ]);
    }
  });

  it("a proxy that does not tell what it is: is ignored, and reported", async () => {
    const proxy = new Proxy({}, {
      getPrototypeOf: () => {
        throw new Error("no");
      },
    });
    for (const receiver of [() => proxy, () => Promise.resolve(proxy)]) {
      const { statuses, failures, unhandled } = await answers(receiver as () => ReceiverResult);
      assert.deepEqual([statuses, unhandled], [[200, 200], 0]);
      assert.deepEqual(failures.map(({ error }) => codeOf(error)), ["ERR_REPLY"]);
    }
  });

  it("a promise that throws when it is looked at: has failed, and runs no longer", async () => {
    const promise = Object.defineProperty(Promise.resolve(), "constructor", {
      get: () => {
        throw new Error("no");
      },
    });
    const started = performance.now();
    const { statuses, failures, unhandled } = await answers(() => promise);
    assert.deepEqual([statuses, failures.length, unhandled], [[500, 500], 2, 0]);
    assert.ok(performance.now() - started < 5_000, "closing waited for a call that had ended");
  });
});

describe("a function among the options that returns a promise", () => {
  const later = () => Promise.reject(new Error("no")) as never;
  for (const name of ["lane", "acknowledge"] as const) {
    it(`${name}: the update is refused, and the error says what to return`, async () => {
      const { statuses, failures, unhandled } = await answers(() => {}, { [name]: later });
      assert.deepEqual([statuses, unhandled], [[500, 500], 0]);
      assert.equal(codeOf(failures[0]?.error), "ERR_OPTION");
      assert.match(String(failures[0]?.error), new RegExp(`"${name}" must return .*, not a promise`));
    });
  }
});
