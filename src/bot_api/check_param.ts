import { TelehookError } from "../errors/telehook_error.ts";
import { quote } from "../text/quote.ts";

/**
 * Refuses a parameter that the Bot API would silently reinterpret: it reads the text "no" as `false`, and ignores an
 * `allowed_updates` that is not an array.
 *
 * @throws {TelehookError} `ERR_OPTION` if it is given and not accepted.
 */
export function checkParam(
  name: string,
  value: unknown,
  expected: string,
  accepts: (value: unknown) => boolean,
): void {
  if (value === undefined || accepts(value)) return;
  throw new TelehookError("ERR_OPTION", `"${name}" must be ${expected}, not ${quote(value)}`);
}

/** Refuses a parameter that is given and not a string. */
export function checkText(name: string, value: unknown): void {
  checkParam(name, value, "a string", (given) => typeof given === "string");
}

/** Refuses a parameter that is given and not an array of strings. */
export function checkTexts(name: string, value: unknown): void {
  const isText = (item: unknown): boolean => typeof item === "string";
  checkParam(name, value, "an array of strings", (given) => Array.isArray(given) && given.every(isText));
}
