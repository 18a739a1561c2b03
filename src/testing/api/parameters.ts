/** The parameters of a Bot API call, as they were sent: JSON keeps its types, forms hold strings and files. */
export type Parameters = Record<string, unknown>;

/** Reads parameters out of the query of a URL. */
export function queryParameters(search: URLSearchParams): Parameters {
  return Object.fromEntries(search);
}

/**
 * Reads parameters out of a body of any type that the Bot API takes. One that cannot be read has none: Telegram too
 * goes on without, and complains about what it then misses.
 */
export function bodyParameters(contentType: string, body: Uint8Array): Parameters | Promise<Parameters> {
  const type = contentType.toLowerCase();
  if (body.length === 0) return {};
  if (type.includes("multipart/form-data")) return formParameters(contentType, body);
  const text = new TextDecoder().decode(body);
  if (type.includes("application/x-www-form-urlencoded")) return queryParameters(new URLSearchParams(text));
  const value = type.includes("application/json") ? jsonOf(text) : undefined;
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

async function formParameters(contentType: string, body: Uint8Array): Promise<Parameters> {
  const form = new Response(new Uint8Array(body), { headers: { "content-type": contentType } });
  return await form.formData().then((fields) => Object.fromEntries(fields), () => ({}));
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
