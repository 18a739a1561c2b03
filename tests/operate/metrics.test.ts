import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import {
  GiveUp,
  listen,
  prometheusText,
  RetryLater,
  sqliteStore,
  type Update,
  updateHandlers,
  webhook,
} from "../../mod.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";
import { freshPath, hasSqlite } from "../store/sqlite_store_files.ts";
import { countTurns } from "../count_turns.ts";
import { samplesOf } from "./samples.ts";
import { selfSigned } from "../../src/tls/mod.ts";

function message(id: number, rest: object = {}): Update {
  return { update_id: id, message: { message_id: id, date: 0, chat: { id: 42, type: "private" }, ...rest } };
}

function post(body: object): Request {
  return new Request("https://bot.example/", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** Something of everything. */
async function busyHook() {
  const hook = webhook(
    updateHandlers({
      message({ message: { text } }) {
        if (text === "fail") throw new Error("It failed");
      },
      message_media_group() {},
    }),
    { secretToken: null, metrics: "/metrics", onError: () => {}, log: false, maxAttempts: 1 },
  );
  await hook(post(message(1)));
  await hook(post(message(1)));
  await hook(post(message(2, { text: "fail" })));
  for (let id = 3; id <= 12; id++) await hook(post(message(id, { media_group_id: "7", photo: [] })));
  await hook(post({ nothing: "here" }));
  await hook(post({ nothing: "here" }));
  while (hook.stats().mediaGroups === 0 || hook.stats().stored > 0) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return hook;
}

describe("metrics", () => {
  it("are answered 500 if a store of the user's own throws", async () => {
    const count = { get: () => assert.fail("broken") };
    const store = Object.defineProperty(new MemoryStore(), "count", count);
    const hook = webhook(() => {}, { secretToken: null, metrics: "/metrics", store, log: false });
    assert.equal((await hook(new Request("https://bot.example/metrics"))).status, 500);
  });

  it("measure every call, also one that is postponed", async () => {
    const hook = webhook(() => {
      throw new RetryLater({ afterMs: 1_000 });
    }, { secretToken: null, metrics: "/metrics" });
    const chat = { id: 1, type: "private" } as const;
    await hook.receive({ update_id: 1, message: { message_id: 1, date: 0, chat } }).catch(() => {});
    const samples = samplesOf(await prometheusText(hook));
    assert.equal(samples.get('telehook_handler_duration_seconds_count{outcome="postponed"}'), 1);
    assert.equal(samples.get("telehook_batch_updates_count"), 1);
    await hook.close();
  });

  for (const acknowledge of ["handled", "received"] as const) {
    it(`measure a call that runs when they are asked for first, from its beginning: "${acknowledge}"`, async () => {
      let end = () => {};
      const running = new Promise<void>((resolve) => end = resolve);
      const hook = webhook(() => running, { secretToken: null, acknowledge });
      const began = performance.now();
      const received = hook.receive(message(1));
      while (hook.stats().running === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      await prometheusText(hook);
      end();
      await received;
      await hook.close();
      const samples = samplesOf(await prometheusText(hook));
      assert.equal(samples.get('telehook_handler_duration_seconds_count{outcome="handled"}'), 1);
      const seconds = samples.get('telehook_handler_duration_seconds_sum{outcome="handled"}') ?? Infinity;
      assert.ok(seconds <= (performance.now() - began) / 1_000, `${seconds} s`);
    });
  }

  it("count a media group once, also if it is replayed", { skip: !hasSqlite }, async (t) => {
    let isFixed = false;
    let replayed = () => {};
    const hook = webhook(() => {
      if (!isFixed) throw new GiveUp("Not yet");
      replayed();
    }, { secretToken: null, store: sqliteStore(freshPath(t)), onError: () => {} });
    for (let id = 1; id <= 10; id++) await hook.receive(message(id, { media_group_id: "7", photo: [] }));
    while (hook.stats().parked === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    isFixed = true;
    const again = new Promise<void>((resolve) => replayed = resolve);
    assert.equal(await hook.replay(1), true);
    await again;
    await hook.close();
    assert.deepEqual([hook.stats().mediaGroups, hook.stats().handled], [1, 1]);
  });

  it("count what happened", async () => {
    const hook = await busyHook();
    const response = await hook(new Request("https://bot.example/metrics"));
    assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    const samples = samplesOf(await response.text());
    const expected: Record<string, number> = {
      telehook_updates_handled_total: 2,
      telehook_handler_failures_total: 1,
      telehook_retries_total: 0,
      telehook_updates_given_up_total: 1,
      telehook_updates_parked_total: 1,
      telehook_parked: 1,
      telehook_duplicates_total: 1,
      telehook_media_groups_total: 1,
      'telehook_deliveries_refused_total{status="400",reason="The body is not an Update: an object with update_id and one update kind"}':
        2,
      'telehook_handler_duration_seconds_count{outcome="handled"}': 2,
      'telehook_handler_duration_seconds_bucket{outcome="failed",le="+Inf"}': 1,
      'telehook_batch_updates_bucket{le="1"}': 2,
      'telehook_batch_updates_bucket{le="9"}': 2,
      'telehook_batch_updates_bucket{le="10"}': 3,
      telehook_batch_updates_sum: 12,
      telehook_lanes: 0,
      telehook_oldest_update_age_seconds: 0,
      telehook_healthy: 1,
      telehook_outage: 0,
      telehook_store_failing: 0,
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(samples.get(name), value, name);
    await hook.close();
  });

  it("tell how far behind a webhook is", async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => open = resolve);
    const hook = webhook(() => gate, { secretToken: null, acknowledge: "received" });
    for (const id of [1, 2]) await hook(post(message(id)));
    await new Promise((resolve) => setTimeout(resolve, 30));
    const samples = samplesOf(await prometheusText(hook));
    assert.equal(samples.get("telehook_handlers_running"), 1);
    assert.equal(samples.get("telehook_updates_stored"), 2);
    assert.equal(samples.get("telehook_lanes"), 1);
    assert.ok((samples.get("telehook_oldest_update_age_seconds") ?? 0) >= 0.02);
    open();
    await hook.close();
  });

  it("of several webhooks have a label", async () => {
    const hooks = new Map([1, 2].map((id) => [String(id), webhook(() => {}, { secretToken: null })]));
    await hooks.get("2")?.(post(message(1)));
    const text = await prometheusText(hooks);
    assert.equal(text.match(/^# TYPE telehook_updates_handled_total /gm)?.length, 1);
    assert.equal(samplesOf(text).get('telehook_updates_handled_total{bot="1"}'), 0);
    assert.equal(samplesOf(text).get('telehook_updates_handled_total{bot="2"}'), 1);
    for (const hook of hooks.values()) await hook.close();
  });

  it("come without those of a store that fails", async () => {
    class Broken extends MemoryStore {
      override stats(): never {
        throw new Error("Not now");
      }
    }
    const hook = webhook(() => {}, { secretToken: null, store: new Broken() });
    const samples = samplesOf(await prometheusText(hook));
    assert.equal(samples.get("telehook_updates_handled_total"), 0);
    assert.equal(samples.has("telehook_lanes"), false);
    await hook.close();
  });

  it("count retries, and failures of the store until it works again", async () => {
    let isBroken = true;
    class Moody extends MemoryStore {
      override add(...args: Parameters<MemoryStore["add"]>): ReturnType<MemoryStore["add"]> {
        if (isBroken) throw new Error("The disk is full");
        return super.add(...args);
      }
    }
    let attempts = 0;
    let finish = () => {};
    const handled = new Promise<void>((resolve) => finish = resolve);
    const hook = webhook(() => {
      if (++attempts === 1) throw new RetryLater({ afterMs: 1 });
      finish();
    }, {
      ...{ secretToken: null, store: new Moody(), acknowledge: "received", onError: () => {}, log: false },
    });
    assert.equal((await hook(post(message(1)))).status, 500);
    let samples = samplesOf(await prometheusText(hook));
    assert.deepEqual([samples.get("telehook_store_failures_total"), samples.get("telehook_store_failing")], [
      1,
      1,
    ]);
    isBroken = false;
    assert.equal((await hook(post(message(1)))).status, 200);
    await handled;
    samples = samplesOf(await prometheusText(hook));
    assert.deepEqual([samples.get("telehook_store_failures_total"), samples.get("telehook_store_failing")], [
      1,
      0,
    ]);
    assert.equal(samples.get("telehook_retries_total"), 1);
    await hook.close();
  });

  it("tell when the certificate expires, and when its successor does", async () => {
    const tls = await selfSigned({ host: "127.0.0.1", days: 10 });
    const options = { secretToken: null, hostname: "127.0.0.1", port: 0, tls };
    await using server = await listen(() => {}, options);
    const expiry = async () =>
      samplesOf(await prometheusText(server.webhook)).get("telehook_certificate_expiry_timestamp_seconds") ??
        0;
    const days = async () => Math.round((await expiry() - Date.now() / 1_000) / 86_400);
    assert.equal(await days(), 10);
    await server.setTls(await selfSigned({ host: "127.0.0.1", days: 20 }));
    assert.equal(await days(), 20);
  });

  it("of thousands of bots are written in turns", async () => {
    const hooks = Array.from({ length: 1_000 }, (_, id) => {
      return [String(id), webhook(() => {}, { secretToken: null })] as const;
    });
    const turns = countTurns();
    const text = await prometheusText(new Map(hooks));
    assert.ok(turns.stop() > 2);
    assert.match(text, /telehook_updates_handled_total\{bot="999"\} 0/);
    await Promise.all(hooks.map(([, hook]) => hook.close()));
  });

  it("are as promtool wants them", async (t) => {
    const hook = await busyHook();
    const text = await prometheusText(hook);
    await hook.close();
    const tool = spawn("promtool", ["check", "metrics"], { stdio: ["pipe", "pipe", "pipe"] });
    let output = "";
    for (const stream of [tool.stdout, tool.stderr]) stream.on("data", (chunk) => output += chunk);
    tool.stdin.on("error", () => {});
    tool.stdin.end(text);
    try {
      const [status] = await once(tool, "close");
      assert.deepEqual([status, output], [0, ""]);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
      assert.notEqual(process.env.CI, "true", "promtool must be there: apt-get install prometheus");
      t.skip("promtool is not installed");
    }
  });
});
