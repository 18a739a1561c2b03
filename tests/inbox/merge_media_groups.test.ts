import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mergeMediaGroups, type ReceivedUpdate, updateHandlers, webhook } from "../../mod.ts";
import { CallContext } from "../../src/receiver/call_context.ts";
import { delivery, gate, inChat, Log, message, part, word } from "./bot.ts";

const NEVER = { quietMs: 60_000, maxWaitMs: 60_000 };
const context = () => new CallContext(1, false, undefined);

describe("mergeMediaGroups alone", () => {
  it("hands over albums whole, before what follows them, and on closing", async () => {
    const log = new Log();
    const merged = mergeMediaGroups((update) => log.add(word(update)), NEVER);
    for (const update of [message(1), part(2, "a"), part(3, "a"), message(4), part(5, "b")]) {
      await merged.receive(update, context());
    }
    assert.deepEqual(log.words, ["1", "[2 3]", "4"]);
    await merged.close();
    assert.deepEqual(log.words, ["1", "[2 3]", "4", "[5]"]);
    await assert.rejects(Promise.resolve(merged.receive(message(6), context())), { code: "ERR_CLOSED" });
  });

  it("asks for what its receiver needs, and leaves parts alone that nobody wants merged", async () => {
    const log = new Log();
    const merged = mergeMediaGroups(updateHandlers({ message: (update) => log.add(word(update)) }), NEVER);
    assert.deepEqual(merged.allowedUpdates, ["message"]);
    await merged.receive(part(1, "a"), context());
    assert.deepEqual(log.words, ["1"]);
    await merged.close();
  });

  it("returns the reply of whatever is handled at once", async () => {
    const merged = mergeMediaGroups(() => ({ method: "sendMessage", chat_id: 42, text: "x" }), NEVER);
    assert.deepEqual(await merged.receive(message(1), context()), {
      method: "sendMessage",
      chat_id: 42,
      text: "x",
    });
    await merged.close();
  });
});

describe("mergeMediaGroups with a receiver that fails", () => {
  const failure = new Error("no");
  const fail = (): never => {
    throw failure;
  };

  it("rejects every time, and leaves it to the bringer to tell and to give up", async () => {
    const merged = mergeMediaGroups(fail, { ...NEVER, onError: assert.fail });
    for (let times = 0; times < 8; times++) {
      await assert.rejects(Promise.resolve(merged.receive(message(1), context())), failure);
    }
    await merged.close();
  });

  it("is tried as often as the webhook around it says, which alone tells of it", async () => {
    const told: [attempt: number, willRetry: boolean][] = [];
    const merged = mergeMediaGroups(
      ({ update_id }) => update_id === 1 ? fail() : undefined,
      { ...NEVER, onError: assert.fail },
    );
    const hook = webhook(merged, {
      secretToken: null,
      maxAttempts: 7,
      onError: (error, { attempt, willRetry }) => {
        if (error === failure) told.push([attempt, willRetry]);
      },
    });
    const answers = [(await hook(delivery(message(1)))).status];
    await hook.receive(inChat(43, 2)); // so that the update is to blame, and not everything
    for (let times = 1; times < 8; times++) answers.push((await hook(delivery(message(1)))).status);
    assert.deepEqual(answers, [500, 500, 500, 500, 500, 500, 200, 200]);
    assert.deepEqual(told.at(-1), [7, false]);
    assert.equal(told.length, 7);
    await hook.close();
    await merged.close();
  });

  it("tells onError of albums, which nobody else brings again", async () => {
    const told = gate();
    const updates: ReceivedUpdate[] = [];
    const merged = mergeMediaGroups(fail, {
      ...NEVER,
      onError: (error, { update, willRetry }) => {
        if (!willRetry) return; // closing gives it up
        assert.equal(error, failure);
        updates.push(update);
        told.open();
      },
    });
    await merged.receive(part(1, "a"), context());
    await assert.rejects(
      Promise.resolve(merged.receive(message(2, { chat: { id: 43, type: "private" } }), context())),
    );
    void Promise.resolve(merged.receive(message(3), context())).catch(() => {}); // completes the album
    await told.opened;
    assert.deepEqual(updates.map(word), ["[1]"]);
    await merged.close({ timeoutMs: 0 });
  });
});
