import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { type Message, type ReceivedUpdate, type Update, updateHandlers, webhook } from "../../mod.ts";
import { albumIn, delivery, Log, message, part, word } from "./bot.ts";

/** Long enough that no test gets there: what happens must happen for another reason. */
const NEVER = { quietMs: 60_000, maxWaitMs: 60_000 };

function recorder(mediaGroups: { quietMs: number; maxWaitMs?: number } = NEVER) {
  const log = new Log();
  const received: ReceivedUpdate[] = [];
  const hook = webhook((update) => {
    received.push(update);
    log.add(word(update));
  }, { secretToken: null, mediaGroups });
  return { hook, log, received };
}

describe("an album is complete", () => {
  it("with ten parts, at once, in order, with each caption", async () => {
    const { hook, log, received } = recorder();
    for (let id = 1; id <= 10; id++) {
      const response = await hook(delivery(part(id, "7", { caption: `caption ${id}` })));
      assert.equal(response.status, 200);
      assert.equal(await response.text(), "");
    }
    const tenth = performance.now();
    await log.has(1);
    assert.ok(performance.now() - tenth < 50);
    const [update] = received;
    const album = update && albumIn(update);
    assert.ok(update && album);
    assert.equal(update.update_id, 10);
    assert.equal(album.id, "7");
    assert.equal(album.chat.id, 42);
    assert.equal(album.caption, "caption 1");
    assert.equal(album.late, false);
    assert.deepEqual(
      album.messages.map((each) => each.caption),
      album.messages.map((_, i) => `caption ${i + 1}`),
    );
    assert.deepEqual(album.updates.map((each) => each.update_id), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    await hook.close();
    assert.deepEqual(log.words, ["[1 2 3 4 5 6 7 8 9 10]"]);
  });

  it("with a later update of its chat, which then comes after it", async () => {
    const { hook, log } = recorder();
    for (const id of [1, 2, 3]) await hook(delivery(part(id, "7")));
    await hook(delivery(message(4, { text: "nice, eh?" })));
    assert.deepEqual(log.words, ["[1 2 3]", "4"]);
    await hook.close();
  });

  it("with an edit of one of its own parts, which is not merged", async () => {
    const { hook, log, received } = recorder();
    await hook(delivery(part(1, "7")));
    const { update_id, ...rest } = message(2, { media_group_id: "7" });
    await hook(delivery({ update_id, edited_message: Object.values(rest)[0] }));
    assert.deepEqual(log.words, ["[1]", "2"]);
    assert.ok(received[1] && "edited_message" in received[1]);
    await hook.close();
  });

  it("after the quiet time, counted from the latest part", async () => {
    const { hook, log } = recorder({ quietMs: 80 });
    const first = performance.now();
    await hook(delivery(part(1, "7")));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await hook(delivery(part(2, "7")));
    const second = performance.now();
    await log.has(1);
    const now = performance.now();
    assert.deepEqual(log.words, ["[1 2]"]);
    assert.ok(now - second >= 78 && now - first >= 120, `${now - second} ms after the latest part`);
    await hook.close();
  });

  it("after maxWaitMs, however often parts come", async () => {
    const { hook, log } = recorder({ quietMs: 300, maxWaitMs: 300 });
    const first = performance.now();
    for (let id = 1; log.words.length === 0; id++) {
      await hook(delivery(part(id, "7")));
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    assert.ok(performance.now() - first >= 298);
    assert.match(log.words[0] ?? "", /^\[1 2 .*\]$/);
    await hook.close();
  });

  it("when the webhook closes", async () => {
    const { hook, log } = recorder();
    await hook(delivery(part(1, "7")));
    await hook(delivery(part(2, "7", { chat: { id: 43, type: "private" } })));
    await hook.close();
    assert.deepEqual(log.words, ["[1]", "[2]"]);
  });
});

describe("an album is not complete", () => {
  it("because another chat goes on", async () => {
    const { hook, log } = recorder();
    await hook(delivery(part(1, "7")));
    await hook(delivery(message(2, { chat: { id: 43, type: "private" } })));
    assert.deepEqual(log.words, ["2"]);
    await hook(delivery(part(3, "7")));
    await hook.close();
    assert.deepEqual(log.words, ["2", "[1 3]"]);
  });

  it("because parts of another album of its chat come: several that are forwarded together", async () => {
    const { hook, log } = recorder();
    for (const [i, album] of [..."ABABAB"].entries()) await hook(delivery(part(i + 1, album)));
    assert.deepEqual(log.words, []);
    await hook(delivery(message(7)));
    assert.deepEqual(log.words, ["[1 3 5]", "[2 4 6]", "7"]);
    await hook.close();
  });

  it("because a button of its chat is pressed, which is another queue", async () => {
    const { hook, log } = recorder();
    await hook(delivery(part(1, "7")));
    const from = { id: 42, is_bot: false, first_name: "A" };
    await hook(delivery({ update_id: 2, callback_query: { id: "1", from, chat_instance: "1", data: "x" } }));
    assert.deepEqual(log.words, ["2"]);
    await hook.close();
  });
});

describe("what belongs to one album", () => {
  it("is told by chat and business connection, not by the media_group_id alone", async () => {
    const { hook, log } = recorder();
    await hook(delivery(part(1, "7")));
    await hook(delivery(part(2, "7", { chat: { id: 43, type: "private" } })));
    const business = (id: number, business_connection_id: string) => ({
      update_id: id,
      business_message: {
        message_id: id,
        date: 0,
        chat: { id: 42 },
        media_group_id: "7",
        business_connection_id,
      },
    });
    await hook(delivery(business(3, "a")));
    await hook(delivery(business(4, "b")));
    const chat = { id: -100, type: "channel", title: "C" };
    await hook(
      delivery({ update_id: 5, channel_post: { message_id: 5, date: 0, chat, media_group_id: "7" } }),
    );
    await hook.close();
    assert.deepEqual(log.words.toSorted(), ["[1]", "[2]", "[3]", "[4]", "[5]"]);
  });

  it("counts a repeated part once", async () => {
    const { hook, log } = recorder();
    for (const id of [1, 2, 2, 1, 3]) assert.equal((await hook(delivery(part(id, "7")))).status, 200);
    await hook.close();
    assert.deepEqual(log.words, ["[1 2 3]"]);
  });

  it("counts a part once that comes again when no list of ids remembers it any more", async () => {
    const { hook, log } = recorder();
    await hook.receive(part(1, "7"));
    await hook.receive(part(2, "7"));
    for (let id = 3; id < 35_000; id++) {
      await hook.receive(message(id, { chat: { id: 1_000 + id, type: "private" } }));
    }
    log.words.length = 0;
    for (const id of [2, 1]) await hook.receive(part(id, "7"));
    assert.equal(hook.stats().stored, 2);
    await hook.receive(part(35_000, "7"));
    await hook.close();
    assert.deepEqual(log.words, ["[1 2 35000]"]);
  });

  it("is put in order by message_id, and its update_id is the highest", async () => {
    const { hook, log, received } = recorder();
    for (const id of [3, 1, 2]) await hook(delivery(part(id, "7")));
    await hook.close();
    assert.deepEqual(log.words, ["[1 2 3]"]);
    assert.equal(received[0]?.update_id, 3);
  });

  it("takes the caption and its entities from the first part that has one", async () => {
    const { hook, received } = recorder();
    const caption_entities = [{ type: "bold", offset: 0, length: 3 } as const];
    await hook(delivery(part(1, "7")));
    await hook(delivery(part(2, "7", { caption: "two", caption_entities })));
    await hook(delivery(part(3, "7", { caption: "three" })));
    await hook.close();
    const album = received[0] && albumIn(received[0]);
    assert.equal(album?.caption, "two");
    assert.deepEqual(album?.captionEntities, caption_entities);
    assert.deepEqual(album?.messages.map((each) => each.caption), [undefined, "two", "three"]);
  });

  it("comes as a late album if it comes after the album was handed over", async () => {
    const { hook, log } = recorder();
    await hook(delivery(part(1, "7")));
    await hook(delivery(message(2)));
    await hook(delivery(part(3, "7")));
    await hook(delivery(part(4, "7")));
    await hook.close();
    assert.deepEqual(log.words, ["[1]", "2", "late[3 4]"]);
  });

  it("may be late by the same media_group_id in one chat and not in another", async () => {
    const { hook, log } = recorder();
    const of = (id: number, chat: number) => part(id, "7", { chat: { id: chat, type: "private" } });
    for (const [id, chat] of [[1, 42], [2, 43]] as const) await hook.receive(of(id, chat));
    await hook.receive(message(3)); // of chat 42
    await hook.receive(of(4, 43));
    await hook.receive(of(5, 42));
    await hook.close();
    assert.deepEqual(log.words, ["[1]", "3", "[2 4]", "late[5]"]);
  });

  it("does not include parts without a chat, which depart from the documented shape", async () => {
    const { hook, log } = recorder();
    await hook(delivery({ update_id: 1, message: { message_id: 1, date: 0, media_group_id: "7" } }));
    assert.deepEqual(log.words, ["1"]);
    await hook.close();
  });
});

describe("without a media group handler", () => {
  it("parts come one by one, at once, within their request", async () => {
    const log = new Log();
    const hook = webhook(
      updateHandlers({ message: (update) => log.add(word(update)) }),
      { secretToken: null, mediaGroups: NEVER },
    );
    for (const id of [1, 2, 3]) {
      await hook(delivery(part(id, "7")));
      assert.equal(log.words.at(-1), String(id));
    }
  });

  it("of their own kind, parts of the other kinds are not merged", async () => {
    const log = new Log();
    const hook = webhook(
      updateHandlers({
        message_media_group: (update) => log.add(word(update)),
        channel_post: (update) => log.add(word(update)),
      }),
      { secretToken: null, mediaGroups: NEVER },
    );
    const chat = { id: -100, type: "channel", title: "C" };
    await hook(
      delivery({ update_id: 1, channel_post: { message_id: 1, date: 0, chat, media_group_id: "7" } }),
    );
    assert.deepEqual(log.words, ["1"]);
    await hook(delivery(part(2, "7")));
    await hook.close();
    assert.deepEqual(log.words, ["1", "[2]"]);
  });

  it("mediaGroups: false hands over the parts even to a plain function", async () => {
    const log = new Log();
    const hook = webhook((update) => log.add(word(update)), { secretToken: null, mediaGroups: false });
    await hook(delivery(part(1, "7")));
    assert.deepEqual(log.words, ["1"]);
  });
});

it("one timer serves all pending albums", async (t) => {
  const { hook, log } = recorder();
  const realSetTimeout = globalThis.setTimeout;
  t.after(() => globalThis.setTimeout = realSetTimeout);
  let timers = 0;
  const counting = (...args: Parameters<typeof setTimeout>) => {
    timers++;
    return realSetTimeout(...args);
  };
  globalThis.setTimeout = Object.assign(counting, realSetTimeout);
  for (let chat = 1; chat <= 500; chat++) {
    for (const n of [0, 1]) {
      await hook.receive(part(chat * 2 + n, "7", { chat: { id: chat, type: "private" } }));
    }
  }
  assert.equal(hook.stats().stored, 1000);
  assert.equal(timers, 1);
  globalThis.setTimeout = realSetTimeout;
  await hook.close();
  assert.equal(log.words.length, 500);
});

it("the albums of the corpus, one part after the other's answer, come whole and each before what follows it", async () => {
  const corpus: { update: Update; album?: boolean }[] = readFileSync(
    new URL("../fixtures/corpus.jsonl", import.meta.url),
    "utf8",
  ).trim().split("\n").map((line) => JSON.parse(line));
  const parts = corpus.filter(({ album }) => album).map(({ update }) => update);
  const messageOf = (update: Update): Message =>
    Object.values(update).find((each) => typeof each === "object");
  const { hook, received } = recorder();
  const expected = new Map<string, number[]>();
  for (const [i, update] of parts.entries()) {
    const update_id = 1_000 + i; // the corpus has them from many bots
    const { chat, media_group_id, message_id } = messageOf(update);
    const key = chat === undefined ? `alone ${i}` : `${"message" in update} ${chat.id} ${media_group_id}`;
    expected.set(key, [...expected.get(key) ?? [], message_id]);
    assert.equal((await hook(delivery({ ...update, update_id }))).status, 200);
  }
  await hook.close();
  const albums = received.map((update) => albumIn(update)?.messages.map((each) => each.message_id));
  const alone = received.filter((update) => albumIn(update) === undefined).map((update) => [
    "message" in update ? update.message.message_id : 0,
  ]);
  const sorted = (lists: (number[] | undefined)[]) =>
    lists.filter((each) => each !== undefined).map((each) => each.join()).toSorted();
  assert.deepEqual(
    sorted([...albums, ...alone]),
    sorted([...expected.values()].map((each) => each.toSorted((a, b) => a - b))),
  );
});
