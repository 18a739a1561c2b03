import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bot, delivery, Log, message, part, word } from "./bot.ts";

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
