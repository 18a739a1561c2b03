import { ACKNOWLEDGED, type Answer } from "./answer.ts";

/** An answer as a `Response`. */
export function toResponse(answer: Answer): Response {
  if (answer === ACKNOWLEDGED) return new Response(); // the cheapest there is, and the one for nearly every update
  const { status, headers, body } = answer;
  return new Response(body, { status, headers });
}
