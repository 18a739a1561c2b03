import { TelehookError } from "../errors/telehook_error.ts";
import { untilAborted } from "../platform/until_aborted.ts";
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

/**
 * No answer is larger: a hundred updates, each as large as a delivery may be. It is counted when it is decompressed, since
 * half a megabyte can become as much as a text may hold.
 */
const MAX_ANSWER_BYTES = 2 ** 27;

/** The text of an answer, which may have no end. A fetch of the caller's own may have no stream to read it from. */
async function textOf(response: Response): Promise<string> {
  const body: unknown = response.body;
  if (!(body instanceof ReadableStream)) return await response.text();
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let length = 0;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.length;
    if (length > MAX_ANSWER_BYTES) {
      reader.cancel().catch(() => {});
      throw new Error("its answer is larger than 128 MiB");
    }
    text += decoder.decode(value, { stream: true });
  }
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
      return [response.status, await textOf(response)];
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
