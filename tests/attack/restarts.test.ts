import assert from "node:assert/strict";
import { describe } from "node:test";
import { judge, type Written } from "../../bench/soak_journal.ts";
import { inChat, message, part } from "../inbox/bot.ts";
import { hasSqlite } from "../store/sqlite_store_files.ts";
import { Bot } from "./bot_process.ts";
import { it } from "./patient_it.ts";

// Node 20 has no node:sqlite.
if (hasSqlite) {
  describe("an album comes in one piece, with a sqliteStore", () => {
    it("where its process is ended by SIGTERM after part 3 of 5", async (t) => {
      const bot = new Bot(t);
      const first = await bot.start();
      for (const id of [1, 2, 3]) assert.equal(await first.post(part(id, "7")), 200);
      first.kill("SIGTERM");
      await first.ended;
      const second = await bot.start();
      for (const id of [4, 5]) assert.equal(await second.post(part(id, "7")), 200);
      await bot.has("end", 1);
      assert.deepEqual([bot.lines("end"), bot.lines("late")], [["1 2 3 4 5"], []]);
    });

    it("where one of two processes is ended by SIGTERM after part 2, and the other gets the rest", async (t) => {
      const bot = new Bot(t);
      const [one, other] = await Promise.all([bot.start(), bot.start()]);
      assert.ok(one && other);
      for (const id of [1, 2]) assert.equal(await one.post(part(id, "7")), 200);
      one.kill("SIGTERM");
      for (const id of [3, 4, 5]) assert.equal(await other.post(part(id, "7")), 200);
      await Promise.all([one.ended, bot.has("end", 1)]);
      assert.deepEqual([bot.lines("end"), bot.lines("late")], [["1 2 3 4 5"], []]);
    });

    it("where its process is killed after part 3, starts at once, and the sender repeats part 4 after 2 s", async (t) => {
      const bot = new Bot(t);
      const first = await bot.start();
      for (const id of [1, 2, 3]) assert.equal(await first.post(part(id, "7")), 200);
      const killedAt = performance.now();
      first.kill("SIGKILL");
      await first.ended;
      const second = await bot.start();
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, killedAt + 2_100 - performance.now())));
      for (const id of [4, 5]) assert.equal(await second.post(part(id, "7")), 200);
      await bot.has("end", 1);
      assert.deepEqual([bot.lines("end"), bot.lines("late")], [["1 2 3 4 5"], []]);
    });
  });

  it("an update that ends its process is parked after maxAttempts starts, and others are handled", async (t) => {
    const bot = new Bot(t);
    const poison = inChat(1, 1, { text: "poison" });
    const innocent = [part(2, "7"), part(3, "7")]; // stored, and so claimed beside it
    let starts = 0;
    for (let isAccepted = false; !isAccepted;) {
      const run = await bot.start();
      assert.ok(++starts < 10, "It ends one process after another");
      if (starts === 1) { for (const each of innocent) assert.equal(await run.post(each), 200); }
      isAccepted = await run.post(poison) === 200;
      if (!isAccepted) await run.ended;
    }
    await bot.has("parked", 1);
    assert.deepEqual(bot.lines("parked"), ["1"]);
    const last = await bot.start();
    assert.equal(await last.post(inChat(1, 4)), 200, "Its chat goes on");
    assert.equal(await last.post(inChat(3, 5)), 200, "Others do too");
    await bot.has("end", 3);
    assert.deepEqual(bot.lines("end").toSorted(), ["2 3", "4", "5"]);
    // One attempt before anybody knew, and then as many as it may have.
    assert.ok(bot.lines("begin").filter((ids) => ids === "1").length <= 3);
  });

  it("an update that ends its process as it begins is found among others that were claimed with it", async (t) => {
    const bot = new Bot(t, { isByTopic: true, handlerMs: 300 });
    const topics = Array.from({ length: 9 }, (_, i) => message(i + 2, { message_thread_id: i + 2 }));
    let run = await bot.start();
    await run.post(message(1, { message_thread_id: 1, text: "poison, the first time slowly" }));
    await Promise.all(topics.map((each) => run.post(each)));
    await run.ended;
    for (let starts = 2; bot.lines("parked").length === 0;) {
      assert.ok(++starts < 15, "It ends one process after another");
      run = await bot.start();
      while (!run.hasEnded && bot.lines("parked").length === 0) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
    assert.deepEqual(bot.lines("parked"), ["1"]);
    await bot.has("end", topics.length);
  });

  it("20 topics with 50 updates each run side by side, each in order, though the process is killed", async (t) => {
    const TOPICS = 20;
    const EACH = 50;
    const bot = new Bot(t, { isByTopic: true, handlerMs: 2 });
    const updates = Array.from(
      { length: TOPICS * EACH },
      (_, i) => message(i + 1, { message_thread_id: i % TOPICS }),
    );
    const story = new Map<number, Written>(
      updates.map(({ update_id }) => [update_id, { chat: (update_id - 1) % TOPICS, album: undefined }]),
    );
    let run = await bot.start();
    let isKilled = false;
    for (let i = 0; i < updates.length;) {
      if (i === updates.length / 2 && !isKilled) {
        isKilled = true;
        run.kill("SIGKILL");
        await run.ended;
        run = await bot.start();
      }
      if (await run.post(updates[i] ?? {}) === 200) i++;
    }
    await bot.has("end", updates.length);
    const { lost, outOfOrder, together, twice } = judge(bot.journal, story);
    assert.deepEqual({ lost, outOfOrder, together }, { lost: 0, outOfOrder: 0, together: 0 });
    assert.ok(twice <= TOPICS, "Only what ran when it was killed is handled twice");
    let running = 0;
    let most = 0;
    for (const line of bot.lines()) {
      running += line.startsWith("begin") ? 1 : -1;
      most = Math.max(most, running);
    }
    assert.ok(most > 1, "Several topics run at the same time");
  });
}
