import { strict as assert } from "node:assert";
import { describe, test, type TestContext } from "node:test";
import type { Content, Delivery, Sent, TestBotApi, VirtualClock } from "../../src/testing/mod.ts";
import { findEntities } from "../../src/testing/script/entities.ts";
import { assertShape } from "./bot_api_shape.ts";
import { call, frozen, START } from "./test_server.ts";

/** A server that keeps everything, for a look at the updates. */
async function start(t: TestContext): Promise<TestBotApi<VirtualClock>> {
  const telegram = await frozen(t);
  await call(telegram, "getUpdates", { allowed_updates: ["message", "chat_member", "message_reaction"] });
  return telegram;
}

/** The object of an update, after a check of its shape. */
function payload({ update, kind }: Delivery): ReturnType<typeof Object> {
  assertShape(update, "Update");
  return Object(update[kind]);
}

describe("a user", () => {
  test("sends a text", async (t) => {
    const telegram = await start(t);
    const sent = telegram.user({ id: 7, first_name: "Anna", username: "anna" }).sends("/start now");
    const user = { id: 7, is_bot: false, first_name: "Anna", username: "anna" };
    assert.deepEqual(payload(sent.delivery), {
      message_id: 1,
      from: user,
      chat: { id: 7, first_name: "Anna", username: "anna", type: "private" },
      date: START / 1000,
      text: "/start now",
      entities: [{ offset: 0, length: 6, type: "bot_command" }],
    });
    assert.equal(sent.delivery.update.update_id, 100_000_001);
  });

  test("has its own ids, and each update has the next one", async (t) => {
    const telegram = await start(t);
    const [anna, ben] = [telegram.user(), telegram.user()];
    assert.notEqual(anna.user.id, ben.user.id);
    const sent = [anna.sends("1"), ben.sends("2"), anna.sends("3")];
    assert.deepEqual(sent.map(({ message }) => message.message_id), [1, 2, 3]);
    assert.deepEqual(sent.map(({ delivery }) => delivery.update.update_id % 1000), [1, 2, 3]);
  });

  for (
    const medium of ["photo", "video", "document", "audio", "voice", "video_note", "animation", "sticker"]
  ) {
    test(`sends a ${medium}`, async (t) => {
      const telegram = await start(t);
      const content: Content = { [medium]: true, caption: "look #here" };
      const { message, delivery } = telegram.user().sends(content);
      payload(delivery);
      assert.ok(message[medium]);
      assert.deepEqual(message.caption_entities, [{ offset: 5, length: 5, type: "hashtag" }]);
    });
  }

  test("sends a live photo, which is a photo too", async (t) => {
    const telegram = await start(t);
    const message = payload(telegram.user().sends({ live_photo: true }).delivery);
    assert.ok(message.live_photo && message.photo);
  });

  test("sends a file of a name, and a medium as given", async (t) => {
    const telegram = await start(t);
    const anna = telegram.user();
    assert.equal(payload(anna.sends({ document: "cv.pdf" }).delivery).document.file_name, "cv.pdf");
    const contact = { phone_number: "+1", first_name: "Ben" };
    assert.deepEqual(payload(anna.sends({ contact }).delivery).contact, contact);
  });

  test("replies", async (t) => {
    const telegram = await start(t);
    const anna = telegram.user();
    const first = anna.sends("first");
    const second = anna.sends({ text: "second", reply_to_message: first.message });
    const third = anna.sends({ text: "third", reply_to_message: second.message });
    assert.deepEqual(payload(second.delivery).reply_to_message, first.message);
    const { reply_to_message: nested } = payload(third.delivery);
    assert.equal(nested.text, "second");
    assert.equal(nested.reply_to_message, undefined);
  });

  test("edits a text and a caption", async (t) => {
    const telegram = await start(t);
    const anna = telegram.user();
    const [text, photo] = [anna.sends("old /cmd"), anna.sends({ photo: true, caption: "old" })];
    await telegram.clock.advance(5000);
    const edited = anna.edits(text, "new");
    const { entities, edit_date, date, message_id } = payload(edited.delivery);
    assert.deepEqual([edited.delivery.kind, edited.message.text, entities], [
      "edited_message",
      "new",
      undefined,
    ]);
    assert.deepEqual([message_id, edit_date - date], [text.message.message_id, 5]);
    assert.deepEqual(Object.keys(edited.message).slice(0, 5), [
      "message_id",
      "from",
      "chat",
      "date",
      "edit_date",
    ]);
    const caption = payload(anna.edits(photo.message, "new").delivery);
    assert.deepEqual([caption.caption, caption.photo], ["new", photo.message.photo]);
    assert.equal(edited.delivery.queue, text.delivery.queue);
  });

  test("changes a subscription, stops a generation and creates a bot", async (t) => {
    const telegram = await start(t);
    const anna = telegram.user({ id: 7 });
    const subscription = anna.changesSubscription("canceled", "gold");
    const stopped = anna.stopsGeneration(3);
    const created = anna.createsBot();
    assert.deepEqual(payload(subscription).state, "canceled");
    assert.deepEqual(payload(stopped).draft_id, 3);
    assert.deepEqual(payload(created).bot.is_bot, true);
    assert.deepEqual([subscription, stopped, created].map(({ queue }) => queue), [
      "subscription of user 7",
      "stopped_generation of chat 7",
      "managed_bot of user 7",
    ]);
  });

  test("presses a button of the latest message that has it", async (t) => {
    const telegram = await start(t);
    const anna = telegram.user();
    const ask = async (text: string, data: string) => {
      const reply_markup = {
        inline_keyboard: [[{ text, callback_data: data }], [{ text: "Open", url: "https://a.b" }]],
      };
      return Object(
        (await call(telegram, "sendMessage", { chat_id: anna.user.id, text: "?", reply_markup })).result,
      );
    };
    const first = await ask("Yes", "yes:1");
    await ask("Yes", "yes:2");
    const query = payload(anna.presses("Yes"));
    assert.deepEqual([query.data, query.from, query.message.chat.id], ["yes:2", anna.user, anna.user.id]);
    assert.equal(payload(anna.presses("yes:1")).data, "yes:1");
    assert.equal(payload(anna.presses("Yes", first)).message.message_id, first.message_id);
    assert.notEqual(payload(anna.presses("Yes")).id, query.id);
    assert.throws(() => anna.presses("No"), /no button "No"/);
    assert.throws(() => anna.presses("Open"), /tells the bot nothing/);
    assert.throws(() => telegram.user().presses("Yes"), /no button "Yes"/);
  });

  test("reacts, changes the mind and takes it back", async (t) => {
    const telegram = await start(t);
    const anna = telegram.user();
    const { message } = anna.sends("hello");
    const emoji = (list: { emoji: string }[]) => list.map(({ emoji }) => emoji).join();
    const steps = [["👍"], ["🔥", "👏"], []].map((reaction) => payload(anna.reacts(message, ...reaction)));
    assert.deepEqual(
      steps.map(({ old_reaction, new_reaction }) => [emoji(old_reaction), emoji(new_reaction)]),
      [["", "👍"], ["👍", "🔥,👏"], ["🔥,👏", ""]],
    );
  });

  test("votes in a poll of the bot's", async (t) => {
    const telegram = await start(t);
    const anna = telegram.user();
    const params = { chat_id: anna.user.id, question: "Tea?", options: ["yes", { text: "no" }] };
    const open = Object((await call(telegram, "sendPoll", { ...params, is_anonymous: false })).result);
    const answer = anna.votes(open, 1);
    assert.deepEqual(payload(answer).option_ids, [1]);
    assert.equal(answer.queue, `poll of poll ${open.poll.id}`);
    const secret = Object((await call(telegram, "sendPoll", params)).result);
    const poll = payload(anna.votes(secret, 0));
    assert.deepEqual([poll.total_voter_count, poll.options[0].voter_count, poll.is_anonymous], [1, 1, true]);
    assert.throws(() => anna.votes(secret, 5), /no such option/);
    assert.throws(() => anna.votes(anna.sends("no poll"), 0), /not a poll/);
  });

  test("has one vote in a poll, which can be changed and taken back", async (t) => {
    const telegram = await start(t);
    const [anna, ben] = [telegram.user(), telegram.user()];
    const params = { chat_id: anna.user.id, question: "Tea?", options: ["yes", "no"] };
    const message = Object((await call(telegram, "sendPoll", params)).result);
    const votes = [[anna, 0], [ben, 0], [anna, 1], [anna]] as const;
    const counts = votes.map(([user, ...options]) => {
      const poll = payload(user.votes(message, ...options));
      return [poll.options[0].voter_count, poll.options[1].voter_count, poll.total_voter_count];
    });
    assert.deepEqual(counts, [[1, 0, 1], [2, 0, 2], [1, 1, 2], [1, 0, 1]]);
  });

  test("votes without a change to what was sent before", async (t) => {
    const telegram = await start(t);
    const [anna, group] = [telegram.user(), telegram.group()];
    const options = [{ persistent_id: "0", text: "yes", voter_count: 0 }];
    const poll = { id: "1", question: "Tea?", options, total_voter_count: 0, is_anonymous: true };
    const sent = anna.in(group).sends({ poll });
    const updates = async () => Object((await call(telegram, "getUpdates")).result);
    const before = await updates();
    anna.votes(sent, 0);
    await telegram.clock.advance(3000);
    assert.deepEqual((await updates())[0], before[0]);
    assert.deepEqual(sent.message.poll, poll);
    const reply_parameters = { message_id: sent.message.message_id };
    const reply = await call(telegram, "sendMessage", {
      chat_id: group.chat.id,
      text: "?",
      reply_parameters,
    });
    assert.equal(Object(reply.result).reply_to_message.poll.total_voter_count, 1);
  });

  test("does all the rest", async (t) => {
    const telegram = await start(t);
    const anna = telegram.user();
    const group = telegram.group();
    const purchase = { invoice_payload: "book", currency: "EUR", total_amount: 999 };
    const cases: readonly (readonly [Delivery | Sent, string])[] = [
      [anna.queries("cats"), "inline_query"],
      [anna.chooses("1", "cats"), "chosen_inline_result"],
      [anna.joins(group), "message"],
      [anna.leaves(group), "message"],
      [anna.asksToJoin(group), "chat_join_request"],
      [anna.addsBot(group), "my_chat_member"],
      [anna.addsBot(group, "administrator"), "my_chat_member"],
      [anna.removesBot(group), "my_chat_member"],
      [anna.blocksBot(), "my_chat_member"],
      [anna.unblocksBot(), "my_chat_member"],
      [anna.boosts(group), "chat_boost"],
      [anna.checksOut(purchase), "pre_checkout_query"],
      [anna.pays(purchase), "message"],
      [anna.buysPaidMedia("video"), "purchased_paid_media"],
    ];
    for (const [done, kind] of cases) {
      const delivery = "message" in done ? done.delivery : done;
      assert.equal(delivery.kind, kind);
      payload(delivery);
    }
  });
});

describe("an album", () => {
  test("has one id beyond 2^53, consecutive messages and each its caption", async (t) => {
    const telegram = await start(t);
    const album = telegram.user().sendsAlbum([{ photo: true, caption: "a" }, { video: true }, {
      live_photo: true,
    }]);
    const messages = album.parts.map(({ delivery }) => payload(delivery));
    assert.deepEqual(messages.map(({ message_id }) => message_id), [1, 2, 3]);
    assert.deepEqual(messages.map(({ caption }) => caption), ["a", undefined, undefined]);
    assert.deepEqual(
      new Set(messages.map(({ media_group_id }) => media_group_id)),
      new Set([album.mediaGroupId]),
    );
    assert.ok(Number(album.mediaGroupId) > 2 ** 53);
    assert.deepEqual(Object.keys(messages[0]).slice(3, 7), ["date", "media_group_id", "photo", "caption"]);
    const other = telegram.user().sendsAlbum([{ document: "a" }, { document: "b" }]);
    assert.notEqual(other.mediaGroupId, album.mediaGroupId);
  });

  test("is refused when Telegram would not have it", async (t) => {
    const anna = (await start(t)).user();
    const photo = { photo: true } as const;
    assert.throws(() => anna.sendsAlbum([photo]), /2 to 10 parts, not 1/);
    assert.throws(() => anna.sendsAlbum(Array(11).fill(photo)), /2 to 10 parts, not 11/);
    assert.throws(() => anna.sendsAlbum([photo, { document: true }]), RangeError);
    assert.throws(() => anna.sendsAlbum([photo, "text"]), RangeError);
  });
});

describe("a group", () => {
  test("numbers its messages on its own", async (t) => {
    const telegram = await start(t);
    const group = telegram.group({ title: "Cats", username: "cats" });
    const anna = telegram.user();
    anna.sends("in private");
    const inGroup = anna.in(group);
    const [first, second] = [inGroup.sends("one"), telegram.user().in(group).sends("two")];
    assert.deepEqual([first.message.message_id, second.message.message_id], [1, 2]);
    const { chat } = payload(first.delivery);
    assert.deepEqual([chat.title, chat.type], ["Cats", "supergroup"]);
    assert.ok(chat.id < -1_000_000_000_000);
    const { result } = await call(telegram, "sendMessage", { chat_id: "@cats", text: "hi" });
    assert.deepEqual([Object(result).message_id, Object(result).chat.id], [3, chat.id]);
  });

  test("of the old kind numbers them with the private chats", async (t) => {
    const telegram = await start(t);
    const group = telegram.group({ type: "group" });
    const anna = telegram.user();
    anna.sends("in private");
    assert.equal(anna.in(group).sends("in the group").message.message_id, 2);
    assert.ok(group.chat.id < 0 && group.chat.id > -1_000_000_000_000);
  });

  test("tells who comes and goes", async (t) => {
    const telegram = await frozen(t);
    await call(telegram, "setWebhook", {
      url: "http://127.0.0.1:1",
      allowed_updates: ["chat_member", "message"],
    });
    const [anna, group] = [telegram.user(), telegram.group()];
    assert.deepEqual(payload(anna.joins(group).delivery).new_chat_members, [anna.user]);
    assert.deepEqual(payload(anna.leaves(group).delivery).left_chat_member, anna.user);
    assert.equal(telegram.pending, 4);
  });
});

test("a change of membership tells what was before", async (t) => {
  const telegram = await start(t);
  const [anna, group, other] = [telegram.user(), telegram.group(), telegram.group()];
  const changes = [
    anna.removesBot(other),
    anna.addsBot(group),
    anna.addsBot(group, "administrator"),
    anna.removesBot(group),
    anna.addsBot(group),
    anna.unblocksBot(),
    anna.blocksBot(),
  ];
  const told = changes.map(payload).map(({ old_chat_member: before, new_chat_member: after }) =>
    `${before.status} ${after.status}`
  );
  assert.deepEqual(told, [
    "member kicked",
    "left member",
    "member administrator",
    "administrator kicked",
    "kicked member",
    "kicked member",
    "member kicked",
  ]);
});

describe("a channel", () => {
  test("posts, edits and counts reactions in its own name", async (t) => {
    const telegram = await start(t);
    const channel = telegram.channel({ title: "News" });
    const post = channel.posts("hello");
    const { sender_chat, chat, from } = payload(post.delivery);
    assert.equal(post.delivery.kind, "channel_post");
    assert.deepEqual([sender_chat, from], [chat, undefined]);
    const edit = channel.edits(post, "hello!");
    payload(edit.delivery);
    assert.equal(edit.delivery.kind, "edited_channel_post");
    const count = channel.countsReactions(post, { "👍": 3 });
    assert.deepEqual(payload(count).reactions, [{ type: { type: "emoji", emoji: "👍" }, total_count: 3 }]);
    const album = channel.postsAlbum([{ photo: true }, { photo: true }]);
    album.parts.forEach(({ delivery }) => payload(delivery));
    assert.deepEqual(album.messages.map(({ message_id }) => message_id), [2, 3]);
  });
});

describe("a business", () => {
  test("connects, talks with its customers and deletes", async (t) => {
    const telegram = await start(t);
    const [owner, ben] = [telegram.user(), telegram.user()];
    const shop = telegram.business(owner);
    const { id, user, is_enabled } = payload(shop.connects());
    assert.deepEqual([id, user, is_enabled], [shop.connectionId, owner.user, true]);
    const question = ben.in(shop).sends("Open?");
    const answer = shop.sends(ben, "Yes");
    const messages = [question, answer].map(({ delivery }) => payload(delivery));
    assert.deepEqual(messages.map(({ from }) => from.id), [ben.user.id, owner.user.id]);
    assert.deepEqual(messages.map(({ chat }) => chat.id), [ben.user.id, ben.user.id]);
    assert.deepEqual(messages.map(({ business_connection_id }) => business_connection_id), [id, id]);
    assert.equal(question.delivery.queue, `business of chat ${ben.user.id}`);
    const edit = ben.in(shop).edits(question, "Open now?");
    payload(edit.delivery);
    assert.equal(edit.delivery.kind, "edited_business_message");
    const deleted = payload(shop.deletes(question, answer));
    assert.deepEqual(deleted.message_ids, [question, answer].map(({ message }) => message.message_id));
    assert.equal(payload(shop.disconnects()).is_enabled, false);
  });
});

test("Telegram marks commands, addresses, mentions and hashtags", () => {
  const marked = (text: string) =>
    findEntities(text).map(({ offset, length, type }) => `${type} ${text.slice(offset, offset + length)}`);
  assert.deepEqual(marked("/start@my_bot a /b/c 1/2"), ["bot_command /start@my_bot"]);
  assert.deepEqual(marked("see https://a.b/c?d#e, or ask me@a.bc"), [
    "url https://a.b/c?d#e",
    "email me@a.bc",
  ]);
  assert.deepEqual(marked("@anna and #tag #1 #ä1"), ["mention @anna", "hashtag #tag", "hashtag #ä1"]);
  assert.deepEqual(marked("😀 /go"), ["bot_command /go"]);
});

test("old messages are forgotten, but not their numbers", async (t) => {
  const telegram = await start(t);
  const anna = telegram.user();
  for (let count = 0; count < 10_001; count++) anna.sends("hello");
  assert.equal(anna.sends("last").message.message_id, 10_002);
  const edit = { chat_id: anna.user.id, message_id: 1, text: "new" };
  assert.equal((await call(telegram, "editMessageText", edit)).ok, false);
  assert.equal((await call(telegram, "editMessageText", { ...edit, message_id: 10_002 })).ok, true);
});
