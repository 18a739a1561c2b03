import { albumPartsOf } from "../delivery/media_group.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import { quote } from "../text/quote.ts";
import { contentOf, kindOf } from "../delivery/kind.ts";
import type { UnknownUpdate } from "../updates/mod.ts";
import type {
  ReceivedUpdate,
  ReceiverContext,
  ReceiverResult,
  UpdateReceiver,
} from "../receiver/receiver.ts";
import { type Call, runInOrder } from "./run_in_order.ts";
import {
  allowedUpdatesFor,
  type FilteredUpdate,
  isMediaGroupKind,
  isUnknownKind,
  type MisspeltFilter,
  parseFilterName,
  passes,
  type UpdateFilterName,
  type UpdateQuery,
} from "./update_filter.ts";

/**
 * A handler for each filter. `unknown` gets updates of kinds that these types do not know yet. Telegram sends these only while
 * `allowed_updates` is empty, which is the case if there is no other handler.
 */
export type UpdateHandlers =
  & {
    readonly [F in UpdateFilterName]?: (
      update: FilteredUpdate<F>,
      context: ReceiverContext,
    ) => ReceiverResult;
  }
  & { readonly unknown?: (update: UnknownUpdate, context: ReceiverContext) => ReceiverResult };

/** {@link UpdateHandlers} with certain names: where a name is misspelt, the compiler says which filters are near. */
export type CheckedHandlers<K extends string> =
  & UpdateHandlers
  & {
    readonly [P in K]?: string extends P ? unknown
      : P extends UpdateFilterName | "unknown" ? unknown
      : MisspeltFilter<P>;
  };

interface Entry {
  readonly filter: UpdateQuery;
  readonly handle: Call["handle"];
}

/**
 * Creates a receiver from handlers, each typed for its kind of update. It knows which updates it needs, and which albums to
 * merge: those for which there is a `…_media_group` handler. Without such a handler, parts are passed one by one, without
 * delay. An album that no `…_media_group` handler matches (such as photos, with only `"message_media_group:video"`) is passed
 * part by part to the handlers of messages.
 *
 * When several handlers match an update (`message` and `"message:photo"`), they run one after another, in the order in
 * which they are written. If one fails, the rest do not run, and the update is handled again. Of several replies, the first
 * is sent.
 *
 * @typeParam K The names, so that the compiler can say which filters are near where one is misspelt.
 * @param handlers The handlers, by filter name.
 * @returns A receiver for `webhook`, `listen`, `poll` and others.
 * @throws {TelehookError} `ERR_OPTION` if there is no such filter, a handler is not a function, or there is no handler.
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
export function updateHandlers<K extends string>(handlers: CheckedHandlers<K>): UpdateReceiver {
  if (!isPlainObject(handlers)) {
    throw new TelehookError(
      "ERR_OPTION",
      "updateHandlers takes a plain object: for an instance of a class, write { message: (update) => bot.message(update) }",
    );
  }
  const byKind = new Map<string, Entry[]>();
  const filters: UpdateQuery[] = [];
  let handleUnknown: Call["handle"] | undefined;
  for (const [name, handler] of Object.entries(handlers)) {
    if (handler === undefined) continue;
    if (typeof handler !== "function") {
      throw new TelehookError(
        "ERR_OPTION",
        `The handler of ${quote(name)} must be a function, not ${quote(handler)}`,
      );
    }
    // Sound because an update reaches a handler only through the kind and the field that its type was made from.
    const handle = handler.bind(handlers) as Call["handle"];
    if (name === "unknown") {
      handleUnknown = handle;
      continue;
    }
    const filter = parseFilterName(name);
    filters.push(filter);
    const entries = byKind.get(filter.kind);
    if (entries === undefined) byKind.set(filter.kind, [{ filter, handle }]);
    else entries.push({ filter, handle });
  }
  if (filters.length === 0 && handleUnknown === undefined) {
    throw new TelehookError(
      "ERR_OPTION",
      "updateHandlers needs at least one handler, such as { message(update) { … } }",
    );
  }

  const callsFor = (update: ReceivedUpdate): readonly Call[] => {
    const kind = kindOf(update) ?? "";
    if (isUnknownKind(kind)) return handleUnknown === undefined ? [] : [{ handle: handleUnknown, update }];
    const calls: Call[] = [];
    const content = contentOf(update, kind);
    for (const { filter, handle } of byKind.get(kind) ?? []) {
      if (passes(filter, content)) calls.push({ handle, update });
    }
    return calls.length === 0 ? albumPartsOf(update).flatMap(callsFor) : calls;
  };
  // A kind with a single handler that has no fields needs no choice. This is the case for most updates.
  const onlyFor = new Map<string, Call["handle"]>();
  for (const [kind, [entry, ...others]] of byKind) {
    if (entry !== undefined && entry.filter.fields.length === 0 && others.length === 0) {
      onlyFor.set(kind, entry.handle);
    }
  }
  const kinds = filters.map(({ kind }) => kind);
  return {
    allowedUpdates: allowedUpdatesFor(kinds),
    mediaGroupKinds: [...new Set(kinds.filter(isMediaGroupKind))],
    receive(update, context) {
      const only = onlyFor.get(kindOf(update) ?? "");
      return only === undefined ? runInOrder(callsFor(update), context) : only(update, context);
    },
  };
}

/** Whether an object is plain: the methods of a class would not be found. */
function isPlainObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null; // also one of another realm
}
