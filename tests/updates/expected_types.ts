import type { TypeText } from "./type_sources.ts";
import { UNDOCUMENTED_FIELDS, UNDOCUMENTED_OBJECTS } from "./undocumented.ts";

/** What tests/fixtures/bot-api.json says about types. */
export interface Facts {
  readonly update_kinds: readonly string[];
  readonly update_kind_types: Readonly<Record<string, string>>;
  readonly not_delivered_by_default: readonly string[];
  readonly objects: Readonly<Record<string, { readonly fields: Readonly<Record<string, FactField>> }>>;
  readonly unions: Readonly<Record<string, readonly string[]>>;
  readonly discriminators: Readonly<
    Record<string, { readonly field: string; readonly values: Readonly<Record<string, string>> }>
  >;
  readonly wire: {
    readonly undocumented_message_fields: readonly string[];
    readonly undocumented_other_fields: Readonly<Record<string, readonly string[]>>;
  };
}

interface FactField {
  readonly type: string;
  readonly required: boolean;
  readonly enum?: readonly string[];
}

/** The declarations that the facts call for. */
export interface ExpectedTypes {
  /** Interfaces and their fields, by name. */
  readonly interfaces: ReadonlyMap<string, ReadonlyMap<string, ExpectedField>>;
  readonly unions: ReadonlyMap<string, TypeText>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

export interface ExpectedField {
  readonly optional: boolean;
  readonly type: TypeText;
}

const PRIMITIVES: Readonly<Record<string, string>> = {
  Integer: "number",
  Float: "number",
  String: "string",
  Boolean: "boolean",
  True: "true",
};

/** What the types should be, by the facts. */
export function expectedTypes(facts: Facts): ExpectedTypes {
  const unions = Object.entries(facts.unions).map(([name, members]) => [name, members.map(typeOf)] as const);
  return {
    interfaces: expectedInterfaces(facts),
    unions: new Map([
      ...unions,
      ["MessageEntity", Object.keys(ENTITIES)],
      ["UpdateKind", ["typeof ALL_UPDATE_KINDS[number]"]],
    ]),
    lists: new Map([
      ["ALL_UPDATE_KINDS", facts.update_kinds],
      ["OPT_IN_UPDATE_KINDS", facts.not_delivered_by_default],
    ]),
  };
}

function expectedInterfaces(facts: Facts): Map<string, Map<string, ExpectedField>> {
  const expected = new Map<string, Map<string, ExpectedField>>();
  for (const [name, { fields }] of Object.entries(facts.objects)) {
    if (name === "Update") continue; // UpdateKindTypes stands for it
    if (name === "MessageEntity") {
      for (const [entity, entityFields] of expectedEntities(fields)) expected.set(entity, entityFields);
      continue;
    }
    expected.set(
      name,
      fieldsOf(fields, (fact) => ({
        optional: !fact.required,
        type: fact.enum?.map((value) => JSON.stringify(value)) ?? [typeOf(fact.type)],
      })),
    );
  }
  for (const { field, values } of Object.values(facts.discriminators)) {
    for (const [value, name] of Object.entries(values)) {
      if (value === "*") continue;
      const type = facts.objects[name]?.fields[field]?.type === "Integer" ? value : JSON.stringify(value);
      expected.get(name)?.set(field, { optional: false, type: [type] });
    }
  }
  for (const [name, fields] of Object.entries(UNDOCUMENTED_OBJECTS)) {
    expected.set(name, fieldsOf(fields, required));
  }
  for (const [name, fields] of Object.entries(UNDOCUMENTED_FIELDS)) {
    for (const [field, type] of Object.entries(fields)) {
      expected.get(name)?.set(field, { optional: true, type: [typeOf(type)] });
    }
  }
  return expected.set("UpdateKindTypes", fieldsOf(facts.update_kind_types, required));
}

/**
 * The kinds of `MessageEntity`, which telehook tells apart by `type`: the Bot API describes them as one object whose fields
 * are "for text_link only" and so on. The first one is for all types that no other has.
 */
const ENTITIES: Readonly<
  Record<string, { type: string; fields: Readonly<Record<string, "has" | "may have">> }>
> = {
  PlainEntity: { type: "", fields: {} },
  TextLinkEntity: { type: "text_link", fields: { url: "has" } },
  TextMentionEntity: { type: "text_mention", fields: { user: "has" } },
  PreEntity: { type: "pre", fields: { language: "may have" } },
  CustomEmojiEntity: { type: "custom_emoji", fields: { custom_emoji_id: "has" } },
  DateTimeEntity: { type: "date_time", fields: { unix_time: "has", date_time_format: "may have" } },
};

function expectedEntities(
  facts: Readonly<Record<string, FactField>>,
): Map<string, Map<string, ExpectedField>> {
  const own = Object.values(ENTITIES);
  const shared = Object.entries(facts).filter(([, { required }]) => required);
  const others = Object.keys(facts).filter((name) => !facts[name]?.required);
  const described = own.flatMap(({ fields }) => Object.keys(fields));
  if (others.toSorted().join() !== described.toSorted().join()) {
    throw new Error(`MessageEntity has ${others.join(", ")}: say in ENTITIES which type each field is for`);
  }
  const types = facts.type?.enum ?? [];
  const plain = types.filter((type) => !own.some((each) => each.type === type));
  return new Map(
    Object.entries(ENTITIES).map(([name, { type, fields }]) => {
      const entity = new Map<string, ExpectedField>(
        shared.map(([field, fact]) => [field, { optional: false, type: [typeOf(fact.type)] }]),
      );
      const values = type === "" ? plain : types.filter((each) => each === type);
      entity.set("type", { optional: false, type: values.map((each) => JSON.stringify(each)) });
      for (const [field, has] of Object.entries(fields)) {
        entity.set(field, { optional: has === "may have", type: [typeOf(facts[field]?.type ?? "")] });
      }
      return [name, entity];
    }),
  );
}

function fieldsOf<T>(
  fields: Readonly<Record<string, T>>,
  expect: (fact: T) => ExpectedField,
): Map<string, ExpectedField> {
  return new Map(Object.entries(fields).map(([field, fact]) => [field, expect(fact)]));
}

function required(type: string): ExpectedField {
  return { optional: false, type: [typeOf(type)] };
}

/** A type as the facts write it, in TypeScript. */
function typeOf(fact: string): string {
  const element = /^Array of (.+)$/.exec(fact)?.[1];
  return element === undefined ? PRIMITIVES[fact] ?? fact : `${typeOf(element)}[]`;
}
