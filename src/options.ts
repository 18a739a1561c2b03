import { TelehookError } from "./errors.ts";

/**
 * Refuses options whose name nobody knows: a misspelt `maxBodyByte` must not silently mean the default.
 *
 * @param owner What the options are for, as a person would say it.
 * @param options The options as given.
 * @param known Every name that is allowed.
 */
export function checkOptionNames(owner: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    // Text in their place is most likely a secret, a token or a key.
    const given = typeof options === "string" ? "a string" : quote(options);
    throw new TelehookError(
      "ERR_OPTION",
      `The options of ${owner} must be an object such as { ${known[0]}: … }, not ${given}`,
    );
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new TelehookError(
        "ERR_OPTION",
        `${owner} has no option ${quote(name)}: its options are ${
          known.map((each) => `"${each}"`).join(", ")
        }`,
      );
    }
  }
}

/** The option's value, or its default; refuses what is not a number from `least` to `most`. */
export function checkNumber(
  name: string,
  value: unknown,
  { otherwise, least, most }: { otherwise: number; least: number; most: number },
): number {
  if (value === undefined) return otherwise;
  const inRange = typeof value === "number" && value >= least && value <= most;
  if (!inRange || (value !== Infinity && !Number.isInteger(value))) {
    const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new TelehookError("ERR_OPTION", `"${name}" must be a whole number ${range}, not ${quote(value)}`);
  }
  return value;
}

/** The option's value, or its default (the first of those allowed). */
export function checkOneOf<T extends string>(name: string, value: unknown, allowed: readonly [T, ...T[]]): T {
  if (value === undefined) return allowed[0];
  const found = allowed.find((each) => each === value);
  if (found !== undefined) return found;
  throw new TelehookError(
    "ERR_OPTION",
    `"${name}" must be ${allowed.map((each) => `"${each}"`).join(" or ")}, not ${quote(value)}`,
  );
}

/** Refuses what is neither left out nor `true` or `false`. */
export function checkBoolean(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "boolean") {
    throw new TelehookError("ERR_OPTION", `"${name}" must be true or false, not ${quote(value)}`);
  }
}

/** Refuses what is neither left out nor a function. */
export function checkFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function") {
    throw new TelehookError("ERR_OPTION", `"${name}" must be a function, not ${quote(value)}`);
  }
}

/** Refuses what is neither left out nor an `AbortSignal`, of whichever realm. */
export function checkSignal(name: string, value: unknown): void {
  if (value === undefined || (typeof value === "object" && value !== null && "throwIfAborted" in value)) {
    return;
  }
  throw new TelehookError("ERR_OPTION", `"${name}" must be an AbortSignal, not ${quote(value)}`);
}

/** A value as a message quotes it: short, and safe for whatever was passed by mistake, bot tokens in paths included. */
export function quote(value: unknown): string {
  if (typeof value === "string") {
    const text = value.replace(/\d+(?::|%3A)[\w-]{16,}/gi, "<token>");
    return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
  }
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}
