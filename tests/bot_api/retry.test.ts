import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { botApi } from "../../src/bot_api/bot_api.ts";
import { BotApiError } from "../../src/bot_api/bot_api_error.ts";
import { BOT_TOKEN, json, ok, startServer, textOf } from "./loopback_server.ts";
import { partsOf } from "./multipart.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

function tooMany(retry_after: unknown): unknown {
  const description = `Too Many Requests: retry after ${retry_after}`;
  return { ok: false, error_code: 429, description, parameters: { retry_after } };
}

/** Writes down the timers that code sets from now on until the test ends, which then fire at once or never. */
function watchTimers(
  t: Pick<TestContext, "after">,
  fire: boolean,
): { delays: number[]; pending: Set<unknown> } {
  const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  const delays: number[] = [];
  const pending = new Set<unknown>();
  const setTimeout = (callback: () => void, delay: number): object => {
    const timer = {};
    delays.push(delay);
    pending.add(timer);
    if (fire) queueMicrotask(() => pending.delete(timer) && callback());
    return timer;
  };
  Object.assign(globalThis, { setTimeout, clearTimeout: (timer: unknown) => void pending.delete(timer) });
  t.after(() => void Object.assign(globalThis, real));
  return { delays, pending };
}

test("a 429 is waited for and repeated with the same body, as often as it comes", async (t) => {
  const { apiRoot, requests } = await startServer(t, (response, _, index) => {
    if (index % 3 < 2) json(response, 429, tooMany(0.02));
    else ok(response);
  });
  const api = botApi(BOT_TOKEN, { apiRoot });
  const start = performance.now();
  assert.equal(await api.setWebhook({ url: "https://a.example" }), true);
  assert.ok(performance.now() - start >= 38, "It did not wait twice for 20 ms");
  assert.equal(await api.setWebhook({ url: "https://a.example", certificate: PEM }), true);

  assert.deepEqual(requests.slice(0, 3).map(textOf), Array(3).fill('{"url":"https://a.example"}'));
  for (const request of requests.slice(3)) {
    assert.deepEqual(partsOf(request).map(({ content }) => content), ["https://a.example", PEM]);
  }
  assert.equal(requests.length, 6);
});

test("retry_after is in seconds, and one that no timer can hold does not fire at once", async (t) => {
  const answers = [tooMany(3), tooMany(0.001), tooMany(2 ** 40), { ok: true, result: "done" }];
  const { delays, pending } = watchTimers(t, true);
  const fetch = () => Promise.resolve(Response.json(answers.shift()));
  assert.equal(await botApi(BOT_TOKEN, { fetch }).call("getMe"), "done");
  assert.deepEqual(delays, [3000, 1000, 2 ** 31 - 1]);
  assert.equal(pending.size, 0);
});

test("a 429 that does not say how long to wait is an error", async () => {
  for (const retry_after of [undefined, 0, -1, "1"]) {
    let requests = 0;
    const fetch = () =>
      Promise.resolve(Response.json(requests++ === 0 ? tooMany(retry_after) : { ok: true, result: 1 }));
    await assert.rejects(
      botApi(BOT_TOKEN, { fetch }).getWebhookInfo(),
      (error) => error instanceof BotApiError && error.error_code === 429,
    );
    assert.equal(requests, 1);
  }
});

test("another refusal is not repeated, even if it has a retry_after", async () => {
  const fetch = () =>
    Promise.resolve(
      Response.json({ ok: false, error_code: 403, description: "Forbidden", parameters: { retry_after: 1 } }),
    );
  await assert.rejects(
    botApi(BOT_TOKEN, { fetch }).getWebhookInfo(),
    (error) => error instanceof BotApiError && error.error_code === 403 && error.retry_after === 1,
  );
});

/** Writes down who listens to a signal, and calls back when someone starts to. */
function watchListeners(signal: AbortSignal, onAdd: () => void): Set<unknown> {
  const listeners = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners.add(args[1]);
    addEventListener.apply(signal, args);
    onAdd();
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners.delete(args[1]);
    removeEventListener.apply(signal, args);
  };
  return listeners;
}

test("aborting the wait rejects at once with the signal's reason and leaves no timer", async (t) => {
  const { delays, pending } = watchTimers(t, false);
  const controller = new AbortController();
  const reason = new Error("Enough");
  // The first to listen is the request, the second is the wait.
  let listening = 0;
  watchListeners(controller.signal, () => {
    if (++listening === 2) queueMicrotask(() => controller.abort(reason));
  });
  const fetch = () => Promise.resolve(Response.json(tooMany(1000)));
  const call = botApi(BOT_TOKEN, { fetch, signal: controller.signal }).getWebhookInfo();
  await assert.rejects(call, (error) => error === reason);
  assert.deepEqual(delays, [1_000_000]);
  assert.equal(pending.size, 0);
});

test("a wait that is over no longer listens to the signal", async () => {
  const { signal } = new AbortController();
  let listened = 0;
  const listeners = watchListeners(signal, () => listened++);
  const answers = [tooMany(0.001), tooMany(0.001), { ok: true, result: true }];
  const fetch = () => Promise.resolve(Response.json(answers.shift()));
  await botApi(BOT_TOKEN, { fetch }).deleteWebhook({}, { signal });
  assert.equal(listened, 5); // three requests and two waits
  assert.equal(listeners.size, 0);
});

test("aborting a request in flight rejects with the signal's reason, whichever signal it was", async (t) => {
  for (const which of ["options", "call"]) {
    const controllers = { options: new AbortController(), call: new AbortController() };
    const reason = new Error(`By the ${which}`);
    const { apiRoot, requests } = await startServer(t, () => {
      controllers[which === "call" ? "call" : "options"].abort(reason);
    });
    const api = botApi(BOT_TOKEN, { apiRoot, signal: controllers.options.signal });
    const call = api.getUpdates({ timeout: 50 }, { signal: controllers.call.signal });
    await assert.rejects(call, (error) => error === reason);
    assert.equal(requests.length, 1);
  }
});

test("aborting while the answer is read rejects with the signal's reason", async (t) => {
  const controller = new AbortController();
  const { apiRoot } = await startServer(t, (response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write('{"ok":true,', () => controller.abort());
  });
  const call = botApi(BOT_TOKEN, { apiRoot }).getWebhookInfo({ signal: controller.signal });
  await assert.rejects(call, (error) => error === controller.signal.reason);
});

test("aborting rejects even if the caller's own fetch takes no notice of the signal", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const fetch = () => {
    controller.abort(reason);
    return Promise.resolve(Response.json({ ok: true, result: true }));
  };
  const { signal } = controller;
  await assert.rejects(
    botApi(BOT_TOKEN, { fetch }).call("getMe", {}, { signal }),
    (error) => error === reason,
  );
});

test("a signal that has aborted already lets no request out", async () => {
  let requests = 0;
  const fetch = () => {
    requests++;
    return Promise.resolve(Response.json({ ok: true, result: true }));
  };
  const signal = AbortSignal.abort("too late");
  const tooLate = (error: unknown) => error === "too late";
  await assert.rejects(botApi(BOT_TOKEN, { fetch, signal }).deleteWebhook(), tooLate);
  await assert.rejects(botApi(BOT_TOKEN, { fetch }).deleteWebhook({}, { signal }), tooLate);
  await assert.rejects(
    botApi(BOT_TOKEN, { fetch, signal: new AbortController().signal }).deleteWebhook({}, { signal }),
    tooLate,
  );
  assert.equal(requests, 0);
});
