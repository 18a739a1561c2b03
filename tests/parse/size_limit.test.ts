import { strict as assert } from "node:assert";
import { describe, it } from "node:test";
import { webhook } from "../../mod.ts";

const EMPTY = '{"update_id":1,"message":{}}';
const LIMIT = 1_000;

const spaces = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(length).fill(0x20);
const sized = (length: number) => new TextEncoder().encode(EMPTY.padEnd(length));

function post(body: BodyInit | null, headers: Record<string, string> = {}): Request {
  return new Request("http://host/", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
    ...{ duplex: "half" },
  });
}

function streamOf(...chunks: unknown[]): ReadableStream<Uint8Array> {
  return new ReadableStream<unknown>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  }) as ReadableStream<Uint8Array>;
}

const hook = () => webhook(() => {}, { secretToken: null, maxBodyBytes: LIMIT });
const statusOf = async (request: Request) => (await hook()(request)).status;

describe("the size of a body", () => {
  for (const [length, status] of [[LIMIT - 1, 200], [LIMIT, 200], [LIMIT + 1, 413]] as const) {
    const body = sized(length);
    it(`${length} of ${LIMIT}: ${status}, declared or not, whole or in pieces`, async () => {
      assert.equal(await statusOf(post(body, { "content-length": String(length) })), status);
      assert.equal(await statusOf(post(body)), status);
      assert.equal(await statusOf(post(streamOf(body))), status);
      assert.equal(await statusOf(post(streamOf(body.slice(0, 10), body.slice(10)))), status);
      assert.equal(
        await statusOf(post(streamOf(...Array.from(body, (byte) => Uint8Array.of(byte))))),
        status,
      );
    });
  }

  it("is refused by its declaration alone, the body unread", async () => {
    let pulls = 0;
    const body = new ReadableStream<Uint8Array>({ pull: () => void pulls++ }, { highWaterMark: 0 });
    const request = post(body, { "content-length": String(LIMIT + 1) });
    assert.equal(await statusOf(request), 413);
    assert.deepEqual([pulls, request.bodyUsed], [0, false]);
  });

  it("is counted while reading: an endless one is cut off, and its sender told to stop", async () => {
    let sent = 0;
    let isCancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 100;
        controller.enqueue(spaces(100));
        if (sent === 100 * LIMIT) controller.error(new Error("That it was read so far is the failure"));
      },
      cancel() {
        isCancelled = true;
        return new Promise(() => {}); // and never has an end
      },
    });
    assert.equal(await statusOf(post(body)), 413);
    assert.ok(isCancelled);
    assert.ok(sent <= LIMIT + 500, String(sent));
  });

  it("is refused as too large by a Request of a framework that knows of no reading", async () => {
    const { url, method, headers, body } = post(streamOf(spaces(LIMIT), spaces(LIMIT)));
    const request = { url, method, headers, body, bodyUsed: false } as Request; // as that of @whatwg-node/server
    assert.equal(await statusOf(request), 413);
  });

  it("is what it takes in memory: its pieces are not kept, however many there are", async () => {
    const body = sized(LIMIT);
    const piece = new Uint8Array(1);
    let at = 10;
    const inPieces = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(body.slice(0, 10)),
      pull(controller) {
        piece[0] = body[at++] ?? 0; // the same array each time: whoever keeps it has the last byte for all
        controller.enqueue(piece);
        if (at === LIMIT) controller.close();
      },
    }, { highWaterMark: 0 });
    assert.equal(await statusOf(post(inPieces)), 200);
  });

  it("may be of very many pieces, without blocking the event loop", async () => {
    const many = webhook(() => {}, { secretToken: null });
    const bytes = sized(200_000);
    let at = 0;
    const body = new ReadableStream<Uint8Array>({
      // All are there already, but not in one queue: that of Node 20 may take a minute for so many.
      pull(controller) {
        controller.enqueue(bytes.subarray(at, ++at));
        if (at === bytes.length) controller.close();
      },
    });
    let hasTurned = false;
    setTimeout(() => hasTurned = true, 0);
    assert.equal((await many(post(body))).status, 200);
    assert.ok(hasTurned);
  });

  it("is a mebibyte unless told otherwise", async () => {
    const standard = webhook(() => {}, { secretToken: null });
    assert.equal((await standard(post(streamOf(sized(2 ** 20))))).status, 200);
    assert.equal((await standard(post(streamOf(sized(2 ** 20 + 1))))).status, 413);
  });

  it("is counted whatever a Request that a program made declares", async () => {
    for (const declared of ["1", "28", "999"]) {
      assert.equal(await statusOf(post(sized(LIMIT + 1), { "content-length": declared })), 413);
    }
  });

  it("counts bytes, not characters", async () => {
    const body = new TextEncoder().encode(`{"update_id":1,"message":{"text":"${"ä".repeat(490)}"}}`);
    assert.ok(body.length > LIMIT && body.length < LIMIT + 200);
    assert.equal(await statusOf(post(streamOf(body))), 413);
    assert.equal(await statusOf(post(body, { "content-length": "600" })), 413);
  });
});

describe("a body that cannot be read", () => {
  const broken = /^The body is incomplete\n$/;

  it("because it breaks off: 400", async () => {
    for (const headers of [{}, { "content-length": "60" }]) {
      const response = await hook()(post(breakingOff(), headers));
      assert.equal(response.status, 400);
      assert.match(await response.text(), broken);
    }
  });

  it("because it is not bytes: 400, never 200", async () => {
    for (const chunks of [[EMPTY], ["{", "}"], [5], [null], [{}], [sized(50), EMPTY], [[123, 125]]]) {
      let request: Request;
      try {
        request = post(streamOf(...chunks));
      } catch {
        continue; // a runtime that refuses such a stream at once
      }
      const response = await hook()(request);
      assert.equal(response.status, 400, JSON.stringify(chunks));
      assert.match(await response.text(), broken);
    }
  });

  it("because there is none: 400", async () => {
    assert.equal(await statusOf(post(null)), 400);
    assert.equal(await statusOf(post(streamOf())), 400);
    assert.equal(await statusOf(post(null, { "content-length": "0" })), 400);
  });
});

/** Half of a body, and then an error. */
function breakingOff(): ReadableStream<Uint8Array> {
  let isFirst = true;
  return new ReadableStream({
    pull(controller) {
      if (isFirst) controller.enqueue(sized(50));
      else controller.error(new Error("Somebody's own affair"));
      isFirst = false;
    },
  });
}
