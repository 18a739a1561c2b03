import { strict as assert } from "node:assert";
import { describe, test } from "node:test";
import { freePort, startTestBotApi } from "../../src/testing/mod.ts";
import { rawWebhook, status } from "./raw_webhook.ts";
import { call, frozen } from "./test_server.ts";

/** Calls a method as JavaScript does, which no type checker looks at. */
function untyped(object: object, method: string): unknown {
  const found: unknown = Reflect.get(object, method);
  return typeof found === "function" ? found.call(object, "hello") : found;
}

describe("who calls what there is not is told what was meant", () => {
  const cases: readonly (readonly [what: string, method: string, meant: string])[] = [
    ["channel", "sends", "channel.posts"],
    ["channel", "sendsAlbum", "channel.postsAlbum"],
    ["channel", "post", "channel.posts"],
    ["user", "posts", "user.sends"],
    ["user", "clicks", "user.presses"],
    ["user", "sendAlbum", "user.sendsAlbum"],
    ["group", "sends", "anna.in(group).sends"],
    ["telegram", "nextcall", "telegram.nextCall"],
    ["telegram", "sends", "telegram.user().sends"],
  ];
  for (const [what, method, meant] of cases) {
    test(`${what}.${method}`, async (t) => {
      const telegram = await frozen(t);
      const objects: Record<string, object> = {
        telegram,
        channel: telegram.channel(),
        user: telegram.user(),
        group: telegram.group(),
      };
      assert.throws(() => untyped(objects[what] ?? {}, method), {
        name: "TypeError",
        message: `${what}.${method} is not a function: did you mean ${meant}?`,
      });
    });
  }

  test("but reading other names gives undefined", async (t) => {
    const telegram = await frozen(t);
    for (const object of [telegram, telegram.channel(), telegram.user(), telegram.group()]) {
      for (
        const name of [
          "then",
          "toJSON",
          "asymmetricMatch",
          "$$typeof",
          "nodeType",
          "tagName",
          "inspect",
          "length",
        ]
      ) {
        assert.equal(Reflect.get(object, name), undefined, name);
      }
    }
  });
});

describe("who awaits a delivery that nothing can come of is told why", () => {
  test("where no webhook is set and nobody polls", async (t) => {
    const telegram = await startTestBotApi({ waitMs: 20 });
    t.after(() => telegram.close());
    await assert.rejects(
      Promise.resolve(telegram.user().sends("hello")),
      /The update 100000001 \(message\) is not answered after 0 tries: no webhook is set and nobody calls getUpdates/,
    );
  });

  test("where the clock stands still", async (t) => {
    const telegram = await frozen(t, { waitMs: 50 });
    const webhook = await rawWebhook(t, () => status(500));
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
    await assert.rejects(
      Promise.resolve(telegram.user().sends("hello")),
      /after 2 tries: the clock stands still: move it with clock\.advance\(\)/,
    );
  });

  test("where the test server is paused", async (t) => {
    const telegram = await frozen(t, { waitMs: 20 });
    await call(telegram, "setWebhook", { url: "http://127.0.0.1:1" });
    telegram.pause();
    await assert.rejects(
      Promise.resolve(telegram.user().sends("hello")),
      /the test server is paused: call resume/,
    );
  });

  test("where the webhook fails each time", async (t) => {
    const telegram = await startTestBotApi({ waitMs: 50 });
    t.after(() => telegram.close());
    const webhook = await rawWebhook(t, () => status(500));
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
    await assert.rejects(
      Promise.resolve(telegram.user().sends("hello")),
      /after 2 tries: Wrong response from the webhook: 500/,
    );
  });

  test("where nobody listens", async (t) => {
    const telegram = await startTestBotApi({ waitMs: 50 });
    t.after(() => telegram.close());
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${await freePort()}` });
    await assert.rejects(Promise.resolve(telegram.user().sends("hello")), /Connection refused/);
  });

  test("but not while the bot works on it", async (t) => {
    const telegram = await frozen(t, { waitMs: 10 });
    const webhook = await rawWebhook(t, async () => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      return status(200);
    });
    await call(telegram, "setWebhook", { url: `http://127.0.0.1:${webhook.port}` });
    assert.equal((await telegram.user().sends("hello")).outcome, "acknowledged");
  });
});
