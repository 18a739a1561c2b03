import { TelehookError } from "../errors/telehook_error.ts";
import { quote } from "../text/quote.ts";

/**
 * Refuses a parameter that the Bot API would bend into something else without a word: to it the text "no" is
 * as good as `false`, and an `allowed_updates` that is no array is not there.
 *
 * @throws {TelehookError} `ERR_OPTION` when it is given and not accepted
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

export function checkText(name: string, value: unknown): void {
  checkParam(name, value, "a string", (given) => typeof given === "string");
}

export function checkTexts(name: string, value: unknown): void {
  const isText = (item: unknown): boolean => typeof item === "string";
  checkParam(name, value, "an array of strings", (given) => Array.isArray(given) && given.every(isText));
}
