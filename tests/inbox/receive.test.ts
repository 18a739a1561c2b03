import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bot, message } from "./bot.ts";

describe("receive", () => {
  it("takes updates without HTTP, returns the reply, and passes the receiver's error on", async () => {
    const { hook } = bot((update) => {
      if (update.update_id === 2) throw new RangeError("no");
      return { method: "sendMessage", chat_id: 1, text: "x" };
    });
    assert.deepEqual(await hook.receive(message(1)), { method: "sendMessage", chat_id: 1, text: "x" });
    await assert.rejects(hook.receive(message(2)), RangeError);
    await assert.rejects(hook.receive({} as ReturnType<typeof message>), { code: "ERR_UPDATE" });
  });
});
