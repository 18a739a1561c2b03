import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { updateStreams } from "../../mod.ts";
import { rawDelivery, textUpdate } from "../serve/raw_connection.ts";
import { liveServer } from "./live_server.ts";
import { idsOf, readAll } from "./updates.ts";

/** A delivery of a separate chat, so that no other delays it. */
const delivery = (id: number) => ({ update: textUpdate(id, `text ${id}`, id) });

describe("back-pressure over a socket", () => {
  it("holds the answer until a subscriber has made room", async (t) => {
    const streams = updateStreams({ bufferSize: 1 });
    const stream = streams.on("message:text");
    const { connect } = await liveServer(t, streams);
    const [first, second, other] = [await connect(), await connect(), await connect()];
    assert.equal((await first.deliver(delivery(1))).status, 200);

    second.send(rawDelivery(delivery(2)));
    // By the time that a later delivery is refused, the one before it has been looked at.
    assert.equal((await other.deliver({ ...delivery(3), secret: "wrong" })).status, 401);
    assert.equal(second.received, "");

    assert.equal((await stream.next()).value?.message.text, "text 1");
    assert.equal((await second.answer()).status, 200);
    assert.equal((await stream.next()).value?.message.text, "text 2");
  });

  it("lets go when the subscriber leaves, by break or by signal", async (t) => {
    const leaving = new AbortController();
    const streams = updateStreams({ bufferSize: 1 });
    const stream = streams.on("message:text");
    const aborted = streams.on("message:text", { signal: leaving.signal });
    const { connect } = await liveServer(t, streams);
    const [first, second] = [await connect(), await connect()];
    assert.equal((await first.deliver(delivery(1))).status, 200);
    second.send(rawDelivery(delivery(2)));
    for await (const { message } of stream) {
      assert.equal(message.text, "text 1");
      break;
    }
    leaving.abort();
    assert.equal((await second.answer()).status, 200);
    assert.deepEqual(await readAll(aborted), []);
    assert.equal((await first.deliver(delivery(3))).status, 200);
  });

  it("does not acknowledge what one of several loops throws at, after another has asked for more", async (t) => {
    const streams = updateStreams({ bufferSize: 0 });
    const stream = streams.on("message:text");
    const { connect } = await liveServer(t, streams);
    const [first, second] = [await connect(), await connect()];
    const [slow, quick] = [stream[Symbol.asyncIterator](), stream[Symbol.asyncIterator]()];
    const failed = first.deliver(delivery(1));
    assert.equal((await slow.next()).value?.message.text, "text 1");
    const handled = second.deliver(delivery(2));
    assert.equal((await quick.next()).value?.message.text, "text 2");
    const next = quick.next();
    assert.equal((await handled).status, 200);
    await slow.return?.(); // as `for await` does when its body throws
    assert.equal((await failed).status, 503);
    assert.equal((await next).done, true);
  });

  it("goes on in a loop with what was read before it", async (t) => {
    const streams = updateStreams({ bufferSize: 0 });
    const stream = streams.on("message:text");
    const { connect } = await liveServer(t, streams);
    const connection = await connect();
    const answer = connection.deliver(delivery(1));
    assert.equal((await stream.next()).value?.message.text, "text 1");
    const next = stream[Symbol.asyncIterator]().next();
    assert.equal((await answer).status, 200);
    await stream.return();
    assert.equal((await next).done, true);
  });

  it("does not acknowledge what a loop throws at: Telegram brings it again", async (t) => {
    const streams = updateStreams({ bufferSize: 0 });
    const loop = (async () => {
      for await (const { message } of streams.on("message:text")) {
        throw new Error(`cannot read ${message.text}`);
      }
    })();
    const { connect } = await liveServer(t, streams);
    const connection = await connect();
    const answer = connection.deliver(delivery(1));
    await assert.rejects(loop, /cannot read text 1/);
    assert.equal((await answer).status, 503);
    const again = streams.on("message:text").next();
    connection.send(rawDelivery(delivery(1)));
    assert.equal((await again).value?.message.text, "text 1");
  });

  it("ends when the streams are closed: Telegram is to bring again what was held back", async (t) => {
    const errors: unknown[] = [];
    const streams = updateStreams({ bufferSize: 1 });
    const stream = streams.all();
    const { connect } = await liveServer(t, streams, { onError: (error) => void errors.push(error) });
    const [first, second] = [await connect(), await connect()];
    assert.equal((await first.deliver(delivery(1))).status, 200);
    second.send(rawDelivery(delivery(2)));
    assert.equal((await first.deliver({ ...delivery(3), secret: "wrong" })).status, 401);
    streams.close();
    assert.equal((await second.answer()).status, 503);
    assert.deepEqual(idsOf(await readAll(stream)), [1]);
    assert.deepEqual(errors, [], "closing is no failure, and no attempt");
  });

  it("ends when the server is closed: what was held back is no longer read", async (t) => {
    const streams = updateStreams({ bufferSize: 1 });
    const stream = streams.all();
    const { server, connect } = await liveServer(t, streams, { onError: () => {} });
    const [first, second] = [await connect(), await connect()];
    assert.equal((await first.deliver(delivery(1))).status, 200);
    second.send(rawDelivery(delivery(2)));
    assert.equal((await first.deliver({ ...delivery(3), secret: "wrong" })).status, 401);
    const closed = server.close({ timeoutMs: 0 });
    assert.equal((await second.answer()).status, 503);
    await closed;
    streams.close();
    assert.deepEqual(idsOf(await readAll(stream)), [1]);
  });

  it("is none when the buffer drops", async (t) => {
    const streams = updateStreams({ bufferSize: 1, overflow: "dropOldest" });
    const stream = streams.all();
    const { connect } = await liveServer(t, streams);
    const connection = await connect();
    for (const id of [1, 2, 3]) assert.equal((await connection.deliver(delivery(id))).status, 200);
    assert.equal(stream.dropped, 2);
    assert.equal((await stream.next()).value?.update_id, 3);
  });
});
