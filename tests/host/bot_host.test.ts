import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { botHost, deriveSecretToken, type HostedBot } from "../../mod.ts";
import { gate, Log, message } from "../inbox/bot.ts";

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
        return id === 1001 ? ONE : undefined;
      },
    });
    const answers = await Promise.all([1, 2, 3].map((id) => deliver(host, ONE, message(id))));
    assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200]);
    for (const _ of [1, 2, 3]) assert.equal((await deliver(host, TWO, message(1))).status, 404);
    assert.deepEqual(asked, [1001, 1002]);
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
});
