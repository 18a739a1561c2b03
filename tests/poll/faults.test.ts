import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import {
  botApi,
  type BotApiFetch,
  listen,
  poll,
  type ReceivedUpdate,
  sqliteStore,
  type Update,
} from "../../mod.ts";
import { startTestBotApi, type TestBotApi } from "../../src/testing/mod.ts";
import { hasSqlite } from "../store/sqlite_store_files.ts";
import { albumIn, gate, inChat, Log, message, part, word } from "../inbox/bot.ts";

const HTML = { status: 502, body: "<html>Bad Gateway</html>", contentType: "text/html" };

/** The faults of getUpdates, after each of which everything must arrive once and in order. */
const FAULTS: Record<string, (telegram: TestBotApi) => void> = {
  "a gateway's 502 with HTML": ({ callFaults }) => callFaults.add({ answer: HTML }, { method: "getUpdates" }),
  "429": ({ callFaults }) => callFaults.add({ tooManyRequests: 1 }, { method: "getUpdates" }),
  "409 from another poller": ({ callFaults }) => callFaults.add({ conflict: true }, { method: "getUpdates" }),
  "a connection that breaks before the call": ({ callFaults }) =>
    callFaults.add({ breakConnection: "before call" }, { method: "getUpdates" }),
  "a lost answer": ({ callFaults }) =>
    callFaults.add({ breakConnection: "before answer" }, { method: "getUpdates" }),
  "half an answer": ({ callFaults }) =>
    callFaults.add({ breakConnection: "during answer" }, { method: "getUpdates" }),
  // With one at a time, a store in memory could never get the second part: the first is not confirmed before it is handled.
  "partial batches": ({ callFaults }) => callFaults.add({ atMost: 2 }, { method: "getUpdates", times: 5 }),
};

describe("polling loses nothing, repeats nothing and keeps the order after", { concurrency: true }, () => {
  for (const [name, plan] of Object.entries(FAULTS)) {
    it(name, async (t) => {
      t.mock.method(console, "warn", () => {});
      await using telegram = await startTestBotApi();
      const log = new Log();
      plan(telegram);
      for (const update of [message(1), part(2, "7"), part(3, "7"), message(4)]) telegram.deliver(update);
      await using poller = await poll((update: ReceivedUpdate) => log.add(word(update)), {
        ...{ token: telegram.token, apiRoot: telegram.apiRoot, timeoutS: 0 },
      });
      await log.has(3);
      await poller.close();
      assert.deepEqual([log.words, telegram.pending], [["1", "[2 3]", "4"], 0]);
    });
  }
});

it("says once that nothing can be fetched, and once that it can again", { timeout: 30_000 }, async (t) => {
  const lines = new Log();
  t.mock.method(console, "warn", (line: string) => lines.add(line));
  let asked = 0;
  const fetch: BotApiFetch = (url) => {
    if (url.endsWith("/getWebhookInfo")) {
      return Promise.resolve(Response.json({
        ok: true,
        result: { url: "", has_custom_certificate: false, pending_update_count: 0 },
      }));
    }
    return Promise.resolve(Response.json(
      ++asked <= 3 ? { ok: false, error_code: 400, description: "Logged out" } : { ok: true, result: [] },
    ));
  };
  t.mock.method(Math, "random", () => 0); // the shortest pauses
  await using _poller = await poll(() => {}, { token: "1:a", apiRoot: "http://127.0.0.1:1", fetch });
  await lines.has(2);
  assert.deepEqual(lines.words, [
    'telehook: no updates can be fetched: The Bot API refused "getUpdates" with 400 "Logged out". Trying again until it works',
    "telehook: updates can be fetched again",
  ]);
});

it("a request that is never answered is sent again, and one at the start rejects", async (t) => {
  await using telegram = await startTestBotApi();
  const log = new Log();
  const timeout = AbortSignal.timeout;
  t.mock.method(AbortSignal, "timeout", (ms: number) => timeout.call(AbortSignal, ms / 50));
  const options = { token: telegram.token, apiRoot: telegram.apiRoot, timeoutS: 0 };
  telegram.callFaults.add({ stall: true }, { method: "getUpdates" });
  void telegram.deliver(message(1));
  await using poller = await poll((update) => log.add(word(update)), options);
  await log.has(1);
  await poller.close();
  telegram.callFaults.add({ stall: true }, { method: "getWebhookInfo" });
  await assert.rejects(poll(() => {}, options), { name: "TimeoutError" });
});

it("its signal ends a start that does not get an answer", async () => {
  await using telegram = await startTestBotApi();
  telegram.callFaults.add({ stall: true }, { method: "getWebhookInfo" });
  const stop = new AbortController();
  const started = poll(() => {}, { token: telegram.token, apiRoot: telegram.apiRoot, signal: stop.signal });
  stop.abort(new Error("enough"));
  await assert.rejects(started, { message: "enough" });
});

describe("two pollers of one bot", () => {
  for (const stays of ["first", "second"] as const) {
    it(`disturb each other, and the ${stays} goes on when the other has stopped`, async (t) => {
      const warned = new Log();
      t.mock.method(console, "warn", warned.add);
      await using telegram = await startTestBotApi();
      const log = new Log();
      const start = async () => {
        const polls = gate();
        const poller = await poll((update) => log.add(word(update)), {
          ...{ token: telegram.token, apiRoot: telegram.apiRoot },
          fetch(url, init) {
            if (url.endsWith("/getUpdates")) polls.open();
            return fetch(url, init);
          },
        });
        await polls.opened;
        return poller;
      };
      await using first = await start();
      await using second = await start();
      await warned.has(1);
      const [staying, leaving] = stays === "first" ? [first, second] : [second, first];
      await leaving.close();
      for (const update of [message(1), part(2, "7"), part(3, "7"), message(4)]) {
        void telegram.deliver(update);
      }
      await log.has(3);
      await staying.close();
      assert.deepEqual([log.words, telegram.pending], [["1", "[2 3]", "4"], 0]);
      assert.ok(warned.words.length <= 2, "each says it once");
    });
  }
});

it("a webhook that is set meanwhile ends polling with an error, or is deleted again", async () => {
  for (const takeOver of ["refuse", "delete"] as const) {
    await using telegram = await startTestBotApi();
    const log = new Log();
    await using poller = await poll((update) => log.add(word(update)), {
      ...{ token: telegram.token, apiRoot: telegram.apiRoot, timeoutS: 1, takeOver },
    });
    await fetch(`${telegram.apiRoot}/bot${telegram.token}/setWebhook?url=http://127.0.0.1:9/`);
    if (takeOver === "refuse") {
      await assert.rejects(poller.finished, { code: "ERR_BOT_API" });
      assert.ok(telegram.webhook !== undefined);
    } else {
      void telegram.deliver(message(1));
      await log.has(1);
      assert.equal(telegram.webhook, undefined);
    }
  }
});

/** A Bot API whose answers are given: each to one call of getUpdates, and then the last one again. */
function botApiThat(...answers: readonly unknown[]) {
  const offsets: unknown[] = [];
  const info = { url: "", pending_update_count: 0 };
  const fetch: BotApiFetch = async (url, { body }) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (!url.endsWith("getUpdates")) return Response.json({ ok: true, result: info });
    const result = answers[Math.min(offsets.length, answers.length - 1)];
    offsets.push(JSON.parse(String(body)).offset);
    return Response.json({ ok: true, result });
  };
  return { offsets, options: { token: "1:AAexample", fetch, timeoutS: 0 } };
}

it("what holds nothing that can be handled is passed over, and reported once", async (t) => {
  const report = t.mock.method(console, "error", () => {});
  const { offsets, options } = botApiThat([{ update_id: 1 }, { update_id: 2, message: null }, "x"], [
    message(3),
  ], []);
  const log = new Log();
  const poller = await poll((update) => log.add(word(update)), options);
  await log.has(1);
  await poller.close();
  assert.deepEqual([log.words, offsets.slice(0, 2), offsets.at(-1)], [["3"], [undefined, 3], 4]);
  assert.deepEqual(report.mock.calls.map((call) => String(call.arguments).slice(0, 18)), [
    "telehook: update 1",
    "telehook: update 2",
  ]);
});

it("ids that Telegram counts from another number, as after a week without updates, are confirmed", async () => {
  let queue: readonly Update[] = [];
  const fetch: BotApiFetch = async (url, { body }) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (!url.endsWith("getUpdates")) {
      return Response.json({ ok: true, result: { url: "", pending_update_count: 0 } });
    }
    const { offset = 0 } = JSON.parse(String(body));
    const newest = queue.at(-1)?.update_id ?? offset;
    if (offset <= newest + 11) queue = queue.filter(({ update_id }) => update_id >= offset); // or it is taken for none
    return Response.json({ ok: true, result: queue });
  };
  const log = new Log();
  const poller = await poll((update) => log.add(word(update)), {
    ...{ token: "1:AAexample", fetch, timeoutS: 0 },
  });
  for (const ids of [[70_000, 70_001], [8, 9], [10]]) {
    queue = ids.map((id) => message(id));
    await log.has(log.words.length + ids.length);
    while (queue.length > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await poller.close();
  assert.deepEqual(log.words, ["70000", "70001", "8", "9", "10"]);
  assert.equal(poller.stats().duplicates, 0);
});

describe("a handler that changes what it gets", () => {
  it("does not hold up polling, and its updates are confirmed", { timeout: 8_000 }, async () => {
    const changes: readonly ((update: { update_id?: unknown }) => void)[] = [
      (update) => void (update.update_id = 7),
      (update) => delete update.update_id,
    ];
    for (const change of changes) {
      const log = new Log();
      const { offsets, options } = botApiThat(
        Array.from({ length: 100 }, (_, i) => message(i + 1)),
        [message(101)],
        [],
      );
      const poller = await poll((update) => {
        log.add(word(update));
        change(update);
      }, options);
      await log.has(101);
      await poller.close();
      assert.deepEqual([offsets.at(-1), poller.stats().unconfirmed], [102, 0]);
    }
  });

  it("and empties an album: all of its parts are confirmed", { timeout: 8_000 }, async () => {
    const log = new Log();
    const { offsets, options } = botApiThat([part(1, "a"), part(2, "a"), part(3, "a")], []);
    const poller = await poll((update) => {
      log.add(word(update));
      (albumIn(update)?.updates as Update[]).length = 0;
    }, { ...options, mediaGroups: { quietMs: 20 } });
    await log.has(1);
    await poller.close();
    assert.deepEqual([log.words, offsets.at(-1)], [["[1 2 3]"], 4]);
  });

  it("and fails: gets it again as it came", { timeout: 8_000 }, async () => {
    const got: string[] = [];
    const { offsets, options } = botApiThat([message(5, { text: "Hello" })], []);
    const again = gate();
    const poller = await poll(async (update) => {
      got.push(JSON.stringify(update));
      await Promise.resolve();
      Object.assign(update, { update_id: 1, message: { text: "changed" } });
      if (got.length === 1) throw new Error("on purpose");
      again.open();
    }, { ...options, onError: () => {} });
    await again.opened;
    await poller.close();
    assert.equal(got[1], got[0]);
    assert.equal(offsets.at(-1), 6);
  });
});

for (
  const [what, ...answers] of [
    ["that answers at once that there is nothing", []],
    ["that ignores the offset", [message(1), message(2)]],
    ["whose ids go back each time", [message(9)], [message(8)], [message(7)], [message(6)], [message(5)]],
  ] as const
) {
  it(`a server ${what} is not asked without pause`, async () => {
    const { offsets, options } = botApiThat(...answers);
    const poller = await poll(() => {}, options);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.ok(offsets.length <= 2, `asked ${offsets.length} times in 100 ms`);
    await poller.close();
  });
}

it("many chats that fail at the same time are no reason for a warning", async () => {
  const warnings: string[] = [];
  const note = (warning: Error) => void warnings.push(warning.message);
  process.on("warning", note);
  try {
    const { options } = botApiThat(Array.from({ length: 30 }, (_, i) => inChat(i, i + 1)), []);
    const poller = await poll(() => Promise.reject(new Error("on purpose")), {
      ...options,
      onError: () => {},
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await poller.close();
    assert.deepEqual(warnings, []);
  } finally {
    process.off("warning", note);
  }
});

for (const [what, answer] of [["that is not an array", null], ["without a single id", [null]]] as const) {
  it(`an answer ${what} is no reason to ask again at once`, async () => {
    const { offsets, options } = botApiThat(answer);
    const poller = await poll(() => {}, options);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(offsets.length, 1);
    await poller.close();
  });
}

it("a lane function that throws is reported, and the update is handled when it works again", {
  timeout: 8_000,
}, async () => {
  const { options } = botApiThat([message(1), message(2)], []);
  const log = new Log();
  const errors: unknown[] = [];
  const poller = await poll((update) => log.add(word(update)), {
    ...options,
    lane: ({ update_id }) => update_id === 1 && errors.length === 0 ? assert.fail("no lane") : null,
    onError: (error) => void errors.push(error),
  });
  await log.has(2);
  await poller.close();
  assert.deepEqual([log.words, errors.length], [["2", "1"], 1]);
});

it("a signal stops it while the Bot API does not answer", async () => {
  const fetch: BotApiFetch = (_, { signal }) =>
    new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
  const stop = new AbortController();
  const polling = poll(() => {}, { token: "1:AAexample", fetch, signal: stop.signal });
  stop.abort(new Error("enough"));
  await assert.rejects(polling, { message: "enough" });
});

it("a process that has stopped polling does not wait for the next attempt", async () => {
  const { options } = botApiThat([message(1)], []);
  let fail = () => {};
  const failed = new Promise<void>((resolve) => fail = resolve);
  const poller = await poll(() => assert.fail("busy"), { ...options, onError: () => fail() });
  await failed;
  await poller.close();
  const { process } = globalThis as { process?: { getActiveResourcesInfo?(): readonly string[] } };
  if ("Deno" in globalThis || "Bun" in globalThis) return; // which do not tell
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(process?.getActiveResourcesInfo?.().filter((each) => each === "Timeout"), []);
});

const ON_THE_WAY =
  "an album is handed over once although the bot goes from a webhook to polling and back in its middle";
it(ON_THE_WAY, { skip: !hasSqlite && "no node:sqlite here" }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "telehook-poll-"));
  try {
    await using telegram = await startTestBotApi();
    const log = new Log();
    const receiver = (update: ReceivedUpdate): void => log.add(word(update));
    const path = join(folder, "bot.sqlite");
    const options = { mediaGroups: { quietMs: 1_500 } };
    const api = botApi(telegram.token, { apiRoot: telegram.apiRoot }); // waits where Telegram takes one webhook a second
    const register = (url: string) => api.setWebhook({ url });
    const serve = () =>
      listen(receiver, {
        ...options,
        ...{ secretToken: null, hostname: "127.0.0.1", port: 0, store: sqliteStore(path) },
      });
    const first = await serve();
    await register(first.url);
    await telegram.deliver(part(1, "7"));
    await first.close();
    const poller = await poll(receiver, {
      ...options,
      ...{ token: telegram.token, apiRoot: telegram.apiRoot, takeOver: "delete", timeoutS: 1 },
      store: sqliteStore(path),
    });
    void telegram.deliver(part(2, "7"));
    while (telegram.pending > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await poller.close();
    const second = await serve();
    await register(second.url);
    await telegram.deliver(part(3, "7"));
    await telegram.deliver(message(4));
    await log.has(2);
    await second.close();
    assert.deepEqual(log.words, ["[1 2 3]", "4"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
