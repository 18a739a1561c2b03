import { isPromise } from "../platform/promises.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import { didYouMean } from "../text/closest_word.ts";
import { quote, quoteAll } from "../text/quote.ts";

/**
 * Refuses unknown options: a misspelled `maxBodyByte` must not silently mean the default.
 *
 * @param owner What the options are for, such as `"listen"`.
 * @param options The options as passed.
 * @param known Every name that is allowed: an object whose keys the compiler checks, or a list.
 */
export function checkOptionNames(
  owner: string,
  options: unknown,
  known: readonly string[] | Readonly<Record<string, true>>,
): void {
  const names = Array.isArray(known) ? known : Object.keys(known);
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    // A string in place of the options is most likely a secret, a token or a key.
    const given = typeof options === "string" ? "a string" : quote(options);
    throw new TelehookError(
      "ERR_OPTION",
      `The options of ${owner} must be an object such as { ${names[0]}: … }, not ${given}`,
    );
  }
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const hint = didYouMean(name, names, `Options: ${quoteAll(names)}`);
    throw new TelehookError("ERR_OPTION", `${owner} has no option ${quote(name)}. ${hint}`);
  }
}

/** The value of an option, or its default. Refuses anything but a whole number from `min` to `max`. */
export function checkNumber(
  name: string,
  value: unknown,
  { default: byDefault, min, max }: { default: number; min: number; max: number },
): number {
  if (value === undefined) return byDefault;
  const isInRange = typeof value === "number" && value >= min && value <= max;
  if (!isInRange || (value !== Infinity && !Number.isInteger(value))) {
    const range = max === Infinity ? `of at least ${min}` : `from ${min} to ${max}`;
    throw new TelehookError("ERR_OPTION", `"${name}" must be a whole number ${range}, not ${quote(value)}`);
  }
  return value;
}

/** The value of an option, or its default, which is the first of those allowed. */
export function checkOneOf<T extends string>(name: string, value: unknown, allowed: readonly [T, ...T[]]): T {
  if (value === undefined) return allowed[0];
  const found = allowed.find((each) => each === value);
  if (found !== undefined) return found;
  throw new TelehookError(
    "ERR_OPTION",
    `"${name}" must be ${quoteAll(allowed, " or ")}, not ${quote(value)}`,
  );
}

/**
 * Refuses a value that is given and not accepted.
 *
 * @param expected What it must be, such as `"a string"`.
 */
export function checkValue(
  name: string,
  value: unknown,
  expected: string,
  accepts: (value: unknown) => boolean,
): void {
  if (value === undefined || accepts(value)) return;
  throw new TelehookError("ERR_OPTION", `"${name}" must be ${expected}, not ${quote(value)}`);
}

/** Refuses a value that is given and is neither `true` nor `false`. */
export function checkBoolean(name: string, value: unknown): void {
  checkValue(name, value, "true or false", (given) => typeof given === "boolean");
}

/** Refuses a value that is given and is not a function. */
export function checkFunction(name: string, value: unknown): void {
  checkValue(name, value, "a function", (given) => typeof given === "function");
}

/** Refuses a value that is given and is not a string. */
export function checkText(name: string, value: unknown): void {
  checkValue(name, value, "a string", isText);
}

/** Refuses a value that is given and is not an absolute URL. */
export function checkAddress(name: string, value: unknown, example: string): void {
  const isAddress = (given: unknown) => typeof given === "string" && URL.canParse(given);
  checkValue(name, value, `an address such as ${quote(example)}`, isAddress);
}

/** Refuses a value that is given and is not an array of strings. */
export function checkTexts(name: string, value: unknown): void {
  checkValue(name, value, "an array of strings", (given) => Array.isArray(given) && given.every(isText));
}

/** Refuses a value that is given and is not an `AbortSignal`, of any realm. */
export function checkSignal(name: string, value: unknown): void {
  checkValue(name, value, "an AbortSignal", (given) => hasMethods(given, "throwIfAborted"));
}

/** Refuses a value that is given and is not a bot's client. */
export function checkBotApi(name: string, value: unknown): void {
  checkValue(name, value, "what botApi(token) returns", (given) => hasMethods(given, "getWebhookInfo"));
}

/** Whether a value is an object with all of these methods. */
export function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  return typeof value === "object" && value !== null &&
    names.every((name) => typeof Reflect.get(value, name) === "function");
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

/** The error of a function among the options that returned something else than it has to. */
export function wrongAnswer(option: string, expected: string, returned: unknown): TelehookError {
  if (isPromise(returned)) returned.catch(() => {}); // nobody awaits it
  return new TelehookError("ERR_OPTION", `"${option}" must return ${expected}, not ${quote(returned)}`);
}
