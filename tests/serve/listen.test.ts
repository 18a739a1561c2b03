import { strict as assert } from "node:assert";
import { once } from "node:events";
import { createServer } from "node:net";
import { getuid } from "node:process";
import { describe, it, type TestContext } from "node:test";
import { listen, type ListenOptions, TelehookError, webhook, type WebhookServer } from "../../mod.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";
import { serve as serveBun } from "../../src/serve/bun.ts";
import { serve as serveDeno } from "../../src/serve/deno.ts";
import { serve as serveNode } from "../../src/serve/node.ts";
import { RUNTIME } from "./adapters.ts";
import { RawConnection, rawDelivery, SECRET } from "./raw_connection.ts";

async function started(t: TestContext, options: Partial<ListenOptions> = {}): Promise<WebhookServer> {
  const server = await listen(() => {}, { secretToken: SECRET, hostname: "127.0.0.1", port: 0, ...options });
  t.after(() => server.close());
  return server;
}

async function statusAt(server: WebhookServer, target: string, host = "127.0.0.1"): Promise<number> {
  const connection = await RawConnection.open(server.port, undefined, host);
  try {
    return (await connection.deliver({ target })).status;
  } finally {
    connection.destroy();
  }
}

/** Whether the message tells a person what happened, in the style of the library. */
function isListenError(error: unknown): true {
  assert.ok(error instanceof TelehookError);
  assert.equal(error.code, "ERR_LISTEN");
  assert.match(error.message, /^Cannot listen on "[^"]*", port \d+: .+[^.]$/);
  return true;
}

describe("listen", () => {
  it("tells where it listens", async (t) => {
    const server = await started(t);
    assert.ok(server.port > 0 && server.port < 65_536);
    assert.equal(server.url, `http://127.0.0.1:${server.port}/`);
    assert.deepEqual([server.hostname, server.runtime], ["127.0.0.1", RUNTIME]);
    assert.equal(typeof server.webhook.receive, "function");
  });

  it("leaves a store alone until it listens, so that it can be tried again with the same", async (t) => {
    const store = new MemoryStore();
    const update = {
      update_id: 1,
      message: { message_id: 1, date: 0, chat: { id: 1, type: "private" } },
    } as const;
    const tries = { attempts: 0, failures: 0 };
    store.add(
      { update, json: undefined, lane: 1, chars: 1, tries, album: undefined, reservedMs: 0 },
      "append",
    );
    const { port } = await started(t);
    let handled = 0;
    const receiver = () => void handled++;
    const options = { secretToken: SECRET, hostname: "127.0.0.1", store };
    await assert.rejects(listen(receiver, { ...options, port }), isListenError);
    await new Promise((next) => setTimeout(next));
    assert.deepEqual([handled, store.count], [0, 1]);
    const server = await listen(receiver, { ...options, port: 0 });
    await server.close();
    assert.deepEqual([handled, store.count], [1, 0]);
  });

  it("takes a port that is asked for", async (t) => {
    const first = await started(t);
    await first.close();
    const second = await started(t, { port: first.port });
    assert.deepEqual([second.port, await statusAt(second, "/")], [first.port, 200]);
  });

  it("answers on / alone unless a path is given, even undefined", async (t) => {
    for (const options of [{}, { path: undefined } as unknown as Partial<ListenOptions>]) {
      const server = await started(t, options);
      assert.deepEqual([await statusAt(server, "/?x"), await statusAt(server, "/x")], [200, 404]);
    }
  });

  it("answers on the path, percent-encoded as requests have it", async (t) => {
    const encoded = "/%D0%B1%D0%BE%D1%82";
    const server = await started(t, { path: encoded });
    assert.equal(server.url, `http://127.0.0.1:${server.port}${encoded}`);
    assert.deepEqual([await statusAt(server, encoded), await statusAt(server, "/")], [200, 404]);
    await assert.rejects(() => listen(() => {}, { secretToken: SECRET, path: "/бот" }), { code: "ERR_PATH" });
  });

  it("listens on every address by default, and tells one that works", async (t) => {
    const server = await listen(() => {}, { secretToken: SECRET, port: 0 });
    t.after(() => server.close());
    assert.deepEqual([server.hostname, new URL(server.url).hostname], ["0.0.0.0", "127.0.0.1"]);
    assert.equal(await statusAt(server, "/"), 200);
  });

  it("takes a host name and IPv6 addresses", async (t) => {
    const named = await started(t, { hostname: "localhost" });
    assert.equal(new URL(named.url).hostname, "localhost");
    assert.equal(await statusAt(named, "/", "localhost"), 200);
    const six = await started(t, { hostname: "::1", allowedAddresses: ["::1"] });
    assert.equal(six.url, `http://[::1]:${six.port}/`);
    assert.equal(await statusAt(six, "/", "::1"), 200);
    const bracketed = await started(t, { hostname: "[::1]", allowedAddresses: ["::1"] });
    assert.equal(bracketed.url, `http://[::1]:${bracketed.port}/`);
    assert.equal(await statusAt(bracketed, "/", "::1"), 200);
  });

  it("knows an IPv4 client of a dual-stack socket", async (t) => {
    const server = await started(t, { hostname: "::", allowedAddresses: ["127.0.0.1"] });
    assert.equal(await statusAt(server, "/"), 200);
  });

  it("says so when the port is in use", async (t) => {
    const blocker = createServer().listen(0, "127.0.0.1");
    await once(blocker, "listening");
    t.after(() => blocker.close());
    const address = blocker.address();
    assert.ok(typeof address === "object" && address !== null);
    // By another program, and by one of the same kind.
    for (const port of [address.port, (await started(t)).port]) {
      await assert.rejects(started(t, { port }), (error: Error) => {
        assert.match(error.message, /port is in use/);
        return isListenError(error);
      });
    }
  });

  const elsewhere = {
    "192.0.2.1": /: this machine has no such address: use one that it has, or "0\.0\.0\.0" for all of them$/,
    "no-such-host.invalid": /: the name cannot be resolved: use an IP address of this machine/,
    "256.1.1.1": /: the name cannot be resolved/,
    "/run/bot.sock": /: the name cannot be resolved/,
  };
  for (const [hostname, message] of Object.entries(elsewhere)) {
    it(`says so when ${hostname} is no address of this machine`, async (t) => {
      for (const port of [0, 8080]) {
        await assert.rejects(started(t, { hostname, port }), (error: Error) => {
          assert.match(error.message, message);
          return isListenError(error);
        });
      }
    });
  }

  it("says so when the port takes a privilege", { skip: getuid?.() === 0 && "root may" }, async (t) => {
    await assert.rejects(started(t, { port: 81 }), (error: Error) => {
      assert.match(error.message, /ports below 1024 need a privilege/);
      return isListenError(error);
    });
  });

  it("says what was most likely meant by what is not a receiver", async () => {
    const meant = {
      "This is a promise: await it": Promise.resolve(() => {}),
      "These look like handlers: wrap them in updateHandlers({ … })": { message() {} },
      'This one has no "allowedUpdates"': { receive() {} },
      ", not another object": {},
      ", not string": "a-long-random-secret",
      ", not undefined": undefined,
    };
    for (const [message, receiver] of Object.entries(meant)) {
      await assert.rejects(
        Reflect.apply(listen, undefined, [receiver, { secretToken: SECRET, port: 0 }]),
        (error) => {
          assert.ok(error instanceof TelehookError);
          assert.equal(error.code, "ERR_OPTION");
          assert.ok(error.message.includes(message), error.message);
          return true;
        },
      );
    }
  });

  it("closes once however often it is told to, and tells when", async (t) => {
    const server = await started(t);
    let isFinished = false;
    void server.finished.then(() => isFinished = true);
    const connection = await RawConnection.open(server.port);
    assert.equal((await connection.deliver()).status, 200);
    assert.equal(isFinished, false);
    await Promise.all([server.close(), server.close({ timeoutMs: 1 }), server.close()]);
    await server.finished;
    await server.close();
    await connection.closed();
  });

  it("closes at the end of an await using", async () => {
    let finished: Promise<void>, port: number;
    {
      await using server = await listen(() => {}, { secretToken: SECRET, hostname: "127.0.0.1", port: 0 });
      ({ finished, port } = server);
    }
    await finished;
    await assert.rejects(RawConnection.open(port), { code: "ECONNREFUSED" });
  });

  it("gives up waiting at timeoutMs, and tells the receiver", async (t) => {
    let began = () => {};
    const running = new Promise<void>((resolve) => began = resolve);
    const server = await listen((_update, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        began();
      }), {
      secretToken: SECRET,
      hostname: "127.0.0.1",
      port: 0,
      onError() {},
    });
    t.after(() => server.close());
    const connection = await RawConnection.open(server.port);
    connection.send(rawDelivery());
    await running;
    await server.close({ timeoutMs: 20 });
    // Telegram keeps what was never acknowledged.
    if (!connection.isClosed || connection.received !== "") {
      assert.equal((await connection.answer()).status, 503);
    }
    await connection.closed();
  });

  it("refuses a wrong close option without closing", async (t) => {
    const server = await started(t);
    await assert.rejects(server.close({ timeoutMs: -1 }), { code: "ERR_OPTION" });
    assert.equal(await statusAt(server, "/"), 200);
  });

  it("does not start with a signal that is aborted already", async (t) => {
    const reason = new Error("never mind");
    await assert.rejects(started(t, { signal: AbortSignal.abort(reason) }), (error) => error === reason);
  });

  it("closes when its signal is aborted, and leaves no listener on it otherwise", async (t) => {
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, args);
    };
    await (await started(t, { signal })).close();
    assert.equal(listeners, 0);
    const server = await started(t, { signal });
    assert.equal(await statusAt(server, "/"), 200);
    controller.abort();
    await server.finished;
    await assert.rejects(RawConnection.open(server.port), { code: "ECONNREFUSED" });
  });
});

describe("an adapter", () => {
  const serves = { node: serveNode, deno: serveDeno, bun: serveBun };
  const foreign = RUNTIME === "node"
    ? ["deno", "bun"] as const
    : RUNTIME === "deno"
    ? ["bun"] as const
    : ["deno"] as const;

  for (const runtime of foreign) {
    it(`for ${runtime} says that this is another runtime`, async () => {
      const hook = webhook(() => {}, { secretToken: SECRET });
      await assert.rejects(serves[runtime](hook, { port: 0 }), (error) => {
        assert.ok(error instanceof TelehookError);
        assert.equal(error.code, "ERR_RUNTIME");
        assert.match(error.message, new RegExp(`for ${runtime} runs on ${runtime} only`));
        return true;
      });
    });
  }

  it("takes a webhook and nothing else", async () => {
    const handler = () => Promise.resolve(new Response());
    for (const serve of Object.values(serves)) {
      // @ts-expect-error: a plain handler is no webhook
      await assert.rejects(serve(handler, { port: 0 }), { code: "ERR_OPTION" });
    }
  });

  it("answers on any path if the webhook does", async (t) => {
    const server = await serves[RUNTIME](webhook(() => {}, { secretToken: SECRET }), {
      port: 0,
      hostname: "127.0.0.1",
    });
    t.after(() => server.close());
    assert.equal(server.url, `http://127.0.0.1:${server.port}/`);
    assert.equal(await statusAt(server, "/what/ever"), 200);
  });
});
