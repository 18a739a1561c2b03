import { TelehookError } from "../errors/telehook_error.ts";
import { type BotApiAnswer, readAnswer } from "./bot_api_answer.ts";
import { type Redact, redactedCopy } from "../text/redact.ts";
import type { RequestBody } from "./request_body.ts";

/** What sends a request, as the global `fetch` does. */
export type BotApiFetch = (url: string, init: RequestInit) => Promise<Response>;

/** Where requests go, and how. */
export interface Endpoint {
  readonly apiRoot: string;
  readonly token: string;
  readonly fetch: BotApiFetch;
}

/** One request of one method. */
export interface BotApiRequest extends RequestBody {
  readonly method: string;
  readonly signal: AbortSignal | undefined;
  readonly redact: Redact;
}

/**
 * Sends one request and reads its answer, whichever that is. Rejects with the signal's reason when that
 * aborts it.
 *
 * @throws {TelehookError} `ERR_BOT_API_UNREACHABLE` when there is no answer from a Bot API
 */
export async function sendRequest(endpoint: Endpoint, request: BotApiRequest): Promise<BotApiAnswer> {
  const { apiRoot, token, fetch } = endpoint;
  const { method, body, headers, signal, redact } = request;
  const unreachable = (what: string, cause?: Error): TelehookError => {
    const message = redact(`The Bot API at "${apiRoot}" ${what} ("${method}")`);
    return new TelehookError("ERR_BOT_API_UNREACHABLE", message, cause && { cause });
  };

  let status: number;
  let text: string;
  try {
    const response = await fetch(`${apiRoot}/bot${token}/${method}`, {
      method: "POST",
      body,
      headers,
      signal: signal ?? null,
      // Following a redirect would give the token away. Not "error", which Workers refuse.
      redirect: "manual",
    });
    status = response.status;
    text = await response.text();
    signal?.throwIfAborted(); // a fetch of the caller's own may not have looked at it
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    const cause = redactedCopy(error, redact);
    throw unreachable(`cannot be reached: ${rootReason(cause)}, check the network and "apiRoot"`, cause);
  }
  // A browser hides a redirect behind the status 0.
  if (status === 0 || (status >= 300 && status < 400)) {
    throw unreachable('answered with a redirect, which the token must not follow, check "apiRoot"');
  }
  const answer = readAnswer(text, redact);
  if (answer === undefined) {
    throw unreachable(
      `answered with status ${status} and not as a Bot API does, check "apiRoot" or try again`,
    );
  }
  return answer;
}

/** The innermost cause says most: on Node all that the outer error has to say is "fetch failed". */
function rootReason(error: Error): string {
  if (error.cause instanceof Error) return rootReason(error.cause);
  return error.message.trim() || ("code" in error ? String(error.code) : error.name);
}
