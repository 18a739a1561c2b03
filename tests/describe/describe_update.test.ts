import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { describeUpdate } from "../../src/describe/describe_update.ts";

const anna = { id: 1, first_name: "Anna", last_name: "Ek" };
const group = { id: -1, type: "supergroup", title: "Hikers" };
const message = { message_id: 1, date: 0, from: anna, chat: { id: 1, type: "private", first_name: "Anna" } };

test("an update in a line: who did what where", () => {
  const lines: [object, string][] = [
    [{ message: { ...message, text: "Hi" } }, "Anna Ek: Hi"],
    [{ message: { ...message, chat: group, photo: [], caption: "Lake" } }, 'Anna Ek in Hikers: photo "Lake"'],
    [{ message: { ...message, new_chat_members: [] } }, "Anna Ek: new chat members"],
    [{ channel_post: { message_id: 1, date: 0, chat: group, text: "News" } }, "Hikers: News"],
    [{ callback_query: { id: "1", from: anna, data: "yes" } }, 'Anna Ek pressed "yes"'],
    [{ inline_query: { id: "1", from: anna, query: "cats" } }, 'Anna Ek typed "cats"'],
    [
      {
        message_reaction: {
          chat: group,
          message_id: 1,
          user: anna,
          date: 0,
          new_reaction: [{ emoji: "👍" }],
        },
      },
      "Anna Ek in Hikers reacted 👍",
    ],
    [
      {
        my_chat_member: {
          chat: group,
          from: anna,
          date: 0,
          new_chat_member: { user: { first_name: "Bot" }, status: "member" },
        },
      },
      "Anna Ek in Hikers: Bot is now member",
    ],
    [{ hologram: { beams: 3 } }, 'of an unknown kind: {"beams":3}'],
  ];
  for (const [update, line] of lines) assert.equal(describeUpdate({ update_id: 1, ...update }).summary, line);
});

test("nothing that somebody wrote can move the cursor, break the line or turn it around", () => {
  const { summary } = describeUpdate({
    message: { ...message, from: { first_name: "E\u202eve" }, text: "a\x1b[2Jb\r\nc\u2028d\x9be" },
  });
  assert.equal(summary, "E·ve: a·[2Jb ⏎ c·d·e");
  const kind = describeUpdate({ "bad\x1bkind": {} });
  assert.equal(kind.kind, "bad·kind");
});

test("any JSON is described in one line, the whole corpus included", () => {
  const odd = [{}, { message: {} }, { message: { from: 3, chat: null, text: 5 } }, {
    message_media_group: null,
  }, { poll: {} }];
  const corpus = readFileSync(new URL("../fixtures/corpus.jsonl", import.meta.url), "utf8").trim().split(
    "\n",
  );
  for (const update of [...odd, ...corpus.map((line) => JSON.parse(line).update)]) {
    const { kind, summary } = describeUpdate(update);
    assert.doesNotMatch(kind + summary, /\p{Cc}/u);
  }
});
