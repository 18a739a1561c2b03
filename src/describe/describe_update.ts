import { contentOf, isKnownKind, kindOf } from "../delivery/kind.ts";
import { plainText } from "../text/plain_text.ts";

/** An update in words. */
export interface DescribedUpdate {
  /** Its kind, as Telegram names it. */
  readonly kind: string;
  /** Who did what where. */
  readonly summary: string;
  /** The parts of an album, one per line. */
  readonly parts: readonly string[];
}

/** The fields for media of a message, and their names in words. */
const MEDIA = [
  ["live_photo", "live photo"],
  ["photo", "photo"],
  ["video", "video"],
  ["animation", "animation"],
  ["document", "document"],
  ["audio", "audio"],
  ["voice", "voice message"],
  ["video_note", "video message"],
  ["sticker", "sticker"],
  ["poll", "poll"],
  ["dice", "dice"],
  ["venue", "venue"],
  ["location", "location"],
  ["contact", "contact"],
  ["invoice", "invoice"],
] as const;

/** Fields that every message can have, and that do not say what it is. */
const ABOUT_A_MESSAGE =
  /^(message_id|message_thread_id|from|sender_\w+|chat|date|\w+_date|author_signature|is_\w+|has_\w+|via_bot|business_connection_id|reply_\w+|quote|forward_origin|guest_\w+)$/;

/** Describes an update in one line. It may be any JSON: nothing is assumed about it. */
export function describeUpdate(update: object): DescribedUpdate {
  const kind = kindOf(update) ?? "nothing";
  const content = contentOf(update, kind);
  if (kind.endsWith("_media_group")) return describeAlbum(kind, content);
  const what = isKnownKind(kind)
    ? describeContent(kind, content)
    : `of an unknown kind: ${clippedJson(content)}`;
  return { kind: plainText(kind, 40), summary: what, parts: [] };
}

function describeAlbum(kind: string, album: unknown): DescribedUpdate {
  const messages = listAt(album, "messages");
  const kinds = new Set(messages.map(mediumOf));
  const [only = "part"] = kinds;
  const parts = `${messages.length} ${kinds.size === 1 ? only : "part"}${messages.length === 1 ? "" : "s"}`;
  const late = at(album, "late") === true ? ", late" : "";
  return {
    kind,
    summary: `${who(messages[0])}: album of ${parts}${late}`,
    parts: messages.map((message, index) => `${index + 1}. ${describeMessage(message)}`),
  };
}

function describeContent(kind: string, content: unknown): string {
  switch (kind) {
    case "callback_query":
      return `${who(content)} pressed ${quoted(at(content, "data") ?? at(content, "game_short_name"))}`;
    case "inline_query":
    case "chosen_inline_result":
      return `${who(content)} typed ${quoted(at(content, "query"))}`;
    case "message_reaction":
      return `${who(content)} reacted ${emoji(content) || "no more"}`;
    case "poll":
      return `${quoted(at(content, "question"))}, ${textOf(at(content, "total_voter_count"))} votes`;
    case "my_chat_member":
    case "chat_member": {
      const member = at(content, "new_chat_member");
      return `${who(content)}: ${nameOf(at(member, "user"))} is now ${textOf(at(member, "status"))}`;
    }
    default:
      return at(content, "message_id") === undefined || at(content, "date") === undefined ||
          kind === "message_reaction_count"
        ? `${who(content)} ${clippedJson(content)}`.trim()
        : `${who(content)}: ${describeMessage(content)}`;
  }
}

function describeMessage(message: unknown): string {
  const text = at(message, "text");
  if (typeof text === "string") return plainText(text);
  const caption = at(message, "caption");
  return typeof caption === "string" ? `${mediumOf(message)} ${quoted(caption)}` : mediumOf(message);
}

function mediumOf(message: unknown): string {
  const found = MEDIA.find(([field]) => at(message, field) !== undefined);
  if (found !== undefined) return found[1];
  const [field] = Object.keys(message ?? {}).filter((key) => !ABOUT_A_MESSAGE.test(key));
  return field === undefined ? "an empty message" : plainText(field, 40).replaceAll("_", " ");
}

/** Its author, and its chat unless that is private. */
function who(content: unknown): string {
  const chat = at(content, "chat");
  const author = nameOf(at(content, "from") ?? at(content, "user") ?? at(content, "sender_chat") ?? chat);
  const title = at(chat, "title");
  const place = typeof title === "string" ? plainText(title, 40) : "";
  return place === "" || place === author ? author : `${author} in ${place}`;
}

function nameOf(userOrChat: unknown): string {
  const names = ["title", "first_name", "last_name"].map((field) => textOf(at(userOrChat, field)));
  const name = names.filter((each) => each !== "").join(" ") || textOf(at(userOrChat, "id"));
  return plainText(name, 40);
}

function emoji(content: unknown): string {
  return listAt(content, "new_reaction").map((each) => textOf(at(each, "emoji") ?? at(each, "type"))).join(
    " ",
  );
}

function clippedJson(content: unknown): string {
  return plainText(JSON.stringify(content) ?? "", 120);
}

function quoted(value: unknown): string {
  return `"${plainText(textOf(value))}"`;
}

function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? plainText(String(value)) : "";
}

function listAt(value: unknown, key: string): readonly unknown[] {
  const list = at(value, key);
  return Array.isArray(list) ? list : [];
}

function at(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

/** The chat and the sender of an update, as far as it has them. */
export function describeChat(update: object): { readonly chat: string; readonly sender: string } {
  const kind = kindOf(update) ?? "";
  let content = contentOf(update, kind);
  if (kind.endsWith("_media_group")) content = listAt(content, "messages")[0];
  const chat = at(content, "chat") ?? at(at(content, "message"), "chat");
  const sender = at(content, "from") ?? at(content, "user") ?? at(content, "sender_chat");
  return { chat: chat === undefined ? "" : nameOf(chat), sender: sender === undefined ? "" : nameOf(sender) };
}
