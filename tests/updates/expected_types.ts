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
    unions: new Map([...unions, ["UpdateKind", ["typeof ALL_UPDATE_KINDS[number]"]]]),
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
