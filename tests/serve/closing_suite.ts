import { strict as assert } from "node:assert";
import { it } from "node:test";
import type { ReceivedUpdate } from "../../mod.ts";
import { type Adapter, RUNTIME, scene } from "./adapters.ts";
import { albumPart, RawConnection, rawDelivery, textUpdate } from "./raw_connection.ts";

/** How long closing may take when nobody holds it up, in milliseconds: a runtime may be slow, not wait for a time limit. */
const PROMPT_MS = 3_000;

/** How a server comes to its end. */
export function closingSuite(adapter: Adapter): void {
  it("ends promptly with idle, silent and half-way connections, and ends these too", async (t) => {
    const { server, connect } = await scene(t, adapter, () => {});
    const idle = await connect();
    await idle.deliver();
    const whole = rawDelivery();
    const [fresh, halfHead, halfBody] = [await connect(), await connect(), await connect()];
    await halfHead.sent(whole.slice(0, 40));
    await halfBody.sent(whole.slice(0, -5));
    const since = performance.now();
    await server.close();
    assert.ok(performance.now() - since < PROMPT_MS);
    // Bun leaves those open that never sent a byte; they hold up nothing, not even the end of the process.
    const ended = [idle, halfHead, halfBody, ...(RUNTIME === "bun" ? [] : [fresh])];
    await Promise.all(ended.map((each) => each.closed()));
    await assert.rejects(RawConnection.open(server.port), { code: "ECONNREFUSED" });
  });

  it("answers 503 with Retry-After while it closes, and still answers what runs; each ends its connection", async (t) => {
    let began = () => {}, release = () => {};
    const running = new Promise<void>((resolve) => began = resolve);
    const ended = new Promise<void>((resolve) => release = resolve);
    const seen: number[] = [];
    const { server, connect } = await scene(t, adapter, async ({ update_id }) => {
      seen.push(update_id);
      began();
      await ended;
    });
    const [busy, late] = [await connect(), await connect()];
    busy.send(rawDelivery());
    await running;
    const closing = server.close();
    const refused = await late.deliver({ update: textUpdate(2, "", 222) });
    assert.deepEqual([refused.status, refused.headers.get("retry-after"), refused.body], [503, "1", ""]);
    assert.equal(refused.headers.get("connection"), "close");
    release();
    const handled = await busy.answer();
    assert.deepEqual([handled.status, handled.headers.get("connection")], [200, "close"]);
    await closing;
    await Promise.all([busy.closed(), late.closed()]);
    assert.deepEqual(seen, [1]);
  });

  it("hands over a pending album before it is closed", async (t) => {
    const seen: ReceivedUpdate[] = [];
    const { server, connect } = await scene(t, adapter, (update) => void seen.push(update), {
      mediaGroups: { quietMs: 60_000, maxWaitMs: 60_000 },
    });
    const connection = await connect();
    for (const id of [1, 2]) assert.equal((await connection.deliver({ update: albumPart(id) })).status, 200);
    assert.deepEqual(seen, []);
    await server.close();
    assert.deepEqual(seen.map((update) => Object.keys(update)), [["update_id", "message_media_group"]]);
  });
}
