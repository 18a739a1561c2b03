/**
 * A local Bot API server for tests: it delivers updates to a webhook as Telegram does (one queue for each chat, retries,
 * time-outs, a slow start), answers `getUpdates`, and records what the bot calls. It needs neither the internet nor a
 * public address nor a certificate, and talks over real sockets to loopback addresses only. Any bot whose framework
 * lets you name the API root can be tested with it, in any language.
 *
 * A bot and a test of it, which runs as it is on Node, Deno and Bun:
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { setWebhookAndListen, updateHandlers, type WebhookServer } from "@telehook/telehook";
 * import { freePort, startTestBotApi } from "@telehook/telehook/testing";
 *
 * // The bot: a test needs to choose where the Bot API is and where the bot listens.
 * export function startBot(options: { token: string; apiRoot: string; port: number }): Promise<WebhookServer> {
 *   const keyboard = { inline_keyboard: [[{ text: "Again", callback_data: "again" }]] };
 *   return setWebhookAndListen(
 *     updateHandlers({
 *       message: ({ message: { chat, text } }) => (
 *         { method: "sendMessage", chat_id: chat.id, text: `You said: ${text}`, reply_markup: keyboard }
 *       ),
 *       message_media_group: ({ message_media_group: { messages } }) => console.log(`${messages.length} photos`),
 *       callback_query: ({ callback_query: { id } }) => ({ method: "answerCallbackQuery", callback_query_id: id }),
 *     }),
 *     { ...options, hostname: "127.0.0.1", webhook: { url: `http://127.0.0.1:${options.port}/telegram` } },
 *   );
 * }
 *
 * // The test.
 * async function talkToTheBot(): Promise<void> {
 *   const telegram = await startTestBotApi();
 *   const { apiRoot, token } = telegram;
 *   const bot = await startBot({ apiRoot, token, port: await freePort() });
 *   try {
 *     const anna = telegram.user({ first_name: "Anna" });
 *     await anna.sends("hello");
 *     assert.equal((await telegram.nextCall("sendMessage")).params.text, "You said: hello");
 *
 *     await anna.presses("Again");
 *     await telegram.nextCall("answerCallbackQuery");
 *
 *     anna.sendsAlbum([{ photo: true, caption: "one" }, { photo: true }, { video: true }]);
 *     await anna.sends("that was all");
 *     assert.equal((await telegram.nextCall("sendMessage")).params.text, "You said: that was all");
 *     assert.deepEqual(telegram.violations, []);
 *   } finally {
 *     await bot.close();
 *     await telegram.close();
 *   }
 * }
 *
 * await talkToTheBot();
 * ```
 *
 * Under `node:test` and `bun:test`:
 *
 * ```ts ignore
 * import { test } from "node:test"; // or "bun:test"
 *
 * test("the bot says what it heard", talkToTheBot);
 * ```
 *
 * Under `Deno.test`, where `await using` closes both:
 *
 * ```ts ignore
 * Deno.test("the bot says what it heard", async () => {
 *   await using telegram = await startTestBotApi();
 *   const { apiRoot, token } = telegram;
 *   await using _bot = await startBot({ apiRoot, token, port: await freePort() });
 *   await telegram.user().sends("hello");
 *   assert.equal((await telegram.nextCall("sendMessage")).params.text, "You said: hello");
 * });
 * ```
 *
 * A day of retries takes no time on a clock that the test moves. Here a bot fails three times:
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { listen } from "@telehook/telehook";
 * import { startTestBotApi, virtualClock } from "@telehook/telehook/testing";
 *
 * let failures = 3;
 * const bot = await listen(() => {
 *   if (failures-- > 0) throw new Error("Not yet");
 * }, { secretToken: null, hostname: "127.0.0.1", port: 0, onError: () => {} });
 * const telegram = await startTestBotApi({ clock: virtualClock() });
 * await fetch(`${telegram.apiRoot}/bot${telegram.token}/setWebhook?url=${bot.url}`);
 *
 * const sent = telegram.user().sends("hello");
 * await telegram.clock.advance(10_000);
 * const { outcome, attempts } = await sent;
 * assert.equal(outcome, "acknowledged");
 * assert.equal(attempts.length, 4);
 *
 * telegram.faults.add({ loseAnswer: true });
 * const twice = telegram.user().sends("handled twice, if the bot does not look at update_id");
 * await telegram.clock.advance(2_000);
 * assert.equal((await twice).attempts.length, 2);
 * await telegram.close();
 * await bot.close();
 * ```
 *
 * @module
 */
export { BotApiRefusal } from "./api/refusal.ts";
export type { Answerer, BotCall } from "./api/calls.ts";
export { type AdvanceOptions, type Clock, realClock, VirtualClock, virtualClock } from "./clock.ts";
export type { AddressRules } from "./delivery_target.ts";
export type { Attempt, Delivered, Delivery, DeliveryOutcome } from "./delivery.ts";
export type { CallFault, CallFaults, CallFaultScope } from "./call_faults.ts";
export type { BreakPoint, Fault, Faults, FaultScope } from "./faults.ts";
export type { Network } from "./network.ts";
export { freePort } from "./free_port.ts";
export type { HttpAnswer } from "./http_answer.ts";
export type { TestBotApiOptions, TestBotOptions } from "./options.ts";
export type { Parameters } from "./api/parameters.ts";
export type { Business, Channel, Group } from "./script/chats.ts";
export type { Content, Medium } from "./script/content.ts";
export type { Conversation } from "./script/conversation.ts";
export type { Status } from "./script/membership.ts";
export type { TestChat, TestMessage, TestUser } from "./script/objects.ts";
export type { Person, Purchase } from "./script/person.ts";
export type { Place, TestVenue } from "./script/place.ts";
export type { Sent, SentAlbum } from "./script/sent.ts";
export type { Speaker, TestScene } from "./script/speaker.ts";
export type { World } from "./script/world.ts";
export type { UnauthenticatedAnswer, UnauthenticatedRequest } from "./unauthenticated_post.ts";
export { startTestBotApi } from "./start.ts";
export type { DeliverOptions, TestBot, WaitOptions } from "./test_bot.ts";
export type { TestBotApi } from "./test_bot_api.ts";
export type { TestUpdate } from "./update_kinds.ts";
export type { TestWebhook } from "./api/webhook_registration.ts";
