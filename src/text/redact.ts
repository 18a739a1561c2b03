import { withoutTokens } from "./quote.ts";

/** Replaces secrets in a text. */
export type Redact = (text: string) => string;

/** A shorter secret can be a part of ordinary words, which could not be read without it. */
const MIN_LENGTH = 8;

/**
 * Replaces a bot token and secret tokens in a text.
 *
 * Every Bot API address contains the bot token, and runtimes quote addresses in their errors: in the message of a cause
 * (Deno), in a property (Bun), in the message itself (Node). The part behind the colon is the secret one. A secret of
 * fewer than 8 characters is replaced only where it is a whole quoted string, so that messages stay readable.
 *
 * @param token The bot token, if there is one.
 * @param secretTokens Secret tokens. Everything that is not a string is ignored.
 */
export function redactor(token: string | undefined, ...secretTokens: unknown[]): Redact {
  const [id = "", key = ""] = token?.split(":") ?? [];
  // In an address, also when it was cut off.
  const addresses = token === undefined ? undefined : new RegExp(`(?<=bot)${id}(?::|%3A)[\\w-]*`, "gi");
  const secrets = secretTokens.filter((each) => typeof each === "string" && each !== "") as string[];
  return (text) => {
    let redacted = text;
    if (addresses !== undefined) redacted = redacted.replace(addresses, "<token>");
    redacted = withoutTokens(redacted);
    if (key !== "") redacted = withoutSecret(redacted, key, "<token>");
    for (const secret of secrets) redacted = withoutSecret(redacted, secret, "<secret>");
    return redacted;
  };
}

function withoutSecret(text: string, secret: string, replacement: string): string {
  return secret.length < MIN_LENGTH
    ? text.replaceAll(`"${secret}"`, `"${replacement}"`)
    : text.replaceAll(secret, replacement);
}

/**
 * What can be shown of a caught error: a new one with its name, message, code, stack and cause, without the
 * secrets. A copy, because any other property may contain the address too, and because the original belongs to
 * someone else.
 */
export function redactedCopy(error: unknown, redact: Redact, depth = 0): Error {
  if (!(error instanceof Error)) {
    return new Error(typeof error === "string" ? redact(error) : "Not an Error was thrown");
  }
  // A chain of causes may be a ring.
  const cause = error.cause === undefined || depth === 8
    ? {}
    : { cause: redactedCopy(error.cause, redact, depth + 1) };
  const copy = new Error(redact(error.message), cause);
  Object.defineProperties(copy, {
    name: { value: redact(error.name), configurable: true, writable: true },
    stack: { value: redact(String(error.stack)), configurable: true, writable: true },
  });
  return "code" in error && typeof error.code === "string"
    ? Object.assign(copy, { code: redact(error.code) })
    : copy;
}

/** Longer than any secret. */
const LONGEST_SECRET = 1_000;

/**
 * The beginning of a text that may be very long, as of an error that quotes the answer of a server, without secrets: also
 * without one that its end would cut. It does not keep the rest in memory, as a part of a text does.
 */
export function redactedBeginning(text: string, mostChars: number, redact: Redact): string {
  if (text.length <= mostChars) return redact(text);
  const beginning = redact(text.slice(0, mostChars + LONGEST_SECRET)).slice(0, mostChars);
  return `${new TextDecoder().decode(new TextEncoder().encode(beginning))}…`;
}
