/** A parameter of a call that came as JSON. */
export interface JsonParameter {
  name: string;
  /** The value as Telegram passes it on: a string's content, and the very text of anything else. */
  text: string;
  /** The value as JSON means it. */
  value: unknown;
}

/** Telegram gives up on values that are nested deeper. */
const MAX_DEPTH = 100;

/**
 * Reads the keys of a JSON object as Telegram does: one after another, and what was read before a mistake counts. So
 * truncated JSON, a trailing comma and anything behind the object do no harm, while a byte order mark before it leaves
 * nothing. That broken JSON is executed is an accident of Telegram's server, reproduced here all the same.
 */
export function readJsonParameters(text: string): JsonParameter[] {
  const parameters: JsonParameter[] = [];
  try {
    readObject(new JsonText(text), parameters);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return parameters;
}

function readObject(json: JsonText, parameters: JsonParameter[]): void {
  json.skipSpace();
  json.expect("{");
  for (;;) {
    json.skipSpace();
    if (json.take("}")) return;
    const name = json.string();
    json.skipSpace();
    json.expect(":");
    json.skipSpace();
    if (json.isAt('"')) {
      const text = json.string();
      parameters.push({ name, text, value: text });
    } else {
      const text = json.skipValue(MAX_DEPTH);
      parameters.push({ name, text, value: meaningOf(text) });
    }
    json.skipSpace();
    if (!json.isAt("}")) json.expect(",");
  }
}

/** Telegram takes some numbers that JSON does not have, such as `+5`; they stay text. */
function meaningOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A place in a JSON text. */
class JsonText {
  #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isAt(token: string): boolean {
    return this.#text.startsWith(token, this.#at);
  }

  take(token: string): boolean {
    if (!this.isAt(token)) return false;
    this.#at += token.length;
    return true;
  }

  expect(token: string): void {
    if (!this.take(token)) throw new SyntaxError(`${token} expected`);
  }

  skipSpace(): void {
    this.#match(/[ \t\r\n]*/y);
  }

  /** The content of a string. */
  string(): string {
    const [, content] = this.#match(/"((?:[^"\\]|\\[^])*)"/y) ?? [];
    if (content === undefined) throw new SyntaxError("string expected");
    return content.replace(/\\(u[0-9A-Fa-f]{4}|[^])/g, (_, escape: string) => unescaped(escape));
  }

  /** Passes over a value, and gives its text. */
  skipValue(depth: number): string {
    if (depth < 0) throw new SyntaxError("too deep");
    this.skipSpace();
    const start = this.#at;
    if (this.take("[")) {
      this.#skipItems("]", () => this.skipValue(depth - 1));
    } else if (this.take("{")) {
      this.#skipItems("}", () => {
        this.string();
        this.skipSpace();
        this.expect(":");
        this.skipValue(depth - 1);
      });
    } else if (this.isAt('"')) {
      this.string();
    } else if (!this.#match(/false|true|null|[-+.0-9][-+.0-9eE]*/y)) {
      throw new SyntaxError("value expected");
    }
    return this.#text.slice(start, this.#at);
  }

  #skipItems(end: string, skipItem: () => void): void {
    this.skipSpace();
    if (this.take(end)) return;
    for (;;) {
      skipItem();
      this.skipSpace();
      if (this.take(end)) return;
      this.expect(",");
      this.skipSpace();
    }
  }

  /** @param pattern A sticky pattern. */
  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found) this.#at = pattern.lastIndex;
    return found;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

function unescaped(escape: string): string {
  if (escape.length === 5) return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
  if (escape === "u") throw new SyntaxError("hexadecimal digits expected");
  return ESCAPES[escape] ?? escape;
}
