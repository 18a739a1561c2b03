import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type UpdateKind, webhook } from "../../mod.ts";
import { queueOf } from "../../src/testing/queue_of.ts";
import { telegramQueueOf } from "../../src/delivery/telegram_queue.ts";
import { ALL_UPDATE_KINDS } from "../../src/updates/mod.ts";
import { bot, delivery, gate, inChat, Log, message, part, turn, word } from "./bot.ts";
import { WrappedStore } from "./wrapped_store.ts";

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describe("an album stays whole", () => {
  it("where the limits are reached: a part of one that collects is accepted in spite of them", async () => {
    const log = new Log();
    const slow = gate();
    const { hook, post } = bot(async (update) => {
      if (update.update_id === 2) await slow.opened;
      log.add(word(update));
    }, { maxPending: 2, concurrency: 1, mediaGroups: { quietMs: 60_000, maxWaitMs: 60_000 } });
    assert.equal(await post(part(1, "7")), 200);
    const other = post(inChat(43, 2));
    assert.equal(await post(part(3, "7")), 200);
    assert.equal(await post(part(4, "8")), 503, "it is a part of another");
    assert.equal(await post(inChat(44, 5)), 503);
    slow.open();
    assert.equal(await other, 200);
    assert.equal(await post(part(6, "7")), 200);
    await hook.close();
    assert.deepEqual(log.words, ["2", "[1 3 6]"]);
  });

  it("where other work blocks the event loop for longer than the quiet time", async () => {
    const log = new Log();
    const quietMs = 200;
    const hook = webhook((update) => {
      log.add(word(update));
      if (update.update_id !== 10) return;
      const until = performance.now() + 1.6 * quietMs;
      while (performance.now() < until);
    }, { secretToken: null, mediaGroups: { quietMs } });
    const server = new MessageChannel(); // what was sent meanwhile comes as input does: in a separate turn
    const arrived = new Log();
    server.port1.onmessage = ({ data }) =>
      void hook(delivery(part(data, "7"))).then(({ status }) => arrived.add(`${status}`));
    await hook(delivery(part(1, "7")));
    const blocking = hook(delivery(inChat(43, 10)));
    for (const id of [2, 3]) server.port2.postMessage(id);
    await blocking;
    await arrived.has(2);
    await log.has(2);
    server.port1.close();
    server.port2.close();
    assert.deepEqual([log.words, arrived.words], [["10", "[1 2 3]"], ["200", "200"]]);
    await hook.close();
  });

  it("where parts of two come in turn: A B A B A B, forwarded together", async () => {
    for (const isDurable of [false, true]) {
      const log = new Log();
      const { hook, post } = bot((update) => log.add(word(update)), {
        store: new WrappedStore({}, { isDurable }),
        mediaGroups: { quietMs: 20 },
      });
      for (const [i, album] of [..."ABABAB"].entries()) assert.equal(await post(part(i + 1, album)), 200);
      await log.has(2);
      assert.deepEqual(log.words, ["[1 3 5]", "[2 4 6]"]);
      await hook.close();
    }
  });

  it("where a slow answer holds the only connection, behind which its next part waits", async () => {
    const log = new Log();
    const { hook, post } = bot(async (update) => {
      if (update.update_id === 2) await pause(150);
      log.add(word(update));
    }, { mediaGroups: { quietMs: 100 } });
    for (const update of [part(1, "7"), inChat(43, 2), part(3, "7")]) assert.equal(await post(update), 200);
    await log.has(2);
    assert.deepEqual(log.words, ["2", "[1 3]"]);
    await hook.close();
  });

  it("but is not kept back by a slow answer for longer than that, where the sender has other connections", async () => {
    const log = new Log();
    const slow = gate();
    const { hook, post } = bot(async (update) => {
      if (update.update_id === 2) await slow.opened;
      else if (update.update_id > 100) await turn();
      log.add(word(update));
    }, { mediaGroups: { quietMs: 60 } });
    await Promise.all([101, 102, 103].map((id) => post(inChat(id, id)))); // three connections at least
    assert.equal(await post(part(1, "7")), 200);
    const held = post(inChat(43, 2));
    await log.has(4);
    assert.equal(log.words.at(-1), "[1]");
    slow.open();
    await held;
    await hook.close();
  });

  it("and waits for maxWaitMs at most, though an answer is held", async () => {
    const log = new Log();
    const slow = gate();
    const { hook, post } = bot(async (update) => {
      if (update.update_id === 2) await slow.opened;
      log.add(word(update));
    }, { mediaGroups: { quietMs: 20, maxWaitMs: 80 } });
    assert.equal(await post(part(1, "7")), 200);
    const held = post(inChat(43, 2));
    await log.has(1);
    assert.deepEqual(log.words, ["[1]"]);
    slow.open();
    await held;
    await hook.close();
  });
});

it("a retry gets the update as it came, whatever the failed attempt did to it", async () => {
  for (const update of [message(1, { text: "as it came" }), part(1, "7", { text: "as it came" })]) {
    const texts: (string | undefined)[] = [];
    const log = new Log();
    const { hook, post } = bot((received, { attempt }) => {
      const single = "message_media_group" in received ? received.message_media_group.messages[0] : undefined;
      const content = "message" in received ? received.message : single;
      texts.push(content?.text);
      log.add(word(received));
      Object.assign(content ?? {}, { text: "changed" });
      if (attempt === 1) throw new Error("no");
    }, { acknowledge: "received", mediaGroups: { quietMs: 5 } });
    for (const each of [() => post(update), () => hook.receive({ ...update, update_id: 2 })]) {
      texts.length = 0;
      const had = log.words.length;
      await each();
      await log.has(had + 2);
      assert.deepEqual(texts, ["as it came", "as it came"]);
    }
    await hook.close();
  }
});

describe("the queue of an update", () => {
  type Content = (owner: number, other: number) => object;
  const ofChat: Content = (owner, other) => ({
    chat: { id: owner },
    from: { id: other },
    user: { id: other },
  });
  const ofSender: Content = (owner, other) => ({ from: { id: owner }, message: { chat: { id: other } } });
  const ofUser: Content = (owner, other) => ({ user: { id: owner }, user_chat_id: other });
  const CONTENTS: Readonly<Record<UpdateKind, Content>> = {
    message: ofChat,
    edited_message: ofChat,
    channel_post: ofChat,
    edited_channel_post: ofChat,
    business_connection: ofUser,
    business_message: ofChat,
    edited_business_message: ofChat,
    deleted_business_messages: ofChat,
    guest_message: ofChat,
    message_reaction: ofChat,
    message_reaction_count: ofChat,
    inline_query: ofSender,
    chosen_inline_result: ofSender,
    callback_query: ofSender,
    shipping_query: ofSender,
    pre_checkout_query: ofSender,
    purchased_paid_media: ofSender,
    poll: (owner) => ({ id: `5${owner}00000000000000` }), // unlike any chat's
    poll_answer: (owner, other) => ({ poll_id: `5${owner}00000000000000`, user: { id: other } }),
    my_chat_member: ofChat,
    chat_member: (owner, other) => ({
      chat: { id: other },
      from: { id: other },
      old_chat_member: { user: { id: owner } },
      new_chat_member: { user: { id: owner } },
    }),
    chat_join_request: (owner, other) => ({ chat: { id: other }, from: { id: owner }, user_chat_id: owner }),
    chat_boost: ofChat,
    removed_chat_boost: ofChat,
    managed_bot: ofUser,
    subscription: ofUser,
    stopped_message_generation: ofChat,
  };

  it("is the same partition of all updates as the test server's, for every kind", () => {
    const partitions = [new Map<unknown, number[]>(), new Map<unknown, number[]>()];
    let id = 0;
    for (const kind of ALL_UPDATE_KINDS) {
      for (const [owner, other] of [[7, 8], [8, 7], [7, 9], [7, 7]] as const) {
        const update = { update_id: ++id, [kind]: CONTENTS[kind](owner, other) };
        const names = [telegramQueueOf(update as never), queueOf(update).id];
        for (const [i, name] of names.entries()) {
          const ids = partitions[i]?.get(name) ?? [];
          partitions[i]?.set(name, [...ids, id]);
        }
      }
    }
    const [ours = new Map(), theirs = new Map()] = partitions;
    assert.deepEqual([...ours.values()], [...theirs.values()]);
    assert.ok(ours.size > ALL_UPDATE_KINDS.length);
  });

  it("is that of its kind, though a field stands before it that nobody knows", () => {
    const { update_id, ...rest } = message(1);
    const traced = { update_id, _trace: "x", ...rest };
    assert.equal(telegramQueueOf(traced as never), telegramQueueOf(message(1)));
  });
});
