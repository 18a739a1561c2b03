import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GiveUp, isCommand, passOn, RetryLater, type Update, webhook } from "../../mod.ts";
import { delivery, message, part } from "../inbox/bot.ts";

interface TheirUpdate {
  update_id: number;
}

describe("passOn", () => {
  it("passes on the parts of an album as they came, one after another", async () => {
    const received: TheirUpdate[] = [];
    const hook = webhook(
      passOn(async (update: TheirUpdate) => {
        await Promise.resolve();
        received.push(update);
      }),
      { secretToken: null },
    );
    const updates = [part(1, "7"), part(2, "7"), message(3)];
    for (const update of updates) assert.equal((await hook(delivery(update))).status, 200);
    assert.deepEqual(received, updates);
    await hook.close();
  });

  it("makes Telegram send again what the other bot failed with", async () => {
    const hook = webhook(passOn(() => Promise.reject(new Error("theirs"))), {
      secretToken: null,
      onError: () => {},
    });
    assert.equal((await hook(delivery(message(1)))).status, 500);
    await hook.close();
  });

  it("knows what is said to telehook in an error of the other library, as in grammY's middleware", async () => {
    for (const said of [new RetryLater({ afterMs: 2_000 }), new GiveUp("nonsense")]) {
      const reported: unknown[] = [];
      const hook = webhook(
        passOn(() => Promise.reject(Object.assign(new Error("in middleware"), { error: said, ctx: {} }))),
        { secretToken: null, onError: (error) => void reported.push(error) },
      );
      const { status, headers } = await hook(delivery(message(1)));
      if (said instanceof GiveUp) assert.deepEqual([status, reported[0]], [200, said]);
      else assert.deepEqual([headers.get("retry-after"), reported], ["2", []]);
      await hook.close();
    }
  });

  it("sends the other library's reply with the answer, and ignores what its handler returns", async () => {
    const payloads = [
      { method: "sendMessage", chat_id: 1, text: "x" },
      '{"method":"sendMessage","chat_id":1,"text":"x"}',
    ];
    for (const payload of payloads) {
      const hook = webhook(
        passOn((_: TheirUpdate, { reply }) => {
          reply(payload);
          reply({ method: "getMe" }); // the first one counts
          return { method: "deleteMessage" };
        }),
        { secretToken: null },
      );
      assert.deepEqual(await (await hook(delivery(message(1)))).json(), payloads[0]);
      await hook.close();
    }
  });

  it("asks for the kinds that it is told, or all", () => {
    assert.deepEqual(passOn(() => {}, { allowedUpdates: ["message"] }).allowedUpdates, ["message"]);
    assert.ok(passOn(() => {}).allowedUpdates.includes("chat_member"));
    assert.throws(() => Reflect.apply(passOn, undefined, ["x"]), { code: "ERR_OPTION" });
    assert.throws(() => Reflect.apply(passOn, undefined, []), { code: "ERR_OPTION" });
  });
});

describe("isCommand", () => {
  const command = (text: string, length = text.length): Update =>
    message(1, { text, entities: [{ type: "bot_command", offset: 0, length }] });

  it("knows a command by its entity, with and without the bot's name, in any case", () => {
    assert.ok(isCommand(command("/stop"), "stop"));
    assert.ok(isCommand(command("/stop@my_bot"), "status", "stop"));
    assert.ok(isCommand(command("/STOP now", 5), "stop"));
    assert.ok(isCommand(command("/anything")));
  });

  it("is not misled by text that only looks like one", () => {
    assert.equal(isCommand(message(1, { text: "/stop" }), "stop"), false);
    assert.equal(isCommand(command("/stopping"), "stop"), false);
    const behind = message(1, {
      text: "say /stop",
      entities: [{ type: "bot_command", offset: 4, length: 5 }],
    });
    assert.equal(isCommand(behind, "stop"), false);
    assert.equal(
      isCommand({ update_id: 1, poll_answer: { poll_id: "1", option_ids: [], option_persistent_ids: [] } }),
      false,
    );
  });

  it("knows one in a caption", () => {
    const photo = message(1, {
      caption: "/send",
      caption_entities: [{ type: "bot_command", offset: 0, length: 5 }],
    });
    assert.ok(isCommand(photo, "send"));
  });
});
