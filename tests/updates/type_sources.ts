/** A type, as the members of its union: `string[]` is `["string[]"]`, `"a" | "b"` is `['"a"', '"b"']`. */
export type TypeText = readonly string[];

export interface Field {
  readonly name: string;
  readonly optional: boolean;
  readonly type: TypeText;
  readonly start: number;
  /** Behind its semicolon. */
  readonly end: number;
}

export type Declaration =
  | { readonly kind: "interface"; readonly name: string; readonly fields: readonly Field[] }
  | { readonly kind: "type"; readonly name: string; readonly type: TypeText }
  | { readonly kind: "list"; readonly name: string; readonly items: readonly string[] };

export interface TypeSource {
  readonly declarations: readonly Declaration[];
  /** Every type that the file names without importing or declaring it. */
  readonly unresolved: readonly string[];
}

interface Token {
  readonly text: string;
  readonly start: number;
}

const TOKEN = /\/\*[^]*?\*\/|\/\/.*|\s+|"(?:[^"\\]|\\.)*"|[A-Za-z_$][\w$]*|\d+|[^]/g;
const BUILT_IN = new Set(["string", "number", "boolean", "true", "unknown"]);

/** The words and signs of a source, without comments. */
export function tokenize(source: string): Token[] {
  return [...source.matchAll(TOKEN)]
    .map((match) => ({ text: match[0], start: match.index }))
    .filter(({ text }) => !/^(\s|\/\*|\/\/)/.test(text));
}

/**
 * Reads a file of type declarations. It understands exactly the plain style of src/updates and throws at
 * anything else, so that no declaration can hide from the comparison. It needs no compiler: the tests run the
 * same on every runtime.
 */
export function parseTypes(source: string): TypeSource {
  const tokens = tokenize(source);
  const declarations: Declaration[] = [];
  const known = new Set(BUILT_IN);
  const named = new Set<string>();
  let at = 0;

  const peek = (): string => tokens[at]?.text ?? "";
  function next(): Token {
    const token = tokens[at++];
    if (token === undefined) throw new SyntaxError("The source ends too early");
    return token;
  }
  function refuse(token: Token, wanted: string): never {
    const line = source.slice(0, token.start).split("\n").length;
    throw new SyntaxError(`Line ${line}: expected ${wanted}, found ${token.text}`);
  }
  function expect(...texts: string[]): void {
    for (const text of texts) {
      const token = next();
      if (token.text !== text) refuse(token, text);
    }
  }
  function accept(text: string): boolean {
    if (peek() !== text) return false;
    at++;
    return true;
  }

  function union(): string[] {
    accept("|");
    const found = arrays();
    while (accept("|")) found.push(...arrays());
    return found;
  }
  function arrays(): string[] {
    let found = primary();
    while (accept("[")) {
      const index = accept("number") ? "number" : "";
      expect("]");
      found = [`${found.length === 1 ? found[0] : `(${found.join(" | ")})`}[${index}]`];
    }
    return found;
  }
  function primary(): string[] {
    if (accept("(")) {
      const found = union();
      expect(")");
      return found;
    }
    const prefix = accept("typeof") ? "typeof " : "";
    const token = next();
    const { text } = token;
    if (/^["\d]/.test(text)) return [text];
    if (!/^[A-Za-z]/.test(text)) refuse(token, "a type");
    named.add(text);
    return [prefix + text];
  }
  function field(): Field {
    const { text: name, start } = next();
    const optional = accept("?");
    expect(":");
    const type = union();
    const { start: end } = tokens[at] ?? next();
    expect(";");
    return { name, optional, type, start, end: end + 1 };
  }
  function declare<D extends Declaration>(declaration: D): void {
    known.add(declaration.name);
    declarations.push(declaration);
  }

  while (at < tokens.length) {
    if (accept("import")) {
      expect("type", "{");
      while (!accept("}")) {
        known.add(next().text);
        accept(",");
      }
      expect("from");
      next();
      expect(";");
      continue;
    }
    expect("export");
    const keyword = next();
    const name = next().text;
    if (keyword.text === "interface") {
      expect("{");
      const fields: Field[] = [];
      while (!accept("}")) fields.push(field());
      declare({ kind: "interface", name, fields });
    } else if (keyword.text === "type") {
      expect("=");
      declare({ kind: "type", name, type: union() });
      expect(";");
    } else if (keyword.text === "const") {
      expect("=", "[");
      const items: string[] = [];
      while (!accept("]")) {
        items.push(JSON.parse(next().text));
        accept(",");
      }
      expect("as", "const", ";");
      declare({ kind: "list", name, items });
    } else {
      refuse(keyword, "a declaration");
    }
  }
  return { declarations, unresolved: [...named].filter((name) => !known.has(name)) };
}
