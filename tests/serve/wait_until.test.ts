import { strict as assert } from "node:assert";
import { describe, it } from "node:test";
import { webhook } from "../../mod.ts";
import { albumPart, textUpdate } from "./raw_connection.ts";

const post = (update: object) =>
  new Request("http://host/", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(update),
  });

/** As a worker's: its method may only be called on itself. */
class ExecutionContext {
  readonly #promises: Promise<unknown>[] = [];
  waitUntil(promise: Promise<unknown>): void {
    this.#promises.push(promise);
  }
  passThroughOnException(): void {}
  get promises(): readonly Promise<unknown>[] {
    return this.#promises;
  }
}

/** The extra arguments of several platforms, with the context in its place. */
const PLACES: Record<string, (context: ExecutionContext) => unknown[]> = {
  "(request, env, context)": (context) => [{ KEY: "x" }, context],
  "(request, context)": (context) => [context],
  "(request, undefined, context)": (context) => [undefined, context],
  "(request, null, text, context)": (context) => [null, "text", context],
};

describe("waitUntil", () => {
  for (const [signature, place] of Object.entries(PLACES)) {
    it(`holds what outlives the answer: ${signature}`, async () => {
      let release = () => {};
      const released = new Promise<void>((resolve) => release = resolve);
      let isHandled = false;
      const hook = webhook(async () => {
        await released;
        isHandled = true;
      }, { secretToken: null, acknowledge: "received" });
      const context = new ExecutionContext();
      assert.equal((await hook(post(textUpdate(1)), ...place(context))).status, 200);
      assert.deepEqual([context.promises.length, isHandled], [1, false]);
      release();
      await Promise.all(context.promises);
      assert.equal(isHandled, true);
    });
  }

  it("holds a pending album until it is handed over", async () => {
    let parts = 0;
    const hook = webhook((update) => {
      if ("message_media_group" in update) parts = update.message_media_group.messages.length;
    }, { secretToken: null, mediaGroups: { quietMs: 30 } });
    const context = new ExecutionContext();
    for (const id of [1, 2, 3]) await hook(post(albumPart(id)), {}, context);
    assert.equal(parts, 0);
    await Promise.all(context.promises);
    assert.equal(parts, 3);
  });

  it("holds what runs from its beginning: where its sender goes, a worker would end it", async () => {
    let [begin, release] = [() => {}, () => {}];
    const begun = new Promise<void>((resolve) => begin = resolve);
    const released = new Promise<void>((resolve) => release = resolve);
    const hook = webhook(async () => {
      begin();
      await released;
    }, { secretToken: null });
    const context = new ExecutionContext();
    const answer = hook(post(textUpdate(1)), {}, context);
    await begun;
    await new Promise((resolve) => setTimeout(resolve));
    assert.equal(context.promises.length, 1);
    release();
    assert.equal((await answer).status, 200);
    await Promise.all(context.promises);
  });

  it("is not called when nothing has to be waited for", async () => {
    let isHandled = false;
    const hook = webhook(() => void (isHandled = true), { secretToken: null });
    const context = new ExecutionContext();
    await hook(post(textUpdate(1)), {}, context);
    assert.deepEqual([context.promises.length, isHandled], [0, true]);
  });

  it("resolves when the webhook is closed, whatever became of the receiver", async () => {
    const hook = webhook(() => new Promise(() => {}), {
      secretToken: null,
      acknowledge: "received",
      onError() {},
    });
    const context = new ExecutionContext();
    await hook(post(textUpdate(1)), context);
    await hook.close({ timeoutMs: 1 });
    await Promise.all(context.promises);
    assert.equal(context.promises.length, 1);
  });

  for (const name of ["@vercel/request-context", "@next/request-context"]) {
    it(`is found in what the platform keeps under Symbol.for("${name}")`, async (t) => {
      const context = new ExecutionContext();
      const key = Symbol.for(name);
      const global = globalThis as { [key: symbol]: unknown };
      global[key] = { get: () => context };
      t.after(() => delete global[key]);
      let parts = 0;
      const hook = webhook((update) => {
        if ("message_media_group" in update) parts = update.message_media_group.messages.length;
      }, { secretToken: null, mediaGroups: { quietMs: 30 } });
      for (const id of [1, 2]) await hook(post(albumPart(id)));
      await Promise.all(context.promises);
      assert.deepEqual([context.promises.length, parts], [2, 2]);
      global[key] = { get: () => undefined }; // outside of a request
      assert.equal((await hook(post(albumPart(3, "77")))).status, 200);
      await hook.close();
    });
  }

  it("can be given as an option, and comes first then", async () => {
    const held: Promise<unknown>[] = [];
    const context = new ExecutionContext();
    let isHandled = false;
    const hook = webhook(async () => {
      await Promise.resolve();
      isHandled = true;
    }, { secretToken: null, acknowledge: "received", waitUntil: (promise) => void held.push(promise) });
    assert.equal((await hook(post(textUpdate(1)), context)).status, 200);
    assert.deepEqual([held.length, context.promises.length], [1, 0]);
    await Promise.all(held);
    assert.equal(isHandled, true);
  });

  const failing: readonly (readonly [how: string, waitUntil: () => void])[] = [
    ["throws", () => {
      throw new Error("called outside of a request");
    }],
    ["rejects", () => Promise.reject(new Error("called outside of a request"))],
  ];
  for (const [how, waitUntil] of failing) {
    it(`that ${how} does not change the answer`, async () => {
      const options = { secretToken: null, acknowledge: "received" } as const;
      for (const [option, ...args] of [[{ waitUntil }], [{}, { waitUntil }]]) {
        const hook = webhook(() => {}, { ...options, ...option });
        assert.equal((await hook(post(textUpdate(1)), ...args)).status, 200);
        await hook.close();
      }
      await new Promise((resolve) => setTimeout(resolve, 1)); // a rejection that nobody handles would fail this test
    });
  }

  it("must be a function", () => {
    assert.throws(
      () => webhook(() => {}, { secretToken: null, waitUntil: {} as () => void }),
      { code: "ERR_OPTION", message: /"waitUntil"/ },
    );
  });

  it("may be anything else: what is not a function is left alone", async () => {
    const hook = webhook(() => {}, { secretToken: null, acknowledge: "received" });
    assert.equal((await hook(post(textUpdate(1)), { waitUntil: 5 }, 7, () => {})).status, 200);
  });
});
