/** Takes what must stay secret out of a text. */
export type Redact = (text: string) => string;

/**
 * Every Bot API address holds the bot token, and runtimes quote addresses in their errors: in the message of a
 * cause (Deno), in a property (Bun), in the message itself (Node). The part behind the colon is the secret one.
 */
export function redactor(token: string, secretToken: unknown): Redact {
  const [id, secret] = token.split(":");
  const tokens = new RegExp(`(?<=bot)${id}(?::|%3A)[\\w-]*|${secret}`, "gi");
  return (text) => {
    const redacted = text.replace(tokens, "<token>");
    return typeof secretToken === "string" && secretToken !== ""
      ? redacted.replaceAll(secretToken, "<secret>")
      : redacted;
  };
}

/**
 * What can be shown of a caught error: a new one with its name, message, code, stack and cause, without the
 * secrets. A copy, because any other property may hold the address too, and because the original belongs to
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
