import { TelehookError } from "../errors/telehook_error.ts";
import { quote } from "../text/quote.ts";

/**
 * A Bot API call that Telegram makes itself because it finds it in the answer to an update. Its result is never told,
 * nor its error; `setWebhook`, `deleteWebhook`, `close`, `logOut` and `get…` are not carried out this way.
 *
 * @see https://core.telegram.org/bots/api#making-requests-when-getting-updates
 */
export interface WebhookReply {
  /** The method, such as `"sendMessage"`. */
  readonly method: string;
  /** Its parameters, spelt as the Bot API spells them. */
  readonly [parameter: string]: unknown;
}

const LONGEST = 1_048_576;
const NOT_CARRIED_OUT = /^(?:setwebhook|deletewebhook|close|logout|get.*)$/i;

/** Whether what a receiver returned is meant as a webhook reply. */
export function isWebhookReply(result: unknown): result is WebhookReply {
  return typeof result === "object" && result !== null && "method" in result &&
    typeof result.method === "string";
}

/**
 * A webhook reply as it goes over the wire.
 *
 * @throws {TelehookError} `ERR_REPLY` if Telegram would silently ignore it, or it is not JSON.
 */
export function serializeReply(reply: WebhookReply): string {
  const { method } = reply;
  if (!/^[A-Za-z]+$/.test(method) || NOT_CARRIED_OUT.test(method)) {
    throw new TelehookError(
      "ERR_REPLY",
      `Telegram does not carry out ${quote(method)} as a webhook reply: call it through botApi(token)`,
    );
  }
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
