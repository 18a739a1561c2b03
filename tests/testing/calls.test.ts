import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { BotApiRefusal, startTestBotApi } from "../../src/testing/mod.ts";
import { assertShape } from "./bot_api_shape.ts";
import { call, callWithForm, frozen, saying, START } from "./test_server.ts";

describe("a call", () => {
  test("takes parameters from JSON, a form, the query and multipart", async (t) => {
    const telegram = await frozen(t);
    const url = `${telegram.apiRoot}/bot${telegram.token}/sendMessage`;
    await call(telegram, "sendMessage", { chat_id: 5, text: "json ä" });
    await fetch(url, { method: "POST", body: new URLSearchParams({ chat_id: "5", text: "form ä" }) });
    await fetch(`${url}?chat_id=5&text=query+%C3%A4`);
    await callWithForm(telegram, "sendDocument", { chat_id: "5", document: new File(["bytes"], "a.txt") });
    const [json, form, query, multipart] = telegram.calls.map(({ params }) => params);
    assert.deepEqual(json, { chat_id: 5, text: "json ä" });
    assert.deepEqual(form, { chat_id: "5", text: "form ä" });
    assert.deepEqual(query, { chat_id: "5", text: "query ä" });
    assert.ok(multipart?.document instanceof File);
    assert.equal(await multipart.document.text(), "bytes");
  });

  test("has the query win over the body, and any case in the method", async (t) => {
    const telegram = await frozen(t);
    const response = await fetch(`${telegram.apiRoot}/bot${telegram.token}/SENDMESSAGE?text=query`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"chat_id":5,"text":"body"}',
    });
    assert.equal((await response.json()).result.text, "query");
  });

  test("is refused with a wrong token or path", async (t) => {
    const { apiRoot, token } = await frozen(t);
    const cases: readonly (readonly [path: string, code: number, description: string])[] = [
      [`/bot${token}x/getMe`, 401, "Unauthorized"],
      ["/bottoken/getMe", 401, "Unauthorized: invalid token specified"],
      [`/bot${token}/`, 404, "Not Found: method not found"],
      [`/bot${token}`, 404, "Not Found"],
      ["/", 404, "Not Found"],
    ];
    for (const [path, error_code, description] of cases) {
      const response = await fetch(apiRoot + path);
      assert.equal(response.status, error_code, path);
      assert.deepEqual(await response.json(), { ok: false, error_code, description });
    }
  });

  test("about updates and the bot itself is not among the calls", async (t) => {
    const telegram = await frozen(t);
    for (const method of ["getMe", "getWebhookInfo", "setWebhook", "deleteWebhook", "getUpdates"]) {
      assert.equal((await call(telegram, method)).ok, true, method);
    }
    assert.deepEqual(telegram.calls, []);
  });

  test("of getMe tells who the bot is", async (t) => {
    const telegram = await frozen(t, { token: "77:abc", bot: { username: "my_bot" } });
    const { result } = await call(telegram, "getMe");
    const { id, is_bot, username } = Object(result);
    assert.deepEqual({ id, is_bot, username }, { id: 77, is_bot: true, username: "my_bot" });
  });
});

describe("the test answers a method", () => {
  test("with a result", async (t) => {
    const telegram = await frozen(t);
    telegram.answer("getChatMemberCount", ({ chat_id }) => Number(chat_id) * 2);
    assert.equal((await call(telegram, "getchatmembercount", { chat_id: 21 })).result, 42);
    assert.equal(telegram.calls[0]?.result, 42);
  });

  test("with a refusal", async (t) => {
    const telegram = await frozen(t);
    telegram.answer("sendMessage", () => {
      throw new BotApiRefusal(429, "Too Many Requests: retry after 5", { retry_after: 5 });
    });
    const { status, headers, ok, error_code, parameters } = await call(telegram, "sendMessage");
    assert.deepEqual([status, ok, error_code, headers.get("retry-after")], [429, false, 429, "5"]);
    assert.deepEqual(parameters, { retry_after: 5 });
    assert.equal(telegram.calls[0]?.error, "Too Many Requests: retry after 5");
  });

  test("with a bug in its code, which is an internal error", async (t) => {
    const telegram = await frozen(t);
    telegram.answer("sendMessage", () => {
      throw new Error("the test is wrong");
    });
    const { error_code, description } = await call(telegram, "sendMessage");
    assert.deepEqual([error_code, description], [500, "Internal Server Error: the test is wrong"]);
  });
});

describe("nextCall", () => {
  test("gives each call once, past or to come", async (t) => {
    const telegram = await frozen(t);
    await call(telegram, "sendMessage", { chat_id: 1, text: "one" });
    const texts = [telegram.nextCall("sendMessage"), telegram.nextCall("sendMessage")];
    await call(telegram, "sendMessage", { chat_id: 1, text: "two" });
    assert.deepEqual((await Promise.all(texts)).map(({ params }) => params.text), ["one", "two"]);
  });

  test("waits for the answer of the test's, so that the call tells how it ended", async (t) => {
    const telegram = await frozen(t);
    let answerFirst = () => {};
    telegram.answer("sendMessage", async ({ text }) => {
      if (text === "refused") throw new BotApiRefusal(403, "Forbidden: bot was blocked by the user");
      await new Promise<void>((resolve) => (answerFirst = resolve));
      return text;
    });
    const next = telegram.nextCall("sendMessage");
    const held = call(telegram, "sendMessage", { text: "held" });
    while (telegram.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await call(telegram, "sendMessage", { text: "refused" });
    assert.equal((await next).error, "Forbidden: bot was blocked by the user");
    answerFirst();
    assert.equal((await telegram.nextCall("sendMessage")).result, "held");
    await held;
    assert.deepEqual(telegram.calls.map(({ params }) => params.text), ["held", "refused"]);
  });

  test("inside an answerer of the same method gives the call that is being answered", async (t) => {
    const telegram = await frozen(t);
    let seen: unknown;
    telegram.answer("sendMessage", async ({ text }) => {
      seen = (await telegram.nextCall("sendMessage")).params.text;
      return text;
    });
    assert.equal((await call(telegram, "sendMessage", { text: "hi" })).result, "hi");
    assert.equal(seen, "hi");
  });

  test("refuses a method that there is not, and names the one that was meant", async (t) => {
    const telegram = await frozen(t);
    assert.throws(
      () => telegram.nextCall("sendMesage"),
      /no method "sendMesage": did you mean "sendMessage"\?/,
    );
  });

  test('fails as the test\'s own "when" does, and answers the bot all the same', async (t) => {
    const telegram = await frozen(t);
    const failed = assert.rejects(
      telegram.nextCall("sendMessage", ({ params }) => (params.text as string).includes("hi")),
      TypeError,
    );
    const other = telegram.nextCall("sendMessage");
    assert.equal((await call(telegram, "sendMessage", { chat_id: 1 })).ok, true);
    await failed;
    assert.equal((await other).params.chat_id, 1);
  });

  test(
    "does not wait for ever when the server is closed meanwhile, or was before",
    { timeout: 3_000 },
    async () => {
      const telegram = await startTestBotApi();
      const waiting = assert.rejects(telegram.nextCall("sendMessage"), /the test server was closed/);
      await telegram.close();
      await waiting;
      await assert.rejects(telegram.nextCall("sendMessage"), /the test server was closed/);
    },
  );

  test("tells what happened instead when none comes", async (t) => {
    const telegram = await frozen(t);
    telegram.deliver(saying("hello"));
    await call(telegram, "sendPhoto", { chat_id: 1 });
    await assert.rejects(
      telegram.nextCall("sendMessage", { timeoutMs: 20 }),
      /No call of sendMessage came within 20 ms: the bot called sendPhoto; 1 update is not acknowledged; no webhook is set/,
    );
  });

  test("can pick", async (t) => {
    const telegram = await frozen(t);
    const wanted = telegram.nextCall("sendMessage", ({ params }) => params.chat_id === 2);
    await call(telegram, "sendMessage", { chat_id: 1, text: "one" });
    await call(telegram, "sendMessage", { chat_id: 2, text: "two" });
    assert.equal((await wanted).params.text, "two");
    assert.equal((await telegram.nextCall("sendMessage")).params.text, "one");
  });
});

describe("without an answer of the test's", () => {
  test("what is sent comes back as a message", async (t) => {
    const telegram = await frozen(t);
    const anna = telegram.user({ id: 111, first_name: "Anna" });
    const { message } = anna.sends("hello");
    const reply_parameters = { message_id: message.message_id };
    const { result } = await call(telegram, "sendMessage", {
      chat_id: 111,
      text: "hi /there",
      reply_parameters,
    });
    const { message_id, from, chat, date, reply_to_message, text, entities } = Object(result);
    assert.equal(message_id, message.message_id + 1);
    assert.equal(from.id, 123456);
    assert.deepEqual(chat, anna.place.chat);
    assert.equal(date, START / 1000);
    assert.equal(reply_to_message.text, "hello");
    assert.deepEqual([text, entities], ["hi /there", [{ offset: 3, length: 6, type: "bot_command" }]]);
  });

  const sending: readonly (readonly [method: string, params: object])[] = [
    ["sendMessage", { text: "hi" }],
    ["sendPhoto", { photo: "id", caption: "look" }],
    ["sendLivePhoto", { live_photo: "id" }],
    ["sendVideo", { video: "id" }],
    ["sendDocument", { document: "id" }],
    ["sendAudio", { audio: "id" }],
    ["sendVoice", { voice: "id" }],
    ["sendVideoNote", { video_note: "id" }],
    ["sendAnimation", { animation: "id" }],
    ["sendSticker", { sticker: "id" }],
    ["sendLocation", { latitude: 1.5, longitude: 2.5 }],
    ["sendVenue", { latitude: 1.5, longitude: 2.5, title: "Café", address: "Here" }],
    ["sendContact", { phone_number: "+1", first_name: "Ben" }],
    ["sendDice", {}],
    ["sendPoll", { question: "Tea?", options: '["yes","no"]' }],
    ["sendInvoice", { title: "T", description: "D", currency: "XTR", prices: '[{"label":"a","amount":5}]' }],
    ["sendGame", { game_short_name: "chess" }],
    ["sendPaidMedia", { star_count: 5, media: "[]" }],
    ["sendChecklist", { checklist: { title: "T", tasks: [{ id: 1, text: "a" }, { id: 2, text: "b" }] } }],
    ["sendRichMessage", { rich_message: { html: "hi" } }],
    ["sendRichMessage", { rich_message: '{"blocks":[{"type":"divider"}]}' }],
    ["forwardMessage", { from_chat_id: 1, message_id: 1 }],
  ];
  for (const [method, params] of sending) {
    test(`${method} gives a Message for ${JSON.stringify(params)}`, async (t) => {
      const telegram = await frozen(t);
      for (const chat_id of [5, telegram.channel().chat.id]) {
        assertShape((await call(telegram, method, { chat_id, ...params })).result, "Message");
      }
    });
  }

  test("an album comes back as its messages", async (t) => {
    const telegram = await frozen(t);
    const media = [{ type: "photo", media: "a", caption: "one" }, { type: "video", media: "b" }];
    const { result } = await call(telegram, "sendMediaGroup", { chat_id: 5, media: JSON.stringify(media) });
    assert.ok(Array.isArray(result) && result.length === 2);
    const [one, two] = result;
    assert.equal(one.media_group_id, two.media_group_id);
    assert.deepEqual([one.caption, one.photo.length, two.video.mime_type], ["one", 3, "video/mp4"]);
  });

  test("a message is edited, or is not found", async (t) => {
    const telegram = await frozen(t);
    const sent = Object((await call(telegram, "sendMessage", { chat_id: 5, text: "old" })).result);
    const params = { chat_id: 5, message_id: sent.message_id, text: "new" };
    const { result } = await call(telegram, "editMessageText", params);
    assert.deepEqual([Object(result).text, Object(result).message_id], ["new", sent.message_id]);
    const { description } = await call(telegram, "editMessageText", { ...params, message_id: 99 });
    assert.equal(description, "Bad Request: message to edit not found");
  });

  const results: readonly (readonly [method: string, params: object, result: unknown])[] = [
    ["answerCallbackQuery", { callback_query_id: "1" }, true],
    ["deleteMessage", { chat_id: 5, message_id: 1 }, true],
    ["setMyCommands", { commands: [] }, true],
    ["getMyCommands", {}, []],
    ["getChatMemberCount", { chat_id: 5 }, 2],
    ["copyMessage", { chat_id: 5, from_chat_id: 6, message_id: 1 }, { message_id: 1 }],
    ["copyMessages", { chat_id: 5, from_chat_id: 6, message_ids: "[7,8]" }, [{ message_id: 1 }, {
      message_id: 2,
    }]],
    ["forwardMessages", { chat_id: 5, from_chat_id: 6, message_ids: [7] }, [{ message_id: 1 }]],
    ["createForumTopic", { chat_id: -5, name: "Cats", icon_color: "7322096" }, {
      message_thread_id: 1,
      name: "Cats",
      icon_color: 7_322_096,
    }],
    ["setGameScore", { inline_message_id: "1", user_id: 1, score: 5 }, true],
  ];
  for (const [method, params, result] of results) {
    test(`${method} has a plausible result`, async (t) => {
      const telegram = await frozen(t);
      assert.deepEqual((await call(telegram, method, params)).result, result);
    });
  }

  const objects: readonly (readonly [method: string, params: object, type: string, part: object])[] = [
    ["createChatInviteLink", { chat_id: 5, name: "Fans", member_limit: "3" }, "ChatInviteLink", {
      name: "Fans",
      member_limit: 3,
      is_revoked: false,
    }],
    [
      "editChatInviteLink",
      { chat_id: 5, invite_link: "https://t.me/+a", creates_join_request: true },
      "ChatInviteLink",
      { invite_link: "https://t.me/+a", creates_join_request: true },
    ],
    ["revokeChatInviteLink", { chat_id: 5, invite_link: "https://t.me/+a" }, "ChatInviteLink", {
      invite_link: "https://t.me/+a",
      is_revoked: true,
    }],
    ["uploadStickerFile", { user_id: 1, sticker_format: "static" }, "File", { file_size: 204_800 }],
  ];
  for (const [method, params, type, part] of objects) {
    test(`${method} gives a ${type}`, async (t) => {
      const telegram = await frozen(t);
      const { result } = await call(telegram, method, params);
      assertShape(result, type);
      assert.deepEqual({ ...Object(result), ...part }, result);
    });
  }

  test("getStickerSet and savePreparedInlineMessage give what the Bot API documents", async (t) => {
    const telegram = await frozen(t);
    const { stickers, ...set } = Object((await call(telegram, "getStickerSet", { name: "cats" })).result);
    assert.deepEqual(set, { name: "cats", title: "cats", sticker_type: "regular" });
    assertShape(stickers, "Array of Sticker");
    const prepared = Object((await call(telegram, "savePreparedInlineMessage", { user_id: 1 })).result);
    assert.equal(typeof prepared.id, "string");
    assert.ok(prepared.expiration_date > START / 1000);
  });

  const changing: readonly (readonly [
    sending: { method: string; [param: string]: unknown },
    method: string,
    params: object,
    part: object,
  ])[] = [
    [{ method: "sendLocation", latitude: 1, longitude: 2 }, "editMessageLiveLocation", {
      latitude: 3.5,
      longitude: "4",
    }, { location: { latitude: 3.5, longitude: 4 } }],
    [{ method: "sendLocation", latitude: 1, longitude: 2 }, "stopMessageLiveLocation", {}, {
      location: { latitude: 1, longitude: 2 },
    }],
    [{ method: "sendGame", game_short_name: "chess" }, "setGameScore", { user_id: 1, score: 5 }, {
      game: { title: "chess", description: "A game", photo: [] },
    }],
  ];
  for (const [{ method: sending, ...content }, method, params, part] of changing) {
    test(`${method} gives the Message`, async (t) => {
      const telegram = await frozen(t);
      const sent = Object((await call(telegram, sending, { chat_id: 5, ...content })).result);
      const where = { chat_id: 5, message_id: sent.message_id };
      const { result } = await call(telegram, method, { ...where, ...params });
      assertShape(result, "Message");
      assert.deepEqual({ ...Object(result), ...part }, result);
      assert.equal((await call(telegram, method, { ...where, message_id: 99 })).error_code, 400);
    });
  }

  test("stopPoll gives the Poll with its votes, closed", async (t) => {
    const telegram = await frozen(t);
    const anna = telegram.user();
    const params = { chat_id: anna.user.id, question: "Tea?", options: ["yes", "no"] };
    const message = Object((await call(telegram, "sendPoll", params)).result);
    const { message_id } = message;
    anna.votes(message, 1);
    const { result } = await call(telegram, "stopPoll", { chat_id: anna.user.id, message_id });
    assertShape(result, "Poll");
    assert.deepEqual([Object(result).is_closed, Object(result).total_voter_count], [true, 1]);
    assert.throws(() => anna.votes(message, 0), /This poll is closed/);
    const missing = await call(telegram, "stopPoll", { chat_id: anna.user.id, message_id: 99 });
    assert.equal(missing.description, "Bad Request: message with poll to stop not found");
  });
});

interface Methods {
  returns: Record<string, string[]>;
  required_fields: Record<string, string[]>;
}

const { returns, required_fields }: Methods = JSON.parse(
  readFileSync(new URL("bot_api_methods.json", import.meta.url), "utf8"),
);

/** Checks a result, also of a type that only methods return. */
function assertResult(value: unknown, types: readonly string[], path: string): void {
  if (types.includes("Boolean") && typeof value === "boolean") return;
  const [type = ""] = types;
  if (type.startsWith("Array of ")) {
    assert.ok(Array.isArray(value), `${path} is no array`);
    for (const item of value) assertResult(item, [type.slice("Array of ".length)], path);
  } else if (type in required_fields) {
    for (const name of required_fields[type] ?? []) {
      assert.ok(name in Object(value), `${path} lacks ${name} of ${type}`);
    }
  } else assertShape(value, type, path);
}

test("every method of the Bot API gives a result of the type that it returns", async (t) => {
  const telegram = await frozen(t, { bots: [{ token: "77:managed" }] });
  const other = ["getMe", "getUpdates", "getWebhookInfo", "setWebhook", "deleteWebhook"];
  for (const [method, types] of Object.entries(returns)) {
    if (other.includes(method)) continue;
    const poll = { chat_id: 5, question: "Tea?", options: ["yes", "no"] };
    const { message_id } = Object((await call(telegram, "sendPoll", poll)).result);
    const params = {
      chat_id: 5,
      user_id: 77,
      message_id,
      media: method === "sendMediaGroup"
        ? [{ type: "photo", media: "a" }, { type: "photo", media: "b" }]
        : [],
      custom_emoji_ids: ["1"],
      name: "cats",
      latitude: 1,
      longitude: 2,
      ...{
        title: "T",
        description: "D",
        currency: "XTR",
        prices: [],
        star_count: 1,
        game_short_name: "chess",
      },
      checklist: { title: "T", tasks: [] },
      rich_message: { html: "hi" },
    };
    const { ok, description, result } = await call(telegram, method, params);
    assert.ok(ok, `${method}: ${description}`);
    assertResult(result, types, method);
  }
});

test("a method that the Bot API does not have is not found, unless the test answers it", async (t) => {
  const telegram = await frozen(t);
  const missing = await call(telegram, "sendMesage", { chat_id: 5, text: "hi" });
  assert.deepEqual([missing.status, missing.description], [404, "Not Found: method not found"]);
  telegram.answer("sendHologram", () => "sent");
  assert.equal((await call(telegram, "sendHologram")).result, "sent");
  assert.equal((await telegram.nextCall("sendHologram")).result, "sent");
});

test("a server is disposed of by `await using`, and its port is free again", async () => {
  const telegram = await startTestBotApi();
  const { apiRoot, port } = telegram;
  assert.equal(apiRoot, `http://127.0.0.1:${port}`);
  await telegram[Symbol.asyncDispose]();
  await assert.rejects(fetch(apiRoot));
  const again = await startTestBotApi({ port });
  await again.close();
});
