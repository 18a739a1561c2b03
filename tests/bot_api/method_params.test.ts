import assert from "node:assert/strict";
import { test } from "node:test";
import { botApi, type Message, type TypedReply, updateHandlers, type WebhookReply } from "../../mod.ts";
import { BOT_TOKEN } from "./loopback_server.ts";

/*
 * What must not compile is marked, and `tsc` complains about a mark that is not needed. The calls are made as well, so
 * that nothing here is dead code.
 */
test("the parameters and results of the most used methods are typed, and every other is open", async () => {
  const sent: string[] = [];
  const api = botApi(BOT_TOKEN, {
    fetch: (url) => {
      sent.push(url.slice(url.lastIndexOf("/") + 1));
      return Promise.resolve(Response.json({ ok: true, result: { message_id: 7, chat: { id: 5 } } }));
    },
  });
  const message: Message = await api.call("sendMessage", { chat_id: 5, text: "Hello" });
  assert.equal(message.message_id, 7);
  // @ts-expect-error: it is spelled chat_id
  await api.call("sendMessage", { chatId: 5, text: "Hello" });
  // @ts-expect-error: it is spelled reply_markup
  await api.call("sendMessage", { chat_id: 5, text: "Hello", replyMarkup: {} });
  // @ts-expect-error: there is no such action
  await api.call("sendChatAction", { chat_id: 5, action: "sleeping" });
  const parts: Message[] = await api.call("sendMediaGroup", {
    chat_id: "@channel",
    media: [{ type: "photo", media: new Blob(["one"]) }, { type: "video", media: "file-id", duration: 5 }],
  });
  assert.ok(parts);
  const markup = { inline_keyboard: [[{ text: "Yes", callback_data: "yes" }]] };
  await api.call("sendPhoto", { chat_id: 5, photo: new Uint8Array(1), reply_markup: markup });
  await api.call("editMessageReplyMarkup", { chat_id: 5, message_id: 7, reply_markup: markup });
  await api.call("answerInlineQuery", {
    inline_query_id: "1",
    results: [{ type: "article", id: "1", title: "One", input_message_content: { message_text: "One" } }],
  });

  const { username } = await api.call<{ username?: string }>("getMe");
  assert.equal(username, undefined);
  const anything: unknown = await api.call("sendHologram", { chatId: 5 });
  assert.ok(anything);
  const newer: Message = await api.call<Message>("sendMessage", { chat_id: 5, text: "Hi", of_the_future: 1 });
  assert.ok(newer);
  assert.equal(sent.length, 11);
});

test("a typed reply is a webhook reply", () => {
  const reply: TypedReply = { method: "sendMessage", chat_id: 5, text: "Hello" };
  const open: WebhookReply = reply;
  assert.equal(open.chat_id, 5);
  // @ts-expect-error: it is spelled chat_id
  const misspelled: TypedReply = { method: "sendMessage", chatId: 5, text: "Hello" };
  // @ts-expect-error: it is spelled callback_query_id
  const answer: TypedReply<"answerCallbackQuery"> = { method: "answerCallbackQuery", id: "5" };
  assert.ok(misspelled && answer);
  updateHandlers({
    message: ({ message }) =>
      ({ method: "sendMessage", chat_id: message.chat.id, text: "Hello" }) satisfies TypedReply,
  });
});
