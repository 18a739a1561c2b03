import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { updateStreams } from "../../mod.ts";
import { context, idsOf, isSettled, messageUpdate, readAll, receive } from "./updates.ts";

describe("a full buffer", () => {
  it("holds deliveries back, first come, first served", async () => {
    const streams = updateStreams({ bufferSize: 2 });
    const stream = streams.on("message");
    receive(streams, 1, 2);
    const [third, fourth] = [3, 4].map((id) => streams.receive(messageUpdate(id), context()));
    assert.equal(await isSettled(third), false);
    assert.equal((await stream.next()).value?.update_id, 1);
    await third;
    assert.equal(await isSettled(fourth), false);
    assert.equal((await stream.next()).value?.update_id, 2);
    await fourth;
    streams.close();
    assert.deepEqual(idsOf(await readAll(stream)), [3, 4]);
    assert.equal(stream.dropped, 0);
  });

  it("holds a delivery back until every subscriber has room", async () => {
    const streams = updateStreams({ bufferSize: 1 });
    const [slow, slower, idle] = [streams.on("message"), streams.all(), streams.on("poll")];
    receive(streams, 1);
    const delivery = streams.receive(messageUpdate(2), context());
    await slow.next();
    assert.equal(await isSettled(delivery), false);
    await slower.next();
    await delivery;
    await idle.return();
  });

  it("of 100 is what there is by default", async () => {
    const streams = updateStreams();
    const stream = streams.all();
    receive(streams, ...Array(100).keys());
    const delivery = streams.receive(messageUpdate(100), context());
    assert.equal(await isSettled(delivery), false);
    const refused = assert.rejects(async () => await delivery, { code: "ERR_CLOSED" });
    await stream.return();
    await refused;
  });

  it("of size 0 holds each delivery until the loop is done with it", async () => {
    const streams = updateStreams({ bufferSize: 0 });
    const stream = streams.on("message");
    const early = streams.receive(messageUpdate(1), context());
    assert.equal((await stream.next()).value?.update_id, 1);
    assert.equal(await isSettled(early), false);
    const second = stream.next();
    await early;
    const late = streams.receive(messageUpdate(2), context());
    assert.equal((await second).value?.update_id, 2);
    assert.equal(await isSettled(late), false);
    await stream.return();
    await assert.rejects(Promise.resolve(late), { code: "ERR_CLOSED" });
  });

  it("gives back hundreds of thousands in their order, while others come and go", async () => {
    const streams = updateStreams({ bufferSize: Infinity });
    const stream = streams.all();
    let received = 0;
    let taken = 0;
    for (const [more, fewer] of [[200_000, 50_000], [10, 100_000], [50_000, 100_010]] as const) {
      for (let i = 0; i < more; i++) receive(streams, received++);
      for (let i = 0; i < fewer; i++) assert.equal((await stream.next()).value?.update_id, taken++);
    }
    assert.equal(taken, received);
    await stream.return();
  });

  it("drops the oldest, and counts", async () => {
    const streams = updateStreams({ bufferSize: 2, overflow: "dropOldest" });
    const stream = streams.on("message");
    receive(streams, 1, 2, 3, 4);
    assert.equal(stream.dropped, 2);
    streams.close();
    assert.deepEqual(idsOf(await readAll(stream)), [3, 4]);
  });

  it("drops the newest, and counts", async () => {
    const streams = updateStreams({ bufferSize: 2, overflow: "dropNewest" });
    const [stream, reading] = [streams.on("message"), streams.on("message")];
    const read = reading.next();
    receive(streams, 1, 2, 3, 4);
    assert.deepEqual([stream.dropped, reading.dropped], [2, 1]);
    streams.close();
    assert.deepEqual(idsOf(await readAll(stream)), [1, 2]);
    assert.equal((await read).value?.update_id, 1);
    assert.deepEqual(idsOf(await readAll(reading)), [2, 3]);
  });

  it("of size 0 drops what nobody waits for", async () => {
    for (const overflow of ["dropOldest", "dropNewest"] as const) {
      const streams = updateStreams({ bufferSize: 0, overflow });
      const stream = streams.on("message");
      receive(streams, 1);
      const read = stream.next();
      receive(streams, 2, 3);
      assert.equal((await read).value?.update_id, 2);
      assert.equal(stream.dropped, 2);
    }
  });

  it("gives up a delivery that is no longer awaited, and the update with it", async () => {
    const closing = new AbortController();
    const reason = new Error("closing");
    const streams = updateStreams({ bufferSize: 1 });
    const stream = streams.on("message");
    receive(streams, 1);
    const given = streams.receive(messageUpdate(2), context(closing.signal));
    const kept = streams.receive(messageUpdate(3), context());
    closing.abort(reason);
    await assert.rejects(async () => await given, reason);
    assert.equal(await isSettled(kept), false);
    await assert.rejects(
      async () => await streams.receive(messageUpdate(4), context(closing.signal)),
      reason,
    );
    assert.equal((await stream.next()).value?.update_id, 1);
    await kept;
    streams.close();
    assert.deepEqual(idsOf(await readAll(stream)), [3]);
  });
});
