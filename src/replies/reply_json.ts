import { TelehookError } from "../errors/telehook_error.ts";
import type { WebhookReply } from "../receiver/webhook_reply.ts";
import { quote } from "../text/quote.ts";

const LONGEST = 1_048_576;
const NOT_EXECUTED = /^(?:setwebhook|deletewebhook|close|logout|get.*)$/i;

/**
 * Checks that a reply is one that Telegram executes.
 *
 * @throws {TelehookError} `ERR_REPLY` if Telegram would silently ignore it.
 */
export function checkReply({ method }: WebhookReply): void {
  if (/^[A-Za-z]+$/.test(method) && !NOT_EXECUTED.test(method)) return;
  throw new TelehookError(
    "ERR_REPLY",
    `Telegram does not execute ${quote(method)} as a webhook reply: call it through botApi(token)`,
  );
}

/**
 * A webhook reply as it goes over the wire.
 *
 * @throws {TelehookError} `ERR_REPLY` if Telegram would silently ignore it, or it is not JSON.
 */
export function serializeReply(reply: WebhookReply): string {
  checkReply(reply);
  const { method } = reply;
  let json: string | undefined;
  let cause: unknown;
  try {
    json = JSON.stringify(reply); // nothing, if its `toJSON` returns nothing
  } catch (error) {
    cause = error;
  }
  if (json === undefined) {
    throw new TelehookError("ERR_REPLY", `The webhook reply ${quote(method)} cannot be written as JSON`, {
      cause,
    });
  }
  // A UTF-16 unit is at most three bytes of UTF-8, so most replies need no counting.
  if (json.length * 3 > LONGEST && new TextEncoder().encode(json).length > LONGEST) {
    throw new TelehookError(
      "ERR_REPLY",
      `The webhook reply ${
        quote(method)
      } is larger than the 1 MiB that Telegram reads: call it through botApi(token)`,
    );
  }
  return json;
}
