import { TelehookError } from "../errors/telehook_error.ts";
import { pause } from "../platform/pause.ts";
import { errorReason } from "../text/error_reason.ts";
import { quote } from "../text/quote.ts";
import { redactor } from "../text/redact.ts";
import { BotApiError } from "./bot_api_error.ts";
import { type Endpoint, sendRequest } from "./send_request.ts";
import { serializeParams } from "./serialize_params.ts";

/**
 * Calls one method and returns its result. As often as the Bot API asks to come back later, it waits and sends the
 * request again.
 *
 * @throws {BotApiError} If the Bot API refuses.
 * @throws {TelehookError} `ERR_BOT_API_UNREACHABLE` if no Bot API answers, `ERR_OPTION`
 */
export async function callBotApi(
  endpoint: Endpoint,
  method: string,
  params: object,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  if (!/^[A-Za-z]+$/.test(method)) {
    // Not quoted, because it may be an address with the token.
    throw new TelehookError("ERR_OPTION", 'The name of a Bot API method has only letters, such as "getMe"');
  }
  const redact = redactor(endpoint.token, "secret_token" in params ? params.secret_token : undefined);
  const request = { method, signal, redact, body: bodyOf(method, params) };
  while (true) {
    signal?.throwIfAborted();
    const answer = await sendRequest(endpoint, request);
    if (answer.ok) return answer.result;
    const seconds = answer.parameters?.retry_after ?? 0;
    if (answer.error_code !== 429 || seconds <= 0) throw new BotApiError(method, answer);
    await pause(Math.max(1, seconds) * 1000, signal);
  }
}

function bodyOf(method: string, params: object): string | FormData {
  try {
    return serializeParams(params);
  } catch (cause) {
    throw new TelehookError(
      "ERR_OPTION",
      `The parameters of ${quote(method)} cannot be sent: ${errorReason(cause)}. Pass plain values and files`,
      { cause },
    );
  }
}
