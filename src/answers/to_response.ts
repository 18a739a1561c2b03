import { ACKNOWLEDGED, type Answer, LAST_ANSWER } from "./answer.ts";

/**
 * An answer as a `Response`.
 *
 * @param isLast Whether the connection ends with it.
 */
export function toResponse(answer: Answer, isLast = false): Response {
  // The cheapest there is, and the one for nearly every update.
  if (answer === ACKNOWLEDGED && !isLast) return new Response();
  const { status, body } = answer;
  const headers = isLast ? { ...answer.headers, ...LAST_ANSWER } : answer.headers;
  return new Response(body, { status, headers });
}
