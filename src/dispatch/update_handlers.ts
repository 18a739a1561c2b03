import { TelehookError } from "../errors.ts";
import { quote } from "../options.ts";
import { contentOf, isKnownKind, kindOf } from "../parse/parse_update.ts";
import type { UnknownUpdate } from "../updates/mod.ts";
import type { ReceivedUpdate, ReceiverContext, ReceiverResult, UpdatesFilter } from "./receiver.ts";
import {
  allowedUpdatesFor,
  type FilteredUpdate,
  hasField,
  isMediaGroupKind,
  parseFilterName,
  type UpdateFilterName,
} from "./update_filter.ts";
import { isWebhookReply, type WebhookReply } from "./webhook_reply.ts";

/**
 * A handler for each filter that you name. `unknown` gets updates of kinds that these types do not know yet; Telegram
 * sends such only while `allowed_updates` is empty.
 */
export type UpdateHandlers =
  & {
    readonly [F in UpdateFilterName]?: (
      update: FilteredUpdate<F>,
      context: ReceiverContext,
    ) => ReceiverResult;
  }
  & { readonly unknown?: (update: UnknownUpdate, context: ReceiverContext) => ReceiverResult };

type Handle = (update: ReceivedUpdate, context: ReceiverContext) => ReceiverResult;

interface Entry {
  readonly field: string | undefined;
  readonly handle: Handle;
}

/**
 * Makes a receiver of callbacks, one for each kind of update, each typed for it. It knows which updates it needs, and
 * which albums to merge: those that a `…_media_group` handler asks for. Without such a handler, parts come one by one
 * and undelayed.
 *
 * When several handlers match an update (`message` and `"message:photo"`), they run one after the other in the order in
 * which they are written. If one fails, those behind it do not run, and the update comes again. Of several webhook
 * replies, the first is sent.
 *
 * @param handlers The callbacks, by filter name.
 * @returns A receiver for `webhook`, `listen` and whatever else takes one.
 * @throws {TelehookError} `ERR_OPTION` if there is no such filter, a handler is no function, or there is no handler.
 * @see https://core.telegram.org/bots/api#update
 *
 * @example
 * ```ts
 * import { updateHandlers } from "@telehook/telehook";
 *
 * const bot = updateHandlers({
 *   message: ({ message }) => console.log(message.chat.id, message.text),
 *   "message:photo": ({ message }) => console.log(message.photo.length, "sizes"),
 *   message_media_group: ({ message_media_group: album }) => console.log(album.messages.length, album.caption),
 * });
 * console.log(bot.allowedUpdates); // ["message"]
 * ```
 */
export function updateHandlers(handlers: UpdateHandlers): UpdatesFilter {
  const byKind = new Map<string, Entry[]>();
  let handleUnknown: Handle | undefined;
  for (const [name, handler] of Object.entries(handlers)) {
    if (handler === undefined) continue;
    if (typeof handler !== "function") {
      throw new TelehookError(
        "ERR_OPTION",
        `The handler of ${quote(name)} must be a function, not ${quote(handler)}`,
      );
    }
    // Sound because an update reaches a handler only through the kind and the field that its type was made from.
    const handle = handler.bind(handlers) as Handle;
    if (name === "unknown") {
      handleUnknown = handle;
      continue;
    }
    const { kind, field } = parseFilterName(name);
    const entries = byKind.get(kind);
    if (entries === undefined) byKind.set(kind, [{ field, handle }]);
    else entries.push({ field, handle });
  }
  if (byKind.size === 0 && handleUnknown === undefined) {
    throw new TelehookError(
      "ERR_OPTION",
      "updateHandlers needs at least one handler, such as { message(update) { … } }",
    );
  }

  const kinds = [...byKind.keys()].map((name) => parseFilterName(name).kind);
  return {
    allowedUpdates: allowedUpdatesFor(kinds),
    mediaGroupKinds: kinds.filter(isMediaGroupKind),
    receive(update, context) {
      const kind = kindOf(update) ?? "";
      const entries = byKind.get(kind);
      if (entries === undefined) return isKnownKind(kind) ? undefined : handleUnknown?.(update, context);
      const [first] = entries;
      if (entries.length === 1 && first !== undefined) {
        return hasField(contentOf(update, kind), first.field) ? first.handle(update, context) : undefined;
      }
      return runInOrder(entries, update, contentOf(update, kind), context);
    },
  };
}

async function runInOrder(
  entries: readonly Entry[],
  update: ReceivedUpdate,
  content: unknown,
  context: ReceiverContext,
): Promise<WebhookReply | void> {
  let reply: WebhookReply | undefined;
  for (const { field, handle } of entries) {
    if (!hasField(content, field)) continue;
    const result = await handle(update, context);
    if (isWebhookReply(result)) reply ??= result;
  }
  return reply;
}
