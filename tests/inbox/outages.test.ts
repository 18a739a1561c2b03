import assert from "node:assert/strict";
import { describe } from "node:test";
import { type Batch, GiveUp, RetryLater, type WebhookEvent } from "../../mod.ts";
import { ReceiverClosed } from "../../src/receiver/verdicts.ts";
import { Failures, NO_TRIES } from "../../src/runner/failures.ts";
import { bot, delivery, inChat, Log, message, part, turn, word } from "./bot.ts";
import { Clock } from "./clock.ts";
import { it } from "../scoped_it.ts";
import { pause } from "../../src/platform/pause.ts";
import { WrappedStore } from "./wrapped_store.ts";

function rules(maxAttempts = 5, giveUpAfterMs = 600_000) {
  const told: string[] = [];
  const failures = new Failures(
    { maxAttempts, giveUpAfterMs },
    (isOutage, lanes) => told.push(isOutage ? `outage of ${lanes}` : "over"),
  );
  /** An update of a separate lane fails. */
  const fail = (id: number, lane: number = id) => failures.failed(id, lane, failures.triesOf(id));
  return { failures, told, fail };
}

describe("failures", () => {
  it("count once another lane has succeeded since the first, which then counts too", (t) => {
    new Clock(t);
    const { failures, fail } = rules(3);
    assert.deepEqual(fail(1).tries, { attempts: 1, failures: 0 });
    failures.succeeded(2, 2);
    const { willRetry, tries } = fail(1);
    assert.deepEqual([willRetry, tries], [true, { attempts: 2, failures: 2 }]);
    assert.equal(fail(1).willRetry, false);
    assert.deepEqual(failures.triesOf(1), NO_TRIES, "it is known no longer");
  });

  it("of processes before this one count too", (t) => {
    new Clock(t);
    const { failures } = rules(3);
    const before = { attempts: 7, failures: 2 };
    assert.deepEqual(failures.failed(1, 1, before).tries, { attempts: 8, failures: 2 });
    failures.succeeded(2, 2);
    assert.equal(failures.failed(1, 1, { attempts: 8, failures: 2 }).willRetry, false);
  });

  it("rest twice as long each time up to a minute, but not all equally long: together they would seem an outage", (t) => {
    new Clock(t);
    const { failures } = rules();
    for (const [attempts, longestMs] of [[0, 1_000], [1, 2_000], [4, 16_000], [9, 60_000]] as const) {
      const rests = Array.from({ length: 20 }, (_, i) => {
        const id = 100 * attempts + i;
        return failures.failed(id, id, { attempts, failures: 0 }).retryAfterMs;
      });
      assert.ok(rests.every((ms) => ms >= longestMs / 2 && ms <= longestMs), rests.join());
      assert.ok(new Set(rests).size > 1);
    }
  });

  it("count where another process has seen the first, by a success here since then", (t) => {
    const clock = new Clock(t);
    const failures = new Failures({ maxAttempts: 3, giveUpAfterMs: 600_000, hasOthers: true }, () => {});
    assert.ok(failures.isWatching, "though nothing has failed here");
    const failedAgo = (ms: number, lane: number) =>
      failures.failed(lane, lane, { attempts: 1, failures: 0 }, { failedAt: performance.now() - ms }).tries;
    failures.succeeded(9, 9);
    clock.pass(1_000);
    assert.deepEqual(failedAgo(1_000, 1), { attempts: 2, failures: 0 }, "it succeeded before");
    assert.deepEqual(failedAgo(1_001, 2), { attempts: 2, failures: 2 });
    failures.succeeded(9, 9);
    clock.pass(1);
    assert.deepEqual(failedAgo(1_000, 9), { attempts: 2, failures: 0 }, "its own lane");
  });

  it("do not count by a success in the same lane, nor by one before the first", (t) => {
    new Clock(t);
    const { failures, fail } = rules(2);
    fail(9); // so that successes are counted
    failures.succeeded(2, 2);
    for (let times = 0; times < 5; times++) {
      assert.equal(fail(1, 1).willRetry, true);
      failures.succeeded(100 + times, 1);
    }
    failures.succeeded(3, 3);
    assert.equal(fail(1, 1).willRetry, false);
  });

  it("of one or two lanes alone end after giveUpAfterMs, and not before", (t) => {
    const clock = new Clock(t);
    const { told, fail } = rules(5, 60_000);
    fail(1);
    fail(2);
    for (let times = 0; times < 20; times++) assert.equal(fail(1).willRetry, true);
    clock.pass(59_999);
    assert.equal(fail(1).willRetry, true);
    clock.pass(1);
    assert.equal(fail(1).willRetry, false);
    assert.deepEqual(told, []);
  });

  it("of three lanes are an outage: nothing is given up, however often and long, until a success", (t) => {
    const clock = new Clock(t);
    const { failures, told, fail } = rules(2, 60_000);
    for (const id of [1, 2, 3]) fail(id);
    assert.deepEqual(told, ["outage of 3"]);
    for (let times = 0; times < 50; times++) {
      clock.pass(60_000);
      for (const id of [1, 2, 3, 4]) assert.equal(fail(id).willRetry, true);
    }
    failures.succeeded(1, 1);
    assert.deepEqual([told, failures.isOutage], [["outage of 3", "over"], false]);
    assert.equal(fail(2).willRetry, false, "now it is to blame");
  });

  it("do not count during an outage, though another lane had succeeded after the first", (t) => {
    new Clock(t);
    const { failures, fail } = rules(3);
    fail(1);
    failures.succeeded(9, 9);
    for (const id of [2, 3, 4]) fail(id);
    assert.equal(failures.isOutage, true);
    for (let times = 0; times < 5; times++) assert.equal(fail(1).willRetry, true);
  });

  it("count at once with maxAttempts: 1, and where the update is certainly to blame", (t) => {
    new Clock(t);
    assert.equal(rules(1).fail(1).willRetry, false);
    const { failures } = rules(2);
    failures.failed(1, 1, NO_TRIES, { isToBlame: true });
    assert.equal(failures.failed(1, 1, failures.triesOf(1), { isToBlame: true }).willRetry, false);
  });

  it("have a probe after a pause that doubles with each that fails, up to half a minute", (t) => {
    const clock = new Clock(t);
    const { failures, fail } = rules();
    for (const id of [1, 2, 3]) fail(id);
    const pauses: number[] = [];
    for (let times = 0; times < 7; times++) {
      pauses.push(failures.pauseMs("new"));
      clock.pass(failures.pauseMs("new"));
      assert.equal(failures.pauseMs("new"), 0);
      failures.probe("new");
      assert.ok(failures.pauseMs("new") > 0, "one at a time");
      fail(4);
    }
    assert.deepEqual(pauses, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it("have another probe where one hangs for a minute, or neither succeeded nor failed", (t) => {
    const clock = new Clock(t);
    const { failures, fail } = rules();
    for (const id of [1, 2, 3]) fail(id);
    clock.pass(1_000);
    failures.probe("new");
    clock.pass(59_000);
    assert.ok(failures.pauseMs("new") > 0);
    clock.pass(1_000);
    assert.equal(failures.pauseMs("new"), 0);
    failures.probe("new");
    failures.passed();
    assert.equal(failures.pauseMs("new"), 0);
  });

  it("of what is in the store or sent again do not delay what is new: each has its own pauses", (t) => {
    const clock = new Clock(t);
    const { failures } = rules();
    const failStored = (id: number) => failures.failed(id, id, failures.triesOf(id), { isStored: true });
    for (const id of [1, 2, 3]) failStored(id);
    clock.pass(1_000);
    failures.probe("store"); // whose timer is always sooner than a sender
    failStored(1);
    assert.deepEqual([failures.pauseMs("store"), failures.pauseMs("new")], [2_000, 0]);
    failures.probe("new");
    clock.pass(2_000);
    failures.probe("store");
    failStored(2);
    assert.deepEqual(
      [failures.pauseMs("store"), failures.pauseMs("new")],
      [4_000, 1_000],
      "it still runs",
    );
    failures.failed(4, 4, NO_TRIES);
    assert.equal(failures.pauseMs("new"), 2_000);
    assert.deepEqual([4, 5].map((id) => failures.sourceOf(message(id))), ["again", "new"]);
    clock.pass(2_000);
    failures.probe("again");
    failures.failed(4, 4, failures.triesOf(4));
    assert.deepEqual([failures.pauseMs("again"), failures.pauseMs("new")], [2_000, 0]);
  });

  it("are answered with a Retry-After well within the update's lifetime", (t) => {
    const clock = new Clock(t);
    const { failures, fail } = rules();
    for (const id of [1, 2, 3]) fail(id);
    for (let times = 0; times < 6; times++) {
      clock.pass(failures.pauseMs("again"));
      failures.probe("again");
      fail(4);
    }
    const now = Date.now() / 1_000;
    const dated = (ago: number) => message(1, { date: now - ago });
    const from = { id: 1, is_bot: false, first_name: "A" };
    const waits = Array.from({ length: 100 }, () => failures.retryAfterMs(dated(0)));
    assert.ok(Math.min(...waits) >= 30_000 && Math.max(...waits) <= 45_000, waits.join());
    assert.ok(new Set(waits).size > 50, "those that are sent again would always come in the same order");
    assert.equal(failures.retryAfterMs(dated(24 * 3_600 - 60)), 10_000);
    assert.equal(failures.retryAfterMs(dated(24 * 3_600)), 1_000);
    const query = { update_id: 2, inline_query: { id: "1", from, query: "", offset: "" } };
    assert.equal(failures.retryAfterMs(query), 5_000);
    assert.equal(
      failures.retryAfterMs({
        update_id: 3,
        callback_query: { id: "1", from, chat_instance: "1", data: "x" },
      }),
      25_000,
    );
  });

  it("are known of ten thousand updates at most", (t) => {
    new Clock(t);
    const { failures, fail } = rules();
    for (let id = 0; id < 10_001; id++) fail(id);
    assert.equal(failures.triesOf(0).attempts, 0);
    assert.equal(failures.triesOf(1).attempts, 1);
  });
});

describe("an outage", () => {
  /** A bot whose receiver needs something that is away. */
  function away(options: Parameters<typeof bot>[1] = {}) {
    const state = { isAway: true };
    const log = new Log();
    const events: WebhookEvent[] = [];
    const made = bot((update) => {
      log.add(word(update));
      if (state.isAway) throw new Error("no connection");
    }, { onEvent: (event) => void events.push(event), ...options });
    const begin = async () => {
      for (const id of [1, 2, 3]) {
        assert.equal((await made.hook(delivery(inChat(id, id)))).status, id === 3 ? 503 : 500);
      }
      assert.equal(made.hook.stats().isOutage, true);
    };
    return { ...made, state, log, events, begin };
  }

  it("is answered 503 with a growing Retry-After, without a call but for one probe at a time", async (t) => {
    const clock = new Clock(t);
    const { hook, log, begin, events } = away();
    await begin();
    const waits: (string | null)[] = [];
    for (let times = 0; times < 4; times++) {
      const refused = await hook(delivery(inChat(10, 10)));
      assert.equal(refused.status, 503);
      const wait = refused.headers.get("retry-after");
      waits.push(wait);
      clock.pass(Number(wait) * 1_000);
      const probe = inChat(11 + times, 11 + times);
      assert.equal((await hook(delivery(probe))).status, 503);
    }
    assert.deepEqual(waits, ["1", "2", "4", "8"]);
    assert.deepEqual(log.words, ["1", "2", "3", "11", "12", "13", "14"]);
    assert.deepEqual(events.filter(({ type }) => type === "outage"), [{
      type: "outage",
      state: "began",
      lanes: 3,
    }]);
    await hook.close();
  });

  it("ends with the first success, and everything is handled then; nothing was given up", async (t) => {
    const clock = new Clock(t);
    const { hook, post, state, failures, events, begin } = away({ maxAttempts: 2 });
    await begin();
    for (let second = 0; second < 300; second++) { // five minutes
      clock.pass(1_000);
      for (const id of [1, 2, 3]) assert.equal(await post(inChat(id, id)), 503);
    }
    state.isAway = false;
    clock.pass(60_000);
    for (const id of [1, 2, 3, 4]) assert.equal(await post(inChat(id, id)), 200);
    assert.deepEqual([hook.stats().isOutage, hook.stats().givenUp], [false, 0]);
    assert.ok(failures.every(({ willRetry }) => willRetry));
    const ends = events.filter(({ type }) => type === "handled" || type === "outage").slice(-5);
    assert.deepEqual(ends.map(({ type }) => type), ["handled", "outage", "handled", "handled", "handled"]);
    await hook.close();
  });

  it("does not keep parts of albums from being accepted, nor what is acknowledged when received", async (t) => {
    const clock = new Clock(t);
    const { hook, post, log, state, begin } = away({
      acknowledge: (update) => update.update_id >= 30 ? "received" : "handled",
      mediaGroups: { quietMs: 1 },
    });
    await begin();
    for (const id of [20, 21]) assert.equal(await post(part(id, "7")), 200);
    assert.equal(await post(inChat(30, 30)), 200);
    assert.equal(log.words.length, 3, "stored, and not tried");
    state.isAway = false;
    clock.pass(2_000);
    assert.equal(await post(inChat(5, 5)), 200);
    clock.pass(2_000);
    await log.has(6);
    assert.deepEqual(log.words.slice(3).toSorted(), ["30", "5", "[20 21]"]);
    await hook.close();
  });

  it("claims from the store at once when it is over, whatever pause there was", async (t) => {
    const clock = new Clock(t);
    const { hook, post, log, state, begin } = away({
      acknowledge: (update) => update.update_id >= 30 ? "received" : "handled",
    });
    await begin();
    assert.equal(await post(inChat(30, 30)), 200);
    for (let times = 0; times < 5; times++) {
      clock.pass(30_000);
      assert.equal(await post(inChat(4, 4)), 503);
    }
    clock.pass(31_000);
    state.isAway = false;
    assert.equal(await post(inChat(4, 4)), 200);
    await log.has(10); // no pause of half a minute
    assert.equal(log.words.at(-1), "30");
    await hook.close();
  });

  it("goes on with its probes after a store that had nothing for one, or failed", async (t) => {
    const clock = new Clock(t);
    let answers = 0;
    const store = new WrappedStore({
      before(call) {
        if (call === "claim" && ++answers === 2) throw new Error("away too");
      },
    });
    const { hook, log, begin } = away({ store });
    await begin();
    answers = 0;
    for (const times of [1, 2]) {
      clock.pass(2_000);
      store.host?.wake(0);
      while (answers < times) await pause(1);
    }
    const { status, headers } = await hook(delivery(inChat(5, 5)));
    assert.deepEqual([status, headers.get("retry-after")], [503, "1"], "its own first failure");
    assert.equal(log.words.at(-1), "5", "It is a probe");
    await hook.close();
  });

  it("has what was not tried yet as its probe, however many fail again", async (t) => {
    const clock = new Clock(t);
    const log = new Log();
    const { hook } = bot((update) => {
      log.add(word(update));
      if (update.update_id < 30) throw new Error("bad");
    }, { acknowledge: "received" });
    const bad = Array.from({ length: 29 }, (_, i) => hook.receive(inChat(i + 1, i + 1)));
    await Promise.all([...bad, log.has(29)]);
    assert.equal(hook.stats().isOutage, true);
    clock.pass(60_000);
    await hook.receive(inChat(30, 30));
    await log.has(30);
    assert.equal(log.words[29], "30");
    await hook.close({ timeoutMs: 0 });
  });

  it("tries in turn what is sent again, whoever is the first to come after a pause", async (t) => {
    const clock = new Clock(t);
    let seconds = 0;
    const { hook } = bot(({ update_id }) => {
      if (seconds < 10 || update_id < 4) throw new Error("bad");
    });
    // As Telegram does: each comes again as soon as it may.
    const chats = [1, 2, 3, 4].map((id) => ({ id, comesAt: 0 }));
    for (; seconds < 7_200 && chats.length === 4; seconds++) {
      for (const chat of chats.filter(({ comesAt }) => comesAt <= seconds)) {
        const { status, headers } = await hook(delivery(inChat(chat.id, chat.id)));
        if (status === 200) chats.splice(chats.indexOf(chat), 1);
        else chat.comesAt = seconds + Number(headers.get("retry-after") ?? 1);
      }
      clock.pass(1_000);
    }
    assert.deepEqual(chats.map(({ id }) => id), [1, 2, 3], `after ${seconds} s`);
    await hook.close();
  });

  it("tries first what is stored and was tried least often", async (t) => {
    const clock = new Clock(t);
    const mostTriedFirst = (batches: Batch[]) =>
      batches.toSorted((one, other) => other.tries.attempts - one.tries.attempts);
    const store = new WrappedStore({
      after: (call, result) => call === "claim" ? mostTriedFirst(result as Batch[]) : result,
    });
    const { hook, log } = away({ acknowledge: "received", store });
    for (const id of [1, 2, 3]) await hook.receive(inChat(id, id));
    await log.has(3);
    for (let times = 4; times <= 9; times++) {
      clock.pass(61_000);
      store.host?.wake(0);
      await log.has(times);
      await turn();
    }
    for (const from of [3, 6]) assert.deepEqual(log.words.slice(from, from + 3).sort(), ["1", "2", "3"]);
    await hook.close({ timeoutMs: 0 });
  });

  it("does not count an update as its probe that only waits behind another", async (t) => {
    const clock = new Clock(t);
    const { hook, post, state, log, begin } = away({ acknowledgeWithinMs: 30, mediaGroups: { quietMs: 1 } });
    await begin();
    assert.equal(await post(part(20, "7")), 200);
    clock.pass(1_000);
    state.isAway = false;
    const behind = post(message(22)); // let through as a probe, it is put behind the album
    clock.pass(2_000);
    assert.equal(await behind, 200);
    await log.has(5);
    assert.deepEqual(log.words.slice(3), ["[20]", "22"]);
    await hook.close();
  });
});

describe("a receiver that knows", () => {
  it("when to try again, throws RetryLater: neither an attempt nor a failure", async () => {
    const attempts: number[] = [];
    const { hook, post, failures } = bot((_, { attempt }) => {
      attempts.push(attempt);
      if (attempts.length < 4) throw new RetryLater({ afterMs: 7_000 });
    }, { maxAttempts: 1 });
    const answer = await hook(delivery(message(1, { date: Math.floor(Date.now() / 1_000) })));
    assert.deepEqual([answer.status, answer.headers.get("retry-after")], [503, "7"]);
    for (const id of [2, 3]) assert.equal(await post(inChat(id, id)), 503);
    assert.deepEqual([hook.stats().isOutage, hook.stats().failed, failures], [false, 0, []]);
    assert.equal(await post(message(1)), 200);
    assert.deepEqual(attempts, [1, 1, 1, 1]);
    await hook.close();
  });

  it("when to try again what is in the store, has it handled then", async () => {
    const log = new Log();
    const { hook, failures } = bot((update, { attempt }) => {
      log.add(`${word(update)} ${attempt}`);
      if (log.words.length === 1) throw new RetryLater({ afterMs: 20 });
    }, { acknowledge: "received", maxAttempts: 1 });
    await hook.receive(message(1));
    const began = performance.now();
    await log.has(2);
    assert.ok(performance.now() - began >= 15);
    assert.deepEqual([log.words, failures], [["1 1", "1 1"], []]);
    await hook.close();
  });

  it("that it never can, throws GiveUp: it is parked at once", async () => {
    const { hook, post, failures } = bot(() => {
      throw new GiveUp("nobody understands this");
    });
    assert.equal(await post(message(1)), 200);
    assert.deepEqual(failures.map(({ attempt, willRetry }) => [attempt, willRetry]), [[1, false]]);
    for await (const parked of hook.parked()) assert.match(parked.error, /nobody understands this/);
    assert.equal(hook.stats().parked, 1);
    await hook.close();
  });

  it("that it never can, and so ends a probe of an outage", async (t) => {
    const clock = new Clock(t);
    const { hook, post } = bot(({ update_id }) => {
      if (update_id < 10) throw new Error("no connection");
      if (update_id === 10) throw new GiveUp("nonsense");
    });
    for (const id of [1, 2, 3]) await post(inChat(id, id));
    clock.pass(1_000);
    assert.equal(await post(inChat(10, 10)), 200);
    assert.equal(await post(inChat(11, 11)), 200, "nobody waits for the probe to end");
    await hook.close();
  });

  it("that it is closed for one update, as streams do whose loop was left, ends a probe of an outage too", async (t) => {
    const clock = new Clock(t);
    const { hook, post } = bot(({ update_id }) => {
      if (update_id < 10) throw new Error("no connection");
      if (update_id === 10) throw new ReceiverClosed("The loop was left");
    });
    for (const id of [1, 2, 3]) await post(inChat(id, id));
    clock.pass(1_000);
    assert.equal(await post(inChat(10, 10)), 503);
    assert.equal(await post(inChat(11, 11)), 200, "nobody waits for the probe to end");
    await hook.close();
  });

  it("refuses a time that is none", () => {
    for (const afterMs of [0, -1, 3_600_001, NaN, 1.5]) {
      assert.throws(() => new RetryLater({ afterMs }), { code: "ERR_OPTION" });
    }
  });
});
