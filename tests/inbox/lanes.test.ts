import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type LaneFunction,
  type ReceivedUpdate,
  sqliteStore,
  type StoreEntry,
  type Update,
} from "../../mod.ts";
import { test } from "../scoped_it.ts";
import { freshPath, hasSqlite } from "../store/sqlite_store_files.ts";
import { assertPending, bot, gate, Log, message, part, turn, word } from "./bot.ts";
import { dawdling, WrappedStore } from "./wrapped_store.ts";

const inTopic = (id: number, message_thread_id: number, text = "") =>
  message(id, { message_thread_id, text });
const topicOf: LaneFunction = (update) =>
  "message" in update ? `topic ${update.message.message_thread_id}` : null;
const textOf = (update: Update) => "message" in update ? update.message.text : undefined;

const stores = {
  "in memory": () => new WrappedStore(),
  "that dawdles": () => new WrappedStore(dawdling(), { isShared: true }),
};

for (const [name, store] of Object.entries(stores)) {
  describe(`lanes, with a store ${name}`, () => {
    it("have updates of one handled one after another, beside those of others", async () => {
      const open = new Map<number, () => void>();
      const log = new Log();
      const { hook, post } = bot(async (update) => {
        log.add(`begin ${word(update)}`);
        const { opened, open: end } = gate();
        open.set(update.update_id, end);
        await opened;
      }, { store: store(), lane: topicOf });
      const answers = [post(inTopic(1, 1)), post(inTopic(2, 1)), post(inTopic(3, 2))];
      await log.has(2);
      assert.deepEqual(log.words.toSorted(), ["begin 1", "begin 3"]);
      open.get(1)?.();
      await log.has(3);
      assert.equal(log.words[2], "begin 2");
      for (const end of open.values()) end();
      assert.deepEqual(await Promise.all(answers), [200, 200, 200]);
      await hook.close();
    });

    it("keep the order of twenty topics with many updates each", async () => {
      const seen = new Map<number, number[]>();
      const { hook, post } = bot(async (update) => {
        if (!("message" in update)) return;
        if (update.update_id % 3 === 0) await turn();
        const topic = update.message.message_thread_id ?? 0;
        seen.set(topic, [...seen.get(topic) ?? [], update.update_id]);
      }, { store: store(), lane: topicOf, acknowledge: "received" });
      const updates = name === "in memory" ? 1_000 : 200; // the others take a turn for each call
      for (let id = 0; id < updates; id++) assert.equal(await post(inTopic(id, id % 20)), 200);
      await hook.close({ timeoutMs: 20_000 });
      assert.equal([...seen.values()].flat().length, updates);
      for (const ids of seen.values()) assert.deepEqual(ids, ids.toSorted((a, b) => a - b));
    });

    it("null handles at once, whatever is before it", async () => {
      const slow = gate();
      const { hook, post } = bot((update) => update.update_id === 1 ? slow.opened : undefined, {
        store: store(),
        lane: () => null,
      });
      const first = post(message(1));
      assert.equal(await post(message(2)), 200);
      await assertPending(first);
      slow.open();
      assert.equal(await first, 200);
      await hook.close();
    });

    it("have /stop overtake the turn that it stops, which was acknowledged when it was received", async () => {
      const controller = new AbortController();
      const log = new Log();
      const { hook, post } = bot(async (update) => {
        const text = "message" in update ? update.message.text : "";
        log.add(`begin ${text}`);
        if (text === "/stop") controller.abort();
        else await new Promise((resolve) => controller.signal.addEventListener("abort", resolve));
        log.add(`end ${text}`);
      }, {
        store: store(),
        lane: (update) => textOf(update) === "/stop" ? null : "turns",
        acknowledge: (update) => textOf(update) === "/stop" ? "handled" : "received",
      });
      assert.equal(await post(inTopic(1, 1, "think")), 200);
      await log.has(1);
      assert.equal(await post(inTopic(2, 1, "/stop")), 200);
      await log.has(4);
      assert.deepEqual(log.words, ["begin think", "begin /stop", "end /stop", "end think"]);
      await hook.close();
    });

    it("of numbers and texts are never the same, nor those of two albums with one id", async () => {
      const log = new Log();
      const slow = gate();
      const { hook, post } = bot(async (update) => {
        log.add(word(update));
        if (update.update_id === 1) await slow.opened;
      }, {
        store: store(),
        lane: (update) => update.update_id === 1 ? 7 : update.update_id === 2 ? "7" : "albums",
        mediaGroups: { quietMs: 60_000, maxWaitMs: 60_000 },
      });
      const first = post(message(1));
      assert.equal(await post(message(2)), 200);
      slow.open();
      assert.equal(await first, 200);
      await post(part(3, "a"));
      await post(part(4, "a", { chat: { id: 43, type: "private" } }));
      await hook.close();
      assert.deepEqual(log.words, ["1", "2", "[3]", "[4]"]);
    });

    it("of nothing have albums merged all the same", async () => {
      const log = new Log();
      const slow = gate();
      const { hook, post } = bot(async (update) => {
        log.add(word(update));
        if (update.update_id === 1) await slow.opened;
      }, { store: store(), lane: () => null, mediaGroups: { quietMs: 60_000, maxWaitMs: 60_000 } });
      const first = post(message(1));
      for (let id = 2; id <= 10; id++) assert.equal(await post(part(id, "a")), 200);
      await post(part(11, "a", { chat: { id: 43, type: "private" } }));
      assert.equal(await post(message(12)), 200); // completes no album, and waits for none
      assert.deepEqual(log.words, ["1", "12"]);
      assert.equal(await post(part(13, "a")), 200);
      await log.has(3); // an album is complete with ten parts, and waits for nothing
      slow.open();
      assert.equal(await first, 200);
      await hook.close();
      assert.deepEqual(log.words, ["1", "12", "[2 3 4 5 6 7 8 9 10 13]", "[11]"]);
    });

    it("of nothing have what is not to be merged handled at once", async () => {
      const log = new Log();
      const slow = gate();
      const { hook, post } = bot(async (update) => {
        log.add(word(update));
        if (update.update_id === 1) await slow.opened;
      }, { store: store(), lane: () => null, mediaGroups: false });
      const first = post(part(1, "a"));
      assert.equal(await post(part(2, "a")), 200);
      assert.deepEqual(log.words, ["1", "2"]);
      slow.open();
      assert.equal(await first, 200);
      await hook.close();
    });
  });
}

it("a store gets texts of lanes that every database keeps as they are, and different ones of different lanes", async () => {
  const names = ["a", "a\0", "a\0b", "a\\u0000", 'a"', "a\\", "a\n", "a\ud83d", "a\ud83e", "a\ufffd", "a 🐕"];
  const lanes: unknown[] = [];
  const { hook, post } = bot(() => {}, {
    store: new WrappedStore({
      before: (call, args) => void (call === "add" && lanes.push((args[0] as StoreEntry).lane)),
    }),
    lane: (update) => names[update.update_id] ?? "",
  });
  for (const id of names.keys()) assert.equal(await post(message(id)), 200);
  await hook.close();
  assert.equal(new Set(lanes).size, names.length);
  for (const lane of lanes) {
    assert.ok(
      typeof lane === "string" && /^\P{Cc}+$/u.test(lane) && lane.isWellFormed(),
      JSON.stringify(lane),
    );
  }
});

test(
  "lanes of an SQLite file go on, whatever their texts are",
  hasSqlite ? undefined : "no SQLite",
  async (t) => {
    const log = new Log();
    const first = gate();
    const { hook, post } = bot(async (update) => {
      await first.opened;
      log.add(word(update));
    }, { store: sqliteStore(freshPath(t)), lane: () => "topic\0of a chat", acknowledge: "received" });
    for (const id of [1, 2, 3, 4]) assert.equal(await post(message(id)), 200);
    first.open();
    await log.has(4);
    assert.deepEqual(log.words, ["1", "2", "3", "4"]);
    await hook.close();
  },
);

describe("a function of the user's that throws for an update", () => {
  const throwing = (): never => {
    throw new Error("no text");
  };
  for (
    const [name, options] of Object.entries({
      lane: { lane: throwing },
      acknowledge: { acknowledge: throwing },
    })
  ) {
    it(`is its own failure, at last given up, reported and parked: ${name}`, async () => {
      const log = new Log();
      const receiver = (update: ReceivedUpdate) => log.add(word(update));
      const { hook, post, failures } = bot(receiver, { ...options, maxAttempts: 3 });
      const statuses = [];
      for (let times = 0; times < 4; times++) statuses.push(await post(message(1)));
      assert.deepEqual(statuses, [500, 500, 200, 200]);
      assert.deepEqual(failures.map(({ attempt, willRetry }) => [attempt, willRetry]), [
        [1, true],
        [2, true],
        [3, false],
      ]);
      assert.equal(hook.stats().storeFailures, 0, "the store is not to blame");
      for await (const { id, attempts } of hook.parked()) {
        assert.equal(attempts, 3);
        await hook.replay(id);
      }
      await log.has(1);
      assert.deepEqual(log.words, ["1"]);
      await hook.close();
    });
  }
});
