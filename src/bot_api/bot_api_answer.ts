import type { ResponseParameters } from "../updates/webhook_info.ts";
import type { BotApiFailure } from "./bot_api_error.ts";
import type { Redact } from "../text/redact.ts";

/** An answer of the Bot API: a result, or a refusal. */
export type BotApiAnswer =
  | { readonly ok: true; readonly result: unknown }
  | ({ readonly ok: false } & BotApiFailure);

/**
 * Reads an answer; `undefined` if the text is not one, such as a proxy's error page.
 *
 * @see https://core.telegram.org/bots/api#making-requests
 */
export function readAnswer(body: string, redact: Redact): BotApiAnswer | undefined {
  const answer = parse(body);
  if (!isObject(answer)) return undefined;
  if (answer.ok === true && "result" in answer) return { ok: true, result: answer.result };
  const { ok, error_code, description } = answer;
  if (ok !== false || typeof error_code !== "number" || typeof description !== "string") return undefined;
  const parameters = readParameters(answer.parameters);
  return { ok, error_code, description: redact(description), parameters };
}

function readParameters(value: unknown): ResponseParameters {
  const { migrate_to_chat_id, retry_after } = isObject(value) ? value : {};
  return {
    ...(typeof migrate_to_chat_id === "number" && { migrate_to_chat_id }),
    ...(typeof retry_after === "number" && { retry_after }),
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

// The parser's error is not shown: it quotes a piece of the text, which may contain the address with the token.
function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
