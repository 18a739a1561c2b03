import type { Chat } from "./chat.ts";
import type { Message } from "./message.ts";
import type { MessageEntity } from "./message_text.ts";
import type { Update } from "./update.ts";

/**
 * Every kind of update that telehook creates from the parts of an album, one for each kind in which albums
 * arrive. Telegram itself does not have these kinds: it sends each part as a separate update. Edited parts are
 * never merged.
 */
export const ALL_MEDIA_GROUP_KINDS = [
  "message_media_group",
  "channel_post_media_group",
  "business_message_media_group",
] as const;

/** A kind of update that telehook creates from the parts of an album. */
export type MediaGroupKind = (typeof ALL_MEDIA_GROUP_KINDS)[number];

/**
 * An album: messages that were sent together and are shown as one. Telegram neither counts the parts nor
 * marks the last one, so a part can arrive after the album was considered complete.
 *
 * @example
 * ```ts
 * import type { MediaGroup } from "@telehook/telehook";
 *
 * function photosOf(album: MediaGroup) {
 *   return album.messages.flatMap(({ photo }) => photo?.at(-1)?.file_id ?? []);
 * }
 * ```
 */
export interface MediaGroup {
  /** Its `media_group_id`: a decimal number above 2^53, as a string. Unique only within the chat. */
  readonly id: string;
  /** The chat of all its messages. */
  readonly chat: Chat;
  /** The parts, by `message_id`, which is the order in which they are shown. */
  readonly messages: readonly Message[];
  /** The updates that contained the parts, unchanged, in the same order as `messages`. */
  readonly updates: readonly Update[];
  /** The first caption among the parts; each part keeps its own in `messages`. */
  readonly caption: string | undefined;
  /** Links, commands, bold and so on in `caption`. */
  readonly captionEntities: readonly MessageEntity[] | undefined;
  /** Whether these parts arrived after the album had already been handled without them. */
  readonly late: boolean;
}

/**
 * An album as one update. Its `update_id` is the highest of its parts'.
 *
 * @example
 * ```ts
 * import type { MediaGroupUpdate, Update } from "@telehook/telehook";
 *
 * function captionOf(update: Update | MediaGroupUpdate) {
 *   if ("message_media_group" in update) return update.message_media_group.caption;
 *   return "message" in update ? update.message.caption : undefined;
 * }
 * ```
 */
export type MediaGroupUpdate =
  | { update_id: number; message_media_group: MediaGroup }
  | { update_id: number; channel_post_media_group: MediaGroup }
  | { update_id: number; business_message_media_group: MediaGroup };
