import { AN_ENVELOPE, type Answer, NOT_AN_UPDATE } from "../answers/answer.ts";
import { contentOf, isContent, isKnownKind } from "../delivery/kind.ts";
import { ALL_MEDIA_GROUP_KINDS, type Update } from "../updates/mod.ts";

/** The kinds that only telehook makes, whose content handlers trust. */
const MERGED: ReadonlySet<string> = /* @__PURE__ */ new Set(ALL_MEDIA_GROUP_KINDS);

/**
 * Whether a JSON value is an update: an object with an `update_id` and a field that can be its kind. A field whose name is
 * a known kind must hold an object, since that is what handlers are promised. A merged media group is not accepted:
 * telehook makes these, and Telegram never sends one.
 */
export function isUpdate(value: unknown): value is Update {
  if (typeof value !== "object" || value === null || !("update_id" in value)) return false;
  if (!Number.isSafeInteger(value.update_id) || Number(value.update_id) < 0) return false;
  let hasKind = false;
  for (const key in value) {
    if (key === "update_id") continue; // which was checked, and is never a kind
    const isObject = isContent(contentOf(value, key));
    if (isKnownKind(key) ? !isObject : MERGED.has(key)) return false;
    hasKind ||= isObject;
  }
  return hasKind;
}

/** The refusal of JSON that is not an update. */
export function whyNotUpdate(value: unknown): Answer {
  const isEnvelope = typeof value === "object" && value !== null && "ok" in value && "result" in value;
  return isEnvelope ? AN_ENVELOPE : NOT_AN_UPDATE;
}

/**
 * Whether a `Content-Type` is JSON: `application/json` or a `+json` type (RFC 6839), with any parameters and in
 * any case.
 */
export function isJson(contentType: string | null | undefined): boolean {
  if (contentType === "application/json") return true; // what Telegram sends, to the letter
  if (typeof contentType !== "string") return false;
  const end = contentType.indexOf(";");
  const type = (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
  return type === "application/json" || /^application\/[a-z0-9!#$&^_.+-]+\+json$/.test(type);
}
