import { TelehookError } from "../errors/telehook_error.ts";
import { type BotApiAnswer, readAnswer } from "./bot_api_answer.ts";
import { errorReason } from "../text/error_reason.ts";
import { type Redact, redactedCopy } from "../text/redact.ts";

/** What sends a request, as the global `fetch` does. */
export type BotApiFetch = (url: string, init: RequestInit) => Promise<Response>;

/** Where requests go, and how. */
export interface Endpoint {
  readonly apiRoot: string;
  readonly token: string;
  readonly fetch: BotApiFetch;
}

/** One request of one method. */
export interface BotApiRequest {
  readonly method: string;
  /** JSON text, or a form if a file is among the parameters. */
  readonly body: string | FormData;
  readonly signal: AbortSignal | undefined;
  readonly redact: Redact;
}

/** A fetch of the caller's own may ignore the signal: then nobody waits for it any longer. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    const end = () => signal.removeEventListener("abort", abort);
    promise.then(resolve, reject);
    promise.then(end, end);
  });
}

/**
 * Sends one request and returns its answer, be it a result or a refusal. Rejects with the signal's reason when that
 * aborts it.
 *
 * @throws {TelehookError} `ERR_BOT_API_UNREACHABLE` if no Bot API answers.
 */
export async function sendRequest(endpoint: Endpoint, request: BotApiRequest): Promise<BotApiAnswer> {
  const { apiRoot, token, fetch } = endpoint;
  const { method, body, signal, redact } = request;
  const unreachable = (what: string, cause?: Error): TelehookError => {
    return new TelehookError("ERR_BOT_API_UNREACHABLE", redact(`${method}: ${what}`), cause && { cause });
  };

  let status: number;
  let text: string;
  try {
    const send = async (): Promise<[status: number, text: string]> => {
      const response = await fetch(`${apiRoot}/bot${token}/${method}`, {
        method: "POST",
        body,
        // The runtime chooses the boundary of a form, and hence the content type.
        headers: typeof body === "string" ? { "content-type": "application/json" } : {},
        signal: signal ?? null,
        // Following a redirect would reveal the token. Not "error", which Workers refuse.
        redirect: "manual",
      });
      return [response.status, await response.text()];
    };
    [status, text] = await untilAborted(send(), signal);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    const cause = redactedCopy(error, redact);
    throw unreachable(
      `cannot reach the Bot API at "${apiRoot}": ${errorReason(cause)}. Check the network and "apiRoot"`,
      cause,
    );
  }
  // A browser hides a redirect behind the status 0.
  if (status === 0 || (status >= 300 && status < 400)) {
    throw unreachable(
      `"${apiRoot}" answered with a redirect, which is not followed because of the token. Check "apiRoot"`,
    );
  }
  const answer = readAnswer(text, redact);
  if (answer === undefined) {
    throw unreachable(
      `"${apiRoot}" answered with status ${status}, but not as a Bot API does. Check "apiRoot", or try again later`,
    );
  }
  return answer;
}
