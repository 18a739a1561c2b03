import type { ReceivedUpdate, ReceiverContext, ReceiverResult } from "../receiver/receiver.ts";
import { isWebhookReply, type WebhookReply } from "../receiver/webhook_reply.ts";

/** One call that an update calls for. */
export interface Call {
  readonly handle: (update: ReceivedUpdate, context: ReceiverContext) => ReceiverResult;
  readonly update: ReceivedUpdate;
}

/**
 * Makes the calls one after the other, at once as far as none has to be waited for. The first that fails is the last.
 *
 * @returns The first webhook reply that a call returned, if any.
 */
export function runInOrder(calls: readonly Call[], context: ReceiverContext): ReceiverResult {
  const [first] = calls;
  if (calls.length === 1 && first !== undefined) return first.handle(first.update, context);
  return runRest(calls.values(), context, undefined);
}

// An array's iterator goes on where a loop has left it, so it is all there is to remember while a call is waited for.
function runRest(
  rest: IterableIterator<Call>,
  context: ReceiverContext,
  reply: WebhookReply | undefined,
): ReceiverResult {
  for (const { handle, update } of rest) {
    const result = handle(update, context);
    if (isWebhookReply(result)) reply ??= result;
    // Not `instanceof Promise`: a query builder or another library's promise is waited for too.
    else if (typeof result === "object") {
      return Promise.resolve(result).then((value) =>
        runRest(rest, context, reply ?? (isWebhookReply(value) ? value : undefined))
      );
    }
  }
  return reply;
}
