import { ALL_UPDATE_KINDS } from "../updates/mod.ts";

const KNOWN: ReadonlySet<string> = /* @__PURE__ */ new Set(ALL_UPDATE_KINDS);

/**
 * The kind of an update: the field that holds its content. It may be a kind that these types do not know yet, or a merged
 * media group. A field that does not hold an object is never the kind, and a kind that these types know comes first,
 * regardless of other fields.
 *
 * @param update The update, merged or not.
 * @returns `undefined` if no field can be the kind.
 * @see https://core.telegram.org/bots/api#update
 *
 * @example
 * ```ts
 * import { kindOf, type ReceivedUpdate } from "@telehook/telehook";
 *
 * const log = (update: ReceivedUpdate) => console.log(update.update_id, kindOf(update) ?? "empty");
 * log({ update_id: 1, message: { message_id: 1, date: 0, chat: { id: 42, type: "private" } } }); // 1 message
 * ```
 */
export function kindOf(update: object): string | undefined {
  let unknown: string | undefined;
  for (const key in update) {
    if (!isContent(contentOf(update, key))) continue;
    if (KNOWN.has(key)) return key;
    unknown ??= key;
  }
  return unknown;
}

/** Whether the types know this kind. */
export function isKnownKind(kind: string): boolean {
  return KNOWN.has(kind);
}

/** What an update holds under this name. */
export function contentOf(update: object, kind: string): unknown {
  return (update as Readonly<Record<string, unknown>>)[kind];
}

/** Whether this can be what an update holds: an object. */
export function isContent(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
