import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { botHost, deriveSecretToken } from "../../mod.ts";
import { gate, message } from "../inbox/bot.ts";

const TOKEN = "1001:AAone";

function post(
  id: number,
  headers: Record<string, string> = { "x-telegram-bot-api-secret-token": "a guess" },
): Request {
  const body = JSON.stringify(message(1));
  return new Request(`http://bots.example/${id}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
}

describe("a flood of unknown ids", () => {
  it("becomes at most 100 look-ups at the same time, and bots that are there are served", async () => {
    const { opened, open } = gate();
    let asked = 0;
    const host = botHost(() => {}, {
      find: async () => {
        asked++;
        await opened;
        return undefined;
      },
    });
    await host.add(TOKEN);
    const flood = Array.from({ length: 5_000 }, (_, i) => host(post(2_000 + i)));
    await new Promise((resolve) => setTimeout(resolve, 0));
    const refused = await flood.at(-1);
    assert.deepEqual([asked, refused?.status, refused?.headers.get("retry-after")], [100, 503, "1"]);
    const secret = await deriveSecretToken(TOKEN);
    assert.equal((await host(post(1001, { "x-telegram-bot-api-secret-token": secret }))).status, 200);
    open();
    const statuses = (await Promise.all(flood)).map(({ status }) => status);
    assert.deepEqual([statuses.filter((each) => each === 404).length, asked], [100, 100]);
    await host.close();
  });

  it("is not looked up at all where Telegram cannot have sent it", async () => {
    const host = botHost(() => {}, { find: () => assert.fail("It was looked up") });
    for (let id = 2_000; id < 7_000; id++) assert.equal((await host(post(id, {}))).status, 404);
    assert.equal((await host(new Request("http://bots.example/2000"))).status, 404);
    await host.close();
  });

  it("is reported once where look-ups fail", async (t) => {
    const reported = t.mock.method(console, "error", () => {});
    const host = botHost(() => {}, { find: () => Promise.reject(new Error("no database")) });
    for (let id = 2_000; id < 2_100; id++) assert.equal((await host(post(id))).status, 503);
    assert.equal(reported.mock.callCount(), 1);
    await host.close();
  });
});
