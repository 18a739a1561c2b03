import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { poll, type ReceivedUpdate, updateHandlers, updateStreams } from "../../mod.ts";
import { startTestBotApi } from "../../src/testing/mod.ts";
import { gate, Log, message, part, word } from "../inbox/bot.ts";

const NEVER = { quietMs: 60_000, maxWaitMs: 60_000 };

function chat(id: number): { chat: { id: number; type: "private" } } {
  return { chat: { id, type: "private" } };
}

describe("poll", () => {
  it("handles updates, sends the replies that handlers return, and confirms them when it closes", async () => {
    await using telegram = await startTestBotApi();
    const bot = updateHandlers({
      message: ({ message }) => ({
        method: "sendMessage",
        chat_id: message.chat.id,
        text: `got ${message.text}`,
      }),
    });
    const poller = await poll(bot, { token: telegram.token, apiRoot: telegram.apiRoot });
    const call = telegram.nextCall("sendMessage");
    telegram.deliver(message(1, { text: "hi", ...chat(42) }));
    assert.equal((await call).params["text"], "got hi");
    await poller.close();
    assert.equal(telegram.pending, 0);
    assert.deepEqual([poller.stats().handled, poller.stats().unconfirmed], [1, 0]);
    await poller.finished;
  });

  it("merges albums, keeps the order of a chat, and lets other chats go on", async () => {
    await using telegram = await startTestBotApi();
    const log = new Log();
    const slow = gate();
    const receiver = async (update: ReceivedUpdate): Promise<void> => {
      if (update.update_id === 1) await slow.opened;
      log.add(word(update));
    };
    for (const update of [message(1), part(2, "7"), part(3, "7"), message(4), message(5, chat(43))]) {
      telegram.deliver(update);
    }
    await using poller = await poll(receiver, {
      ...{ token: telegram.token, apiRoot: telegram.apiRoot, mediaGroups: NEVER, timeoutS: 0 },
    });
    await log.has(1);
    assert.deepEqual(log.words, ["5"]);
    assert.equal(telegram.pending, 5, "nothing is confirmed behind an update that is not handled");
    slow.open();
    await log.has(4);
    assert.deepEqual(log.words, ["5", "1", "[2 3]", "4"]);
    await poller.close();
    assert.equal(telegram.pending, 0);
  });

  it("passes an update to the next subscriber whose loop was left in its middle", async () => {
    await using telegram = await startTestBotApi();
    const streams = updateStreams({ bufferSize: 0 });
    const first = streams.on("message");
    await using poller = await poll(streams, {
      ...{ token: telegram.token, apiRoot: telegram.apiRoot, timeoutS: 0 },
    });
    for (const id of [1, 2]) void telegram.deliver(message(id));
    let second = first;
    for await (const _ of first) {
      second = streams.on("message");
      break;
    }
    const log = new Log();
    void (async () => {
      for await (const update of second) log.add(word(update));
    })();
    await log.has(2);
    await poller.close();
    assert.deepEqual([log.words, telegram.pending], [["1", "2"], 0]);
    streams.close();
  });

  it("closes soon although Telegram lets a second request with the same offset wait", async () => {
    await using telegram = await startTestBotApi();
    const poller = await poll(() => {}, { token: telegram.token, apiRoot: telegram.apiRoot });
    await telegram.deliver(message(1)); // until the next request confirms it
    const since = performance.now();
    await poller.close();
    assert.ok(performance.now() - since < 2_000);
  });

  it("leaves to Telegram what was not handled before it closed", async () => {
    await using telegram = await startTestBotApi();
    const started = gate();
    for (const id of [1, 2, 3]) telegram.deliver(message(id, chat(id)));
    const poller = await poll((update) => {
      if (update.update_id !== 2) return;
      started.open();
      return new Promise<void>(() => {});
    }, { token: telegram.token, apiRoot: telegram.apiRoot, timeoutS: 0 });
    await started.opened;
    await poller.close({ timeoutMs: 0 });
    assert.equal(telegram.pending, 2);
  });

  it("tries again what fails", async () => {
    await using telegram = await startTestBotApi();
    const log = new Log();
    telegram.deliver(message(1));
    await using poller = await poll((_, { attempt }) => {
      log.add(String(attempt));
      if (attempt === 1) throw new Error("once");
    }, { token: telegram.token, apiRoot: telegram.apiRoot, onError: () => {} });
    await log.has(2);
    await poller.close();
    assert.deepEqual([log.words, telegram.pending], [["1", "2"], 0]);
  });

  it("refuses a bot that has a webhook, unless it may delete it", async () => {
    await using telegram = await startTestBotApi();
    const options = { token: telegram.token, apiRoot: telegram.apiRoot };
    await fetch(`${telegram.apiRoot}/bot${telegram.token}/setWebhook?url=http://127.0.0.1:9/`);
    await assert.rejects(poll(() => {}, options), { code: "ERR_WEBHOOK_SET" });
    await using poller = await poll(() => {}, { ...options, takeOver: "delete" });
    assert.equal(telegram.webhook, undefined);
    await poller.close();
  });

  it("rejects wrong options, and a token that Telegram does not know", async () => {
    const wrong: [object, string][] = [
      [{}, "ERR_BOT_TOKEN"],
      [{ token: "123456:AA", takeOver: "steal" }, "ERR_OPTION"],
      [{ token: "123456:AA", timeoutS: 51 }, "ERR_OPTION"],
      [{ token: "123456:AA", secretToken: "x" }, "ERR_OPTION"],
    ];
    for (const [options, code] of wrong) {
      await assert.rejects(Reflect.apply(poll, undefined, [() => {}, options]), { code });
    }
    await using telegram = await startTestBotApi();
    await assert.rejects(poll(() => {}, { token: "123456:AAwrong", apiRoot: telegram.apiRoot }), {
      code: "ERR_BOT_API",
    });
  });
});
