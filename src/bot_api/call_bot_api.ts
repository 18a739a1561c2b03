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
export async function callBotApi(...call: Parameters<typeof callOnce>): Promise<unknown> {
  const [, , , signal] = call;
  return await onceAllowed(() => callOnce(...call), signal);
}

/** Calls again for as long as the Bot API asks to come back later. */
export async function onceAllowed<T>(call: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const seconds = secondsToWait(error);
      if (seconds === 0) throw error;
      await pause(seconds * 1000, signal);
    }
  }
}

/** Calls one method once, as {@link callBotApi} does: an answer to come back later is an error too. */
export async function callOnce(
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
  const body = bodyOf(method, params);
  signal?.throwIfAborted();
  const answer = await sendRequest(endpoint, { method, signal, redact, body });
  if (answer.ok) return answer.result;
  throw new BotApiError(method, answer);
}

/** After how many seconds the Bot API asks to send a request again; 0 if it does not. */
export function secondsToWait(error: unknown): number {
  if (!(error instanceof BotApiError) || error.error_code !== 429) return 0;
  const { retry_after = 0 } = error;
  return retry_after > 0 ? Math.max(1, retry_after) : 0;
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
