import { AN_ENVELOPE, type Answer, NOT_AN_UPDATE } from "../answers/answer.ts";
import { ALL_MEDIA_GROUP_KINDS, ALL_UPDATE_KINDS, type Update } from "../updates/mod.ts";

const KNOWN: ReadonlySet<string> = /* @__PURE__ */ new Set(ALL_UPDATE_KINDS);
/** The kinds that only telehook makes, whose content handlers trust. */
const MERGED: ReadonlySet<string> = /* @__PURE__ */ new Set(ALL_MEDIA_GROUP_KINDS);

/**
 * The kind of an update: the key beside `update_id`. It may be one that the types do not know yet.
 *
 * @see https://core.telegram.org/bots/api#update
 */
export function kindOf(update: object): string | undefined {
  for (const key in update) if (key !== "update_id") return key;
  return undefined;
}

/** Whether the types know this kind. */
export function isKnownKind(kind: string): boolean {
  return KNOWN.has(kind);
}

/** What an update holds under the name of its kind. */
export function contentOf(update: object, kind: string): unknown {
  return (update as Readonly<Record<string, unknown>>)[kind];
}

/**
 * Whether a JSON value is an update: an object with a whole `update_id` and a kind. A kind that the types know must
 * hold an object, since that is what handlers are promised; a kind that they do not know is nobody's to judge. An album
 * does not come over the wire: it is merged here.
 */
export function isUpdate(value: unknown): value is Update {
  if (typeof value !== "object" || value === null || !("update_id" in value)) return false;
  if (!Number.isSafeInteger(value.update_id) || Number(value.update_id) < 0) return false;
  let hasKind = false;
  for (const key in value) {
    if (key === "update_id") continue;
    const content = contentOf(value, key);
    const isObject = typeof content === "object" && content !== null && !Array.isArray(content);
    if (KNOWN.has(key) ? !isObject : MERGED.has(key)) return false;
    hasKind = true;
  }
  return hasKind;
}

/** What JSON that is not an update is refused with. */
export function whyNotUpdate(value: unknown): Answer {
  const isEnvelope = typeof value === "object" && value !== null && "ok" in value && "result" in value;
  return isEnvelope ? AN_ENVELOPE : NOT_AN_UPDATE;
}
