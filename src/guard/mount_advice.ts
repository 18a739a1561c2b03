import { valueAt } from "./peer_address.ts";

const TO_NODE_LISTENER = 'Use toNodeListener(hook) from "telehook/node"';

/**
 * What to do if a webhook was called with something other than a `Request`.
 *
 * @param given Its first argument.
 */
export function mountAdvice(given: unknown): string {
  if (isRequest(given)) return "The webhook was called with a Request whose properties cannot be read";
  const problem = `The webhook must be called with a Request, not ${nameOf(given)}: `;
  if (isRequest(valueAt(given, ["req", "raw"]))) {
    return `${problem}Pass c.req.raw, as in hook(c.req.raw, c.env)`;
  }
  if (isRequest(valueAt(given, ["request"]))) return `${problem}Pass its request, as in hook(event.request)`;
  if (isRequest(valueAt(given, ["req"]))) return `${problem}Pass its req, as in hook(event.req, event)`;
  if (isNodeRequest(given)) return `${problem}${TO_NODE_LISTENER}`;
  if (isNodeRequest(valueAt(given, ["raw"]))) {
    return `${problem}${TO_NODE_LISTENER} with request.raw and reply.raw`;
  }
  if (isNodeRequest(valueAt(given, ["req"]))) return `${problem}${TO_NODE_LISTENER} with its req and res`;
  return `${problem}Pass the Request, or use toNodeListener(hook) on a Node server`;
}

function isRequest(value: unknown): boolean {
  return typeof valueAt(value, ["headers", "get"]) === "function" &&
    typeof valueAt(value, ["json"]) === "function";
}

function isNodeRequest(value: unknown): boolean {
  return typeof valueAt(value, ["socket"]) === "object" && typeof valueAt(value, ["headers"]) === "object";
}

function nameOf(value: unknown): string {
  const name = valueAt(value, ["constructor", "name"]);
  return typeof name === "string" && /^\w+$/.test(name) ? name : value === null ? "null" : typeof value;
}
