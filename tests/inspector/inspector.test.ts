import assert from "node:assert/strict";
import { request } from "node:http";
import { describe, it, type TestContext } from "node:test";
import {
  botHost,
  listen,
  poll,
  type Receiver,
  type Update,
  updateHandlers,
  webhook,
  type WebhookOptions,
} from "../../mod.ts";
import { Events } from "../../src/events/events.ts";
import { inspect } from "../../src/inspector/inspect.ts";
import type { Inspection } from "../../src/inspector/inspection.ts";
import { startInspectorServer } from "../../src/inspector/inspector_server.ts";
import { Journal } from "../../src/inspector/journal.ts";
import type { Changes, DeliveryDetail, DeliveryRow, ParkedRow } from "../../src/inspector/protocol.ts";
import { startTestBotApi } from "../../src/testing/mod.ts";
import { RawConnection } from "../serve/raw_connection.ts";

const SECRET = "a-long-random-secret";
const anna = { id: 7, is_bot: false, first_name: "Anna" };

function message(id: number, rest: object = {}, chat = 42): Update {
  return {
    update_id: id,
    message: {
      message_id: id,
      date: 0,
      from: anna,
      chat: { id: chat, type: "private", first_name: "Anna" },
      ...rest,
    },
  };
}

/** A webhook with an inspector, as its page sees it. */
async function inspected(t: TestContext, receiver: Receiver, options: Partial<WebhookOptions> = {}) {
  const hook = webhook(receiver, { secretToken: SECRET, onError: () => {}, log: false, ...options });
  const inspector = await inspect(hook, { url: "http://127.0.0.1:8080/hook" });
  t.after(async () => {
    await inspector.close();
    await hook.close({ timeoutMs: 0 });
  });
  const post = async (update: object, secret = SECRET) => {
    const headers = { "content-type": "application/json", "x-telegram-bot-api-secret-token": secret };
    return await hook(
      new Request("https://bot.example/hook", { method: "POST", headers, body: JSON.stringify(update) }),
      { remoteAddr: { hostname: "192.0.2.1" } },
    );
  };
  const { origin } = new URL(inspector.url);
  const ask = async (path: string, body?: object) => {
    const response = await fetch(inspector.url + path, {
      ...body !== undefined && { method: "POST", body: JSON.stringify(body) },
      headers: { origin },
    });
    if (!response.ok) throw new Error(await response.text());
    return await response.json();
  };
  return { hook, inspector, post, ask, page: await stream(t, inspector.url) };
}

/** Reads the stream of changes, and keeps what it says. */
async function stream(t: TestContext, url: string) {
  const abort = new AbortController();
  t.after(() => abort.abort());
  const response = await fetch(`${url}changes`, { signal: abort.signal });
  const rows = new Map<number, DeliveryRow>();
  const removed: number[] = [];
  const refusals = new Map<number, Changes["refusals"][number]>();
  let sendUrl: string | undefined;
  let changed = () => {};
  const body = response.body?.pipeThrough(new TextDecoderStream());
  void (async () => {
    let text = "";
    for await (const chunk of body ?? []) {
      text += chunk;
      for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
        const [, data] = /^data: (.*)$/.exec(text.slice(0, end)) ?? [];
        text = text.slice(end + 2);
        if (data === undefined) continue;
        const changes: Changes = JSON.parse(data);
        if (changes.isFirst) sendUrl = changes.url;
        for (const row of changes.rows) rows.set(row.number, row);
        for (const number of changes.removed) rows.delete(number);
        removed.push(...changes.removed);
        for (const each of changes.refusals) refusals.set(each.number, each);
        changed();
      }
    }
  })().catch(() => {});
  return {
    rows,
    /** The numbers of all rows that were taken away. */
    removed,
    refusals,
    sendUrl: () => sendUrl,
    /** Resolves with the first row that is as wanted. */
    async row(isWanted: (row: DeliveryRow) => boolean): Promise<DeliveryRow> {
      for (;;) {
        const found = [...rows.values()].find(isWanted);
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => changed = resolve);
      }
    },
    async refusal(count: number) {
      while (refusals.size < count) await new Promise<void>((resolve) => changed = resolve);
      return [...refusals.values()];
    },
  };
}

describe("a page that does not read", () => {
  it(
    "is sent everything again when it reads again, and not all that changed meanwhile",
    { timeout: 5_000 },
    async (t) => {
      let change = (_: object) => {};
      let subscriptions = 0;
      const changes = (rest: object) => ({ rows: [], removed: [], refusals: [], ...rest });
      const inspection = {
        subscribe(subscriber: (changes: object) => void) {
          change = subscriber;
          subscriber(changes({ isFirst: ++subscriptions }));
          return () => {};
        },
      };
      const server = await startInspectorServer(inspection as unknown as Inspection, 0);
      t.after(() => server.close());
      const { port, pathname, host } = new URL(server.url);
      const page = await RawConnection.open(Number(port));
      t.after(() => page.destroy());
      page.send(`GET ${pathname}changes HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      while (!page.received.includes('"isFirst":1')) await new Promise((resolve) => setTimeout(resolve, 1));
      page.socket.pause();
      page.socket.removeAllListeners("data");
      for (let i = 0; i < 40; i++) {
        change(changes({ text: "x".repeat(2 ** 20) }));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      let received = 0;
      const again = new Promise<void>((resolve) => {
        let end = ""; // other changes may follow
        page.socket.on("data", (chunk: Uint8Array) => {
          received += chunk.length;
          const text = end + new TextDecoder().decode(chunk);
          if (text.includes('"isFirst":2')) resolve();
          end = text.slice(-20);
        });
      });
      page.socket.resume();
      await again;
      assert.ok(received < 20 * 2 ** 20, String(received));
    },
  );
});

describe("the journal", () => {
  it("shows the next part of a media group that it has forgotten while that collected", () => {
    const events = new Events(undefined, false);
    const journal = new Journal(events, 1, () => {});
    const rows = () => journal.all().rows.map(({ updateId, state }) => [updateId, state]);
    const arrives = (update: Update, isPart: boolean) => {
      events.received(update, 42, undefined);
      if (isPart) events.acknowledgedEarly(update, "part");
    };
    arrives(message(1, { media_group_id: "7" }), true);
    arrives(message(2), false);
    assert.deepEqual(rows(), [[2, "waiting"]]);
    arrives(message(3, { media_group_id: "7" }), true);
    assert.deepEqual(rows(), [[3, "collecting"]]);
    assert.equal(journal.numberOf(1), undefined);
  });

  it("keeps the latest attempts of a delivery that is handled again and again", () => {
    const events = new Events(undefined, false);
    const journal = new Journal(events, 10, () => {});
    events.received(message(1), 42, undefined);
    for (let attempt = 1; attempt <= 1_000; attempt++) events.postponed(message(1), attempt, 0, 1_000);
    const numbers = journal.get(1)?.attempts.map(({ number }) => number) ?? [];
    assert.deepEqual([numbers.length, numbers.at(-1)], [100, 1_000]);
  });
});

describe("the inspector", () => {
  it("shows a delivery whose reply is no JSON", async (t) => {
    const { post, ask, page } = await inspected(t, () => ({ method: "sendMessage", chat_id: 42n }));
    await post(message(1));
    const { number } = await page.row(({ state }) => state === "done");
    const { reply }: DeliveryDetail = await ask(`delivery/${number}`);
    assert.match(JSON.stringify(reply), /It cannot be written as JSON/);
  });

  it("shows a delivery whose handler has put something into its update that is no JSON", async (t) => {
    const { post, ask, page } = await inspected(
      t,
      (update) => void Object.assign(update, { context: update }),
    );
    await post(message(1));
    const { number } = await page.row(({ state }) => state === "done");
    const { updates }: DeliveryDetail = await ask(`delivery/${number}`);
    assert.match(JSON.stringify(updates), /It cannot be written as JSON/);
  });

  it("shows a delivery, its answer, its reply and its headers, but no secret", async (t) => {
    const { post, ask, page } = await inspected(
      t,
      () => ({ method: "sendMessage", chat_id: 42, text: "Hello" }),
    );
    await post(message(1, { text: "/start" }));
    const row = await page.row(({ state }) => state === "done");
    assert.deepEqual([row.kind, row.what, row.chat, row.sender, row.lane, row.answer], [
      ...["message", "Anna: /start", "Anna", "Anna", "42", "200 sendMessage"],
    ]);
    assert.ok(row.durationMs !== undefined && row.durationMs >= 0);
    const detail: DeliveryDetail = await ask(`delivery/${row.number}`);
    assert.deepEqual(detail.updates, [message(1, { text: "/start" })]);
    assert.deepEqual(detail.reply, { method: "sendMessage", chat_id: 42, text: "Hello" });
    assert.equal(detail.headers?.["x-telegram-bot-api-secret-token"], "<secret>");
    assert.equal(detail.headers?.["content-type"], "application/json");
    assert.ok(!JSON.stringify(detail).includes(SECRET));
  });

  it("shows what runs, what waits behind it, and when there is a retry", async (t) => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => open = resolve);
    let isFirst = true;
    const { post, page } = await inspected(t, async (update) => {
      await gate;
      if (update.update_id === 2 && isFirst) {
        isFirst = false;
        throw new Error("Not yet");
      }
    }, { acknowledge: "received" });
    for (const id of [1, 2]) await post(message(id));
    const running = await page.row(({ state }) => state === "running");
    const waiting = await page.row(({ state, updateId }) => state === "waiting" && updateId === 2);
    assert.deepEqual([running.updateId, waiting.lane], [1, running.lane]);
    open();
    const retrying = await page.row(({ state }) => state === "retrying");
    assert.ok(retrying.until !== undefined && retrying.until > Date.now() - 1_000);
    const done = await page.row(({ state, updateId }) => updateId === 2 && state === "done");
    assert.equal(done.attempts, 2);
  });

  it("shows a media group as one row, with its parts and why it is complete", async (t) => {
    const { post, page } = await inspected(
      t,
      updateHandlers({ message_media_group: () => {}, message: () => {} }),
    );
    for (const id of [1, 2, 3]) await post(message(id, { media_group_id: "9", photo: [] }));
    await page.row(({ state, parts }) => state === "collecting" && parts.length === 3);
    await post(message(4, { text: "Done" }));
    const group = await page.row(({ kind, state }) => kind === "message_media_group" && state === "done");
    assert.deepEqual(group.parts.map(({ updateId, what }) => [updateId, what]), [
      [1, "Anna: photo"],
      [2, "Anna: photo"],
      [3, "Anna: photo"],
    ]);
    assert.match(group.complete, /^the next update of its chat came, after \d+ ms$/);
    assert.equal(
      (await page.row(({ updateId, state }) => updateId === 4 && state === "done")).parts.length,
      0,
    );
    assert.equal(page.rows.size, 2);
  });

  it("shows refusals, those of one kind together", async (t) => {
    const { post, page } = await inspected(t, () => {});
    await post(message(1), "wrong");
    await post(message(1), "wrong");
    await post({});
    const [wrong, empty] = await page.refusal(2);
    assert.deepEqual([wrong?.status, wrong?.count, wrong?.address, wrong?.path], [
      401,
      2,
      "192.0.2.1",
      "/hook",
    ]);
    assert.match(empty?.reason ?? "", /not an Update/);
    assert.equal(page.rows.size, 0);
  });

  it("replays a delivery, edited or not, and a media group as a new one", async (t) => {
    const seen: string[] = [];
    const { post, page, ask } = await inspected(
      t,
      updateHandlers({
        message: ({ message: { text = "" } }) => void seen.push(text),
        message_media_group: ({ message_media_group: { messages, late } }) =>
          void seen.push(`${messages.length} ${late}`),
      }),
      { mediaGroups: { quietMs: 10 } },
    );
    await post(message(1, { text: "one" }));
    const { number } = await page.row(({ state }) => state === "done");
    await ask("replay", { number });
    await page.row(({ replayOf, state }) => replayOf === number && state === "done");
    await ask("replay", { number, updates: [message(1, { text: "two" })] });
    await page.row(({ what, state }) => what.endsWith("two") && state === "done");
    for (const id of [5, 6]) await post(message(id, { media_group_id: "9", photo: [] }));
    const group = await page.row(({ parts, state }) => parts.length === 2 && state === "done");
    await ask("replay", { number: group.number });
    await page.row(({ parts, state, replayOf }) =>
      parts.length === 2 && state === "done" && replayOf === group.number
    );
    assert.deepEqual(seen, ["one", "one", "two", "2 false", "2 false"]);
    await assert.rejects(ask("replay", { number, updates: [{ text: "three" }] }), /This is not an update/);
    await assert.rejects(ask("replay", { number: 999 }), /There is no delivery #999/);
  });

  it("sends the reply to a replayed delivery through the Bot API", async (t) => {
    const sent: object[] = [];
    const reply = { method: "sendMessage", chat_id: 42, text: "Hello" };
    const replies = {
      call: (method: string, params: object) => Promise.resolve(sent.push({ method, ...params })),
    };
    const { post, ask, page } = await inspected(t, () => reply, { replies });
    await post(message(1));
    const { number } = await page.row(({ state }) => state === "done");
    assert.deepEqual(sent, []); // it was in the answer
    await ask("replay", { number });
    const replay = await page.row(({ replayOf, state }) => replayOf === number && state === "done");
    const { replySent }: DeliveryDetail = await ask(`delivery/${replay.number}`);
    assert.deepEqual([sent, replySent], [[reply], "through the Bot API"]);
  });

  it("shows what is parked, and replays or discards it", async (t) => {
    let isBroken = true;
    const { hook, post, page, ask } = await inspected(t, () => {
      if (isBroken) throw new Error("No such item");
    }, { maxAttempts: 1 });
    for (const id of [1, 2]) await post(message(id, { text: `item ${id}` }, id));
    const parked = await page.row(({ state, updateId }) => state === "parked" && updateId === 1);
    await page.row(({ state, updateId }) => state === "parked" && updateId === 2);
    const rows: ParkedRow[] = await ask("parked");
    assert.deepEqual(rows.map(({ id, what, error }) => [id, what, error]), [
      [1, "Anna: item 1", "Error: No such item"],
      [2, "Anna: item 2", "Error: No such item"],
    ]);
    assert.equal(parked.error, "Error: No such item");
    const detail: DeliveryDetail = await ask(`delivery/${parked.number}`);
    assert.match(detail.attempts[0]?.error ?? "", /^Error: No such item\n/);
    isBroken = false;
    await ask("replay", { number: parked.number });
    await page.row(({ number, state }) => number === parked.number && state === "done");
    await ask("discard", { id: 2 });
    await page.row(({ state }) => state === "discarded");
    assert.deepEqual(await ask("parked"), []);
    assert.equal(hook.stats().handled, 1);
  });

  it("takes a server, whose address it shows, and one bot of a host", async (t) => {
    const server = await listen(() => {}, {
      secretToken: null,
      hostname: "127.0.0.1",
      port: 0,
      path: "/hook",
    });
    const inspector = await inspect(server);
    t.after(() => Promise.all([inspector.close(), server.close()]));
    const page = await stream(t, inspector.url);
    await server.webhook.receive(message(1));
    const { number } = await page.row(({ state }) => state === "done");
    const { url }: DeliveryDetail = await (await fetch(`${inspector.url}delivery/${number}`)).json();
    assert.equal(url, server.url);
    assert.equal(page.sendUrl(), server.url);
    const host = botHost(() => {}, { find: () => undefined });
    await assert.rejects(inspect(host as never), /inspect\(host\.get\(id\)\)$/);
    await host.close();
  });

  it("shows what is polled, and replays it", async (t) => {
    const telegram = await startTestBotApi();
    let isBroken = true;
    const poller = await poll(
      updateHandlers({
        message({ message: { chat, text } }) {
          if (text === "/fail" && isBroken) throw new Error("It is broken");
          return { method: "sendMessage", chat_id: chat.id, text: `You said: ${text}` };
        },
      }),
      { token: telegram.token, apiRoot: telegram.apiRoot, maxAttempts: 1, onError: () => {} },
    );
    const inspector = await inspect(poller);
    t.after(async () => {
      await Promise.all([inspector.close(), poller.close()]);
      await telegram.close();
    });
    const page = await stream(t, inspector.url);
    const ask = async (path: string, body?: object) => {
      const response = await fetch(inspector.url + path, {
        ...body !== undefined && { method: "POST", body: JSON.stringify(body) },
        headers: { origin: new URL(inspector.url).origin },
      });
      return await response.json();
    };
    const eve = telegram.user({ first_name: "Eve" });
    void eve.sends("Hello");
    const hello = await page.row(({ what, state }) => what === "Eve: Hello" && state === "done");
    await telegram.nextCall("sendMessage");
    const detail: DeliveryDetail = await ask(`delivery/${hello.number}`);
    assert.deepEqual([detail.url, detail.headers, detail.replySent], [
      ...[undefined, undefined, "through the Bot API"],
    ]);
    void eve.sends("/fail");
    const failed = await page.row(({ what, state }) => what === "Eve: /fail" && state === "parked");
    assert.equal(failed.error, "Error: It is broken");
    const parked: ParkedRow[] = await ask("parked");
    assert.deepEqual(parked.map(({ number }) => number), [failed.number]);
    isBroken = false;
    await ask("replay", { number: failed.number });
    await page.row(({ number, state }) => number === failed.number && state === "done");
    assert.equal((await telegram.nextCall("sendMessage")).params.text, "You said: /fail");
    await ask("replay", { number: hello.number });
    await page.row(({ replayOf, state }) => replayOf === hello.number && state === "done");
    assert.equal((await telegram.nextCall("sendMessage")).params.text, "You said: Hello");
    const { findings } = await ask("telegram");
    assert.deepEqual(
      findings.map(({ severity, text }: { severity: string; text: string }) => [severity, text]),
      [
        ["good", "No webhook is set, as it must be for polling. 0 updates are pending"],
      ],
    );
  });

  it("keeps the latest deliveries, and begins with what it has", async (t) => {
    const { hook, inspector, page } = await inspected(t, () => {});
    const other = await inspect(hook, { keep: 3 });
    t.after(() => other.close());
    for (let id = 1; id <= 5; id++) await hook.receive(message(id));
    await page.row(({ updateId }) => updateId === 5);
    const late = await stream(t, inspector.url);
    await late.row(({ updateId }) => updateId === 5);
    assert.equal(late.rows.size, 5);
    const few = await stream(t, other.url);
    await few.row(({ updateId }) => updateId === 5);
    assert.deepEqual([...few.rows.values()].map(({ updateId }) => updateId), [3, 4, 5]);
  });

  it("does not collect what nobody watches", async (t) => {
    const { hook } = await inspected(t, () => {});
    const unwatched = await inspect(hook, { keep: 1 });
    t.after(() => unwatched.close());
    for (let id = 1; id <= 100; id++) await hook.receive(message(id));
    const page = await stream(t, unwatched.url);
    await page.row(({ updateId }) => updateId === 100);
    await hook.receive(message(101));
    await page.row(({ updateId }) => updateId === 101);
    assert.deepEqual(page.removed, [100]);
  });

  it("says what Telegram says, in words", async (t) => {
    const hook = webhook(() => {}, { secretToken: null });
    const info = {
      ...{ url: "https://bot.example/hook", has_custom_certificate: false, pending_update_count: 3 },
      ...{ last_error_date: Math.floor(Date.now() / 1_000), last_error_message: "Connection refused" },
    };
    const api = { getWebhookInfo: () => Promise.resolve(info) } as never;
    const inspector = await inspect(hook, { api });
    t.after(() => Promise.all([inspector.close(), hook.close()]));
    const { findings } = await (await fetch(`${inspector.url}telegram`)).json();
    assert.equal(findings[0].severity, "problem");
    assert.match(findings[0].text, /^The last failed delivery was just now/);
  });

  it("answers only who knows the token, from its own page and by its own name", async (t) => {
    const { inspector, hook } = await inspected(t, () => {});
    const url = new URL(inspector.url);
    const status = (path: string, headers: Record<string, string> = {}, method = "GET") =>
      new Promise<number | undefined>((resolve, reject) => {
        const asked = request({ host: url.hostname, port: url.port, path, method, headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        asked.on("error", reject);
        asked.end(method === "POST" ? '{"number":1}' : undefined);
      });
    const { pathname, host, origin } = url;
    assert.equal(await status(pathname), 200);
    assert.equal(await status(pathname, { host: `localhost:${url.port}` }), 200);
    assert.equal(await status("/"), 404);
    assert.equal(await status(`${pathname.slice(0, -2)}x/`), 404);
    assert.equal(await status(pathname, { host: "rebound.example" }), 403);
    assert.equal(await status(pathname, { host, origin: "https://evil.example" }), 403);
    assert.equal(await status(`${pathname}replay`, { host }, "POST"), 403); // a form of another page has an origin, too
    assert.equal(await status(`${pathname}replay`, { host, origin: "null" }, "POST"), 403);
    assert.equal(await status(`${pathname}replay`, { host, origin }, "POST"), 400); // there is no such delivery
    assert.equal(await status(`${pathname}discard`, { host, origin }, "POST"), 400); // it names no update
    assert.equal(hook.stats().handled, 0);
    const page = await fetch(inspector.url);
    assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'/);
    assert.doesNotMatch(await page.text(), /https?:/);
  });

  it("ends, and the webhook goes on", async () => {
    const hook = webhook(() => {}, { secretToken: null });
    const inspector = await inspect(hook);
    const { body } = await fetch(`${inspector.url}changes`);
    await inspector.close();
    await body?.cancel().catch(() => {});
    await assert.rejects(fetch(inspector.url));
    await hook.receive(message(1));
    assert.equal(hook.stats().handled, 1);
    await hook.close();
    for (const wrong of [() => {}, {}, undefined, null]) {
      await assert.rejects(
        inspect(wrong as never),
        /^TelehookError: inspect takes what listen, webhook or poll/,
      );
    }
    await assert.rejects(inspect(Promise.resolve(hook) as never), / returned, not a promise: await it$/);
    await assert.rejects(
      inspect(hook, { prot: 1 } as never),
      /inspect has no option "prot". Did you mean "port"\?/,
    );
  });
});
