import type { InaccessibleMessage, MaybeInaccessibleMessage } from "./inaccessible_message.ts";

/**
 * Whether all that is left of a message is where it was: it was deleted, or the bot may not see it. Where this says no,
 * TypeScript knows that it is a {@link Message}, which it does not learn from `date` being 0.
 *
 * @see https://core.telegram.org/bots/api#maybeinaccessiblemessage
 *
 * @example
 * ```ts
 * import { isInaccessibleMessage, updateHandlers } from "@telehook/telehook";
 *
 * updateHandlers({
 *   "callback_query:message"({ callback_query: { message } }) {
 *     if (isInaccessibleMessage(message)) return;
 *     console.log(message.text);
 *   },
 * });
 * ```
 */
export function isInaccessibleMessage(message: MaybeInaccessibleMessage): message is InaccessibleMessage {
  return message.date === 0;
}
