import { strict as assert } from "node:assert";
import { request as httpRequest } from "node:http";
import { describe, it } from "node:test";
import { type ReceivedUpdate, updateHandlers, webhook } from "../../mod.ts";
import { serve } from "../../src/serve/node.ts";
import { BODIES, type Body, messageOf, NOT_UTF8 } from "./bodies.ts";

interface Told {
  readonly status: number;
  readonly text: string;
}

/** A way to bring a body to a webhook. */
type Bring = (body: Uint8Array, seen: ReceivedUpdate[]) => Promise<Told>;

/** A body as a stream that hands over so many bytes at a time. */
function stream(body: Uint8Array, size: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < body.length) controller.enqueue(body.slice(at, at += size));
      else controller.close();
    },
  });
}

/** What Deno passes beside a request that comes right from its server: the length is enforced then. */
const DENO = { completed: Promise.resolve() };

function asRequest(
  init: (body: Uint8Array) => { body: BodyInit; headers?: HeadersInit },
  ...args: unknown[]
): Bring {
  return async (bytes, seen) => {
    const hook = webhook((update) => void seen.push(update), { secretToken: null, onError: assert.fail });
    const { body, headers } = init(bytes);
    const response = await hook(
      new Request("http://host/", {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body,
        ...{ duplex: "half" },
      }),
      ...args,
    );
    await hook.close();
    return { status: response.status, text: await response.text() };
  };
}

/** In pieces that are neither too many for a large body nor too few to split a character. */
const piece = (body: Uint8Array) => body.length > 5_000 ? 4_099 : 1;

/** Through `toNodeListener`, over a socket. */
async function overHttp(body: Uint8Array, seen: ReceivedUpdate[]): Promise<Told> {
  const hook = webhook((update) => void seen.push(update), { secretToken: null, onError: assert.fail });
  const server = await serve(hook, { port: 0, hostname: "127.0.0.1" });
  try {
    return await post(server.port, body);
  } finally {
    await server.close();
  }
}

function post(port: number, body: Uint8Array): Promise<Told> {
  const headers = { "content-type": "application/json", "content-length": String(body.length) };
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { port, host: "127.0.0.1", method: "POST", headers, agent: false },
      (response) => {
        response.setEncoding("utf8");
        let text = "";
        response.on("data", (chunk: string) => text += chunk);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

const WAYS: Record<string, Bring> = {
  "a Request with a length": asRequest((body) => ({
    body: new Blob([new Uint8Array(body)]),
    headers: { "content-length": String(body.length) },
  })),
  "a Request of a server": asRequest((body) => ({
    body: new Blob([new Uint8Array(body)]),
    headers: { "content-length": String(body.length) },
  }), DENO),
  "a Request without a length": asRequest((body) => ({ body: stream(body, body.length || 1) })),
  "a Request in pieces": asRequest((body) => ({ body: stream(body, piece(body)) })),
  "a Request with a length, in pieces": asRequest((body) => ({
    body: stream(body, piece(body)),
    headers: { "content-length": String(body.length) },
  })),
  "a node:http message": overHttp,
};

function holds({ bytes, status, says }: Body, bring: Bring): () => Promise<void> {
  return async () => {
    const seen: ReceivedUpdate[] = [];
    const told = await bring(bytes, seen);
    assert.equal(told.status, status, told.text);
    assert.match(told.text, says);
    assert.equal(seen.length, status === 200 ? 1 : 0);
  };
}

for (const [way, bring] of Object.entries(WAYS)) {
  describe(`${way}, with a body of`, () => {
    for (const body of BODIES) it(`${body.what}: ${body.status}`, holds(body, bring));
  });
}

describe("bytes that are not UTF-8", () => {
  for (const [what, text] of NOT_UTF8) {
    it(`are replaced alike, whichever way they come: ${what}`, async () => {
      for (const [way, bring] of Object.entries(WAYS)) {
        const seen: ReceivedUpdate[] = [];
        await bring(messageOf(...text), seen);
        const [update] = seen;
        assert.ok(update && "message" in update);
        assert.equal(update.message.text, new TextDecoder().decode(Uint8Array.from(text)), way);
      }
    });
  }

  it("include U+FFFD itself", async () => {
    for (const bring of Object.values(WAYS)) {
      const seen: ReceivedUpdate[] = [];
      assert.equal((await bring(messageOf(0xef, 0xbf, 0xbd), seen)).status, 200);
      assert.deepEqual(JSON.parse(JSON.stringify(seen)), [{ update_id: 1, message: { text: "\uFFFD" } }]);
    }
  });
});

describe("the Content-Type", () => {
  const answerTo = async (body: string, type: string | undefined, ...args: unknown[]) => {
    const hook = webhook(() => {}, { secretToken: null });
    const request = new Request("http://host/", {
      method: "POST",
      headers: { ...type && { "content-type": type }, "content-length": String(body.length) },
      body: new Blob([body]),
    });
    if (type === undefined) request.headers.delete("content-type");
    return (await hook(request, ...args)).status;
  };
  for (const [way, args] of Object.entries({ "read as text": [], "read by json()": [DENO] })) {
    it(`does not matter where the body is JSON, ${way}`, async () => {
      for (
        const type of ["application/json", "text/plain", "application/x-www-form-urlencoded", "x", undefined]
      ) {
        assert.equal(await answerTo('{"update_id":1,"message":{}}', type, ...args), 200);
        assert.equal(await answerTo('{"update_id":1}', type, ...args), 400);
      }
    });

    it(`explains a body that is not JSON, ${way}`, async () => {
      for (const type of ["application/json", "application/json; charset=utf-8", "application/x+json"]) {
        assert.equal(await answerTo("update_id=1", type, ...args), 400);
      }
      for (const type of ["text/plain", "application/x-www-form-urlencoded", undefined]) {
        assert.equal(await answerTo("update_id=1", type, ...args), 415);
      }
    });
  }
});

describe("hostile keys", () => {
  const receive = async (body: string, receiver: Parameters<typeof webhook>[0]) => {
    const hook = webhook(receiver, { secretToken: null, onError: assert.fail });
    const headers = { "content-type": "application/json" };
    const { status } = await hook(new Request("http://host/", { method: "POST", headers, body }));
    return status;
  };

  it("pollute no prototype, and stay the update's own", async () => {
    const seen: ReceivedUpdate[] = [];
    const body =
      '{"update_id":1,"__proto__":{"polluted":1},"message":{"text":"x","__proto__":{"polluted":2},' +
      '"constructor":{"prototype":{"polluted":3}}}}';
    assert.equal(await receive(body, (update) => void seen.push(update)), 200);
    assert.equal(JSON.stringify(seen), `[${body}]`);
    const probe: Record<string, unknown> = {};
    assert.equal(probe["polluted"], undefined);
    for (const each of [seen[0], Object.values(seen[0] ?? {}).at(-1)]) {
      assert.equal(Object.getPrototypeOf(each), Object.prototype);
      assert.ok(Object.hasOwn(Object(each), "__proto__"));
    }
  });

  for (
    const kind of [
      "__proto__",
      "constructor",
      "toString",
      "hasOwnProperty",
      "valueOf",
      "unknown",
      "receive",
      "then",
    ]
  ) {
    it(`reach the handler of unknown kinds: ${kind}`, async () => {
      const seen: unknown[] = [];
      const handlers = updateHandlers({
        message: () => assert.fail("no message"),
        unknown: (update) => void seen.push(update.update_id),
      });
      assert.equal(await receive(`{"update_id":7,"${kind}":{"x":1}}`, handlers), 200);
      assert.deepEqual(seen, [7]);
    });
  }

  it("count once: of two the last", async () => {
    const seen: ReceivedUpdate[] = [];
    await receive(
      '{"update_id":1,"update_id":2,"message":{"text":"a"},"message":{"text":"b"}}',
      (update) => void seen.push(update),
    );
    assert.deepEqual(JSON.parse(JSON.stringify(seen)), [{ update_id: 2, message: { text: "b" } }]);
  });
});
