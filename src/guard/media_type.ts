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
