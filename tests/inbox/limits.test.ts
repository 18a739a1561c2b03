import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assertPending, bot, delivery, gate, inChat, Log, part, turn, word } from "./bot.ts";

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
    while (running < 2) await turn();
    await assertPending(answers[2]!);
    gates[0]?.open();
    assert.equal(await answers[0], 200);
    gates[2]?.open();
    assert.equal(await answers[2], 200);
    gates[1]?.open();
    assert.equal(await answers[1], 200);
    assert.equal(most, 2);
    assert.equal(hook.stats().running, 0);
  });

  it("concurrency holds for what a handler passes in itself, before it waits for anything", async () => {
    let running = 0;
    let most = 0;
    const passedIn: Promise<unknown>[] = [];
    const { hook, post } = bot(async ({ update_id }) => {
      most = Math.max(most, ++running);
      if (update_id === 1) { for (const id of [2, 3, 4]) passedIn.push(hook.receive(inChat(id, id))); }
      await turn();
      running--;
    }, { concurrency: 2 });
    assert.equal(await post(inChat(1, 1)), 200);
    await Promise.all(passedIn);
    assert.deepEqual([most, running, hook.stats().handled], [2, 0, 4]);
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
