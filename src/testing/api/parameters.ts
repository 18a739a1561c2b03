import { readFormData } from "./form_data.ts";
import { readJsonParameters } from "./json_parameters.ts";

/**
 * The parameters of a Bot API call: JSON keeps its types, forms hold strings and files. Of two with one name, the first
 * counts. (Telegram itself passes the text of a nested JSON value on as it stands; here it is what that text means.)
 */
export type Parameters = Record<string, unknown>;

/** Reads parameters out of the query of a URL. Of two with one name, the first counts. */
export function queryParameters(search: URLSearchParams): Parameters {
  return firstOfEach([...search]);
}

/**
 * Reads parameters out of a body of any type that the Bot API takes. Of broken JSON the keys before the break count.
 * Telegram too goes on with those, and complains about what it then misses.
 *
 * @throws {BotApiRefusal} 400 if it is a `multipart/form-data` body that cannot be read.
 */
export function bodyParameters(contentType: string, body: Uint8Array): Parameters {
  const type = contentType.toLowerCase();
  if (body.length === 0) return {};
  if (type.includes("multipart/form-data")) return firstOfEach(readFormData(contentType, body));
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(body);
  if (type.includes("application/x-www-form-urlencoded")) return queryParameters(new URLSearchParams(text));
  if (!type.includes("application/json")) return {};
  return firstOfEach(readJsonParameters(text).map(({ name, value }) => [name, value]));
}

function firstOfEach(parameters: readonly (readonly [name: string, value: unknown])[]): Parameters {
  const first = new Map<string, unknown>();
  for (const [name, value] of parameters) {
    if (!first.has(name)) first.set(name, value);
  }
  return Object.fromEntries(first);
}

/**
 * The `method` of a webhook reply; empty for none. Telegram reads it as text in any case: `12` as the method "12"
 * and `null` as the method "null".
 */
export function methodOf({ method }: Parameters): string {
  return method === null ? "null" : textOf(method);
}

/** A parameter as text; objects as JSON. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A parameter as a whole number within bounds, the way Telegram reads one: `"5x"` is 5 and `"x"` is 0. */
export function integerOf(value: unknown, fallback: number, min: number, max: number): number {
  const text = textOf(value);
  const number = text === "" ? fallback : Number.parseInt(text, 10) || 0;
  return Math.min(Math.max(number, min), max);
}

/** A parameter as a yes or no. */
export function flagOf(value: unknown): boolean {
  return ["true", "yes", "1"].includes(textOf(value).trim().toLowerCase());
}

/** A parameter that is an object or array, or the JSON of one. */
export function jsonOf(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** A parameter that is an object, or the JSON of one; anything else has no fields. */
export function objectOf(value: unknown): Parameters {
  const object = jsonOf(value);
  return typeof object === "object" && object !== null && !Array.isArray(object) ? { ...object } : {};
}

/** A parameter that is an array, or the JSON of one; anything else has no items. */
export function listOf(value: unknown): unknown[] {
  const list = jsonOf(value);
  return Array.isArray(list) ? list : [];
}
