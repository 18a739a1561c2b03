import { TelehookError } from "../errors/telehook_error.ts";
import { encodeForm, serializeParams } from "../bot_api/serialize_params.ts";
import { errorReason } from "../text/error_reason.ts";
import { quote } from "../text/quote.ts";

/**
 * A Bot API call that Telegram makes itself because it finds it in the answer to an update. You do not get its result
 * or its error. `setWebhook`, `deleteWebhook`, `close`, `logOut` and `get…` are not executed this way.
 *
 * @see https://core.telegram.org/bots/api#making-requests-when-getting-updates
 */
export interface WebhookReply {
  /** The method, such as `"sendMessage"`. */
  readonly method: string;
  /**
   * Its parameters, spelled as the Bot API spells them. A `Blob` or bytes among them are uploaded; `undefined` and
   * `null` are left out. `TypedReply` types the most used methods.
   */
  readonly [parameter: string]: unknown;
}

const LONGEST = 1_048_576;
const NOT_EXECUTED = /^(?:setwebhook|deletewebhook|close|logout|get.*)$/i;

/** Whether what a receiver returned is meant as a webhook reply. */
export function isWebhookReply(result: unknown): result is WebhookReply {
  return typeof result === "object" && result !== null && "method" in result &&
    typeof result.method === "string";
}

/** A webhook reply with a file, as `multipart/form-data`. */
export interface EncodedReply {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
}

/**
 * A webhook reply as it goes over the wire: JSON, or a form if there is a file in it. Both are written as
 * `botApi` writes the parameters of a call.
 *
 * @throws {TelehookError} `ERR_REPLY` if Telegram would silently ignore it, or it cannot be written. With a file, the
 * promise may reject with it.
 */
export function serializeReply(reply: WebhookReply): string | Promise<EncodedReply> {
  const { method } = reply;
  if (!/^[A-Za-z]+$/.test(method) || NOT_EXECUTED.test(method)) {
    throw new TelehookError(
      "ERR_REPLY",
      `Telegram does not execute ${quote(method)} as a webhook reply: call it through botApi(token)`,
    );
  }
  let body: string | FormData;
  try {
    body = serializeParams(reply);
  } catch (cause) {
    throw new TelehookError(
      "ERR_REPLY",
      `The webhook reply ${quote(method)} cannot be written as JSON: ${errorReason(cause)}`,
      { cause },
    );
  }
  if (typeof body !== "string") {
    return encodeForm(body).then((encoded) => {
      if (encoded.bytes.length > LONGEST) throw tooLarge(method);
      return encoded;
    });
  }
  // A UTF-16 unit is at most three bytes of UTF-8, so most replies need no counting.
  if (body.length * 3 > LONGEST && new TextEncoder().encode(body).length > LONGEST) throw tooLarge(method);
  return body;
}

function tooLarge(method: string): TelehookError {
  return new TelehookError(
    "ERR_REPLY",
    `The webhook reply ${
      quote(method)
    } is larger than the 1 MiB that Telegram reads: call it through botApi(token)`,
  );
}
