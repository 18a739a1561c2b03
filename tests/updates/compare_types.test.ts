import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compareTypes } from "./compare_types.ts";
import { expectedTypes, type Facts } from "./expected_types.ts";
import { facts, sources } from "./files.ts";
import { parseTypes } from "./type_sources.ts";

const types = new Map([...sources].map(([name, source]) => [name, parseTypes(source)]));
const expected = expectedTypes(facts);

/** The differences that the comparison finds once a file reads otherwise. */
function differencesWith(file: string, change: (source: string) => string): string[] {
  const source = sources.get(file);
  assert.ok(source !== undefined, `There is no ${file}`);
  const changed = change(source);
  assert.notEqual(changed, source, "The change changes nothing");
  return compareTypes(new Map(types).set(file, parseTypes(changed)), expected);
}

describe("the comparison", () => {
  const fields = [...types].flatMap(([file, { declarations }]) =>
    declarations.flatMap((declaration) =>
      declaration.kind === "interface"
        ? declaration.fields.map((field) => ({ file, field, path: `${declaration.name}.${field.name}` }))
        : []
    )
  );
  const count = Object.values(facts.objects).flatMap((object) => Object.keys(object.fields)).length;

  it("sees every field there is", () => {
    assert.ok(fields.length >= count, `${fields.length} fields, of ${count} in the facts`);
  });

  it("names whichever field is deleted", () => {
    for (const { file, field, path } of fields) {
      const found = differencesWith(file, (source) => source.slice(0, field.start) + source.slice(field.end));
      assert.deepEqual(found, [`${path}: missing`]);
    }
  });

  it("names whichever field is made optional or required", () => {
    for (const { file, field, path } of fields) {
      const now = `${field.name}${field.optional ? "" : "?"}: ${field.type.join(" | ")};`;
      const found = differencesWith(
        file,
        (source) => source.slice(0, field.start) + now + source.slice(field.end),
      );
      const [is, was] = field.optional ? ["required", "optional"] : ["optional", "required"];
      assert.deepEqual(found, [`${path}: ${is}, ${was} in the facts`]);
    }
  });

  it("names whichever field has another type", () => {
    for (const { file, field, path } of fields) {
      const now = `${field.name}${field.optional ? "?" : ""}: ${field.type.join(" | ")} | 7;`;
      const found = differencesWith(
        file,
        (source) => source.slice(0, field.start) + now + source.slice(field.end),
      );
      assert.equal(found.length, 1);
      assert.match(found[0] ?? "", new RegExp(`^${path}: .* \\| 7, .* in the facts$`));
    }
  });

  const cases: [what: string, file: string, from: string, to: string, ...differences: string[]][] = [
    [
      "a field that the facts do not have",
      "user.ts",
      "  id: number;",
      "  id: number;\n  nick?: string;",
      "User.nick: not in the facts",
    ],
    [
      "a renamed field",
      "user.ts",
      "is_bot: boolean",
      "bot: boolean",
      "User.bot: not in the facts",
      "User.is_bot: missing",
    ],
    [
      "a field declared twice",
      "user.ts",
      "  id: number;",
      "  id: number;\n  id: number;",
      "User.id: declared twice",
    ],
    [
      "an array that became a single value",
      "media.ts",
      "cover?: PhotoSize[]",
      "cover?: PhotoSize",
      "Video.cover: PhotoSize, PhotoSize[] in the facts",
    ],
    [
      "a string in place of literals",
      "sticker.ts",
      'type: "regular" | "mask" | "custom_emoji"',
      "type: string",
      'Sticker.type: string, "regular" | "mask" | "custom_emoji" in the facts',
    ],
    [
      "a wrong discriminator",
      "chat_member.ts",
      '"creator"',
      '"owner"',
      'ChatMemberOwner.status: "owner", "creator" in the facts',
    ],
    [
      "a message that cannot be told from an inaccessible one",
      "inaccessible_message.ts",
      "date: 0",
      "date: number",
      "InaccessibleMessage.date: number, 0 in the facts",
    ],
    [
      "an interface that is gone",
      "user.ts",
      "interface User ",
      "interface Person ",
      "User: missing",
      "Person: not in the facts",
    ],
    [
      "an object that became a type",
      "poll.ts",
      "export interface Link {",
      "export type Link = string;\nexport interface Url {",
      "Link: declared as type, not as interface",
      "Url: not in the facts",
    ],
    [
      "a type whose import is gone, so that the browser's type of that name stands in",
      "message.ts",
      "  Document,\n",
      "",
      "Document: used in message.ts, but neither imported nor declared there",
    ],
    [
      "a union without one of its members",
      "reaction.ts",
      " | ReactionTypePaid",
      "",
      "ReactionType: lacks ReactionTypePaid",
    ],
    [
      "a union with a member too many",
      "reaction.ts",
      " | ReactionTypePaid",
      " | ReactionTypePaid | ReactionCount",
      "ReactionType: has ReactionCount, not in the facts",
    ],
    [
      "an emoji that one cannot react with",
      "reaction.ts",
      '"👎"',
      '"🦖"',
      `ReactionTypeEmoji.emoji: ${emoji().replace("👎", "🦖")}, ${emoji()} in the facts`,
    ],
    [
      "a kind that is not listed",
      "update_kind.ts",
      '  "stopped_message_generation",\n',
      "",
      "ALL_UPDATE_KINDS: lacks stopped_message_generation",
    ],
    [
      "a kind that Telegram does not have",
      "update_kind.ts",
      '  "stopped_message_generation",\n',
      '  "stopped_message_generation",\n  "started",\n',
      "ALL_UPDATE_KINDS: has started, not in the facts",
    ],
    [
      "kinds in another order",
      "update_kind.ts",
      '"poll",\n  "poll_answer"',
      '"poll_answer",\n  "poll"',
      "ALL_UPDATE_KINDS: poll_answer is out of place",
      "ALL_UPDATE_KINDS: poll is out of place",
    ],
    [
      "a kind that is opt-in no more",
      "update_kind.ts",
      ', "chat_member"] as const',
      "] as const",
      "OPT_IN_UPDATE_KINDS: lacks chat_member",
    ],
    [
      "a kind with the payload of another",
      "update_kind.ts",
      "  poll: Poll;",
      "  poll: PollAnswer;",
      "UpdateKindTypes.poll: PollAnswer, Poll in the facts",
    ],
  ];
  for (const [what, file, from, to, ...differences] of cases) {
    it(`names ${what}`, () => {
      assert.deepEqual(differencesWith(file, (source) => source.replace(from, to)), differences);
    });
  }

  it("names what a new version of the Bot API adds", () => {
    const user = { ...facts.objects["User"]?.fields, age: { type: "Integer", required: true } };
    const next: Facts = {
      ...facts,
      objects: { ...facts.objects, User: { fields: user }, Age: { fields: {} } },
      update_kinds: [...facts.update_kinds, "birthday"],
      update_kind_types: { ...facts.update_kind_types, birthday: "Age" },
    };
    assert.deepEqual(compareTypes(types, expectedTypes(next)), [
      "User.age: missing",
      "Age: missing",
      "UpdateKindTypes.birthday: missing",
      "ALL_UPDATE_KINDS: lacks birthday",
    ]);
  });

  it("does not pass over what it cannot read", () => {
    const source = "export interface A { [key: string]: unknown }";
    assert.throws(() => parseTypes(source), /Line 1: expected :, found key/);
    assert.throws(() => parseTypes("export class A {}"), /Line 1: expected a declaration, found class/);
  });
});

function emoji(): string {
  return (facts.objects["ReactionTypeEmoji"]?.fields["emoji"]?.enum ?? []).map((each) => `"${each}"`).join(
    " | ",
  );
}
