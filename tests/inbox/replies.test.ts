import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ReceiverResult, TelehookError } from "../../mod.ts";
import { bot, delivery, message } from "./bot.ts";

describe("webhook replies", () => {
  it("go out with the answer", async () => {
    const { hook } = bot(() => ({ method: "sendMessage", chat_id: 42, text: "é" }));
    const response = await hook(delivery(message(1)));
    assert.equal(response.headers.get("content-type"), "application/json");
    assert.deepEqual(await response.json(), { method: "sendMessage", chat_id: 42, text: "é" });
  });

  it("that Telegram would not carry out, or that are no JSON, are reported and not sent", async () => {
    const circular: Record<string, unknown> & { method: string } = { method: "sendMessage" };
    circular["self"] = circular;
    const useless = [
      ...["setWebhook", "deleteWebhook", "close", "logOut", "getMe", "GETUPDATES", "send message"].map((
        method,
      ) => ({ method })),
      circular,
      { method: "sendMessage", n: 1n },
      { method: "sendMessage", toJSON: () => undefined },
      { method: "sendMessage", text: "x".repeat(1_048_576) },
    ];
    for (const [i, reply] of useless.entries()) {
      const { hook, failures } = bot(() => reply);
      const response = await hook(delivery(message(i)));
      assert.deepEqual([response.status, await response.text()], [200, ""]);
      assert.ok(failures[0]?.error instanceof TelehookError && failures[0].error.code === "ERR_REPLY");
      assert.equal(failures[0].willRetry, false);
    }
  });

  it("are only what has a method: another return value says nothing", async () => {
    for (const value of [null, 5, "sendMessage", { message_id: 1 }, { method: 5 }, [], true]) {
      const { hook } = bot(() => value as unknown as ReceiverResult);
      assert.equal(await (await hook(delivery(message(1)))).text(), "");
    }
  });

  it("of a thenable that is no Promise are waited for too", async () => {
    const reply = { method: "sendMessage", chat_id: 1, text: "x" };
    const thenable = { then: (resolve: (value: unknown) => void) => resolve(reply) };
    const { hook } = bot(() => thenable as unknown as ReceiverResult);
    assert.deepEqual(await (await hook(delivery(message(1)))).json(), reply);
  });
});
