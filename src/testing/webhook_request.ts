import type { TestUpdate } from "./update_kinds.ts";

/** What of a webhook's settings shows in its requests. */
export interface RequestTarget {
  /** The path and query, as Telegram keeps them; a fragment stays in. */
  path: string;
  /** The `Host` header. */
  hostHeader: string;
  /** `user:password` of the URL, or nothing. */
  userInfo: string;
  /** The secret that setWebhook was given, or nothing. */
  secretToken: string;
}

/** An update as the JSON that Telegram sends: a line break after its id, otherwise compact, and only ASCII. */
export function updateJson({ update_id, ...payload }: TestUpdate): string {
  const rest = JSON.stringify(payload).slice(1);
  const json = rest === "}" ? `{"update_id":${update_id}}` : `{"update_id":${update_id},\n${rest}`;
  return json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The bytes of one delivery, with Telegram's headers in Telegram's order. The JSON must be ASCII. */
export function webhookRequest(target: RequestTarget, json: string): Uint8Array {
  const lines = [`POST ${target.path} HTTP/1.1`, `Host: ${target.hostHeader}`];
  if (target.userInfo) lines.push(`Authorization: Basic ${base64(target.userInfo)}`);
  if (target.secretToken) lines.push(`X-Telegram-Bot-Api-Secret-Token: ${target.secretToken}`);
  lines.push(
    "Content-Type: application/json",
    `Content-Length: ${json.length}`,
    "Connection: keep-alive",
    "Accept-Encoding: gzip, deflate",
  );
  return new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n${json}`);
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
