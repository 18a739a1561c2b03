import { strict as assert } from "node:assert";
import { describe, it, type TestContext } from "node:test";
import { webhook } from "../../mod.ts";
import { serve as serveBun } from "../../src/serve/bun.ts";
import { serve as serveDeno } from "../../src/serve/deno.ts";
import { ADAPTERS, RUNTIME, scene } from "./adapters.ts";
import { SECRET } from "./raw_connection.ts";

const elsewhere = { skip: RUNTIME !== "node" && "Deno and Bun are pretended on Node" };

/** Pretends that there is such a global for the time of one test. */
function pretend(t: TestContext, name: "Bun" | "Deno", value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true });
  t.after(() => Reflect.deleteProperty(globalThis, name));
}

describe("an adapter asks its runtime", () => {
  it("for connections that stay open longer than the 60 s after which Telegram closes them: Node", async (t) => {
    for (const adapter of ADAPTERS.filter(({ server }) => server === "node" && RUNTIME === "node")) {
      const { connect } = await scene(t, adapter, () => {});
      assert.equal((await (await connect()).deliver()).headers.get("keep-alive"), "timeout=75");
    }
  });

  it("for connections that stay open, and for a port that nobody shares: Bun", elsewhere, async (t) => {
    const asked: Record<string, unknown>[] = [];
    const stops: unknown[] = [];
    pretend(t, "Bun", {
      serve(options: Record<string, unknown>) {
        asked.push(options);
        return { port: 4711, reload() {}, stop: (isNow?: boolean) => Promise.resolve(stops.push(isNow)) };
      },
    });
    const hook = webhook(() => {}, { secretToken: SECRET, path: "/bot" });
    const server = await serveBun(hook, { port: 0, hostname: "127.0.0.1" });
    assert.deepEqual(asked, [{
      port: 0,
      hostname: "127.0.0.1",
      idleTimeout: 75,
      maxRequestBodySize: 2 ** 30,
      development: false,
      reusePort: false,
      fetch: hook,
    }]);
    assert.deepEqual([server.url, server.runtime], ["http://127.0.0.1:4711/bot", "bun"]);
    await server.close();
    assert.deepEqual(stops, [undefined]);
  });

  /** A Deno in which answers are under way for as long as the test likes. */
  function pretendDeno(t: TestContext) {
    const calls: string[] = [];
    let handle: (request: Request, info: object) => Promise<Response>;
    pretend(t, "Deno", {
      serve({ signal }: { signal: AbortSignal }, handler: typeof handle) {
        handle = handler;
        signal.addEventListener("abort", () => calls.push("abort"));
        const shutdown = () => Promise.resolve(calls.push("shutdown"));
        return { addr: { port: 4711 }, finished: new Promise(() => {}), shutdown, unref() {} };
      },
    });
    const deliver = (completed: Promise<void>) => handle(new Request("http://host/"), { completed });
    return { calls, deliver };
  }

  it("to shut down once every answer is sent: Deno", elsewhere, async (t) => {
    const { calls, deliver } = pretendDeno(t);
    const server = await serveDeno(webhook(() => {}, { secretToken: SECRET }));
    let sent = () => {};
    await deliver(new Promise((resolve) => sent = resolve));
    await deliver(Promise.reject(new Error("The client has gone")));
    const closing = server.close();
    assert.deepEqual(calls, []);
    sent();
    await closing;
    assert.deepEqual(calls, ["shutdown"]);
  });

  it(
    "to cut off who does not let an answer be sent, without shutting down after it: Deno",
    elsewhere,
    async (t) => {
      const { calls, deliver } = pretendDeno(t);
      const server = await serveDeno(webhook(() => {}, { secretToken: SECRET }));
      let sent = () => {};
      const completed = new Promise<void>((resolve) => sent = resolve);
      await deliver(completed);
      await server.close();
      sent();
      await completed;
      assert.deepEqual(calls, ["abort"]);
    },
  );
});
