import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ALL_UPDATE_KINDS, OPT_IN_UPDATE_KINDS } from "../../src/updates/mod.ts";
import { compareTypes } from "./compare_types.ts";
import { expectedTypes } from "./expected_types.ts";
import { facts, files, sources } from "./files.ts";
import { parseTypes, tokenize } from "./type_sources.ts";
import { UNDOCUMENTED_FIELDS } from "./undocumented.ts";

describe("the types and the facts", () => {
  it("agree on every object, field, union and kind", () => {
    const types = new Map([...sources].map(([name, source]) => [name, parseTypes(source)]));
    assert.deepEqual(compareTypes(types, expectedTypes(facts)), []);
  });

  it("agree on the list of kinds at run time too", () => {
    assert.deepEqual<readonly string[]>(ALL_UPDATE_KINDS, facts.update_kinds);
    assert.deepEqual<readonly string[]>(OPT_IN_UPDATE_KINDS, facts.not_delivered_by_default);
  });

  it("agree on what is sent but not documented", () => {
    const listed = facts.wire.undocumented_message_fields.map((field) => `Message.${field}`);
    const { "Chat(group)": chat, "ChatMember*": member, "*with thumbnail*": thumb, ...others } =
      facts.wire.undocumented_other_fields;
    const withThumbnail = Object.keys(facts.objects).filter((name) =>
      facts.objects[name]?.fields["thumbnail"]
    );
    const owners = [["Chat", chat], ["ChatMemberAdministrator", member], ...Object.entries(others)] as const;
    for (const [name, fields] of [...owners, ...withThumbnail.map((name) => [name, thumb] as const)]) {
      listed.push(...(fields ?? []).map((field) => `${name}.${field}`));
    }
    const typed = Object.entries(UNDOCUMENTED_FIELDS).flatMap(([name, fields]) =>
      Object.keys(fields).map((field) => `${name}.${field}`)
    );
    assert.deepEqual(typed.toSorted(), listed.toSorted());
  });

  it("agree on Telegram's page of each type, which its comment links", () => {
    const text = [...sources.values()].join("");
    for (const name of Object.keys({ ...facts.objects, ...facts.unions })) {
      if (name === "Update") continue;
      assert.ok(
        text.includes(`(https://core.telegram.org/bots/api#${name.toLowerCase()})`),
        `${name} has no link`,
      );
    }
  });

  it("are complete: mod.ts exports every file, and nothing is `any`", () => {
    for (const [name, source] of files) {
      if (name !== "mod.ts") assert.ok(files.get("mod.ts")?.includes(`"./${name}";`), `mod.ts lacks ${name}`);
      assert.ok(!tokenize(source).some(({ text }) => text === "any"), `${name} has an any`);
    }
  });
});
