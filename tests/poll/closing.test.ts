import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type BotApiFetch, poll, type Poller, type PollOptions, type Receiver } from "../../mod.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";
import { gate, Log, message, part } from "../inbox/bot.ts";
import { consoleOf } from "../mount/console.ts";

const NO_WEBHOOK = { url: "", has_custom_certificate: false, pending_update_count: 0 };
const REPLY = () => ({ method: "sendMessage", chat_id: 42, text: "Hello" }) as const;

function answer(result: unknown): Response {
  return Response.json({ ok: true, result });
}

function refusal(error_code: number, description: string): Response {
  return Response.json({ ok: false, error_code, description }, { status: error_code });
}

/** As a connection on which no answer comes. */
function aborted(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
}

/** Polls a Bot API that answers as given, and otherwise brings one update and nothing more. */
async function polling(
  receiver: Receiver,
  answers: Readonly<Record<string, BotApiFetch>>,
  options: Partial<PollOptions> = {},
): Promise<Poller> {
  const updates = [message(1)];
  const fetch: BotApiFetch = async (url, init) => {
    const method = url.slice(url.lastIndexOf("/") + 1);
    const own = answers[method];
    if (own !== undefined) return await own(url, init);
    if (method === "getWebhookInfo") return answer(NO_WEBHOOK);
    const fetched = updates.splice(0);
    return fetched.length > 0 || !init.body?.toString().includes('"timeout":30')
      ? answer(fetched)
      : await aborted(init.signal);
  };
  return await poll(receiver, { token: "1:a", apiRoot: "http://127.0.0.1:1", fetch, ...options });
}

describe("closing a poller", () => {
  it("waits for the replies that are being sent", async () => {
    const sending = gate();
    const arrives = gate();
    const log = new Log();
    const poller = await polling(REPLY, {
      async sendMessage() {
        sending.open();
        await arrives.opened;
        log.add("arrived");
        return answer({});
      },
    });
    await sending.opened;
    const closed = poller.close().then(() => log.add("closed"));
    setTimeout(() => arrives.open(), 50);
    await closed;
    assert.deepEqual(log.words, ["arrived", "closed"]);
  });

  it("ends a reply that takes longer than closing may, and reports it", async () => {
    const sending = gate();
    const errors: string[] = [];
    const poller = await polling(REPLY, {
      sendMessage(_, { signal }) {
        sending.open();
        return aborted(signal);
      },
    }, { onError: (error) => void errors.push(String(error)) });
    await sending.opened;
    await poller.close({ timeoutMs: 20 });
    assert.deepEqual(errors, [
      'TelehookError: The reply "sendMessage" was not sent: Closed before the reply was sent, after 20 ms',
    ]);
  });

  it("leaves to Telegram what was not handled in time, with a store in memory", async () => {
    const running = gate();
    const errors: string[] = [];
    const offsets: unknown[] = [];
    const poller = await polling(() => {
      running.open();
      return new Promise(() => {});
    }, {
      getUpdates(_, { body, signal }) {
        const { offset, timeout } = JSON.parse(String(body));
        offsets.push(offset);
        if (offset === undefined) return Promise.resolve(answer([part(1, "a"), part(2, "a")]));
        return timeout === 0 ? Promise.resolve(answer([])) : aborted(signal);
      },
    }, { mediaGroups: { quietMs: 20 }, onError: (error) => void errors.push(String(error)) });
    await running.opened;
    await poller.close({ timeoutMs: 20 });
    assert.deepEqual([offsets, errors], [[undefined, 1, 1], []]);
  });

  it("also ends when its store cannot be closed, and reports that", { timeout: 10_000 }, async () => {
    const store = new MemoryStore();
    const brokenStore = Object.assign(store, {
      close: () => Promise.reject(new Error("The connection was lost")),
    });
    const stop = new AbortController();
    const lines = await consoleOf(async () => {
      const poller = await polling(() => {}, {}, { store: brokenStore, signal: stop.signal });
      stop.abort(); // nobody awaits what this calls: a rejection would end the process
      await poller.finished;
      await poller.close();
    });
    assert.match(lines.join("\n"), /^telehook: the store could not be closed.*The connection was lost/s);
  });

  it("does not wait for a webhook to be deleted", { timeout: 10_000 }, async () => {
    const deleting = gate();
    const poller = await polling(() => {}, {
      getUpdates: () => Promise.resolve(refusal(409, "Conflict: a webhook is active")),
      deleteWebhook(_, { signal }) {
        deleting.open();
        return aborted(signal);
      },
    }, { takeOver: "delete" });
    await deleting.opened;
    await poller.close();
  });

  it("does not wait for a fetch that ignores its signal", { timeout: 10_000 }, async () => {
    const asked = gate();
    const poller = await polling(() => {}, {
      getUpdates(_, init) {
        asked.open();
        return init.body?.toString().includes('"timeout":30')
          ? new Promise(() => {})
          : Promise.resolve(answer([]));
      },
    });
    await asked.opened;
    await poller.close();
  });

  it("ends, whenever Telegram refuses the token", { timeout: 10_000 }, async () => {
    for (let microtasks = 0; microtasks < 30; microtasks++) {
      const called = gate();
      const refused = gate();
      const poller = await polling(() => {}, {
        async getUpdates() {
          called.open();
          await refused.opened;
          return refusal(401, "Unauthorized");
        },
      });
      await called.opened;
      refused.open();
      for (let i = 0; i < microtasks; i++) await undefined;
      await poller.close();
      await poller.finished.catch(() => {});
    }
  });
});

it("a reply that is refused is reported", { timeout: 10_000 }, async () => {
  const reported = gate();
  let text = "";
  await using _ = await polling(REPLY, {
    sendMessage: () => Promise.resolve(refusal(400, "Bad Request: chat not found")),
  }, {
    onError(error) {
      text = String(error);
      reported.open();
    },
  });
  await reported.opened;
  assert.match(text, /The reply "sendMessage" was not sent: .*chat not found/);
});

it("a signal keeps nothing of a poller that has ended, or could not begin", async () => {
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  Object.assign(signal, {
    addEventListener: (_: string, listener: unknown) => listeners.add(listener),
    removeEventListener: (_: string, listener: unknown) => listeners.delete(listener),
  });
  const poller = await polling(() => {}, {}, { signal });
  assert.equal(listeners.size, 1);
  await poller.close();
  await poller.finished;
  assert.equal(listeners.size, 0);
  const refused = polling(() => {}, {
    getWebhookInfo: () => Promise.resolve(refusal(401, "Unauthorized")),
  }, { signal });
  await assert.rejects(refused, /Unauthorized/);
  assert.equal(listeners.size, 0);
});
