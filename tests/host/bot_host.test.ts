import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import {
  type BotHost,
  botHost,
  deriveSecretToken,
  type HostedBot,
  listen,
  prometheusText,
  webhook,
} from "../../mod.ts";
import { SeenUpdates } from "../../src/runner/seen_updates.ts";
import { serve, toNodeListener } from "../../src/serve/node.ts";
import { REMEMBERED_UPDATES } from "../../src/store/limits.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";
import { countTurns } from "../count_turns.ts";
import { gate, Log, message } from "../inbox/bot.ts";
import { Clock } from "../inbox/clock.ts";
import { requestSignals } from "../workers.ts";
import { it as scopedIt } from "../scoped_it.ts";

const ONE = "1001:AAone";
const TWO = "1002:AAtwo";

async function deliver(
  host: (request: Request) => Promise<Response>,
  token: string,
  update: object,
  path = `/${token.split(":")[0]}`,
): Promise<Response> {
  return await host(
    new Request(`http://bots.example${path}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-telegram-bot-api-secret-token": await deriveSecretToken(token),
      },
      body: JSON.stringify(update),
    }),
  );
}

/** A Bot API that notes what it is asked. */
function fakeApi(): {
  fetch: (url: string | URL | Request, init?: RequestInit) => Promise<Response>;
  calls: string[];
  at: number[];
} {
  const calls: string[] = [];
  const at: number[] = [];
  return {
    calls,
    at,
    fetch(url, init) {
      at.push(performance.now());
      calls.push(`${String(url).split("/").at(-1)} ${init?.body}`);
      return Promise.resolve(Response.json({ ok: true, result: true }));
    },
  };
}

describe("botHost", () => {
  it("of node:http notices that a sender has gone in the middle of its body while the bot was looked up", async () => {
    const [asked, found, gone] = [gate(), gate(), gate()];
    const refused: unknown[] = [];
    const host = botHost(() => {}, {
      async find() {
        asked.open();
        await found.opened;
        return ONE;
      },
      log: false,
      onEvent: (event) => event.type === "refused" && refused.push(event.status),
    });
    const listener = toNodeListener(host);
    const answered = gate();
    const server = createServer((request, response) => {
      request.on("close", gone.open);
      void listener(request, response).then(answered.open);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const sender = connect(port, "127.0.0.1");
    sender.write(
      "POST /1001 HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n" +
        `X-Telegram-Bot-Api-Secret-Token: ${await deriveSecretToken(ONE)}\r\n\r\n{`,
    );
    await asked.opened;
    sender.destroy();
    await gone.opened;
    found.open();
    await answered.opened;
    assert.deepEqual(refused, [400]);
    await host.close();
    server.close();
  });

  it("gives each bot its updates, by its path and its secret, and the same update_id is another's", async () => {
    const log = new Log();
    const host = botHost((update, { bot }) => log.add(`${bot?.id} ${update.update_id}`), {});
    assert.deepEqual([await host.add(ONE), await host.add(TWO)], [1001, 1002]);
    assert.equal((await deliver(host, ONE, message(1))).status, 200);
    assert.equal((await deliver(host, TWO, message(1))).status, 200);
    assert.equal((await deliver(host, ONE, message(2), "/1002")).status, 401);
    assert.deepEqual(log.words, ["1001 1", "1002 1"]);
    assert.deepEqual(host.ids, [1001, 1002]);
    await host.close();
  });

  it("answers 404 on every other path, with a prefix too", async () => {
    const host = botHost(() => {}, { pathPrefix: "/bots" });
    await host.add(ONE);
    for (
      const path of [
        "/",
        "/1001",
        "/bots",
        "/bots/",
        "/bots/1003",
        "/bots/1001x",
        "/bots/-1",
        "/bots/1001/x",
        `/bots/${"9".repeat(400)}`,
      ]
    ) {
      assert.equal((await deliver(host, ONE, message(1), path)).status, 404, path);
    }
    assert.equal((await deliver(host, ONE, message(1), "/bots/1001?x=1")).status, 200);
    await host.close();
  });

  it("looks up bots that were not added, once at a time, and unknown ids once a minute", async () => {
    const asked: number[] = [];
    const host = botHost(() => {}, {
      find: async (id) => {
        asked.push(id);
        await Promise.resolve();
        return id === 1001 ? ONE : id === 1003 ? null : undefined;
      },
    });
    const answers = await Promise.all([1, 2, 3].map((id) => deliver(host, ONE, message(id))));
    assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200]);
    for (const _ of [1, 2, 3]) assert.equal((await deliver(host, TWO, message(1))).status, 404);
    assert.equal((await deliver(host, "1003:AAthree", message(1))).status, 404);
    assert.deepEqual(asked, [1001, 1002, 1003]);
    await host.add(TWO);
    assert.equal((await deliver(host, TWO, message(1))).status, 200);
    await host.close();
  });

  it("answers 503 while bots cannot be looked up", async (t) => {
    t.mock.method(console, "error", () => {});
    const host = botHost(() => {}, { find: () => Promise.reject(new Error("database is away")) });
    const { status, headers } = await deliver(host, ONE, message(1));
    assert.deepEqual([status, headers.get("retry-after")], [503, "1"]);
    await host.close();
  });

  it("answers 503 when it closes while a bot is looked up", async () => {
    const asked = new Log();
    const find = (id: number) => {
      asked.add(String(id));
      return new Promise<string>(() => {});
    };
    const host = botHost(() => {}, { find });
    const answers = [ONE, TWO].map((token, id) => deliver(host, token, message(id)));
    await asked.has(2);
    await host.close();
    for (const { status, headers } of await Promise.all(answers)) {
      assert.deepEqual([status, headers.get("connection")], [503, "close"]);
    }
  });

  it("keeps the request alive in which a bot is looked up, since others wait for the same", async () => {
    const opened = gate();
    const host = botHost(() => {}, { find: () => opened.opened.then(() => ONE) });
    const promises: Promise<unknown>[] = [];
    const context = { waitUntil: (promise: Promise<unknown>) => void promises.push(promise) };
    const answer = deliver((request) => host(request, {}, context), ONE, message(1));
    for (let turns = 0; turns < 1_000 && promises.length === 0; turns++) await new Promise(setImmediate);
    assert.equal(promises.length, 1);
    opened.open();
    assert.equal((await answer).status, 200);
    await Promise.all(promises);
    await host.close();
  });

  scopedIt(
    "looks a bot up again that takes too long, and others meanwhile",
    async (t) => {
      const clock = new Clock(t);
      const said: unknown[] = [];
      const { error } = console;
      console.error = (...words) => void said.push(...words);
      t.after(() => console.error = error);
      let asked = 0;
      const host = botHost(() => {}, {
        find: (id) => ++asked > 100 ? `${id}:AAone` : new Promise<string>(() => {}),
      });
      const hanging = Array.from({ length: 100 }, (_, i) => deliver(host, `${1001 + i}:AAone`, message(1)));
      while (asked < 100) await new Promise(setImmediate);
      assert.equal((await deliver(host, "5:AAone", message(1))).status, 503);
      clock.pass(21_000); // others are not refused any longer either
      assert.equal((await deliver(host, ONE, message(1))).status, 200);
      assert.equal((await deliver(host, "5:AAone", message(1))).status, 200);
      for (const { status } of await Promise.all(hanging)) assert.equal(status, 503);
      assert.match(
        said.join(),
        /"find" has not told the token of bot 1\d{3} within 20 s/,
      );
      await host.close();
    },
  );

  scopedIt("adds and removes bots in any request of Workers", async (t) => {
    const inRequest = requestSignals(t);
    const { fetch, calls } = fakeApi();
    const host = botHost(() => {}, { url: "https://bots.example", fetch });
    await inRequest("first", () => host.add(ONE));
    await inRequest("second", () => host.add(ONE));
    const hook = host.get(1001);
    await inRequest("third", () => host.add("1001:AAnew"));
    assert.equal(hook?.health().status, "closing");
    assert.equal(await inRequest("fourth", () => host.remove(1001)), true);
    assert.equal(calls.length, 3);
    await host.close();
  });

  it("registers a bot, at most once a second, with a secret and what its receiver needs", async () => {
    const { fetch, calls, at } = fakeApi();
    const host = botHost({ allowedUpdates: ["message"], receive: () => {} }, {
      url: "https://bots.example",
      fetch,
    });
    await host.add(ONE, { max_connections: 5 });
    await host.add(ONE);
    assert.equal(host.ids.length, 1);
    assert.ok((at[1] ?? 0) - (at[0] ?? 0) >= 990, "at most once a second");
    assert.match(calls[0] ?? "", /^setWebhook \{.*"max_connections":5.*\}$/);
    assert.match(calls[0] ?? "", /"url":"https:\/\/bots\.example\/1001"/);
    assert.match(calls[0] ?? "", /"allowed_updates":\["message"\]/);
    assert.ok(calls[0]?.includes(await deriveSecretToken(ONE)));
    assert.doesNotMatch(calls.join(), /AAone/);
    await host.close();
  });

  it("removes one bot when its handlers have ended, and leaves the others alone", async () => {
    const slow = gate();
    const started = gate();
    const host = botHost((_, { bot }) => {
      if (bot?.id !== 1001) return;
      started.open();
      return slow.opened;
    }, {});
    await host.add(ONE);
    await host.add(TWO);
    const answer = deliver(host, ONE, message(1));
    await started.opened;
    const removed = host.remove(1001);
    assert.equal((await deliver(host, ONE, message(2))).status, 404);
    assert.equal((await deliver(host, TWO, message(2))).status, 200);
    slow.open();
    assert.deepEqual([await removed, (await answer).status, await host.remove(1001)], [true, 200, false]);
    await host.close();
  });

  it("bounds the pending updates of each bot and of all", async () => {
    const slow = gate();
    const host = botHost(() => slow.opened, { maxPending: 1, maxPendingInAll: 3 });
    for (const token of [ONE, TWO]) await host.add(token);
    const chat = (id: number): object => message(id, { chat: { id, type: "private" } });
    const pending = [deliver(host, ONE, chat(1)), deliver(host, TWO, chat(1))];
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal((await deliver(host, ONE, chat(2))).status, 503);
    slow.open();
    assert.deepEqual((await Promise.all(pending)).map(({ status }) => status), [200, 200]);
    await host.close();
  });

  it("bounds what is pending of all, not what has come", async () => {
    let slow = Promise.resolve();
    const host = botHost(() => slow, { maxPendingInAll: 2 });
    for (const token of [ONE, TWO]) await host.add(token);
    const statuses = new Set<number>();
    for (let id = 1; id <= 20; id++) {
      statuses.add((await deliver(host, ONE, message(id))).status);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.deepEqual([...statuses], [200]);
    const { opened, open } = gate();
    slow = opened;
    const pending = [deliver(host, ONE, message(21)), deliver(host, TWO, message(1))];
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal((await deliver(host, TWO, message(2))).status, 503);
    open();
    assert.deepEqual((await Promise.all(pending)).map(({ status }) => status), [200, 200]);
    await host.close();
  });

  it("lets handlers call the Bot API as the bot that they run for", async () => {
    const { fetch, calls } = fakeApi();
    let seen: HostedBot | undefined;
    const host = botHost(async (_, { bot }) => {
      seen = bot;
      await bot?.api.call("getMe");
    }, { fetch });
    await host.add(ONE);
    await deliver(host, ONE, message(1));
    assert.deepEqual([seen?.id, calls.length], [1001, 1]);
    await host.close();
  });

  it("refuses wrong options when it is made, and bots after closing", async () => {
    for (
      const options of [{ pathPrefix: "/x/" }, { url: "no" }, { find: 1 }, { secretToken: "x" }, {
        maxPending: 0,
      }]
    ) {
      assert.throws(() => Reflect.apply(botHost, undefined, [() => {}, options]), { code: "ERR_OPTION" });
    }
    const host = botHost(() => {}, {});
    await assert.rejects(host.add("nonsense"), { code: "ERR_BOT_TOKEN" });
    await host.close();
    await assert.rejects(host.add(ONE), { code: "ERR_CLOSED" });
  });

  it("lets the event loop turn while many bots are closed", async () => {
    const spinMs = 2;
    let isSlow = false;
    const isDurable = () => {
      for (const until = performance.now() + (isSlow ? spinMs : 0); performance.now() < until;);
      return false;
    };
    const host = botHost(() => {}, {
      store: () => Object.defineProperty(new MemoryStore(), "isDurable", { get: isDurable }),
    });
    for (let id = 1001; id <= 1020; id++) await host.add(`${id}:AAone`);
    isSlow = true;
    const turns = countTurns();
    await host.close();
    assert.ok(turns.stop() >= 3);
  });

  it("closes the store of a bot that it could not add", async () => {
    let closed = 0;
    const store = Object.assign(new MemoryStore(), {
      open: () => Promise.reject(new Error("The file is locked")),
      close: () => {
        closed++;
        return [];
      },
    });
    const host = botHost(() => {}, { store: () => store });
    await assert.rejects(host.add(ONE), /The file is locked/);
    assert.deepEqual([closed, host.ids], [1, []]);
    await host.close();
  });

  it("does not register a bot whose store another call fails to open, and then opens one at a time", async () => {
    const api = fakeApi();
    const [locked, closing] = [gate(), gate()];
    const made: string[] = [];
    const host = botHost(() => {}, {
      url: "https://bots.example",
      fetch: api.fetch,
      store() {
        if (made.push("made") > 1) return new MemoryStore();
        return Object.assign(new MemoryStore(), {
          open: () => locked.opened.then(() => Promise.reject(new Error("The file is locked"))),
          close: () => closing.opened.then(() => made.push("closed")),
        });
      },
    });
    const first = assert.rejects(host.add(ONE), /The file is locked/);
    while (made.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const second = assert.rejects(host.add(ONE), /The file is locked/);
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.deepEqual(api.calls, []);
    locked.open();
    await second;
    const third = host.add(ONE);
    await new Promise((resolve) => setTimeout(resolve, 10));
    closing.open();
    await Promise.all([first, third]);
    assert.deepEqual([made, api.calls.length, host.ids], [["made", "closed", "made"], 1, [1001]]);
    await host.close();
  });

  it("registers no bot that is removed before, however long Telegram makes it wait, nor after closing", async () => {
    let calls = 0;
    const called = gate();
    const host = botHost(() => {}, {
      url: "https://bots.example",
      fetch() {
        calls++;
        called.open();
        const parameters = { retry_after: 3_600 };
        return Promise.resolve(
          Response.json({ ok: false, error_code: 429, description: "Too Many Requests", parameters }),
        );
      },
    });
    const waiting = assert.rejects(host.add(ONE), { code: "ERR_CLOSED", message: /Bot 1001 was removed/ });
    await called.opened;
    const soon = assert.rejects(host.add(ONE), { code: "ERR_CLOSED" }); // in a second
    await new Promise((resolve) => setTimeout(resolve, 5));
    await host.remove(1001);
    await Promise.all([waiting, soon]);
    const closed = assert.rejects(host.add(TWO), { code: "ERR_CLOSED", message: /The host is closed/ });
    while (calls < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    await host.close();
    await closed;
    assert.equal(calls, 2);
  });

  it("does not wait for ever for a Bot API that is silent", async (t) => {
    const timeout = AbortSignal.timeout;
    AbortSignal.timeout = (ms) => timeout.call(AbortSignal, ms / 1_000);
    t.after(() => AbortSignal.timeout = timeout);
    const silence = setTimeout(() => {}, 10_000); // as an open connection, it keeps the process running
    t.after(() => clearTimeout(silence));
    const host = botHost(() => {}, {
      url: "https://bots.example",
      fetch: (_, { signal }) =>
        new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
    });
    t.after(() => host.close());
    await assert.rejects(host.add(ONE), {
      code: "ERR_BOT_API_UNREACHABLE",
      message: /did not answer "setWebhook" within 30 s/,
    });
    assert.deepEqual(host.ids, [1001]);
  });

  it("takes a new token in place of the one before, and counts what was handled once", async (t) => {
    const [renewed, last] = ["1001:AAB_renewed", "1001:AAB_last"];
    const gates = [gate(), gate()] as const;
    const host = botHost(async () => {
      gates[0].open();
      await gates[1].opened;
    }, {});
    t.after(() => host.close());
    await prometheusText(host);
    await host.add(ONE);
    const running = deliver(host, ONE, message(1));
    await gates[0].opened;
    const adding = [host.add(renewed), host.add(renewed)];
    await new Promise((resolve) => setTimeout(resolve, 5));
    gates[1].open();
    assert.equal((await running).status, 200);
    assert.deepEqual(await Promise.all(adding), [1001, 1001]);
    assert.equal((await deliver(host, ONE, message(2))).status, 401);
    assert.equal((await deliver(host, renewed, message(2))).status, 200);
    await Promise.all([host.add(ONE), host.add("1001:AAB_other")]);
    await host.add(last);
    assert.equal((await deliver(host, last, message(3))).status, 200);
    assert.match(await prometheusText(host), /^telehook_updates_handled_total 3$/m);
  });

  it("waits for a bot that is being removed before it comes back: they would share a store", async () => {
    const slow = gate();
    const started = gate();
    const host = botHost(() => {
      started.open();
      return slow.opened;
    }, {});
    await host.add(ONE);
    const answer = deliver(host, ONE, message(1));
    await started.opened;
    const removed = host.remove(1001);
    let isBack = false;
    const added = host.add(ONE).then(() => isBack = true);
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(isBack, false);
    slow.open();
    await Promise.all([removed, added, answer]);
    assert.deepEqual(host.ids, [1001]);
    await host.close();
  });

  it("adds and removes bots under load without disturbing another", async () => {
    const log = new Log();
    const host = botHost(async (update, { bot }) => {
      await Promise.resolve();
      if (bot?.id === 1001) log.add(String(update.update_id));
    }, {});
    await host.add(ONE);
    const churn = async (): Promise<void> => {
      for (let id = 2_000; id < 2_100; id++) {
        await host.add(`${id}:AA`);
        await deliver(host, `${id}:AA`, message(1));
        await host.remove(id);
      }
    };
    const load = async (): Promise<void> => {
      for (let id = 1; id <= 200; id++) assert.equal((await deliver(host, ONE, message(id))).status, 200);
    };
    await Promise.all([load(), churn()]);
    assert.deepEqual(log.words, Array.from({ length: 200 }, (_, i) => String(i + 1)));
    assert.deepEqual(host.ids, [1001]);
    await host.close();
  });

  it("does not look up an id again and again, however many unknown ids come between", async () => {
    let asked = 0;
    const host = botHost(() => {}, {
      find: () => {
        asked++;
        return undefined;
      },
    });
    for (let id = 1; id <= 2_000; id++) {
      assert.equal((await deliver(host, ONE, message(1), `/${id}`)).status, 404);
    }
    for (let id = 1; id <= 2_000; id++) await deliver(host, ONE, message(1), `/${id}`);
    assert.equal(asked, 2_000);
    assert.deepEqual(host.ids, []);
    await host.close();
  });

  it("says what is wrong when it is mounted in the wrong place", async (t) => {
    const said = t.mock.method(console, "error", () => {});
    const host = botHost(() => {}, {});
    for (
      const wrong of [undefined, {}, { raw: {} }, {
        headers: new Headers(),
        get url() {
          throw 1;
        },
      }]
    ) {
      assert.equal((await Reflect.apply(host, undefined, [wrong])).status, 500);
    }
    assert.ok(said.mock.callCount() > 0);
    await host.close();
  });
});

/** Each way of starting a server. Resolves with its address, and how to close it. */
const SERVERS: Record<string, (host: BotHost) => Promise<{ url: string; close(): Promise<unknown> }>> = {
  "listen()": (host) => listen(host, { hostname: "127.0.0.1", port: 0 }),
  "the adapter for node:http": (host) => serve(host, { hostname: "127.0.0.1", port: 0 }),
  async "toNodeListener()"(host) {
    const server = createServer(toNodeListener(host));
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      async close() {
        await host.close();
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  },
};

for (const [name, start] of Object.entries(SERVERS)) {
  it(`botHost is served by ${name}: bots by their paths, 404 for others, and everything closes`, async () => {
    const log = new Log();
    const host = botHost((update, { bot }) => log.add(`${bot?.id} ${update.update_id}`), {
      find: async (id) => {
        await Promise.resolve();
        return id === 1002 ? TWO : undefined;
      },
    });
    await host.add(ONE);
    const server = await start(host);
    const post = async (token: string, id: number, path?: string): Promise<number> => {
      const send = async (request: Request): Promise<Response> =>
        fetch(new URL(new URL(request.url).pathname, server.url), {
          method: "POST",
          headers: request.headers,
          body: await request.text(),
        });
      const response = await deliver(send, token, message(id), path);
      await response.text();
      return response.status;
    };
    assert.deepEqual(
      [await post(ONE, 1), await post(TWO, 1), await post(TWO, 2, "/1001"), await post(ONE, 3, "/7")],
      [200, 200, 401, 404],
    );
    assert.deepEqual(log.words, ["1001 1", "1002 1"]);
    await server.close();
    await assert.rejects(host.add("1003:AAthree"), { code: "ERR_CLOSED" });
  });
}

it("listen() serves a webhook that is there already, with its path", async () => {
  const hook = webhook(() => {}, { secretToken: null, path: "/telegram" });
  const server = await listen(hook, { hostname: "127.0.0.1", port: 0 });
  assert.match(server.url, /\/telegram$/);
  assert.equal(server.webhook, hook);
  const response = await fetch(server.url, { method: "POST", body: JSON.stringify(message(1)) });
  assert.equal(response.status, 200);
  await server.close();
  await assert.rejects(Reflect.apply(listen, undefined, [hook, { secretToken: "x" }]), {
    code: "ERR_OPTION",
  });
});

describe("what is remembered of handled updates", () => {
  it("takes no memory before the first update, and is bounded", () => {
    const seen = new SeenUpdates(REMEMBERED_UPDATES);
    assert.equal(seen.has(5), false);
    for (let id = 1; id <= 2 * REMEMBERED_UPDATES; id++) seen.done(id);
    assert.equal(seen.has(REMEMBERED_UPDATES), false);
    for (let id = REMEMBERED_UPDATES + 1; id <= 2 * REMEMBERED_UPDATES; id++) assert.ok(seen.isDone(id));
  });

  it("knows every update of the last ones, wherever ids begin, while it grows", () => {
    const seen = new SeenUpdates(1_024);
    for (let id = 987_654_321; id < 987_654_321 + 1_000; id++) {
      seen.acknowledged(id);
      if (id % 2 === 0) seen.done(id);
    }
    for (let id = 987_654_321; id < 987_654_321 + 1_000; id++) {
      assert.ok(seen.has(id));
      assert.equal(seen.isDone(id), id % 2 === 0);
    }
  });
});
