import assert from "node:assert/strict";
import { it } from "node:test";
import { type Update, webhook } from "../../mod.ts";

const REQUEST = "https://bot.example/telegram";

function post(update: Update): Request {
  const headers = { "content-type": "application/json" };
  return new Request(REQUEST, { method: "POST", headers, body: JSON.stringify(update) });
}

it("another global Promise, such as that of zone.js, changes nothing", async () => {
  const Native = globalThis.Promise;
  globalThis.Promise = class Other<T> extends Native<T> {};
  try {
    const refused: unknown[] = [];
    const hook = webhook(() => {
      throw new Error("It fails");
    }, {
      ...{ secretToken: null, maxAttempts: 1, metrics: "/metrics", log: false, onError: () => {} },
      // deno-lint-ignore require-await
      onEvent: async ({ type }) => {
        if (type === "refused") refused.push(type);
        throw new Error("Its own affair"); // would end the process if nobody awaited it
      },
    });
    const response = await hook(post({ update_id: 1, edited_message: messageIn(42) }));
    assert.equal(response.status, 200); // it is parked
    assert.match(
      await (await hook(new Request("https://bot.example/metrics"))).text(),
      /updates_parked_total 1\n/,
    );
    assert.deepEqual(refused, []);
    await hook.close();
    await new Native((resolve) => setTimeout(resolve, 1));
  } finally {
    globalThis.Promise = Native;
  }
});

function messageIn(chatId: number) {
  return { message_id: 1, date: 0, chat: { id: chatId, type: "private" } } as const;
}
