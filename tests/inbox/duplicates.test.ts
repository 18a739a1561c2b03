import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assertPending, bot, delivery, gate, message } from "./bot.ts";

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

  for (const where of ["the handler", "acknowledge", "lane"] as const) {
    it(`is the same if ${where} passes it in before anything is awaited`, async () => {
      let runs = 0;
      let calls = 0;
      const copies: Promise<unknown>[] = [];
      const again = () => {
        if (calls++ < 3) copies.push(hook.receive(message(1)));
      };
      const { hook } = bot(() => {
        runs++;
        if (where === "the handler") again();
        return { method: "sendMessage", chat_id: 1, text: `run ${runs}` };
      }, {
        ...(where === "acknowledge" && { acknowledge: () => (again(), "handled") }),
        ...(where === "lane" && { lane: () => (again(), "lane") }),
      });
      const first = await hook.receive(message(1));
      assert.equal(first?.text, "run 1");
      assert.deepEqual(await Promise.all(copies), copies.map(() => first));
      assert.equal(runs, 1);
      await hook.close();
    });
  }
});
