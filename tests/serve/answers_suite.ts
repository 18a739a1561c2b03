import { strict as assert } from "node:assert";
import { it } from "node:test";
import type { ReceivedUpdate } from "../../mod.ts";
import { type Adapter, scene } from "./adapters.ts";
import { capture, CAPTURED_TEXTS, CAPTURES } from "./captures.ts";
import { albumPart, type RawDelivery, rawDelivery, SECRET, textUpdate } from "./raw_connection.ts";

const REFUSALS: readonly (readonly [what: string, status: number, delivery: RawDelivery])[] = [
  ["another path", 404, { target: "/other" }],
  ["a path below", 404, { target: "/telegram/" }],
  ["a path above", 404, { target: "/telegra" }],
  ["a query that looks like the path", 404, { target: "/?/telegram" }],
  ["no secret", 401, { secret: null }],
  ["an empty secret", 401, { secret: "" }],
  ["a wrong secret", 401, { secret: "my-Secret_2" }],
  ["a secret with something behind it", 401, { secret: `${SECRET}x` }],
  ["a secret in another case", 401, { secret: SECRET.toUpperCase() }],
  ["the secret among others", 401, { secret: `x, ${SECRET}` }],
  ["no JSON and no content type", 415, { contentType: null, body: "x" }],
  ["a form", 415, { contentType: "application/x-www-form-urlencoded", body: "update_id=1" }],
  ["text", 415, { contentType: "text/plain", body: "update" }],
  ["JSON that is none", 415, { contentType: "application/jsonp", body: 'f({"update_id":1})' }],
  ["an empty body", 400, { body: "" }],
  ["half of an object", 400, { body: '{"update_id":1,' }],
  ["not an update", 400, { body: '{"ok":true}' }],
  ["an answer of getUpdates", 400, { body: '{"ok":true,"result":[]}' }],
  ["bytes that are not UTF-8", 400, { body: "{\xff}" }],
];

/** Every row of the design page's table of answers, over sockets. */
export function answersSuite(adapter: Adapter): void {
  const ofUpdate: (update: ReceivedUpdate) => void = () => {};

  for (const [what, status, delivery] of REFUSALS) {
    it(`answers ${status} to ${what}, and goes on`, async (t) => {
      const seen: ReceivedUpdate[] = [];
      const { connect } = await scene(t, adapter, (update) => void seen.push(update), { path: "/telegram" });
      const connection = await connect();
      const answer = await connection.deliver({ target: "/telegram", ...delivery });
      assert.equal(answer.status, status);
      assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/);
      assert.match(answer.body, /^[A-Z][^"]+\n$/);
      assert.ok(!answer.body.includes(SECRET));
      assert.deepEqual(seen, []);
      const next = connection.isClosed ? await connect() : connection;
      // A runtime may close after a refusal; Telegram reconnects then.
      const good = await next.deliver({ target: "/telegram" }).catch(async () =>
        await (await connect()).deliver({ target: "/telegram" })
      );
      assert.deepEqual([good.status, good.body, seen.length], [200, "", 1]);
    });
  }

  for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
    it(`answers 405 with Allow to ${method}`, async (t) => {
      const { connect } = await scene(t, adapter, ofUpdate);
      const connection = await connect();
      connection.send(`${method} / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      if (method === "HEAD") {
        await connection.closed();
        assert.match(connection.received, /^HTTP\/1\.1 405 .*\r\n\r\n$/s);
        return assert.match(connection.received, /^allow: POST\r$/im);
      }
      const answer = await connection.answer();
      assert.deepEqual([answer.status, answer.headers.get("allow")], [405, "POST"]);
    });
  }

  it("looks at the path, the address, the secret and the size in this order, before the body", async (t) => {
    const { connect } = await scene(t, adapter, ofUpdate, {
      allowedAddresses: ["192.0.2.1"],
      trustedProxy: { addresses: ["127.0.0.1"], header: "x-real-ip" },
      maxBodyBytes: 10,
    });
    const wrong = {
      target: "/x",
      headers: "X-Real-IP: 192.0.2.9\r\n",
      secret: "x",
      contentType: "x/y",
      body: "this is not JSON",
    };
    const statuses: number[] = [];
    for (
      const delivery of [
        { ...wrong, method: "PUT" },
        wrong,
        { ...wrong, target: "/" },
        { ...wrong, target: "/", headers: "X-Real-IP: 192.0.2.1\r\n" },
        { ...wrong, target: "/", headers: "X-Real-IP: 192.0.2.1\r\n", secret: SECRET },
      ]
    ) {
      // The body never comes: only its head decides.
      const connection = await connect();
      connection.send(rawDelivery(delivery).replace(/\r\n\r\n[^]*$/, "\r\n\r\n"));
      statuses.push((await connection.answer()).status);
    }
    assert.deepEqual(statuses, [405, 404, 403, 401, 413]);
  });

  it("knows the client by its socket", async (t) => {
    const open = await scene(t, adapter, ofUpdate, { allowedAddresses: ["127.0.0.0/8"] });
    assert.equal((await (await open.connect()).deliver()).status, 200);
    const shut = await scene(t, adapter, ofUpdate, { allowedAddresses: ["telegram"] });
    const spoofed = { headers: "X-Forwarded-For: 149.154.167.220\r\n" };
    assert.equal((await (await shut.connect()).deliver(spoofed)).status, 403);
    const proxied = await scene(t, adapter, ofUpdate, {
      allowedAddresses: ["telegram"],
      trustedProxy: { addresses: ["127.0.0.1"] },
    });
    assert.equal((await (await proxied.connect()).deliver(spoofed)).status, 200);
  });

  it("answers an empty 200 once the update is handled, and to the same update again", async (t) => {
    const seen: ReceivedUpdate[] = [];
    const { connect } = await scene(t, adapter, (update) => void seen.push(update));
    const connection = await connect();
    for (let i = 0; i < 3; i++) {
      const { status, body, headers } = await connection.deliver();
      assert.deepEqual([status, body, headers.get("content-length")], [200, "", "0"]);
      assert.equal(headers.get("content-type"), undefined);
    }
    assert.deepEqual(seen, [textUpdate(1)]);
  });

  it("answers with the webhook reply as JSON", async (t) => {
    const reply = { method: "sendMessage", chat_id: 111, text: `Grüße 😀 ${"long ".repeat(200)}` };
    const { connect } = await scene(t, adapter, () => Promise.resolve(reply));
    const { status, headers, body } = await (await connect()).deliver();
    assert.equal(status, 200);
    assert.equal(headers.get("content-type"), "application/json");
    const bytes = Uint8Array.from(body, (character) => character.charCodeAt(0));
    assert.deepEqual(JSON.parse(new TextDecoder().decode(bytes)), reply);
  });

  it("acknowledges the parts of an album at once, and hands it over merged", async (t) => {
    let album = (_: ReceivedUpdate) => {};
    const merged = new Promise<ReceivedUpdate>((resolve) => album = resolve);
    const { connect } = await scene(t, adapter, (update) => album(update), {
      mediaGroups: { quietMs: 60_000 },
    });
    const connection = await connect();
    for (let id = 1; id <= 10; id++) {
      const { status, body } = await connection.deliver({ update: albumPart(id) });
      assert.deepEqual([status, body], [200, ""]);
    }
    const update = await merged;
    assert.ok("message_media_group" in update);
    assert.deepEqual(
      update.message_media_group.messages.map(({ message_id }) => message_id),
      [
        ...Array(10).keys(),
      ].map((i) => i + 1),
    );
  });

  it("answers 500 while the receiver fails, 200 once it is given up, and says nothing of why", async (t) => {
    const learned: [unknown, number, boolean][] = [];
    const failure = new Error("the database password is hunter2");
    const receiver = ({ update_id }: ReceivedUpdate) => update_id === 7 ? undefined : Promise.reject(failure);
    const { connect } = await scene(t, adapter, receiver, {
      maxAttempts: 3,
      onError: (error, { attempt, willRetry }) => void learned.push([error, attempt, willRetry]),
    });
    const connection = await connect();
    const answers = [await connection.deliver()];
    await connection.deliver({ update: textUpdate(7, "hello", 222) }); // so that the update is to blame
    for (let i = 0; i < 3; i++) answers.push(await connection.deliver());
    assert.deepEqual(answers.map(({ status, body }) => [status, body]), [[500, ""], [500, ""], [200, ""], [
      200,
      "",
    ]]);
    // And once that what is parked in memory ends with the process.
    assert.deepEqual(learned.slice(0, 3), [[failure, 1, true], [failure, 2, true], [failure, 3, false]]);
    for (const { headers } of answers) assert.doesNotMatch([...headers].join(), /hunter2|Error/);
  });

  it("answers 503 with Retry-After when it holds too much", async (t) => {
    let release = () => {};
    const { connect } = await scene(t, adapter, () => new Promise<void>((resolve) => release = resolve), {
      maxPending: 1,
    });
    const [first, second] = [await connect(), await connect()];
    first.send(rawDelivery({ update: textUpdate(1) }));
    // The second may overtake the first, and then it is the first that is refused.
    second.send(rawDelivery({ update: textUpdate(2, "hello", 222) }));
    const refused = await Promise.race([first.answer(), second.answer().catch(() => undefined)]);
    assert.ok(refused);
    assert.deepEqual([refused.status, refused.headers.get("retry-after"), refused.body], [503, "1", ""]);
    release();
  });

  for (const [file, { path, secret, id }] of Object.entries(CAPTURES)) {
    it(`takes Telegram's own request ${file}, byte for byte, also again`, async (t) => {
      const seen: ReceivedUpdate[] = [];
      const { connect } = await scene(t, adapter, (update) => void seen.push(update), {
        path,
        secretToken: secret,
        allowedAddresses: ["127.0.0.1"],
      });
      const connection = await connect();
      for (let i = 0; i < 2; i++) {
        connection.send(capture(file));
        const { status, body } = await connection.answer();
        assert.deepEqual([status, body, connection.received], [200, "", ""]);
      }
      const [update] = seen;
      assert.equal(seen.length, 1);
      assert.ok(update && "message" in update);
      assert.equal(update.update_id, id);
      assert.equal(update.message.text, CAPTURED_TEXTS[id]);
      assert.equal(update.message.from?.first_name, "Ällen");
    });
  }
}
