import { strict as assert } from "node:assert";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { describe, it, type TestContext } from "node:test";
import { type Receiver, webhook } from "../../mod.ts";
import { toNodeListener } from "../../src/serve/node.ts";
import { connectTo } from "../serve/own_server.ts";
import { rawDelivery, rawHead, SECRET, textUpdate } from "../serve/raw_connection.ts";
import { consoleOf } from "./console.ts";

/** A host that waits for its listener, as h3, Nitro and Koa do, and then answers itself if nobody has. */
async function host(t: TestContext, receiver: Receiver, before?: (response: ServerResponse) => void) {
  const hook = webhook(receiver, { secretToken: SECRET, onError() {} });
  const listener = toNodeListener(hook);
  let settle = () => {};
  const settled = new Promise<void>((resolve) => settle = resolve);
  const server = createServer(async (request: IncomingMessage, response) => {
    before?.(response);
    await listener(request, response);
    settle();
    if (response.headersSent) return;
    response.writeHead(404, { "content-length": "0" });
    response.end();
  });
  const connection = await connectTo(t, server);
  t.after(() => hook.close());
  return { connection, settled };
}

/** Its types fit HTTP/2 as well. */
export const forHttp2: (request: Http2ServerRequest, response: Http2ServerResponse) => unknown =
  toNodeListener(
    webhook(() => {}, { secretToken: SECRET }),
  );

describe("the promise of toNodeListener's listener", () => {
  it("is resolved after the answer of a slow handler, in whose failure nobody gets in the way", async (t) => {
    let release = () => {};
    const { connection } = await host(t, async ({ update_id }) => {
      await new Promise<void>((resolve) => release = resolve);
      if (update_id === 1) throw new Error("later");
      return { method: "sendMessage", chat_id: 1, text: "Hello" };
    });
    connection.send(rawDelivery({ update: textUpdate(1) }));
    while (connection.received === "" && release.name !== "resolve") {
      await new Promise((resolve) => setTimeout(resolve, 1));
      release();
    }
    assert.equal((await connection.answer()).status, 500);
  });

  it("is resolved after refusals, bodies in pieces and bodies that are too large", async (t) => {
    const { connection } = await host(t, async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
    });
    assert.equal((await connection.deliver({ secret: "wrong" })).status, 401);
    assert.equal((await connection.deliver({ body: "{" })).status, 400);
    const bytes = rawDelivery();
    await connection.sent(bytes.slice(0, -10));
    connection.send(bytes.slice(-10));
    assert.equal((await connection.answer()).status, 200);
    connection.send(
      rawHead("Transfer-Encoding: chunked\r\n") + "200000\r\n" + " ".repeat(0x200000) + "\r\n0\r\n\r\n",
    );
    assert.equal((await connection.answer()).status, 413);
  });

  it("is resolved when the client goes away in the middle of a body", async (t) => {
    const { connection, settled } = await host(t, () => assert.fail());
    await connection.sent(rawDelivery().slice(0, -10));
    await new Promise((resolve) => setTimeout(resolve, 20));
    connection.destroy();
    await settled;
  });

  it("is resolved though something else has answered, which is said once", async (t) => {
    const { connection } = await host(t, () => Promise.resolve(), (response) => {
      response.writeHead(204);
      response.end();
    });
    const lines = await consoleOf(async () => {
      for (const id of [1, 2]) {
        connection.send(rawDelivery({ update: textUpdate(id) }));
        assert.equal((await connection.answer("runtime")).status, 204);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    });
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /Something else had answered a request before the webhook did/);
  });
});
