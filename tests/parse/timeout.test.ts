import { strict as assert } from "node:assert";
import { createServer } from "node:http";
import { after, describe, it, type TestContext } from "node:test";
import { createWebhook } from "../../src/webhook.ts";
import { serve as serveBun } from "../../src/serve/bun.ts";
import { serve as serveDeno } from "../../src/serve/deno.ts";
import { serve as serveNode, toNodeListener } from "../../src/serve/node.ts";
import { RUNTIME } from "../serve/adapters.ts";
import { connector, rawDelivery, rawHead, SECRET, textUpdate } from "../serve/raw_connection.ts";

const LIMIT_MS = 60;

/** A webhook with a short time limit for bodies, and what it handled. */
function impatient() {
  const seen: number[] = [];
  const hook = createWebhook(({ update_id }) => void seen.push(update_id), { secretToken: SECRET }, {
    bodyTimeoutMs: LIMIT_MS,
  });
  return { hook, seen };
}

type Hook = ReturnType<typeof impatient>["hook"];
const SERVERS: Record<string, (hook: Hook) => Promise<{ port: number; close(): Promise<unknown> }>> = {
  [`the server of ${RUNTIME}`]: (hook) =>
    ({ deno: serveDeno, bun: serveBun, node: serveNode })[RUNTIME](hook, { hostname: "127.0.0.1", port: 0 }),
  "a listener of node:http": async (hook) => {
    const server = createServer(toNodeListener(hook));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    return {
      port: address.port,
      close: () => {
        server.closeAllConnections();
        return new Promise<void>((resolve) => server.close(() => resolve()));
      },
    };
  },
};

async function started(t: TestContext, start: (typeof SERVERS)[string]) {
  const { hook, seen } = impatient();
  const server = await start(hook);
  return { hook, seen, connect: connector(t, server.port, () => server.close()) };
}

for (const [name, start] of Object.entries(SERVERS)) {
  describe(`a body that does not arrive in time, at ${name}`, () => {
    const large = JSON.stringify(textUpdate(1, "x".repeat(200_000)));
    const halves: Record<string, readonly [first: string, rest: string]> = {
      "small": [rawDelivery().slice(0, -10), rawDelivery().slice(-10)],
      "large": [rawDelivery({ body: large }).slice(0, -10), large.slice(-10)],
      "in chunks": [rawHead("Transfer-Encoding: chunked\r\n") + '5\r\n{"upd\r\n', "0\r\n\r\n"],
      "of which nothing arrives": [rawDelivery().split("\r\n\r\n")[0] + "\r\n\r\n", ""],
    };
    for (const [what, [first, rest]] of Object.entries(halves)) {
      it(`${what}: is answered 408 and never handled`, async (t) => {
        const { hook, seen, connect } = await started(t, start);
        const slow = await connect();
        slow.send(first);
        const { status, headers, body } = await slow.answer("runtime");
        assert.deepEqual([status, headers.get("connection")], [408, "close"]);
        assert.equal(body, "The body did not arrive in time\n");
        slow.send(rest);
        assert.equal((await (await connect()).deliver({ update: textUpdate(2) })).status, 200);
        assert.deepEqual([seen, hook.stats().refused], [[2], 1]);
      });
    }

    it("is handled if it arrives just in time", async (t) => {
      const { seen, connect } = await started(t, start);
      const slow = await connect();
      const bytes = rawDelivery();
      await slow.sent(bytes.slice(0, -10));
      await new Promise((resolve) => setTimeout(resolve, LIMIT_MS / 2));
      slow.send(bytes.slice(-10));
      assert.equal((await slow.answer()).status, 200);
      assert.deepEqual(seen, [1]);
    });
  });
}

describe("a Request whose body does not arrive in time", () => {
  // Alone, a body that nobody sends keeps no process alive.
  const alive = setInterval(() => {}, 1_000);
  after(() => clearInterval(alive));
  const update = new TextEncoder().encode(JSON.stringify(textUpdate(1)));
  const post = (body: ReadableStream<Uint8Array>, headers: Record<string, string>) =>
    new Request("http://host/", {
      method: "POST",
      headers: { "x-telegram-bot-api-secret-token": SECRET, ...headers },
      body,
      ...{ duplex: "half" },
    });

  it("is cancelled, and not handled when it arrives after all", async () => {
    const { hook, seen } = impatient();
    let cancelled = () => {};
    const isCancelled = new Promise<void>((resolve) => cancelled = resolve);
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(update.slice(0, 10)),
      cancel: () => cancelled(),
    });
    assert.equal((await hook(post(body, {}))).status, 408);
    await isCancelled;
    assert.deepEqual(seen, []);
  });

  it("is not handled when it arrives after all, where the platform reads it", async () => {
    const { hook, seen } = impatient();
    let arrive = () => {};
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        arrive = () => {
          controller.enqueue(update);
          controller.close();
        };
      },
    });
    assert.equal((await hook(post(body, { "content-length": String(update.length) }))).status, 408);
    arrive();
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.deepEqual([seen, hook.stats().refused], [[], 1]);
  });
});
