import { TelehookError } from "../errors/telehook_error.ts";

/** The header in which Telegram repeats the `secret_token` of `setWebhook`. */
export const SECRET_TOKEN_HEADER = "x-telegram-bot-api-secret-token";

const LONGEST = 256;

/**
 * Refuses what Telegram would refuse as a `secret_token`. The value is never quoted.
 *
 * @throws {TelehookError} `ERR_SECRET_TOKEN` unless it is a string of 1 to 256 characters `A-Z a-z 0-9 _ -`.
 */
export function assertSecretToken(value: unknown): asserts value is string {
  if (typeof value !== "string") {
    throw new TelehookError(
      "ERR_SECRET_TOKEN",
      `A secret token must be a string, not ${value === null ? "null" : typeof value}`,
    );
  }
  if (value.length === 0 || value.length > LONGEST) {
    throw new TelehookError(
      "ERR_SECRET_TOKEN",
      `A secret token must have 1 to ${LONGEST} characters, but this one has ${value.length}`,
    );
  }
  const forbidden = /[^A-Za-z0-9_-]/.exec(value);
  if (forbidden !== null) {
    throw new TelehookError(
      "ERR_SECRET_TOKEN",
      `A secret token may only have the characters A-Z, a-z, 0-9, "_" and "-", but character ${
        forbidden.index + 1
      } is not one of them. Create one with crypto.randomUUID() or deriveSecretToken()`,
    );
  }
}

/** Checks whether a header's value is a valid secret. */
export type SecretCheck = (given: string | null | undefined) => boolean;

/**
 * Returns the check for the `secretToken` option: one secret, several during a rotation, or `null` for none.
 *
 * @throws {TelehookError} `ERR_SECRET_TOKEN` if it is left out, empty or has a secret that Telegram would refuse.
 */
export function secretCheck(secretToken: unknown): SecretCheck | undefined {
  if (secretToken === null) return undefined;
  if (secretToken === undefined) {
    throw new TelehookError(
      "ERR_SECRET_TOKEN",
      '"secretToken" is required: pass the secret_token used with setWebhook, or null to accept updates from anyone',
    );
  }
  const secrets: unknown[] = Array.isArray(secretToken) ? [...secretToken] : [secretToken];
  if (secrets.length === 0) {
    throw new TelehookError(
      "ERR_SECRET_TOKEN",
      '"secretToken" is an empty array: name at least one secret, or pass null',
    );
  }
  const valid = secrets.map((each) => {
    assertSecretToken(each);
    return each;
  });
  return (given) => {
    if (typeof given !== "string" || given.length > LONGEST) return false;
    // Every secret is compared completely, so that the time does not reveal which one, or how much of it, was right.
    let matches = 0;
    for (const secret of valid) matches |= sameText(given, secret);
    return matches === 1;
  };
}

/** 1 if they are equal, else 0, in a time that depends on the length of `given` alone. */
function sameText(given: string, secret: string): 0 | 1 {
  const isAsLong = given.length === secret.length;
  const against = isAsLong ? secret : given;
  let difference = isAsLong ? 0 : 1;
  for (let i = 0; i < given.length; i++) difference |= given.charCodeAt(i) ^ against.charCodeAt(i);
  return difference === 0 ? 1 : 0;
}
