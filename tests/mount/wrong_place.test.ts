import { strict as assert } from "node:assert";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import process from "node:process";
import { describe, it } from "node:test";
import { type Webhook, webhook } from "../../mod.ts";
import { type NodeRequest, type NodeResponse, toNodeListener } from "../../src/serve/node.ts";
import { connectTo } from "../serve/own_server.ts";
import { SECRET, textUpdate } from "../serve/raw_connection.ts";
import { createWebhook } from "../../src/webhook.ts";
import { consoleOf } from "./console.ts";

const request = () =>
  new Request("http://host/", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(textUpdate(1)),
  });
const nodeRequest = () => ({ method: "POST", url: "/", headers: {}, socket: {} });
const hookFor = () => webhook(() => assert.fail("nothing may be handled"), { secretToken: null });
const call = (hook: Webhook, ...args: unknown[]) =>
  (hook as unknown as (...args: unknown[]) => Promise<Response>)(...args);

/** An object that throws at everything that is done to it. */
function hostile(): object {
  const fail = () => {
    throw new Error("hostile");
  };
  const target = () => {};
  return new Proxy(target, { get: fail, has: fail, ownKeys: fail, getPrototypeOf: fail, apply: fail });
}

describe("a webhook that is called with", () => {
  const cases: readonly (readonly [what: string, args: unknown[], says: RegExp])[] = [
    ["nothing", [], /undefined.*toNodeListener/],
    ["null", [null], /null.*Pass the Request/],
    ["text", ["x"], /Pass the Request/],
    ["a URL", [new URL("http://host/")], /URL.*Pass the Request/],
    ["the event of h3 v1", [{ method: "POST", path: "/", headers: new Headers() }], /Pass the Request/],
    ["Hono's context", [{ req: { raw: request(), method: "POST" }, env: {} }], /hook\(c\.req\.raw, c\.env\)/],
    [
      "SvelteKit's or Astro's event",
      [{ request: request(), url: new URL("http://h") }],
      /hook\(event\.request\)/,
    ],
    ["Elysia's context", [{ request: request(), headers: {}, body: {} }], /hook\(event\.request\)/],
    ["the event of h3 v2", [{ req: request() }], /hook\(event\.req, event\)/],
    ["Fastify's request", [{ raw: nodeRequest(), body: {} }], /toNodeListener.*request\.raw and reply\.raw/],
    ["Koa's context", [{ req: nodeRequest(), res: {}, headers: {} }], /toNodeListener.*its req and res/],
    ["Express's request", [nodeRequest(), {}], /Use toNodeListener\(hook\)/],
    ["an object that throws", [hostile()], /Pass the Request/],
    ["a Request that throws", [
      { method: "POST", url: "http://h/", headers: { get: hostile() }, json() {} },
    ], /properties cannot be read/],
  ];
  for (const [what, args, says] of cases) {
    it(`${what}: answers 500, says what to do, and says it once`, async () => {
      const hook = hookFor();
      let response: Response | undefined;
      const lines = await consoleOf(async () => {
        for (let i = 0; i < 3; i++) response = await call(hook, ...args);
      });
      assert.equal(response?.status, 500);
      assert.match(await response.text(), says);
      assert.equal(lines.length, 1, lines.join("\n"));
      assert.match(lines[0] ?? "", says);
      assert.equal(hook.stats().refused, 3);
    });
  }

  it("what throws only beside the request: handles it", async () => {
    const seen: number[] = [];
    const hook = webhook(({ update_id }) => void seen.push(update_id), {
      secretToken: null,
      acknowledge: "received",
    });
    assert.equal((await call(hook, request(), {}, new Proxy({}, { get: () => assert.fail() }))).status, 200);
    await hook.close();
    assert.deepEqual(seen, [1]);
  });
});

describe("a host's own Request that throws when its body was read", () => {
  const fail = () => {
    throw new Error("hostile");
  };
  const headers = (length: string | null) => ({
    get: (name: string) => name === "content-length" ? length : name === "content-type" ? fail() : null,
  });
  const own = { method: "POST", url: "http://h/", bodyUsed: false, body: null };
  const cases: readonly (readonly [what: string, request: object, status: number])[] = [
    ["its headers", { ...own, headers: headers("5"), text: () => Promise.resolve("no JSON") }, 500],
    ["what it holds", {
      ...own,
      headers: headers("5"),
      json: () => Promise.resolve(new Proxy({}, { has: fail })),
    }, 500],
    [
      "its body",
      Object.defineProperty(
        { ...own, headers: headers("5"), text: () => Promise.reject(new Error("gone")) },
        "body",
        { get: fail },
      ),
      400,
    ],
  ];
  for (const [what, request, status] of cases) {
    it(`${what}: answers ${status}`, async () => {
      const hook = hookFor();
      // Deno and Bun pass an object, by which it is known that they enforce the length.
      const args = "json" in request ? [{ completed: Promise.resolve() }] : [];
      await consoleOf(async () => assert.equal((await call(hook, request, ...args)).status, status));
    });
  }

  it("its reader, when the body takes too long: goes on", async (t) => {
    const reader = { read: () => new Promise(() => {}), cancel: fail };
    const request = { ...own, headers: headers(null), body: { getReader: () => reader } };
    const hook = createWebhook(() => assert.fail(), { secretToken: null, log: false }, { bodyTimeoutMs: 6 });
    const alive = setInterval(() => {}, 1_000);
    t.after(() => clearInterval(alive));
    assert.equal((await call(hook, request)).status, 408);
  });
});

describe("a webhook where a listener of node:http belongs", () => {
  it("answers a stranger 500 and ends no process", async (t) => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    process.on("unhandledRejection", note);
    const hook = hookFor();
    const server = createServer(hook as unknown as (q: IncomingMessage, s: ServerResponse) => void);
    const connection = await connectTo(t, server);
    t.after(() => process.off("unhandledRejection", note));
    const lines = await consoleOf(async () => {
      for (const secret of ["wrong", SECRET]) {
        const { status, body } = await connection.deliver({ secret });
        assert.equal(status, 500);
        assert.match(body, /Use toNodeListener\(hook\) from "telehook\/node"/);
      }
    });
    assert.equal(lines.length, 1);
    assert.deepEqual(unhandled, []);
  });
});

describe("a listener that is called with", () => {
  const response = () => {
    const told: unknown[] = [];
    return {
      told,
      headersSent: false,
      writeHead: (status: number) => void told.push(status),
      end: () => void told.push("end"),
    };
  };
  const cases: readonly (readonly [what: string, request: unknown])[] = [
    ["nothing", undefined],
    ["an object that throws", hostile()],
    ["headers that throw", { ...nodeRequest(), headers: hostile() }],
    ["a socket that throws", Object.defineProperty(nodeRequest(), "body", { get: () => assert.fail() })],
  ];
  for (const [what, request] of cases) {
    it(`${what}: answers 500, says so once, and is never rejected`, async () => {
      const hook = hookFor();
      const listener = toNodeListener(hook);
      const res = response();
      const lines = await consoleOf(async () => {
        for (let i = 0; i < 2; i++) await listener(request as NodeRequest, res as NodeResponse);
      });
      assert.deepEqual(res.told, [500, "end", 500, "end"]);
      assert.equal(lines.length, 1, lines.join("\n"));
      assert.match(lines[0] ?? "", /toNodeListener must be called with a request and a response/);
    });
  }

  it("no response: is never rejected", async () => {
    const listener = toNodeListener(hookFor());
    await consoleOf(async () => {
      for (const res of [undefined, null, {}, hostile()]) {
        await listener(nodeRequest() as unknown as NodeRequest, res as NodeResponse);
      }
    });
  });
});
