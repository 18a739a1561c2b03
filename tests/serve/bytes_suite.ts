import { strict as assert } from "node:assert";
import { it } from "node:test";
import type { ReceivedUpdate } from "../../mod.ts";
import { type Adapter, RUNTIME, scene } from "./adapters.ts";
import { MALFORMED } from "./malformed.ts";
import { type RawConnection, rawDelivery, rawHead, textUpdate } from "./raw_connection.ts";

const CHUNKED = rawHead("Transfer-Encoding: chunked\r\n");
const MEGABYTE = 2 ** 20;

/** Text in chunks of so many bytes. */
function inChunks(text: string, size: number): string {
  const chunks = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
  return chunks.map((each) => `${each.length.toString(16)}\r\n${each}\r\n`).join("") + "0\r\n\r\n";
}

/** UTF-8 as text whose every character is a byte. */
function bytesOf(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
}

/** JSON of an update that has exactly so many bytes. */
function updateOf(bytes: number): string {
  const empty = JSON.stringify(textUpdate(1, ""));
  const extra = new TextEncoder().encode(empty).length;
  return bytesOf(JSON.stringify(textUpdate(1, "x".repeat(bytes - extra))));
}

/** What comes over the wire, in every way in which it can: in pieces, at once, too short, too long, never. */
export function bytesSuite(adapter: Adapter): void {
  const watched = (t: Parameters<typeof scene>[0], options: Parameters<typeof scene>[3] = {}) => {
    const seen: ReceivedUpdate[] = [];
    return scene(t, adapter, (update) => void seen.push(update), options).then((each) => ({ ...each, seen }));
  };
  const ids = (seen: readonly ReceivedUpdate[]) => seen.map(({ update_id }) => update_id);

  it("takes a delivery byte by byte", async (t) => {
    const { connect, seen } = await watched(t);
    const connection = await connect();
    for (const byte of rawDelivery()) await connection.sent(byte);
    assert.equal((await connection.answer()).status, 200);
    assert.deepEqual(seen, [textUpdate(1)]);
  });

  it("takes several deliveries in one segment, and answers in their order", async (t) => {
    const { connect } = await scene(t, adapter, ({ update_id }) => ({ method: "sendMessage", update_id }));
    const connection = await connect();
    connection.send([1, 2, 3, 4, 5].map((id) => rawDelivery({ update: textUpdate(id, "", id) })).join(""));
    const bodies = [];
    for (let i = 0; i < 5; i++) bodies.push(JSON.parse((await connection.answer()).body).update_id);
    assert.deepEqual([bodies, connection.received], [[1, 2, 3, 4, 5], ""]);
  });

  it("answers pipelined deliveries in their order, however long each takes", async (t) => {
    const order: number[] = [];
    let release = () => {};
    const { connect } = await scene(t, adapter, async ({ update_id }) => {
      if (update_id === 1) await new Promise<void>((resolve) => release = resolve);
      order.push(update_id);
      return { method: "sendMessage", update_id };
    });
    const connection = await connect();
    connection.send(
      rawDelivery({ update: textUpdate(1, "", 1) }) + rawDelivery({ update: textUpdate(2, "", 2) }),
    );
    const another = await connect();
    await another.deliver({ update: textUpdate(3, "", 3) });
    assert.equal(connection.received, "");
    release();
    const replyTo = async (connection: RawConnection) =>
      JSON.parse((await connection.answer()).body).update_id;
    if (adapter.server === "bun") {
      // Bun.serve closes a connection on which a second request comes too soon. Telegram never sends one, and whoever
      // does finds the first one handled.
      await connection.closed();
      assert.equal((await another.deliver({ update: textUpdate(1, "", 1) })).status, 200);
    } else assert.deepEqual([await replyTo(connection), await replyTo(connection)], [1, 2]);
    assert.equal(order.filter((id) => id === 1).length, 1);
  });

  it("keeps forty connections going at the same time", async (t) => {
    const { connect, seen } = await watched(t);
    const connections = await Promise.all(Array.from({ length: 40 }, connect));
    await Promise.all(connections.map(async (connection, i) => {
      for (let round = 0; round < 5; round++) {
        const { status } = await connection.deliver({ update: textUpdate(i * 5 + round, "x", i) });
        assert.equal(status, 200);
      }
    }));
    assert.deepEqual(ids(seen).sort((a, b) => a - b), [...Array(200).keys()]);
    assert.ok(connections.every(({ isClosed }) => !isClosed));
  });

  it("takes a body in chunks, characters cut in two", async (t) => {
    const { connect, seen } = await watched(t);
    const update = textUpdate(1, "Grüße 😀 ✓");
    const connection = await connect();
    for (const piece of (CHUNKED + inChunks(bytesOf(JSON.stringify(update)), 1)).match(/[^]{1,7}/g) ?? []) {
      await connection.sent(piece);
    }
    assert.equal((await connection.answer()).status, 200);
    assert.deepEqual(seen, [update]);
    assert.equal((await connection.deliver({ update: textUpdate(2) })).status, 200);
  });

  it("takes a body of exactly the limit, and not one byte more", async (t) => {
    const { connect, seen } = await watched(t, { maxBodyBytes: 2000 });
    const [fits, tooLarge] = [updateOf(2000), updateOf(2001)];
    const status = async (bytes: string) => {
      const connection = await connect();
      connection.send(bytes);
      return (await connection.answer()).status;
    };
    assert.equal(await status(rawDelivery({ body: fits })), 200);
    assert.equal(await status(rawDelivery({ body: tooLarge })), 413);
    assert.equal(await status(CHUNKED + inChunks(fits, 333)), 200);
    assert.equal(await status(CHUNKED + inChunks(tooLarge, 333)), 413);
    assert.equal(seen.length, 1);
  });

  it("takes the largest update that Telegram sends", async (t) => {
    const { connect, seen } = await watched(t);
    const { status } = await (await connect()).deliver({ body: updateOf(512 * 1024) });
    assert.deepEqual([status, ids(seen)], [200, [1]]);
  });

  for (
    const [what, head, piece] of [
      ["declared", rawHead(`Content-Length: ${10 * MEGABYTE}\r\n`), new Uint8Array(65_536).fill(0x20)],
      ["in chunks", CHUNKED, chunkOfSpaces(65_536)],
    ] as const
  ) {
    it(`answers 413 to ten megabytes, ${what}, without waiting for their end`, async (t) => {
      const { connect, seen } = await watched(t);
      const connection = await connect();
      connection.send(head);
      await connection.pour(piece, 10 * MEGABYTE);
      assert.equal((await connection.answer()).status, 413);
      assert.equal((await (await connect()).deliver()).status, 200);
      assert.deepEqual(ids(seen), [1]);
    });
  }

  it("serves others while somebody sends half and falls silent", async (t) => {
    const { connect, seen } = await watched(t);
    const whole = rawDelivery({ update: textUpdate(1) });
    for (
      const length of [
        0,
        1,
        20,
        whole.indexOf("\r\n\r\n") + 2,
        whole.indexOf("\r\n\r\n") + 4,
        whole.length - 1,
      ]
    ) {
      const silent = await connect();
      await silent.sent(whole.slice(0, length));
    }
    const connection = await connect();
    assert.equal((await connection.deliver({ update: textUpdate(2) })).status, 200);
    assert.deepEqual(ids(seen), [2]);
  });

  it("drops a body that is shorter than declared, however its sender leaves", async (t) => {
    const { connect, seen } = await watched(t);
    const short = rawDelivery({ update: textUpdate(1) }).slice(0, -1);
    const leaving: ((connection: RawConnection) => void)[] = [
      (connection) => connection.end(),
      (connection) => connection.destroy(),
      (connection) => connection.socket.resetAndDestroy(),
    ];
    for (const bytes of [short, CHUNKED + '5\r\n{"upd', rawDelivery().slice(0, 30), ""]) {
      for (const leave of leaving) {
        const connection = await connect();
        await connection.sent(bytes);
        leave(connection);
        await connection.closed();
      }
    }
    assert.equal((await (await connect()).deliver({ update: textUpdate(2) })).status, 200);
    assert.deepEqual(ids(seen), [2]);
  });

  it("handles what it was sent though its sender does not wait for the answer, and counts it as handled", async (t) => {
    let began = () => {}, release = () => {};
    const running = new Promise<void>((resolve) => began = resolve);
    const ended = new Promise<void>((resolve) => release = resolve);
    const seen: number[] = [];
    const { connect } = await scene(t, adapter, async ({ update_id }) => {
      began();
      await ended;
      seen.push(update_id);
    });
    const hasty = await connect();
    hasty.send(rawDelivery());
    await running;
    hasty.destroy();
    const patient = await connect();
    patient.send(rawDelivery());
    await patient.sent("");
    release();
    assert.equal((await patient.answer()).status, 200);
    assert.deepEqual(seen, [1]);
  });

  it("takes what follows a body for the next request, and refuses it", async (t) => {
    const { connect, seen } = await watched(t);
    const connection = await connect();
    connection.send(rawDelivery() + "surplus bytes\r\n\r\n");
    await connection.closed();
    // The node:http of Deno reads all that came before it answers, and then only says that the last of it is wrong.
    const answered = RUNTIME === "deno" && adapter.server === "node" ? "" : "HTTP/1\\.1 200 [^]*?\r\n\r\n";
    assert.match(connection.received, new RegExp(`^${answered}(HTTP/1\\.1 400 [^]*)?$`));
    assert.equal((await (await connect()).deliver()).status, 200);
    assert.deepEqual(ids(seen), [1]);
  });

  it("answers HTTP/1.0 and closes", async (t) => {
    const { connect, seen } = await watched(t);
    const connection = await connect();
    connection.send(
      rawDelivery({ headers: "" }).replace("HTTP/1.1", "HTTP/1.0").replace("keep-alive", "close"),
    );
    assert.equal((await connection.answer()).status, 200);
    await connection.closed();
    assert.deepEqual([ids(seen), connection.received], [[1], ""]);
  });

  it("never answers 100 Continue to one who does not ask, and hears one out who does", async (t) => {
    const { connect, seen } = await watched(t);
    const connection = await connect();
    const [head = "", body = ""] = rawDelivery({ headers: "Expect: 100-continue\r\n" }).split("\r\n\r\n");
    await connection.sent(`${head}\r\n\r\n`);
    await connection.sent(body);
    // An interim answer to one who asked is HTTP; Telegram never asks.
    await connection.closedOrAnswered();
    const interim = connection.received.startsWith("HTTP/1.1 100 ");
    if (interim) connection.skipInterim();
    if (adapter.server === "node" && !adapter.name.startsWith("toNodeListener")) assert.equal(interim, false);
    assert.equal((await connection.answer()).status, 200);
    assert.deepEqual(ids(seen), [1]);
  });

  it("takes no notice of an expectation that nobody knows", async (t) => {
    if (adapter.name.startsWith("toNodeListener")) return; // a server of the user's own, which answers by itself
    const { connect, seen } = await watched(t);
    const connection = await connect();
    assert.equal((await connection.deliver({ headers: "Expect: foo\r\n" })).status, 200);
    assert.deepEqual(ids(seen), [1]);
  });

  it("takes a target in absolute form", async (t) => {
    const { connect } = await watched(t, { path: "/telegram" });
    const { status } = await (await connect()).deliver({ target: "http://bot.example/telegram?x=1" });
    assert.equal(status, 200);
  });

  for (const [what, bytes] of MALFORMED) {
    it(`survives ${what}`, async (t) => {
      const { connect, seen } = await watched(t);
      const connection = await connect();
      connection.send(bytes);
      await connection.closedOrAnswered();
      if (connection.received !== "") {
        assert.match(connection.received, /^HTTP\/1\.[01] (4\d\d|50[15]) /, RUNTIME);
      }
      assert.deepEqual(seen, []);
      assert.equal((await (await connect()).deliver()).status, 200);
    });
  }
}

function chunkOfSpaces(size: number): Uint8Array {
  return new TextEncoder().encode(`${size.toString(16)}\r\n${" ".repeat(size)}\r\n`);
}
