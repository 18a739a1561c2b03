import { strict as assert } from "node:assert";
import { createServer, type IncomingMessage } from "node:http";
import { describe, it, type TestContext } from "node:test";
import { type ReceivedUpdate, webhook } from "../../mod.ts";
import { toNodeListener } from "../../src/serve/node.ts";
import { connectTo } from "../serve/own_server.ts";
import { RawConnection, rawHead, SECRET, textUpdate } from "../serve/raw_connection.ts";
import { consoleOf } from "./console.ts";

const JSON_OF = (id: number) => JSON.stringify(textUpdate(id, "Grüße"));
const ADVICE =
  /already read before the webhook received the request: Mount the webhook before the body parser/;

const BEFORE: Readonly<Record<string, (request: Request) => unknown>> = {
  "by json()": (request) => request.json(),
  "by text()": (request) => request.text(),
  "by a reader, up to its end": async (request) => {
    const reader = request.body?.getReader();
    while (!(await reader?.read())?.done);
    reader?.releaseLock();
  },
  "by a reader that holds it": (request) => request.body?.getReader(),
};

describe("a Request whose body was read before", () => {
  const post = (id: number, headers: Record<string, string> = {}) =>
    new Request("http://host/", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON_OF(id),
    });
  for (const [how, read] of Object.entries(BEFORE)) {
    for (const headers of [{}, { "content-length": String(new TextEncoder().encode(JSON_OF(1)).length) }]) {
      it(`${how}, ${Object.keys(headers)[0] ?? "no length"}: answers 500 and says once what to do`, async () => {
        const hook = webhook(() => assert.fail(), { secretToken: null });
        const lines = await consoleOf(async () => {
          for (const id of [1, 2]) {
            const request = post(id, headers);
            await read(request);
            const response = await hook(request);
            assert.equal(response.status, 500);
            assert.match(await response.text(), /^The body was already read before/);
          }
        });
        assert.equal(lines.length, 1);
        assert.match(lines[0] ?? "", ADVICE);
      });
    }
  }

  it("is handled when its body is passed on", async () => {
    const seen: ReceivedUpdate[] = [];
    const hook = webhook((update) => void seen.push(update), { secretToken: null });
    const request = post(1);
    const body = await request.text();
    const { url, method, headers } = request;
    assert.equal((await hook(new Request(url, { method, headers, body }))).status, 200);
    assert.deepEqual(seen, [textUpdate(1, "Grüße")]);
  });
});

type Handler = (request: Request, server: unknown) => Promise<Response>;
interface Runtimes {
  readonly Deno?: {
    serve(
      options: object,
      handler: Handler,
    ): { readonly addr: { readonly port: number }; shutdown(): Promise<void> };
  };
  readonly Bun?: {
    serve(options: object): { readonly port: number; stop(isAtOnce: boolean): Promise<void> };
  };
}
const { Deno, Bun } = globalThis as Runtimes;

/** A connection to the server of Deno or Bun. */
async function connectToRuntime(t: TestContext, handler: Handler): Promise<RawConnection> {
  const place = { port: 0, hostname: "127.0.0.1" };
  const deno = Deno?.serve({ ...place, onListen() {} }, handler);
  const bun = Bun?.serve({ ...place, fetch: handler });
  const connection = await RawConnection.open(deno?.addr.port ?? bun?.port ?? 0);
  t.after(async () => {
    connection.destroy();
    await Promise.all([deno?.shutdown(), bun?.stop(true)]);
  });
  return connection;
}

describe("a body on the server of Deno or Bun", { skip: Deno === undefined && Bun === undefined }, () => {
  for (const [how, read] of Object.entries(BEFORE)) {
    it(`that was read before ${how}: answers 500 and says what to do`, async (t) => {
      const hook = webhook(() => assert.fail(), { secretToken: SECRET });
      const connection = await connectToRuntime(t, async (request, server) => {
        await read(request);
        return await hook(request, server);
      });
      const lines = await consoleOf(async () => {
        const { status, body } = await connection.deliver({ body: JSON_OF(1) });
        assert.deepEqual([status, /^The body was already read before/.test(body)], [500, true], body);
      });
      assert.match(lines.join(), ADVICE);
    });
  }

  it("that breaks off is not taken for one that was read before", async (t) => {
    const begun = Promise.withResolvers<void>();
    const refused = Promise.withResolvers<unknown>();
    const hook = webhook(() => assert.fail(), {
      secretToken: SECRET,
      onEvent: (event) => event.type === "refused" && refused.resolve([event.status, event.reason]),
    });
    const connection = await connectToRuntime(t, (request, server) => {
      begun.resolve();
      return hook(request, server);
    });
    await connection.sent(`${rawHead("Content-Length: 100\r\n")}{`);
    await begun.promise;
    connection.destroy();
    assert.deepEqual(await refused.promise, [400, "The body is incomplete"]);
  });
});

interface Parsed extends IncomingMessage {
  body?: unknown;
}

/** A server in which something stands before the listener. */
async function behind(
  t: TestContext,
  before: (request: Parsed) => Promise<unknown>,
) {
  const seen: ReceivedUpdate[] = [];
  const hook = webhook((update) => void seen.push(update), { secretToken: SECRET });
  const listener = toNodeListener(hook);
  const server = createServer(async (request: Parsed, response) => {
    await before(request);
    await listener(request, response);
  });
  const connection = await connectTo(t, server);
  t.after(() => hook.close());
  return { seen, connection };
}

async function bytesOf(request: Parsed): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}

describe("a node:http request whose body was read before", () => {
  const unused: Record<string, (request: Parsed) => Promise<unknown>> = {
    "completely": bytesOf,
    "in part": (request) => new Promise((resolve) => request.once("data", () => resolve(request.pause()))),
  };
  for (const [how, before] of Object.entries(unused)) {
    it(`${how}, by a parser that kept the result to itself: answers 500 and says once what to do`, async (t) => {
      const { connection, seen } = await behind(t, before);
      const lines = await consoleOf(async () => {
        for (const id of [1, 2]) {
          const { status, body } = await connection.deliver({ update: textUpdate(id) });
          assert.equal(status, 500);
          assert.match(body, /^The body was already read before/);
        }
      });
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? "", ADVICE);
      assert.deepEqual(seen, []);
    });
  }

  const made: Record<string, (bytes: Uint8Array<ArrayBuffer>) => unknown> = {
    "an ArrayBuffer": (bytes) => bytes.buffer,
    "a Blob": (bytes) => new Blob([bytes]),
    "a File": (bytes) => new File([bytes], "x.json"),
    "a web stream": (bytes) => new Blob([bytes]).stream(),
    "a Buffer that went through JSON": (bytes) => ({ type: "Buffer", data: [...bytes] }),
  };
  for (const [what, make] of Object.entries(made)) {
    it(`and is ${what} now: is handled`, async (t) => {
      const { connection, seen } = await behind(
        t,
        async (request) => request.body = make(await bytesOf(request)),
      );
      assert.equal((await connection.deliver({ update: textUpdate(1, "Grüße") })).status, 200);
      assert.deepEqual(seen, [textUpdate(1, "Grüße")]);
      assert.equal((await connection.deliver({ body: "{" })).status, 400);
    });
  }

  it("and is a web stream that was read too: answers 500", async (t) => {
    const { connection } = await behind(t, async (request) => {
      const stream = new Blob([await bytesOf(request)]).stream();
      await stream.getReader().read();
      request.body = stream;
    });
    await consoleOf(async () => assert.equal((await connection.deliver()).status, 500));
  });

  it("and is a Blob although the stream has not ended: is handled", async (t) => {
    const { connection, seen } = await behind(t, (request) => {
      request.body = new Blob([JSON_OF(1)]);
      return Promise.resolve();
    });
    assert.equal((await connection.deliver()).status, 200);
    assert.deepEqual(seen, [textUpdate(1, "Grüße")]);
  });
});
