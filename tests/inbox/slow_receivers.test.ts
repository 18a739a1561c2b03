import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TelehookError } from "../../mod.ts";
import { bot, gate, inChat, Log, message, word } from "./bot.ts";

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
