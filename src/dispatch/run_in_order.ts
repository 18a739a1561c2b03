import type { ReceivedUpdate, ReceiverContext, ReceiverResult } from "../receiver/receiver.ts";
import { isWebhookReply, type WebhookReply } from "../receiver/webhook_reply.ts";

/** One call of a handler. */
export interface Call {
  readonly handle: (update: ReceivedUpdate, context: ReceiverContext) => ReceiverResult;
  readonly update: ReceivedUpdate;
}

/**
 * Makes the calls one after another, synchronously as long as no handler returns a promise. Stops at the first failure.
 *
 * @returns The first webhook reply that a call returned, if any.
 */
export function runInOrder(calls: readonly Call[], context: ReceiverContext): ReceiverResult {
  const [first] = calls;
  if (calls.length === 1 && first !== undefined) return first.handle(first.update, context);
  return runRest(calls.values(), context, undefined);
}

// The iterator of an array continues where a loop has left it, so it is the only state while a call is awaited.
function runRest(
  rest: IterableIterator<Call>,
  context: ReceiverContext,
  reply: WebhookReply | undefined,
): ReceiverResult {
  for (const { handle, update } of rest) {
    const result = handle(update, context);
    if (isWebhookReply(result)) reply ??= result;
    // Not `instanceof Promise`: query builders and promises of other libraries are awaited too.
    else if (typeof result === "object") {
      return Promise.resolve(result).then((value) =>
        runRest(rest, context, reply ?? (isWebhookReply(value) ? value : undefined))
      );
    }
  }
  return reply;
}
