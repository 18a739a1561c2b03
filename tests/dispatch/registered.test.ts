import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import {
  mergeMediaGroups,
  type Receiver,
  setWebhookAndListen,
  TelehookError,
  updateStreams,
} from "../../mod.ts";
import { BOT_TOKEN, ok, startServer, textOf } from "../bot_api/loopback_server.ts";

const isTooLate = (error: unknown) => error instanceof TelehookError && error.code === "ERR_ALLOWED_UPDATES";

/** Registers with a Bot API server of our own. Returns what Telegram is asked for. */
async function register(t: TestContext, receiver: Receiver, asked?: readonly string[]): Promise<unknown> {
  const { apiRoot, requests } = await startServer(t, (response) => ok(response));
  const server = await setWebhookAndListen(receiver, {
    token: BOT_TOKEN,
    apiRoot,
    webhook: { url: "https://bot.example/", ...(asked && { allowed_updates: asked }) },
    hostname: "127.0.0.1",
    port: 0,
  });
  t.after(() => server.close());
  return JSON.parse(textOf(requests[0])).allowed_updates;
}

describe("streams of a registered webhook", () => {
  it("have asked Telegram for what was subscribed to, and refuse what comes too late", async (t) => {
    const streams = updateStreams();
    streams.on("chat_member", "message_media_group", "poll");
    assert.deepEqual(await register(t, streams), ["message", "poll", "chat_member"]);
    streams.on("message:text", "poll");
    assert.throws(() => streams.on("callback_query"), isTooLate);
    assert.throws(() => streams.all(), isTooLate);
  });

  it("may be subscribed to later for whatever else was asked for", async (t) => {
    const streams = updateStreams();
    assert.deepEqual(await register(t, streams, ["message", "poll"]), ["message", "poll"]);
    streams.on("poll");
    assert.throws(() => streams.on("channel_post"), isTooLate);
  });

  it("say so too where no unknown kind can arrive any longer", async (t) => {
    const known = updateStreams();
    known.on("message");
    await register(t, known);
    assert.throws(() => known.unknown(), isTooLate);
    const news = updateStreams();
    await register(t, news, ["message", "telepathy"]);
    news.unknown();
    const anything = updateStreams();
    await register(t, anything, []);
    anything.unknown();
  });

  it("know it behind mergeMediaGroups too", async (t) => {
    const streams = updateStreams();
    streams.on("message_media_group");
    const merger = mergeMediaGroups(streams);
    assert.deepEqual(await register(t, merger), ["message"]);
    assert.throws(() => streams.on("poll"), isTooLate);
    await merger.close();
  });
});
