import { TelehookError } from "../errors/telehook_error.ts";
import { BotApiError } from "./bot_api_error.ts";
import { pause } from "./pause.ts";
import { redactor } from "../text/redact.ts";
import { requestBody } from "./request_body.ts";
import { type Endpoint, sendRequest } from "./send_request.ts";

/**
 * Calls one method and returns its result, waiting and asking again for as long as the Bot API says to come
 * back later.
 *
 * @throws {BotApiError} when the Bot API refuses
 * @throws {TelehookError} `ERR_BOT_API_UNREACHABLE` when there is no answer from a Bot API, `ERR_OPTION`
 */
export async function callBotApi(
  endpoint: Endpoint,
  method: string,
  params: object,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  if (!/^[A-Za-z]+$/.test(method)) {
    throw new TelehookError("ERR_OPTION", 'A Bot API method is written in letters only, such as "getMe"');
  }
  const redact = redactor(endpoint.token, "secret_token" in params ? params.secret_token : undefined);
  const request = { method, signal, redact, ...requestBody(method, params) };
  while (true) {
    signal?.throwIfAborted();
    const answer = await sendRequest(endpoint, request);
    if (answer.ok) return answer.result;
    const seconds = answer.parameters?.retry_after ?? 0;
    if (answer.error_code !== 429 || seconds <= 0) throw new BotApiError(method, answer);
    await pause(seconds * 1000, signal);
  }
}
