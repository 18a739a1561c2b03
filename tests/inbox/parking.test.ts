import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GiveUp, type Parking, webhook } from "../../mod.ts";
import { bot, codeOf, gate, inChat, Log, message, parkedIn, part, turn, word } from "./bot.ts";
import { WrappedStore } from "./wrapped_store.ts";

/** A bot that gives up what it gets until it is mended. */
function broken(options: Parameters<typeof bot>[1] = {}) {
  const state = { isBroken: true };
  const log = new Log();
  const made = bot((update, { attempt, isReplay }) => {
    log.add(`${word(update)} ${attempt} ${isReplay}`);
    if (state.isBroken) throw new GiveUp("broken");
  }, options);
  return { ...made, state, log };
}

describe("what is given up", () => {
  it("is parked with its error, attempts and time, and listed by its id", async () => {
    const { hook, post } = broken();
    const before = Date.now();
    for (const id of [3, 1, 2]) assert.equal(await post(inChat(id, id)), 200);
    const parked = await parkedIn(hook);
    assert.deepEqual(
      parked.map(({ id, updates, error, attempts, album }) => [id, updates, error, attempts, album]),
      [
        [1, [inChat(1, 1)], "GiveUp: broken", 1, undefined],
        [2, [inChat(2, 2)], "GiveUp: broken", 1, undefined],
        [3, [inChat(3, 3)], "GiveUp: broken", 1, undefined],
      ],
    );
    assert.ok(parked.every(({ parkedAt }) => parkedAt >= before && parkedAt <= Date.now()));
    assert.equal(await post(inChat(1, 1)), 200, "its repeat is known");
    assert.equal(hook.stats().duplicates, 1);
    await hook.close();
  });

  it("is parked without the bot's token, which clients put into their errors", async () => {
    const { hook, post } = bot(() => {
      throw new GiveUp("GET https://api.telegram.org/file/bot123456789:AAexample-example-example failed");
    });
    await post(message(1));
    const [parked] = await parkedIn(hook);
    assert.equal(parked?.error, "GiveUp: GET https://api.telegram.org/file/bot<token> failed");
    await hook.close();
  });

  it("is replayed behind everything in its lane, as what it was, and only once", async () => {
    const { hook, post, state, log } = broken();
    await post(message(1));
    state.isBroken = false;
    assert.equal(await hook.replay(1), true);
    assert.equal(await hook.replay(1), false);
    await log.has(2);
    assert.deepEqual(log.words, ["1 1 false", "1 1 true"]);
    assert.deepEqual(await parkedIn(hook), []);
    await hook.close();
  });

  it("is not replayed beside an update of its lane", async () => {
    const running = gate();
    const log = new Log();
    const { hook, post } = bot(async (update, { isReplay }) => {
      log.add(`begin ${word(update)}`);
      if (update.update_id === 1 && !isReplay) throw new GiveUp("broken");
      if (update.update_id === 2) await running.opened;
      log.add(`end ${word(update)}`);
    });
    await post(message(1));
    const answer = post(message(2));
    await log.has(2);
    await hook.replay(1);
    await post(inChat(7, 3));
    running.open();
    await answer;
    await log.has(7);
    assert.deepEqual(log.words, ["begin 1", "begin 2", "begin 3", "end 3", "end 2", "begin 1", "end 1"]);
    await hook.close();
  });

  it("is not replayed before an update of its lane that the store has not answered about", async () => {
    const [asked, told] = [gate(), gate()];
    const log = new Log();
    let isSlow = false;
    const store = new WrappedStore({
      async after(call, result) {
        if (call === "add" && isSlow) {
          isSlow = false;
          asked.open();
          await told.opened;
        }
        return result;
      },
    }, { isShared: true });
    const { hook, post } = bot((update, { isReplay }) => {
      log.add(`${word(update)} ${isReplay}`);
      if (update.update_id === 1 && !isReplay) throw new GiveUp("broken");
    }, { store });
    await post(message(1));
    isSlow = true;
    const answer = post(message(2));
    await asked.opened;
    await hook.replay(1);
    await turn();
    told.open();
    assert.equal(await answer, 200);
    await log.has(3);
    assert.deepEqual(log.words, ["1 false", "2 false", "1 true"]);
    await hook.close();
  });

  it("is parked again if it fails again", async () => {
    const parked = [gate(), gate()];
    let times = 0;
    const { hook, post } = broken({ onEvent: ({ type }) => type === "parked" && parked[times++]?.open() });
    await post(message(1));
    await hook.replay(1);
    await parked[1]?.opened;
    assert.deepEqual((await parkedIn(hook)).map(({ id, attempts }) => [id, attempts]), [[1, 1]]);
    await hook.close();
  });

  it("is an album as a whole, and is replayed as one", async () => {
    const parked = gate();
    const { hook, post, state, log } = broken({
      mediaGroups: { quietMs: 5 },
      onEvent: ({ type }) => type === "parked" && parked.open(),
    });
    for (const id of [1, 2]) await post(part(id, "7"));
    await parked.opened;
    assert.deepEqual((await parkedIn(hook)).map(({ id, updates, album }) => [id, updates.length, album]), [[
      1,
      2,
      "7",
    ]]);
    state.isBroken = false;
    assert.equal(await hook.replay(1), true);
    await log.has(2);
    assert.deepEqual(log.words, ["[1 2] 1 false", "[1 2] 1 true"]);
    await hook.close();
  });

  it("is what it was when it came, whatever the handler did to it", async () => {
    const { hook, post } = bot((update) => {
      if ("message" in update) Object.assign(update.message, { text: "changed" });
      throw new GiveUp("broken");
    }, { acknowledge: "received" });
    await post(message(1, { text: "as it came" }));
    while (hook.stats().parked === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.deepEqual((await parkedIn(hook))[0]?.updates, [message(1, { text: "as it came" })]);
    await hook.close();
  });

  it("does not hold up its lane", async () => {
    const { hook, post, state } = broken();
    await post(message(1));
    state.isBroken = false;
    assert.equal(await post(message(2)), 200);
    assert.equal(hook.stats().handled, 1);
    await hook.close();
  });

  it("is discarded on request, once", async () => {
    const { hook, post } = broken();
    await post(message(1));
    assert.deepEqual([await hook.discard(1), await hook.discard(1), await hook.replay(1)], [
      true,
      false,
      false,
    ]);
    assert.deepEqual(await parkedIn(hook), []);
    await assert.rejects(hook.discard(-1), { code: "ERR_OPTION" });
    await assert.rejects(hook.replay("1" as unknown as number), { code: "ERR_OPTION" });
    await hook.close();
  });

  it("is kept for parkedForMs", async () => {
    const { hook, post } = broken({ parkedForMs: 1 });
    await post(message(1));
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(await parkedIn(hook), []);
    await hook.close();
  });

  it("is kept until a date that every store can read, if parkedForMs means for ever", async () => {
    let untilMs = NaN;
    const store = new WrappedStore({
      before(call, [, parking]) {
        if (call === "park") untilMs = Date.now() + (parking as Parking).keepMs;
      },
    });
    const { hook, post } = broken({ store, parkedForMs: Number.MAX_SAFE_INTEGER });
    await post(message(1));
    await hook.close();
    assert.ok(untilMs > Date.parse("2900-01-01"), String(untilMs));
    assert.ok(untilMs < Date.parse("9999-12-31"), String(untilMs));
  });

  it("in memory, is kept up to a thousand, and onError says once that they end with the process", async () => {
    const notes: unknown[] = [];
    const hook = webhook(() => {
      throw new GiveUp("broken");
    }, {
      secretToken: null,
      onError: (error) => {
        if (codeOf(error) === "ERR_STORE") notes.push(error);
      },
    });
    for (let id = 1; id <= 1_005; id++) await hook.receive(inChat(id, id));
    const parked = await parkedIn(hook);
    assert.deepEqual([parked.length, parked[0]?.id], [1_000, 6]);
    assert.equal(notes.length, 1);
    assert.match(String(notes[0]), /parked updates end with the process/);
    await hook.close();
  });

  it("is Telegram's until the store has parked it", async () => {
    let isBroken = true;
    const store = new WrappedStore({
      before(call, [, mode]) {
        if (call === "add" && mode === "adopt" && isBroken) throw new Error("disk full");
      },
    });
    const { hook, post } = broken({ store });
    assert.equal(await post(message(1)), 500);
    isBroken = false;
    assert.equal(await post(message(1)), 200);
    assert.equal((await parkedIn(hook)).length, 1);
    await hook.close();
  });

  it("after a failure of the store to park it, is parked when the store is well", async () => {
    let failures = 1;
    const store = new WrappedStore({
      before(call) {
        if (call === "park" && failures-- > 0) throw new Error("gone for a moment");
      },
    });
    const { hook, post } = broken({ store });
    assert.equal(await post(message(1)), 200);
    assert.deepEqual([(await parkedIn(hook)).length, store.times("park")], [1, 2]);
    await hook.close();
  });
});

it("closing waits for what is being parked, and a repeat gets the same answer", async () => {
  const parking = gate();
  const store = new WrappedStore({ before: (call) => call === "add" ? parking.opened : undefined });
  const { hook, post, log } = broken({ store });
  const answers = [post(message(1)), post(message(1))];
  let isClosed = false;
  await new Promise((resolve) => setTimeout(resolve, 0)); // both have come
  const closed = hook.close().then(() => isClosed = true);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(isClosed, false);
  parking.open();
  assert.deepEqual(await Promise.all(answers), [200, 200]);
  await closed;
  assert.deepEqual(log.words, ["1 1 false"]);
});
