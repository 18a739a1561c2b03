import { strict as assert } from "node:assert";
import { describe, it, type TestContext } from "node:test";
import {
  BotApiError,
  deriveSecretToken,
  type ReceivedUpdate,
  setWebhookAndListen,
  type SetWebhookAndListenOptions,
  updateHandlers,
} from "../../mod.ts";
import { freePort, startTestBotApi, type TestBotApi, type TestBotApiOptions } from "../../src/testing/mod.ts";
import { type KeyPair, selfSigned } from "../../src/tls/mod.ts";
import { RawConnection, textUpdate } from "./raw_connection.ts";

/** Telegram, a port for the bot, and `bot.example`, which is this machine. */
async function scene(t: TestContext, options: TestBotApiOptions = {}) {
  const port = await freePort();
  const telegram = await startTestBotApi({
    resolve: { "bot.example:443": `127.0.0.1:${port}`, "bot.example:8443": `127.0.0.1:${port}` },
    ...options,
  });
  t.after(() => telegram.close());
  const seen: ReceivedUpdate[] = [];
  const start = async (
    options: Partial<SetWebhookAndListenOptions> & Pick<SetWebhookAndListenOptions, "webhook">,
  ) => {
    const server = await setWebhookAndListen((update) => void seen.push(update), {
      token: telegram.token,
      apiRoot: telegram.apiRoot,
      hostname: "127.0.0.1",
      port,
      ...options,
    });
    t.after(() => server.close());
    return server;
  };
  return { telegram, port, seen, start };
}

/** The `setWebhook` calls that were made, as form or JSON, beside the real ones. */
function spy(telegram: TestBotApi): { fetch: typeof fetch; calls: Record<string, unknown>[] } {
  const calls: Record<string, unknown>[] = [];
  return {
    calls,
    fetch: async (input, init) => {
      const request = new Request(input, init);
      const isForm = request.headers.get("content-type")?.startsWith("multipart/");
      calls.push(
        isForm
          ? Object.fromEntries(await request.clone().formData())
          : JSON.parse(await request.clone().text()),
      );
      return await fetch(String(input).replace("https://api.telegram.org", telegram.apiRoot), init);
    },
  };
}

/** What is printed by `console.error` until the test ends, which is not printed then. */
function consoleErrors(t: TestContext): string[] {
  const printed: string[] = [];
  const original = console.error;
  console.error = (...args: unknown[]) => void printed.push(args.join(" "));
  t.after(() => console.error = original);
  return printed;
}

async function isFree(port: number): Promise<void> {
  await assert.rejects(RawConnection.open(port), { code: "ECONNREFUSED" });
}

describe("setWebhookAndListen", () => {
  it("listens, registers, and gets what Telegram delivers", async (t) => {
    const { telegram, port, seen, start } = await scene(t);
    const server = await start({ webhook: { url: `http://127.0.0.1:${port}/telegram?x=1` } });
    assert.equal(server.url, `http://127.0.0.1:${port}/telegram`);
    assert.equal(telegram.webhook?.url, `http://127.0.0.1:${port}/telegram?x=1`);
    const { outcome, attempts } = await telegram.deliver(textUpdate(5));
    assert.deepEqual([outcome, attempts.length, seen], ["acknowledged", 1, [textUpdate(5)]]);
    assert.deepEqual(telegram.violations, []);
  });

  it("derives the secret from the token, and lets nobody else post", async (t) => {
    const { telegram, port, seen, start } = await scene(t);
    await start({ webhook: { url: `http://127.0.0.1:${port}/` } });
    assert.equal(telegram.webhook?.secretToken, await deriveSecretToken(telegram.token));
    const stranger = await RawConnection.open(port);
    t.after(() => stranger.destroy());
    assert.equal((await stranger.deliver({ secret: "another" })).status, 401);
    assert.equal((await stranger.deliver({ secret: null })).status, 401);
    assert.deepEqual(seen, []);
  });

  const handlers = updateHandlers({ message_media_group: () => {}, callback_query: () => {} });
  for (
    const [allowed_updates, expected] of [[undefined, handlers.allowedUpdates], [["poll"], ["poll"]]] as const
  ) {
    it(`asks for the kinds ${expected.join(", ")}: ${allowed_updates ? "as told" : "those that are handled"}`, async (t) => {
      const { telegram, port } = await scene(t);
      const { fetch, calls } = spy(telegram);
      const url = `http://127.0.0.1:${port}/`;
      const server = await setWebhookAndListen(handlers, {
        token: telegram.token,
        apiRoot: telegram.apiRoot,
        fetch,
        hostname: "127.0.0.1",
        port,
        webhook: {
          url,
          ...(allowed_updates && { allowed_updates }),
          max_connections: 7,
          drop_pending_updates: true,
        },
      });
      await server.close();
      const secret_token = await deriveSecretToken(telegram.token);
      assert.deepEqual(calls, [
        { url, allowed_updates: expected, max_connections: 7, drop_pending_updates: true, secret_token },
      ]);
    });
  }

  const secrets: readonly (readonly [
    what: string,
    options: Pick<SetWebhookAndListenOptions, "secretToken"> & { registered?: string },
    expected: { registers: string; accepts: readonly string[] },
  ])[] = [
    ["null registers none and lets anyone post", { secretToken: null }, { registers: "", accepts: ["x"] }],
    ["one is registered", { secretToken: "one" }, { registers: "one", accepts: ["one"] }],
    ["of several the first is registered", { secretToken: ["new", "old"] }, {
      registers: "new",
      accepts: ["new", "old"],
    }],
    ["the webhook's own is accepted", { registered: "own" }, { registers: "own", accepts: ["own"] }],
    ["the webhook's own is accepted beside others", { registered: "own", secretToken: ["old", "own"] }, {
      registers: "own",
      accepts: ["own", "old"],
    }],
  ];
  for (const [what, { registered, ...options }, { registers, accepts }] of secrets) {
    it(`takes a secret: ${what}`, async (t) => {
      const { telegram, port, start } = await scene(t);
      const secret_token = registered === undefined ? {} : { secret_token: registered };
      await start({ ...options, webhook: { url: `http://127.0.0.1:${port}/`, ...secret_token } });
      assert.equal(telegram.webhook?.secretToken, registers);
      const connection = await RawConnection.open(port);
      t.after(() => connection.destroy());
      for (const secret of accepts) assert.equal((await connection.deliver({ secret })).status, 200, secret);
      const wrong = registers === "" ? 200 : 401;
      assert.equal((await connection.deliver({ secret: "wrong" })).status, wrong);
    });
  }

  it("takes an address without a scheme for https, behind a proxy on the path of the URL", async (t) => {
    const { telegram, port, start } = await scene(t);
    const server = await start({
      webhook: { url: "bot.example/a%20b?c=1#d" },
      path: undefined as unknown as string,
    });
    assert.equal(telegram.webhook?.url, "https://bot.example/a%20b?c=1");
    assert.equal(server.url, `http://127.0.0.1:${port}/a%20b`);
  });

  it("answers on another path if one is given, as behind a proxy that rewrites", async (t) => {
    const { port, start } = await scene(t);
    const server = await start({ webhook: { url: "https://bot.example/public" }, path: "/inner" });
    assert.equal(server.url, `http://127.0.0.1:${port}/inner`);
  });

  it("uploads the certificate, and serves HTTPS that Telegram verifies", async (t) => {
    const { telegram, port, seen, start } = await scene(t);
    const tls: KeyPair = await selfSigned({ host: "127.0.0.1", algorithm: "ecdsa-p256" });
    const server = await start({
      tls,
      webhook: { url: `https://127.0.0.1:${port}/hook`, certificate: tls.cert },
    });
    assert.equal(server.url, `https://127.0.0.1:${port}/hook`);
    assert.equal(telegram.webhook?.certificate?.trim(), tls.cert.trim());
    const { outcome } = await telegram.deliver(textUpdate(5));
    assert.deepEqual([outcome, seen.length], ["acknowledged", 1]);
  });

  it("listens on the port of the URL if it serves HTTPS itself", async (t) => {
    const telegram = await startTestBotApi({ strict: false });
    t.after(() => telegram.close());
    const port = await freePort();
    const tls = await selfSigned({ host: "127.0.0.1", algorithm: "ecdsa-p256" });
    const server = await setWebhookAndListen(() => {}, {
      token: telegram.token,
      apiRoot: telegram.apiRoot,
      hostname: "127.0.0.1",
      tls,
      webhook: { url: `https://127.0.0.1:${port}/`, certificate: new Blob([tls.cert]) },
    });
    t.after(() => server.close());
    assert.equal(server.port, port);
  });

  it("listens before Telegram is asked", async (t) => {
    const { telegram, port, start } = await scene(t);
    let status = 0;
    const asking: typeof fetch = async (input, init) => {
      const connection = await RawConnection.open(port);
      status = (await connection.deliver({ secret: await deriveSecretToken(telegram.token) })).status;
      connection.destroy();
      return await fetch(input, init);
    };
    await start({ fetch: asking, webhook: { url: `http://127.0.0.1:${port}/` } });
    assert.equal(status, 200);
  });

  it("closes again if Telegram refuses, and shows no token", async (t) => {
    const { telegram, port, start } = await scene(t, { strict: true });
    const starting = start({ webhook: { url: `http://127.0.0.1:${port}/` } });
    await assert.rejects(starting, (error) => {
      assert.ok(error instanceof BotApiError);
      assert.equal(error.code, "ERR_BOT_API");
      assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes(telegram.token.split(":")[1] ?? "?"));
      return true;
    });
    await isFree(port);
  });

  it("closes again if Telegram cannot be reached", async (t) => {
    const { port, start } = await scene(t);
    const fetch = () => Promise.reject(new TypeError("no network"));
    const starting = start({ fetch, registerWithinMs: 0, webhook: { url: `http://127.0.0.1:${port}/` } });
    await assert.rejects(starting, { code: "ERR_BOT_API_UNREACHABLE" });
    await isFree(port);
  });

  it("tries again after failures that pass, reports them once, and answers meanwhile", async (t) => {
    const { telegram, port, start } = await scene(t);
    const printed = consoleErrors(t);
    const statuses: number[] = [];
    const failures = [
      () => Promise.reject(new TypeError("fetch failed")),
      () => Promise.resolve(new Response("<html>502 Bad Gateway</html>", { status: 502 })),
      () => Promise.resolve(Response.json({ ok: false, error_code: 500, description: "restart" })),
    ];
    const flaky: typeof fetch = async (input, init) => {
      const connection = await RawConnection.open(port);
      statuses.push((await connection.deliver({ secret: await deriveSecretToken(telegram.token) })).status);
      connection.destroy();
      return await (failures.shift()?.() ?? fetch(input, init));
    };
    await start({ fetch: flaky, webhook: { url: `http://127.0.0.1:${port}/` } });
    assert.equal(telegram.webhook?.url, `http://127.0.0.1:${port}/`);
    assert.deepEqual(statuses, [200, 200, 200, 200]);
    assert.equal(printed.length, 1);
    assert.match(
      printed[0] ?? "",
      /^telehook: the webhook is not registered yet; trying again for up to 60 s:/,
    );
  });

  it("closes again if failures do not pass in time", async (t) => {
    const { port, start } = await scene(t);
    consoleErrors(t);
    let calls = 0;
    const fetch = () => {
      calls++;
      return Promise.resolve(Response.json({ ok: false, error_code: 500, description: "restart" }));
    };
    const starting = start({ fetch, registerWithinMs: 150, webhook: { url: `http://127.0.0.1:${port}/` } });
    await assert.rejects(starting, { code: "ERR_BOT_API", error_code: 500 });
    assert.equal(calls, 2);
    await isFree(port);
  });

  it("says so if Telegram wants to be asked again later than it may try", async (t) => {
    const { port, start } = await scene(t);
    const refusal = { ok: false, error_code: 429, description: "Too Many Requests: retry after 3600" };
    const fetch = () => Promise.resolve(Response.json({ ...refusal, parameters: { retry_after: 3_600 } }));
    const starting = start({ fetch, webhook: { url: `http://127.0.0.1:${port}/` } });
    await assert.rejects(starting, { code: "ERR_BOT_API", error_code: 429, retry_after: 3_600 });
    await isFree(port);
  });

  it("asks again when Telegram wants to be asked, and says meanwhile that it waits", async (t) => {
    const { port, start } = await scene(t);
    const printed = consoleErrors(t);
    const at: number[] = [];
    const refusal = { ok: false, error_code: 429, description: "Too Many Requests: retry after 1" };
    const fetch = () => {
      const isFirst = at.push(performance.now()) === 1;
      const answer = isFirst ? { ...refusal, parameters: { retry_after: 1 } } : { ok: true, result: true };
      return Promise.resolve(Response.json(answer));
    };
    await start({ fetch, webhook: { url: `http://127.0.0.1:${port}/` } });
    const [first = 0, second = 0] = at;
    assert.ok(second - first >= 990, `after ${second - first} ms`);
    assert.match(printed[0] ?? "", /trying again.*"Too Many Requests: retry after 1"/);
  });

  it("tries once if Telegram refuses", async (t) => {
    const { port, start } = await scene(t);
    let calls = 0;
    const fetch = () => {
      calls++;
      return Promise.resolve(Response.json({ ok: false, error_code: 401, description: "Unauthorized" }));
    };
    const starting = start({ fetch, webhook: { url: `http://127.0.0.1:${port}/` } });
    await assert.rejects(starting, { code: "ERR_BOT_API", error_code: 401 });
    assert.equal(calls, 1);
  });

  it("does not try again once it is aborted", async (t) => {
    const { port, start } = await scene(t);
    consoleErrors(t);
    const controller = new AbortController();
    const reason = new Error("never mind");
    let calls = 0;
    const fetch = () => {
      if (++calls === 2) queueMicrotask(() => controller.abort(reason));
      return Promise.reject(new TypeError("no network"));
    };
    const starting = start({
      fetch,
      signal: controller.signal,
      webhook: { url: `http://127.0.0.1:${port}/` },
    });
    await assert.rejects(starting, (error) => error === reason);
    assert.equal(calls, 2);
    await isFree(port);
  });

  it("refuses a wrong time limit", async (t) => {
    const { start } = await scene(t);
    for (const registerWithinMs of [-1, 1.5, Number.NaN]) {
      await assert.rejects(start({ registerWithinMs, webhook: { url: "https://bot.example/" } }), {
        code: "ERR_OPTION",
        message: /"registerWithinMs" must be a whole number/,
      });
    }
  });

  it("uploads a self-signed certificate by itself", async (t) => {
    const { telegram, port, seen, start } = await scene(t);
    const tls = await selfSigned({ host: "127.0.0.1", algorithm: "ecdsa-p256" });
    await start({ tls, webhook: { url: `https://127.0.0.1:${port}/hook` } });
    assert.equal(telegram.webhook?.certificate?.trim(), tls.cert.trim());
    const { outcome } = await telegram.deliver(textUpdate(5));
    assert.deepEqual([outcome, seen.length], ["acknowledged", 1]);
  });

  it("refuses a certificate for another host, and does not ask Telegram", async (t) => {
    const { telegram, port, start } = await scene(t);
    const { fetch, calls } = spy(telegram);
    const tls = await selfSigned({ host: "other.example", algorithm: "ecdsa-p256" });
    for (const certificate of [tls.cert, undefined]) {
      const webhook = { url: `https://127.0.0.1:${port}/hook`, ...certificate && { certificate } };
      await assert.rejects(start({ fetch, tls, webhook }), {
        code: "ERR_TLS",
        message:
          /^The certificate of "tls" is not for 127\.0\.0\.1: of an uploaded certificate, Telegram compares .*other\.example/,
      });
    }
    assert.deepEqual(calls, []);
    await isFree(port);
  });

  it("refuses a path that the URL does not have where no proxy can change it", async (t) => {
    const { port, start } = await scene(t);
    const tls = await selfSigned({ host: "127.0.0.1", algorithm: "ecdsa-p256" });
    const starting = start({ tls, path: "/inner", webhook: { url: `https://127.0.0.1:${port}/hook` } });
    await assert.rejects(starting, {
      code: "ERR_OPTION",
      message: /"path" is "\/inner", and the URL has "\/hook"/,
    });
  });

  it("closes again if it is aborted while Telegram is asked", async (t) => {
    const { port, start } = await scene(t);
    const controller = new AbortController();
    const reason = new Error("never mind");
    const fetch = (_url: unknown, init?: RequestInit) =>
      new Promise<Response>((_resolve, reject) => {
        init?.signal?.addEventListener("abort", () => reject(init.signal?.reason));
        controller.abort(reason);
      });
    const starting = start({
      fetch,
      signal: controller.signal,
      webhook: { url: `http://127.0.0.1:${port}/` },
    });
    await assert.rejects(starting, (error) => error === reason);
    await isFree(port);
  });

  it("does not ask Telegram if the port is in use", async (t) => {
    const { telegram, port, start } = await scene(t);
    await start({ webhook: { url: `http://127.0.0.1:${port}/` } });
    const { fetch, calls } = spy(telegram);
    const second = start({ fetch, webhook: { url: `http://127.0.0.1:${port}/second` } });
    await assert.rejects(second, { code: "ERR_LISTEN" });
    assert.deepEqual(calls, []);
  });

  it("holds the URL to Telegram's rules where Telegram itself is asked", async (t) => {
    const { telegram, start } = await scene(t);
    const { fetch, calls } = spy(telegram);
    const options = { fetch, apiRoot: undefined as unknown as string };
    await start({ ...options, webhook: { url: "bot.example:8443/x" } });
    assert.equal(telegram.webhook?.url, "https://bot.example:8443/x");
    assert.equal(calls.length, 1);
    for (const url of ["http://bot.example/", "https://bot.example:5000/", "https://[2001:db8::1]/"]) {
      await assert.rejects(start({ ...options, webhook: { url } }), { code: "ERR_WEBHOOK_URL" });
    }
    assert.equal(calls.length, 1);
  });

  it("leaves the webhook with Telegram when it closes, for the next start", async (t) => {
    const { telegram, port, seen, start } = await scene(t, { timeScale: 1_000 });
    const first = await start({ webhook: { url: `http://127.0.0.1:${port}/` } });
    await first.close();
    assert.equal(telegram.webhook?.url, `http://127.0.0.1:${port}/`);
    await isFree(port);
    await start({ webhook: { url: `http://127.0.0.1:${port}/` } });
    await telegram.deliver(textUpdate(5));
    assert.equal(seen.length, 1);
  });
});
