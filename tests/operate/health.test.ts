import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Update, webhook, type WebhookOptions } from "../../mod.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";
import { ADAPTERS, scene } from "../serve/adapters.ts";

const SECRET = "a-long-random-secret";

function message(id: number, chat = 42): Update {
  return {
    update_id: id,
    message: { message_id: id, date: 0, chat: { id: chat, type: "private" }, text: "Hi" },
  };
}

function post(update: object, path = "/hook"): Request {
  return new Request(`https://bot.example${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-telegram-bot-api-secret-token": SECRET },
    body: JSON.stringify(update),
  });
}

const probe = () => new Request("https://bot.example/healthz");

function hookWith(receiver: () => unknown, options: Partial<WebhookOptions> = {}) {
  const hook = webhook(async () => void await receiver(), {
    ...{ secretToken: SECRET, path: "/hook", health: "/healthz", onError: () => {}, log: false as const },
    ...options,
  });
  const status = async () => {
    const response = await hook(probe());
    const found = await response.json();
    assert.equal(found.status, hook.health().status);
    assert.equal(response.status, found.status === "ok" ? 200 : 503);
    return found.status;
  };
  return { hook, status };
}

describe("health", () => {
  it("is ok, as JSON that reveals nothing, without a secret", async () => {
    const { hook } = hookWith(() => {});
    const response = await hook(probe());
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "application/json");
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal(await response.text(), '{"status":"ok","running":0,"unanswered":0,"stored":0}\n');
    const head = await hook(new Request(probe(), { method: "HEAD" }));
    assert.deepEqual([head.status, await head.text()], [200, ""]);
    assert.equal(hook.stats().refused, 0);
    await hook.close();
  });

  it("is not there unless it is asked for, and does not answer deliveries", async () => {
    const without = webhook(() => {}, { secretToken: SECRET, log: false });
    assert.equal((await without(probe())).status, 405);
    const { hook } = hookWith(() => {});
    assert.equal((await hook(post(message(1), "/healthz"))).status, 404);
    assert.equal((await hook(new Request("https://bot.example/healthz/x"))).status, 405);
    await Promise.all([without.close(), hook.close()]);
  });

  it("fails from the first moment of closing", async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => open = resolve);
    const { hook, status } = hookWith(() => gate);
    const answer = hook(post(message(1)));
    await new Promise((resolve) => setTimeout(resolve));
    assert.deepEqual([await status(), hook.health().running], ["ok", 1]);
    const closed = hook.close();
    assert.equal(await status(), "closing");
    open();
    assert.equal((await answer).status, 200);
    await closed;
  });

  it("fails while as many updates are pending as may be", async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => open = resolve);
    const { hook, status } = hookWith(() => gate, { maxPending: 1 });
    const answer = hook(post(message(1)));
    await new Promise((resolve) => setTimeout(resolve));
    assert.equal(await status(), "overloaded");
    open();
    await answer;
    assert.equal(await status(), "ok");
    await hook.close();
  });

  it("fails in an outage, until something succeeds", async () => {
    let isAway = true;
    const { hook, status } = hookWith(() => {
      if (isAway) throw new Error("The database is away");
    });
    for (const chat of [1, 2]) assert.equal((await hook(post(message(chat, chat)))).status, 500);
    assert.equal(await status(), "ok");
    await hook(post(message(3, 3)));
    assert.equal(await status(), "outage");
    isAway = false;
    await new Promise((resolve) => setTimeout(resolve, 1_050)); // the first pause of an outage
    assert.equal((await hook(post(message(4, 4)))).status, 200);
    assert.equal(await status(), "ok");
    await hook.close();
  });

  it("fails while the store does, until it works", async () => {
    let isFull = true;
    class FullStore extends MemoryStore {
      override add(...args: Parameters<MemoryStore["add"]>): ReturnType<MemoryStore["add"]> {
        if (isFull) throw new Error("The disk is full");
        return super.add(...args);
      }
    }
    const { hook, status } = hookWith(() => {}, { store: new FullStore(), acknowledge: "received" });
    assert.equal((await hook(post(message(1)))).status, 500);
    assert.equal(await status(), "storeFailing");
    isFull = false;
    assert.equal((await hook(post(message(1)))).status, 200);
    assert.equal(await status(), "ok");
    await hook.close();
  });

  it("counts a failure of the store for 30 seconds: a process that gets no updates could not show that it works", async (t) => {
    class FullStore extends MemoryStore {
      override add(): never {
        throw new Error("The disk is full");
      }
    }
    const { hook, status } = hookWith(() => {}, { store: new FullStore(), acknowledge: "received" });
    await hook(post(message(1)));
    const now = performance.now();
    let passed = 29_000;
    t.mock.method(performance, "now", () => now + passed);
    assert.equal(await status(), "storeFailing");
    passed = 31_000;
    assert.equal(await status(), "ok");
    t.mock.restoreAll();
    await hook.close();
  });

  it("needs a separate path", () => {
    const make = (options: object) => () => webhook(() => {}, { secretToken: null, ...options });
    assert.throws(make({ health: "healthz" }), { code: "ERR_PATH" });
    assert.throws(make({ health: "/x", metrics: "/x" }), {
      code: "ERR_OPTION",
      message: '"health" and "metrics" need a path each, not both "/x"',
    });
  });
});

for (const adapter of ADAPTERS) {
  describe(`health by ${adapter.name}`, () => {
    it("answers GET, and deliveries as before", async (t) => {
      const { server } = await scene(t, adapter, () => {}, {
        health: "/healthz",
        metrics: "/metrics",
        log: false,
      });
      const response = await fetch(`http://127.0.0.1:${server.port}/healthz`);
      assert.deepEqual([response.status, (await response.json()).status], [200, "ok"]);
      const metrics = await fetch(`http://127.0.0.1:${server.port}/metrics`);
      assert.match(await metrics.text(), /^telehook_healthy 1$/m);
      assert.equal((await fetch(`http://127.0.0.1:${server.port}/`)).status, 405);
      await server.close();
    });
  });
}
