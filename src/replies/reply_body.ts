import { encodeForm, serializeParams } from "../bot_api/serialize_params.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import type { WebhookReply } from "../receiver/webhook_reply.ts";
import { errorReason } from "../text/error_reason.ts";
import { quote } from "../text/quote.ts";

const LONGEST = 1_048_576;
/** How much of it texts and files may take: names, boundaries and escapes need room too. */
export const LONGEST_CONTENT = 1_000_000;
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

/** A webhook reply with a file, as `multipart/form-data`. */
export interface EncodedReply {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
}

/**
 * A webhook reply as it is sent: JSON, or a form if it contains a file. Both are serialized as
 * `botApi` serializes the parameters of a call.
 *
 * @throws {TelehookError} `ERR_REPLY` if Telegram would silently ignore it, or it cannot be written. With a file, the
 * promise may reject with it.
 */
export function serializeReply(reply: WebhookReply): string | Promise<EncodedReply> {
  checkReply(reply);
  const { method } = reply;
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
    if (sizeOfFiles(body) > LONGEST) throw tooLarge(method); // encoding it would take several times its size
    return encodeForm(body).then((encoded) => {
      if (encoded.bytes.length > LONGEST) throw tooLarge(method);
      return encoded;
    });
  }
  // A UTF-16 unit is at most three bytes of UTF-8, so most replies need no counting.
  if (body.length * 3 > LONGEST && new TextEncoder().encode(body).length > LONGEST) throw tooLarge(method);
  return body;
}

function sizeOfFiles(form: FormData): number {
  let size = 0;
  for (const [, value] of form) size += typeof value === "string" ? 0 : value.size;
  return size;
}

function tooLarge(method: string): TelehookError {
  return new TelehookError(
    "ERR_REPLY",
    `The webhook reply ${
      quote(method)
    } is larger than the 1 MiB that Telegram reads: call it through botApi(token)`,
  );
}
