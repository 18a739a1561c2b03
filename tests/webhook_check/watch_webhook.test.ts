import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import {
  botApi,
  TelehookError,
  type WatchedFinding,
  watchWebhook,
  type WatchWebhookOptions,
} from "../../mod.ts";
import { startTestBotApi, virtualClock } from "../../src/testing/mod.ts";
import { selfSigned } from "../../src/tls/mod.ts";
import { BOT_TOKEN } from "../bot_api/loopback_server.ts";

const URL = "https://bot.example.org/hook";

/** A Bot API whose getWebhookInfo is what the test says, with a watch that checks when the test says. */
function watched(t: TestContext, options: Partial<WatchWebhookOptions> = {}) {
  const info: Record<string, unknown> = { url: URL, has_custom_certificate: false, pending_update_count: 0 };
  const calls: { method: string; params: Record<string, unknown> }[] = [];
  const found: WatchedFinding[] = [];
  let refusal: { error_code: number; description: string } | undefined;
  let refused = /./;
  const fetch = (url: string, { body }: RequestInit) => {
    const method = url.slice(url.lastIndexOf("/") + 1);
    calls.push({ method, params: JSON.parse(String(body)) });
    if (refusal && refused.test(method)) return Promise.resolve(Response.json({ ok: false, ...refusal }));
    return Promise.resolve(Response.json({ ok: true, result: method === "getWebhookInfo" ? info : true }));
  };
  const watch = watchWebhook(botApi(BOT_TOKEN, { fetch }), {
    everyMs: 86_400_000,
    onFinding: (finding) => void found.push(finding),
    ...options,
  });
  t.after(() => watch.close());
  return {
    watch,
    info,
    calls,
    refuse(with_: typeof refusal, methods = /./): void {
      refusal = with_;
      refused = methods;
    },
    /** Checks, and returns what was reported since the last time. */
    async reports(): Promise<string[]> {
      await watch.check();
      return found.splice(0).map(({ code, isOver, isRepaired }) =>
        `${code} ${isOver ? "over" : isRepaired ? "repaired" : "began"}`
      );
    },
  };
}

test("a Bot API that does not answer is unreachable, and is asked again", { timeout: 10_000 }, async (t) => {
  const timeout = AbortSignal.timeout;
  t.mock.method(AbortSignal, "timeout", (ms: number) => timeout.call(AbortSignal, ms / 1_000));
  const alive = setInterval(() => {}, 1_000); // a watch keeps no process alive
  t.after(() => clearInterval(alive));
  const texts: string[] = [];
  const fetch = (_: string, { signal }: RequestInit) =>
    new Promise<Response>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
  const watch = watchWebhook(botApi(BOT_TOKEN, { fetch }), {
    onFinding: ({ text }) => void texts.push(text),
  });
  t.after(() => watch.close());
  for (const _ of [1, 2]) {
    const [finding] = await watch.check();
    assert.equal(finding?.code, "unreachable");
  }
  assert.deepEqual(texts, ["The Bot API did not answer within 30 s"]);
});

test("nothing is found once a watch is closed, though it was repairing", async (t) => {
  let repairing = () => {};
  const repairs = new Promise<void>((resolve) => repairing = resolve);
  const found: string[] = [];
  const fetch = async (url: string, { signal }: RequestInit) => {
    const info = { url: "", has_custom_certificate: false, pending_update_count: 0 };
    if (!url.endsWith("setWebhook")) return Response.json({ ok: true, result: info });
    repairing();
    return await new Promise<Response>((_, reject) =>
      signal?.addEventListener("abort", () => reject(signal.reason))
    );
  };
  const watch = watchWebhook(botApi(BOT_TOKEN, { fetch }), {
    expected: { url: URL, secret_token: null },
    repair: true,
    onFinding: ({ code }) => void found.push(code),
  });
  t.after(() => watch.close());
  const checked = watch.check();
  await repairs;
  watch.close();
  assert.deepEqual([await checked, found], [[], []]);
});

test("each problem is reported once when it begins and once when it is over", async (t) => {
  const { info, reports } = watched(t);
  assert.deepEqual(await reports(), []);
  info.url = "";
  assert.deepEqual(await reports(), ["noWebhook began"]);
  assert.deepEqual(await reports(), []);
  info.url = "https://thief.example.org/hook";
  assert.deepEqual(await reports(), ["otherUrl began", "noWebhook over"]);
  info.url = URL;
  assert.deepEqual(await reports(), ["otherUrl over"]);
  info.url = "";
  assert.deepEqual(await reports(), ["noWebhook began"], "the next incident is reported again");
});

test("what the first check finds is expected, unless something else is", async (t) => {
  const first = watched(t);
  await first.reports();
  first.info.allowed_updates = ["message"];
  assert.deepEqual(await first.reports(), ["otherAllowedUpdates began"]);

  const expecting = watched(t, { expected: { url: "bot.example.org/hook", allowed_updates: ["poll"] } });
  assert.deepEqual(
    await expecting.reports(),
    [],
    "all kinds but the opt-in ones are delivered, and so are polls",
  );
  expecting.info.allowed_updates = ["message"];
  assert.deepEqual(await expecting.reports(), ["otherAllowedUpdates began"]);
  const elsewhere = watched(t, { expected: { url: "https://other.example.org/hook" } });
  assert.deepEqual(await elsewhere.reports(), ["otherUrl began"]);
});

test("failing deliveries, and their end", async (t) => {
  const { info, reports } = watched(t);
  const error = { last_error_date: Date.now() / 1000, last_error_message: "Connection refused" };
  Object.assign(info, error, { pending_update_count: 1 });
  assert.deepEqual(await reports(), ["deliveryFailed began"]);
  info.last_error_message = "Read timeout expired";
  assert.deepEqual(await reports(), [], "another error is the same incident");
  info.pending_update_count = 0;
  assert.deepEqual(await reports(), ["deliveryFailed over"]);
});

test("many pending updates are one incident until they are half as many", async (t) => {
  const { info, reports } = watched(t, { maxPending: 100 });
  const counts = async (...pending: number[]) => {
    const all: string[] = [];
    for (const count of pending) {
      info.pending_update_count = count;
      all.push((await reports()).join() || "-");
    }
    return all;
  };
  assert.deepEqual(await counts(100, 101, 99, 120, 60, 50, 51), [
    "-",
    "pending began",
    "-",
    "-",
    "-",
    "pending over",
    "-",
  ]);
  assert.deepEqual(await counts(0, 1, 2, 3, 4), ["-", "-", "-", "-", "-"], "a few come and go");
  assert.deepEqual(await counts(0, 5, 9, 20, 25, 9), ["-", "-", "-", "pending began", "-", "pending over"]);
  assert.deepEqual(await counts(20, 30, 25, 40, 50), ["-", "-", "-", "-", "-"], "not more at each check");
});

test("a Bot API that cannot be asked is a finding, and ends no other", async (t) => {
  const { info, refuse, reports, watch } = watched(t);
  info.url = "";
  assert.deepEqual(await reports(), ["noWebhook began"]);
  refuse({ error_code: 401, description: "Unauthorized" });
  assert.match((await watch.check())[0]?.text ?? "", /refused "getWebhookInfo" with 401/);
  assert.deepEqual(await reports(), ["unreachable began"]);
  refuse(undefined);
  assert.deepEqual(await reports(), ["unreachable over"]);
});

test("a certificate that cannot be read is a finding", async (t) => {
  const { watch } = watched(t, { certificate: { file: "/nowhere/cert.pem" } });
  const [finding] = await watch.check();
  assert.equal(finding?.code, "certificate");
  assert.match(finding.text, /Cannot read "certificate", "\/nowhere\/cert\.pem": there is no such file/);
});

test("nothing is changed unless it is asked for, and then the webhook is set again as expected", async (t) => {
  const kept = watched(t, { expected: { url: "https://other.example.org/", secret_token: "kept-secret" } });
  await kept.reports();
  assert.deepEqual(new Set(kept.calls.map(({ method }) => method)), new Set(["getWebhookInfo"]));

  const expected = { url: URL, secret_token: "own-secret", max_connections: 7, allowed_updates: ["message"] };
  const { info, calls, reports } = watched(t, { expected, repair: true });
  info.url = "https://thief.example.org/";
  info.allowed_updates = ["message"];
  assert.deepEqual(await reports(), ["otherUrl repaired"]);
  assert.deepEqual(calls.at(-1), { method: "setWebhook", params: expected });
  info.url = URL;
  assert.deepEqual(await reports(), ["otherUrl over"]);
  assert.equal(calls.filter(({ method }) => method === "setWebhook").length, 1);
});

test("a repair that Telegram refuses is a finding, and is tried again", async (t) => {
  const expected = { url: URL, secret_token: null };
  const { info, refuse, reports, calls, watch } = watched(t, { expected, repair: true });
  info.url = "";
  refuse({ error_code: 429, description: "Too Many Requests: retry after 1" }, /setWebhook/);
  assert.deepEqual(await reports(), ["noWebhook began", "repairFailed began"]);
  const [, failure] = await watch.check();
  assert.match(failure?.text ?? "", /^The webhook could not be set again\. .*429/);
  refuse(undefined);
  await reports();
  info.url = URL;
  assert.deepEqual(await reports(), ["noWebhook over"]);
  assert.equal(calls.filter(({ method }) => method === "setWebhook").length, 3);
});

test("a certificate near its end, until it is renewed", async (t) => {
  const { cert } = await selfSigned({ host: "bot.example.org", days: 1 });
  const folder = mkdtempSync(join(tmpdir(), "telehook-watch-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "cert.pem");
  writeFileSync(file, cert);
  const { reports } = watched(t, { certificate: { file } });
  assert.deepEqual(await reports(), [], "one that is made for a day has not ended yet");
  const now = Date.now();
  t.mock.method(Date, "now", () => now + 23 * 3_600_000);
  assert.deepEqual(await reports(), ["certificateEnds began"]);
  t.mock.restoreAll();
  assert.deepEqual(await reports(), ["certificateEnds over"]);
});

test("a webhook at the test server: deleted by another program, noticed, repaired, delivered to again", async (t) => {
  const telegram = await startTestBotApi({
    clock: virtualClock(Date.now()),
    resolve: { "bot.example.org:443": "127.0.0.1:9" },
  });
  t.after(() => telegram.close());
  const api = botApi(telegram.token, { apiRoot: telegram.apiRoot });
  const found: string[] = [];
  const expected = { url: URL, secret_token: "own-secret", allowed_updates: ["message"] };
  await api.setWebhook(expected);
  const watch = watchWebhook(api, {
    expected,
    repair: true,
    onFinding: ({ code, isOver }) => void found.push(`${code} ${isOver}`),
  });
  t.after(() => watch.close());
  await watch.check();
  await api.deleteWebhook();
  await telegram.clock.advance(2000); // one setWebhook a second
  await watch.check();
  assert.equal(telegram.webhook?.url, URL);
  assert.equal(telegram.webhook?.secretToken, "own-secret");
  await watch.check();
  assert.deepEqual(found, ["noWebhook false", "noWebhook true"]);
});

test("it checks at once and then regularly, until it is closed or aborted", async (t) => {
  const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  const timers = new Map<object, { callback: () => void }>();
  Object.assign(globalThis, {
    setTimeout: (callback: () => void, delay: number) => {
      if (delay !== 5000) return real.setTimeout(callback, delay);
      const timer = {};
      timers.set(timer, { callback });
      return timer;
    },
    clearTimeout: (timer: object) => timers.delete(timer),
  });
  t.after(() => void Object.assign(globalThis, real));
  const settled = () => new Promise((resolve) => real.setTimeout(resolve, 5));
  const controller = new AbortController();
  const { calls } = watched(t, { everyMs: 5000, signal: controller.signal });
  await settled();
  assert.equal(calls.length, 1);
  for (const count of [2, 3]) {
    const [[timer, { callback }] = assert.fail()] = timers;
    timers.delete(timer);
    callback();
    await settled();
    assert.equal(calls.length, count);
  }
  assert.equal(timers.size, 1);
  controller.abort();
  assert.equal(timers.size, 0);

  const { calls: none } = watched(t, { signal: AbortSignal.abort() });
  await settled();
  assert.equal(none.length, 0);
});

test("what onFinding throws is logged and changes nothing", async (t) => {
  const logged: unknown[][] = [];
  const { error } = console;
  console.error = (...args) => void logged.push(args);
  t.after(() => void (console.error = error));
  const failing = [
    () => {
      throw new Error("at once");
    },
    () => Promise.reject(new Error("later")),
  ];
  for (const onFinding of failing) {
    const { watch, info } = watched(t, { onFinding });
    info.url = "";
    assert.equal((await watch.check())[0]?.code, "noWebhook");
  }
  assert.deepEqual(logged.map(([text]) => text), Array(2).fill("telehook: onFinding failed:"));
});

test("wrong options are refused", () => {
  const api = botApi(BOT_TOKEN);
  const onFinding = () => {};
  const refusal = (options: unknown, message: RegExp) =>
    assert.throws(() => watchWebhook(api, options as WatchWebhookOptions), (error) => {
      assert.ok(error instanceof TelehookError);
      assert.equal(error.code, "ERR_OPTION");
      assert.match(error.message, message);
      return true;
    });
  refusal({}, /needs "onFinding"/);
  refusal({ onFinding: 5 }, /"onFinding" must be a function/);
  refusal({ onFinding, every: 5 }, /watchWebhook has no option "every"/);
  refusal({ onFinding, everyMs: 10 }, /"everyMs" must be a whole number from 1000/);
  refusal({ onFinding, expected: { URL } }, /"expected" has no option "URL"\. Did you mean "url"\?/);
  refusal({ onFinding, expected: { url: "" } }, /"expected\.url" must be the URL/);
  refusal({ onFinding, repair: true }, /"repair" needs "expected\.url" and "expected\.secret_token"/);
  refusal({ onFinding, repair: true, expected: { url: URL } }, /"repair" needs/);
});
