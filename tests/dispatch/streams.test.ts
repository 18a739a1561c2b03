import assert from "node:assert/strict";
import { describe, it } from "node:test";
import process from "node:process";
import { ReadableStream } from "node:stream/web";
import { ALL_UPDATE_KINDS, TelehookError, type UpdateStreams, updateStreams } from "../../mod.ts";
import { collectGarbage } from "../collect_garbage.ts";
import {
  albumOf,
  context,
  idsOf,
  isSettled,
  messageUpdate,
  partUpdate,
  PHOTO,
  postUpdate,
  readAll,
  receive,
  UNKNOWN,
  VIDEO,
} from "./updates.ts";

/** Bytes of the heap that are in use, without garbage. */
function usedHeap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

const isError = (code: string) => (error: unknown) => error instanceof TelehookError && error.code === code;

describe("streams", () => {
  it("have every update from the subscription on, whether or not somebody reads yet", async () => {
    const streams = updateStreams();
    receive(streams, 1);
    const first = streams.on("message");
    receive(streams, 2, 3);
    const second = streams.all();
    receive(streams, 4);
    streams.close();
    assert.deepEqual(idsOf(await readAll(first)), [2, 3, 4]);
    assert.deepEqual(idsOf(await readAll(second)), [4]);
  });

  it("hand over what a reader waits for", async () => {
    const streams = updateStreams();
    const stream = streams.on("message");
    const [one, two] = [stream.next(), stream.next()];
    const update = messageUpdate(1);
    streams.receive(update, context());
    receive(streams, 2, 3);
    assert.equal((await one).value, update);
    assert.equal((await two).value?.update_id, 2);
    assert.equal((await stream.next()).value?.update_id, 3);
  });

  it("have what passes any of the filters, once", async () => {
    const streams = updateStreams();
    const stream = streams.on("message:photo", "message", "message:text", "channel_post:photo");
    for (const update of [messageUpdate(1), messageUpdate(2, PHOTO), postUpdate(3), postUpdate(4, PHOTO)]) {
      streams.receive(update, context());
    }
    streams.close();
    assert.deepEqual(idsOf(await readAll(stream)), [1, 2, 4]);
  });

  it("have updates of unknown kinds, untouched, for those who ask for them or for all", async () => {
    const streams = updateStreams();
    const [unknown, all, messages] = [streams.unknown(), streams.all(), streams.on("message")];
    const copy = structuredClone(UNKNOWN);
    streams.receive(UNKNOWN, context());
    receive(streams, 1);
    streams.close();
    assert.deepEqual(await readAll(unknown), [copy]);
    assert.deepEqual(await readAll(all), [copy, messageUpdate(1)]);
    assert.deepEqual(idsOf(await readAll(messages)), [1]);
  });

  it("feed a ReadableStream, which leaves when it is cancelled", async () => {
    const streams = updateStreams();
    const reader = ReadableStream.from(streams.on("message:text")).getReader();
    receive(streams, 1, 2);
    assert.equal((await reader.read()).value?.message.text, "text 1");
    await reader.cancel();
    assert.deepEqual(streams.allowedUpdates, []);
  });

  it("take updates that nobody wants as handled", () => {
    const streams = updateStreams({ bufferSize: 0 });
    receive(streams, 1);
    streams.on("poll");
    receive(streams, 2);
  });
});

describe("streams of albums", () => {
  const album = albumOf(partUpdate(1), partUpdate(2));
  const mixed = albumOf(partUpdate(3), partUpdate(4, VIDEO));

  it("have each album as one or as its parts, as handlers of the same names would", async () => {
    const streams = updateStreams();
    const flat = streams.on("message");
    const photos = streams.on("message:photo");
    const videos = streams.on("message_media_group:video", "message:video");
    const all = streams.all();
    const unmerged = streams.all({ mediaGroups: false });
    const posts = streams.on("channel_post", "channel_post_media_group");
    assert.equal(streams.mediaGroupKinds.length, 3);
    streams.receive(album, context());
    streams.receive(mixed, context());
    streams.close();
    assert.deepEqual(idsOf(await readAll(flat)), [1, 2, 3, 4]);
    assert.deepEqual(idsOf(await readAll(photos)), [1, 2, 3]);
    assert.deepEqual(idsOf(await readAll(videos)), [4]);
    assert.deepEqual(await readAll(all), [album, mixed]);
    const parts = [partUpdate(1), partUpdate(2), partUpdate(3), partUpdate(4, VIDEO)];
    assert.deepEqual(await readAll(unmerged), parts);
    assert.deepEqual(await readAll(posts), []);
  });

  it("do not pass the parts of an album to one subscriber that another one gets merged", async () => {
    const streams = updateStreams();
    const merged = streams.on("message_media_group:photo");
    const messages = streams.on("message", "message:photo");
    const all = streams.all();
    const unmerged = streams.all({ mediaGroups: false });
    const single = messageUpdate(5, PHOTO);
    for (const update of [album, mixed, single]) streams.receive(update, context());
    await merged.return();
    streams.receive(album, context()); // now nobody asks for it merged by name
    streams.close();
    assert.deepEqual(idsOf(await readAll(messages)), [3, 4, 5, 1, 2]);
    assert.deepEqual(await readAll(all), [album, mixed, single, album]);
    assert.deepEqual(idsOf(await readAll(unmerged)), [1, 2, 3, 4, 5, 1, 2]);
  });

  it("wait until there is room for every part", async () => {
    const streams = updateStreams({ bufferSize: 1 });
    const stream = streams.on("message");
    const delivery = streams.receive(album, context());
    assert.equal(await isSettled(delivery), false);
    await stream.next();
    await delivery;
  });
});

describe("what streams need", () => {
  it("follows the subscriptions, in the order of the Bot API, without duplicates", async () => {
    const streams = updateStreams();
    assert.deepEqual([streams.allowedUpdates, streams.mediaGroupKinds], [[], []]);
    const members = streams.on("chat_member", "message_media_group:photo", "message");
    const texts = streams.on("message:text", "callback_query:data");
    assert.deepEqual(streams.allowedUpdates, ["message", "callback_query", "chat_member"]);
    assert.deepEqual(streams.mediaGroupKinds, ["message_media_group"]);
    await members.return();
    assert.deepEqual(streams.allowedUpdates, ["message", "callback_query"]);
    assert.deepEqual(streams.mediaGroupKinds, []);
    await texts.return();
    assert.deepEqual(streams.allowedUpdates, []);
  });

  it("is all 27 kinds for whoever wants all, and albums unless told otherwise", async () => {
    const streams = updateStreams();
    const all = streams.all();
    assert.deepEqual(streams.allowedUpdates, ALL_UPDATE_KINDS);
    assert.equal(streams.mediaGroupKinds.length, 3);
    await all.return();
    streams.all({ mediaGroups: false });
    assert.deepEqual(streams.allowedUpdates, ALL_UPDATE_KINDS);
    assert.deepEqual(streams.mediaGroupKinds, []);
  });

  it("cannot be had once Telegram was asked for less", () => {
    const streams = updateStreams();
    streams.on("message");
    streams.onRegistered(["message", "poll"]);
    streams.on("message:photo", "poll", "message_media_group");
    assert.throws(() => streams.on("message", "chat_boost", "callback_query:data"), (error) => {
      assert.ok(error instanceof TelehookError);
      assert.equal(error.code, "ERR_ALLOWED_UPDATES");
      assert.match(error.message, /without "callback_query", "chat_boost": subscribe before/);
      return true;
    });
    assert.throws(() => streams.all(), isError("ERR_ALLOWED_UPDATES"));
    streams.onRegistered(ALL_UPDATE_KINDS);
    streams.all();
  });

  it("can be had, but for the three opt-in kinds, if Telegram was asked for nothing in particular", () => {
    const streams = updateStreams();
    streams.onRegistered([]);
    streams.on("callback_query", "stopped_message_generation");
    assert.throws(() => streams.on("message_reaction"), isError("ERR_ALLOWED_UPDATES"));
  });
});

describe("a subscriber", () => {
  it("that leaves its loop acknowledges nothing that it has not read", async () => {
    const streams = updateStreams({ bufferSize: 1 });
    const stream = streams.on("message");
    receive(streams, 1);
    const inBuffer = streams.receive(messageUpdate(2), context());
    const refused = assert.rejects(
      async () => await streams.receive(messageUpdate(3), context()),
      isError("ERR_CLOSED"),
    );
    for await (const { message } of stream) {
      assert.equal(message.text, "text 1");
      break;
    }
    await inBuffer; // there was room when the first was read
    await refused;
    assert.deepEqual(streams.allowedUpdates, []);
    receive(streams, 4, 5);
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
  });

  it("without a buffer that leaves its loop acknowledges neither what it was handling nor what waits", async () => {
    const streams = updateStreams({ bufferSize: 0 });
    const stream = streams.on("message");
    const held = [1, 2, 3].map((id) => streams.receive(messageUpdate(id), context()));
    for await (const { update_id } of stream) if (update_id === 2) break;
    await held[0];
    for (const each of held.slice(1)) await assert.rejects(async () => await each, isError("ERR_CLOSED"));
  });

  it("that throws harms no other", async () => {
    const streams = updateStreams({ bufferSize: 1 });
    const [bad, good] = [streams.on("message"), streams.on("message")];
    const failed = (async () => {
      for await (const { message } of bad) throw new Error(`cannot read ${message.text}`);
    })();
    receive(streams, 1);
    await assert.rejects(failed, /cannot read text 1/);
    const held = streams.receive(messageUpdate(2), context());
    assert.equal((await good.next()).value?.update_id, 1);
    await held;
    streams.close();
    assert.deepEqual(idsOf(await readAll(good)), [2]);
  });

  it("that leaves gives no other anything twice", async () => {
    for (const bufferSize of [0, 1]) {
      const streams = updateStreams({ bufferSize });
      const [left, other] = [streams.on("message"), streams.on("message")];
      const read: number[] = [];
      const reading = (async () => {
        for await (const { update_id } of other) read.push(update_id);
      })();
      const held = [1, 2, 3].map(async (id) => await streams.receive(messageUpdate(id), context()));
      const answers = Promise.allSettled(held);
      while (read.length < 3) await Promise.resolve();
      await left.return();
      const refused = [1, 2, 3].slice(bufferSize);
      assert.deepEqual((await answers).map(({ status }) => status).lastIndexOf("fulfilled"), bufferSize - 1);
      const again = streams.on("message"); // it gets what the other one has already
      const sentAgain = refused.map((id) => streams.receive(messageUpdate(id), context()));
      for (const id of refused) assert.equal((await again.next()).value?.update_id, id);
      void again.next();
      for (const each of sentAgain) await each;
      assert.deepEqual(read, [1, 2, 3]);
      streams.close();
      await reading;
    }
  });

  it("gets again only what it could not take", async () => {
    const streams = updateStreams({ bufferSize: 1 });
    const [full, other] = [streams.on("message"), streams.on("message")];
    receive(streams, 1);
    assert.equal((await other.next()).value?.update_id, 1);
    const late = new AbortController();
    const first = streams.receive(messageUpdate(2), { ...context(), signal: late.signal });
    late.abort();
    await assert.rejects(async () => await first);
    assert.equal((await full.next()).value?.update_id, 1);
    await streams.receive(messageUpdate(2), context());
    streams.close();
    assert.deepEqual([idsOf(await readAll(full)), idsOf(await readAll(other))], [[2], [2]]);
  });

  it("leaves when its signal is aborted, whether it waits or is busy", async () => {
    const streams = updateStreams({ bufferSize: 1 });
    const leaving = new AbortController();
    const waiting = streams.on("poll", { signal: leaving.signal });
    const busy = streams.all({ signal: leaving.signal });
    const unknown = streams.unknown({ signal: leaving.signal });
    receive(streams, 1);
    const refused = assert.rejects(
      async () => await streams.receive(messageUpdate(2), context()),
      isError("ERR_CLOSED"),
    );
    const next = waiting.next();
    leaving.abort();
    await refused;
    assert.deepEqual(await next, { done: true, value: undefined });
    assert.deepEqual(await readAll(busy), []);
    assert.deepEqual(await readAll(unknown), []);
    assert.deepEqual(streams.allowedUpdates, []);
  });

  it("whose signal is aborted already has nothing", async () => {
    const streams = updateStreams({ bufferSize: 0 });
    const other = streams.on("poll");
    const stream = streams.on("message", { signal: AbortSignal.abort() });
    assert.deepEqual(streams.allowedUpdates, ["poll"]);
    receive(streams, 1);
    assert.deepEqual(await readAll(stream), []);
    await other.return();
  });

  it("may leave more than once", async () => {
    const stream = updateStreams().all();
    assert.deepEqual(await stream.return(), await stream.return());
  });
});

describe("closing streams", () => {
  it("ends each loop after what is in its buffer", async () => {
    const streams = updateStreams();
    const [full, waiting] = [streams.on("message"), streams.on("poll")];
    receive(streams, 1, 2);
    const next = waiting.next();
    streams.close();
    streams.close();
    assert.deepEqual(await next, { done: true, value: undefined });
    assert.deepEqual(idsOf(await readAll(full)), [1, 2]);
  });

  it("leaves to Telegram what was not acknowledged", async () => {
    const streams = updateStreams({ bufferSize: 1 });
    const stream = streams.on("message");
    receive(streams, 1);
    const held = [2, 3].map((id) => streams.receive(messageUpdate(id), context()));
    streams.close();
    for (const each of held) await assert.rejects(async () => await each, isError("ERR_CLOSED"));
    assert.throws(() => streams.receive(messageUpdate(4), context()), isError("ERR_CLOSED"));
    assert.deepEqual(idsOf(await readAll(stream)), [1]);
  });

  it("lets a loop finish what it is busy with", async () => {
    const streams = updateStreams({ bufferSize: 0 });
    const stream = streams.on("message");
    const next = stream.next();
    const busy = streams.receive(messageUpdate(1), context());
    await next;
    streams.close();
    assert.equal(await isSettled(busy), false);
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
    await busy;
  });

  it("lets nobody subscribe", () => {
    const streams = updateStreams();
    streams.close();
    for (const subscribe of [() => streams.on("message"), () => streams.all(), () => streams.unknown()]) {
      assert.throws(subscribe, isError("ERR_CLOSED"));
    }
  });
});

describe("streams that are a mistake", () => {
  it("are refused when they are made", () => {
    const make = updateStreams as (options: unknown) => UpdateStreams;
    for (
      const options of [null, { buffer: 1 }, { bufferSize: -1 }, { bufferSize: 1.5 }, { overflow: "drop" }]
    ) assert.throws(() => make(options), isError("ERR_OPTION"));
  });

  it("are refused when they are subscribed to", () => {
    const streams = updateStreams();
    const untyped = streams as unknown as {
      on(...names: unknown[]): unknown;
      all(options: unknown): unknown;
    };
    for (const names of [[], ["mesage"], ["message:"], [{}], ["message", { sgnal: 1 }], ["message", 7]]) {
      assert.throws(() => untyped.on(...names), isError("ERR_OPTION"));
    }
    assert.throws(() => untyped.all({ mediaGroup: false }), isError("ERR_OPTION"));
    for (const signal of [{}, null, "abort", new AbortController()]) {
      assert.throws(() => untyped.all({ signal }), isError("ERR_OPTION"));
    }
    assert.deepEqual(streams.allowedUpdates, []);
  });
});

it("thousands of streams are opened and closed without holding up anything", () => {
  const streams = updateStreams();
  const leaving = new AbortController();
  const before = performance.now();
  for (let n = 0; n < 5_000; n++) {
    streams.on("message:text");
    streams.on("message_media_group", { signal: leaving.signal });
  }
  leaving.abort();
  assert.deepEqual(streams.allowedUpdates, ["message"]);
  streams.close();
  const tookMs = performance.now() - before; // seconds, if each cost what all do
  assert.ok(tookMs < 1_000, `It took ${Math.round(tookMs)} ms`);
  assert.deepEqual(streams.allowedUpdates, []);
});

it("deliveries that failed take little memory, however many subscribe", async () => {
  const streams = updateStreams({ bufferSize: 0 });
  streams.on("message");
  for (let n = 0; n < 3_000; n++) streams.on("callback_query");
  const before = usedHeap();
  const leaving = new AbortController();
  const deliveries = Array.from({ length: 500 }, (_, id) => {
    return streams.receive(messageUpdate(id), context(leaving.signal));
  });
  leaving.abort();
  await Promise.allSettled(deliveries);
  const grownMb = (usedHeap() - before) / 1e6;
  assert.ok(grownMb < 15, `${Math.round(grownMb)} MB`);
  streams.close();
});
