import type { ExpectedTypes } from "./expected_types.ts";
import type { Declaration, TypeSource, TypeText } from "./type_sources.ts";

/**
 * Every difference between the declared types and those that the facts call for, in either direction; each
 * names what differs.
 *
 * @param sources The files that declare types, by name.
 */
export function compareTypes(sources: ReadonlyMap<string, TypeSource>, expected: ExpectedTypes): string[] {
  const differences: string[] = [];
  const declared = new Map<string, Declaration>();
  for (const [file, { declarations, unresolved }] of sources) {
    for (const name of unresolved) {
      differences.push(`${name}: used in ${file}, but neither imported nor declared there`);
    }
    for (const declaration of declarations) {
      if (declared.has(declaration.name)) differences.push(`${declaration.name}: declared twice`);
      declared.set(declaration.name, declaration);
    }
  }
  const aliases = literalAliases(declared.values());

  function take(name: string): Declaration | undefined {
    const declaration = declared.get(name);
    declared.delete(name);
    return declaration;
  }
  function unlike(name: string, declaration: Declaration | undefined, wanted: Declaration["kind"]): void {
    const found = declaration === undefined ? "missing" : `declared as ${declaration.kind}, not as ${wanted}`;
    differences.push(`${name}: ${found}`);
  }

  for (const [name, fields] of expected.interfaces) {
    const declaration = take(name);
    if (declaration?.kind !== "interface") {
      unlike(name, declaration, "interface");
      continue;
    }
    const missing = new Map(fields);
    for (const { name: field, optional, type } of declaration.fields) {
      const should = missing.get(field);
      missing.delete(field);
      if (should === undefined) {
        differences.push(`${name}.${field}: ${fields.has(field) ? "declared twice" : "not in the facts"}`);
        continue;
      }
      if (optional !== should.optional) {
        differences.push(`${name}.${field}: ${word(optional)}, ${word(should.optional)} in the facts`);
      }
      const found = type.flatMap((each) => aliases.get(each) ?? each);
      if (!sameMembers(found, should.type)) {
        differences.push(`${name}.${field}: ${found.join(" | ")}, ${should.type.join(" | ")} in the facts`);
      }
    }
    for (const field of missing.keys()) differences.push(`${name}.${field}: missing`);
  }

  for (const [name, members] of expected.unions) {
    const declaration = take(name);
    if (declaration?.kind !== "type") {
      unlike(name, declaration, "type");
      continue;
    }
    const found = declaration.type;
    for (const member of members) if (!found.includes(member)) differences.push(`${name}: lacks ${member}`);
    for (const member of found) {
      if (!members.includes(member)) differences.push(`${name}: has ${member}, not in the facts`);
    }
  }

  for (const [name, items] of expected.lists) {
    const declaration = take(name);
    if (declaration?.kind !== "list") {
      unlike(name, declaration, "list");
      continue;
    }
    const found = declaration.items;
    for (const item of items) if (!found.includes(item)) differences.push(`${name}: lacks ${item}`);
    const there = items.filter((item) => found.includes(item));
    for (const [index, item] of found.entries()) {
      if (!items.includes(item)) differences.push(`${name}: has ${item}, not in the facts`);
      else if (item !== there[index]) differences.push(`${name}: ${item} is out of place`);
    }
  }

  for (const name of declared.keys()) if (!aliases.has(name)) differences.push(`${name}: not in the facts`);
  return differences;
}

/** The names that stand for a union of strings, such as the emoji that one can react with. */
function literalAliases(declarations: Iterable<Declaration>): Map<string, TypeText> {
  const aliases = new Map<string, TypeText>();
  for (const declaration of declarations) {
    if (declaration.kind === "type" && declaration.type.every((each) => each.startsWith('"'))) {
      aliases.set(declaration.name, declaration.type);
    }
  }
  return aliases;
}

function sameMembers(some: TypeText, others: TypeText): boolean {
  return some.length === others.length && others.every((each) => some.includes(each));
}

function word(optional: boolean): string {
  return optional ? "optional" : "required";
}
