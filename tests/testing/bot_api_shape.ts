import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";

interface Field {
  type: string;
  required: boolean;
  enum?: string[];
}

interface BotApi {
  objects: Record<string, { fields: Record<string, Field> }>;
  unions: Record<string, string[]>;
  discriminators: Record<string, { field: string; values: Record<string, string> }>;
  wire: {
    undocumented_message_fields: string[];
    undocumented_other_fields: Record<string, string[]>;
  };
}

const botApi: BotApi = JSON.parse(
  readFileSync(new URL("../fixtures/bot-api.json", import.meta.url), "utf8"),
);

/**
 * Checks that a value is what the Bot API says its type is: every required field there, none unknown, all of the right
 * type.
 */
export function assertShape(value: unknown, type: string, path = type): void {
  if (type.startsWith("Array of ")) {
    assert.ok(Array.isArray(value), `${path} is no array`);
    value.forEach((item, index) => assertShape(item, type.slice("Array of ".length), `${path}[${index}]`));
  } else if (type in PRIMITIVES) {
    assert.ok(PRIMITIVES[type]?.(value), `${path} is not of the type ${type}: ${JSON.stringify(value)}`);
  } else if (type in botApi.unions) {
    assertShape(value, memberOf(value, type, path), path);
  } else assertObject(value, type, path);
}

const PRIMITIVES: Readonly<Record<string, (value: unknown) => boolean>> = {
  String: (value) => typeof value === "string",
  Integer: Number.isSafeInteger,
  Float: (value) => typeof value === "number",
  Boolean: (value) => typeof value === "boolean",
  True: (value) => value === true,
};

function memberOf(value: unknown, union: string, path: string): string {
  if (union === "MaybeInaccessibleMessage") return "Message";
  const plain = typeof value === "string" ? "String" : Array.isArray(value) ? `Array of ${union}` : "";
  if (botApi.unions[union]?.includes(plain)) return plain;
  const discriminator = botApi.discriminators[union];
  assert.ok(discriminator, `${path} is of the union ${union}, which has no discriminator`);
  const tag = Reflect.get(Object(value), discriminator.field);
  return discriminator.values[tag] ?? assert.fail(`${path}.${discriminator.field} is ${tag}`);
}

function assertObject(value: unknown, type: string, path: string): void {
  const { fields } = botApi.objects[type] ?? assert.fail(`${path} is of the unknown type ${type}`);
  assert.ok(typeof value === "object" && value !== null, `${path} is no object`);
  for (const [name, { required }] of Object.entries(fields)) {
    assert.ok(!required || name in value, `${path}.${name} is missing`);
  }
  const undocumented = type === "Message" ? botApi.wire.undocumented_message_fields : [];
  for (const [name, item] of Object.entries(value)) {
    const field = fields[name];
    if (!field) assert.ok(undocumented.includes(name), `${path}.${name} is unknown`);
    else {
      assertShape(item, field.type, `${path}.${name}`);
      assert.ok(!field.enum || field.enum.includes(String(item)), `${path}.${name} is ${item}`);
    }
  }
}
