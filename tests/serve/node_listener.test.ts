import { strict as assert } from "node:assert";
import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers";
import type { AddressInfo } from "node:net";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { describe, it, type TestContext } from "node:test";
import { type ReceivedUpdate, webhook, type WebhookOptions } from "../../mod.ts";
import { toNodeListener } from "../../src/serve/node.ts";
import { connectTo } from "./own_server.ts";
import { type RawDelivery, SECRET, textUpdate } from "./raw_connection.ts";

type Before = (
  request: IncomingMessage & { body?: unknown; originalUrl?: string },
  bytes: Uint8Array,
) => unknown;

/** A server of the user's own, in which something stands before the webhook, as in Express. */
async function behind(
  t: TestContext,
  { reads, before, options = {} }: { reads: boolean; before: Before; options?: Partial<WebhookOptions> },
) {
  const seen: ReceivedUpdate[] = [];
  const hook = webhook((update) => void seen.push(update), { secretToken: SECRET, ...options });
  const listener = toNodeListener(hook);
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Uint8Array[] = [];
    if (reads) { for await (const chunk of request) chunks.push(chunk); }
    before(request, Buffer.concat(chunks));
    listener(request, response);
  });
  const connection = await connectTo(t, server);
  t.after(() => hook.close());
  return { seen, deliver: (delivery: RawDelivery = {}) => connection.deliver(delivery) };
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("toNodeListener", () => {
  const parsers: Record<string, Before> = {
    "an object": (request, bytes) => request.body = JSON.parse(text(bytes)),
    "an object without a prototype": (request, bytes) =>
      request.body = Object.assign(Object.create(null), JSON.parse(text(bytes))),
    "text": (request, bytes) => request.body = text(bytes),
    "a Buffer": (request, bytes) => request.body = Buffer.from(bytes),
    "a Uint8Array": (request, bytes) => request.body = new Uint8Array(bytes),
  };
  for (const [what, before] of Object.entries(parsers)) {
    it(`works behind a parser that made ${what} of the body`, async (t) => {
      const { seen, deliver } = await behind(t, { reads: true, before });
      for (const id of [1, 2]) assert.equal((await deliver({ update: textUpdate(id, "Grüße") })).status, 200);
      assert.equal(JSON.stringify(seen), JSON.stringify([textUpdate(1, "Grüße"), textUpdate(2, "Grüße")]));
    });

    it(`looks at the secret first, even if there is ${what}`, async (t) => {
      const { seen, deliver } = await behind(t, { reads: true, before });
      assert.equal((await deliver({ secret: "wrong" })).status, 401);
      assert.deepEqual(seen, []);
    });
  }

  const unusable: readonly (readonly [what: string, body: unknown])[] = [
    ["null", null],
    ["an empty object", {}],
    ["an empty text", ""],
    ["an empty Buffer", Buffer.alloc(0)],
    ["an array", [textUpdate(1)]],
    ["a number", 5],
    ["false", false],
    ["text that is no JSON", "update_id=1"],
    ["bytes that are no JSON", Buffer.of(0x7b, 0xff, 0x7d)],
  ];
  for (const [what, body] of unusable) {
    it(`answers 400 behind a parser that made ${what} of the body`, async (t) => {
      const { seen, deliver } = await behind(t, { reads: true, before: (request) => request.body = body });
      const answer = await deliver();
      assert.equal(answer.status, 400);
      assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/);
      assert.deepEqual(seen, []);
    });
  }

  it("reads the stream itself behind parsers of Express 4, which leave {} where they did not parse", async (t) => {
    const { seen, deliver } = await behind(t, { reads: false, before: (request) => request.body = {} });
    assert.equal((await deliver()).status, 200);
    assert.deepEqual(seen, [textUpdate(1)]);
  });

  it("reads the stream itself if nobody has, a turn of the event loop later too", async (t) => {
    const seen: number[] = [];
    const hook = webhook(({ update_id }) => void seen.push(update_id), { secretToken: SECRET });
    const listener = toNodeListener(hook);
    const server = createServer((request, response) => {
      setImmediate(() => listener(request, response));
    });
    const connection = await connectTo(t, server);
    assert.equal((await connection.deliver()).status, 200);
    assert.deepEqual(seen, [1]);
  });

  it("looks at the path before a router took its prefix off", async (t) => {
    const before: Before = (request) => {
      request.originalUrl = request.url ?? "";
      request.url = request.url?.replace("/bots/telegram", "") || "/";
    };
    const { deliver } = await behind(t, { reads: false, before, options: { path: "/bots/telegram" } });
    assert.equal((await deliver({ target: "/bots/telegram?x=/" })).status, 200);
    assert.equal((await deliver({ target: "/" })).status, 404);
  });

  it("takes no secret that comes twice", async (t) => {
    const { deliver } = await behind(t, { reads: false, before: () => {} });
    for (const other of [SECRET, "wrong"]) {
      assert.equal((await deliver({ headers: `X-Telegram-Bot-Api-Secret-Token: ${other}\r\n` })).status, 401);
    }
  });

  it("takes what webhook() made and nothing else", () => {
    for (const handler of [undefined, null, {}, () => new Response()]) {
      // @ts-expect-error: none of these is a webhook
      assert.throws(() => toNodeListener(handler), { code: "ERR_OPTION" });
    }
  });
});

it("reads a body whose chunks something before it has made text", async () => {
  const texts: unknown[] = [];
  const hook = webhook((update) => void texts.push("message" in update && update.message.text), {
    secretToken: null,
  });
  const listener = toNodeListener(hook);
  const server = createServer((request, response) => {
    request.setEncoding("utf-8");
    void listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const chat = { id: 1, type: "private" };
  const body = JSON.stringify({ update_id: 1, message: { message_id: 1, date: 0, chat, text: "ü😀" } });
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body });
  await response.arrayBuffer();
  assert.equal(response.status, 200);
  assert.deepEqual(texts, ["ü😀"]);
  await hook.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
