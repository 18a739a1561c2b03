import type { MediaGroup, MediaGroupKind, MediaGroupUpdate } from "../updates/media_group.ts";
import type { Message } from "../updates/message.ts";
import type { FlatUpdate, Update } from "../updates/update.ts";

/** A part of an album, as the inbox needs to know it. */
export interface MediaGroupPart {
  readonly kind: MediaGroupKind;
  /** The same for all parts of an album, and different for every other album of their Telegram queue. */
  readonly key: string;
  readonly chatId: number;
}

/** Telegram makes albums of at most this many parts. */
export const MOST_PARTS = 10;

/**
 * What album an update is a part of, if any. Edited parts are none: the album that they belonged to was handled long
 * ago. A `media_group_id` is unique only together with the kind, the business connection and the chat; the chat is in
 * the queue's name.
 */
export function mediaGroupPartOf(update: FlatUpdate): MediaGroupPart | undefined {
  const message = update.message ?? update.channel_post ?? update.business_message;
  if (message?.media_group_id === undefined) return undefined;
  const { media_group_id: id, message_id, chat, business_connection_id: connection = "" } = message;
  // What departs from the documented shape is passed on as it is.
  if (typeof id !== "string" || typeof connection !== "string") return undefined;
  if (typeof message_id !== "number" || typeof chat?.id !== "number") return undefined;
  if (update.message) return { kind: "message_media_group", key: id, chatId: chat.id };
  if (update.channel_post) {
    return { kind: "channel_post_media_group", key: `channel_post ${id}`, chatId: chat.id };
  }
  return { kind: "business_message_media_group", key: `${connection} ${id}`, chatId: chat.id };
}

/**
 * The one update that an album's parts become.
 *
 * @param updates The parts, at least one, in the order in which they came.
 * @param late Whether an earlier part of the album was handled already.
 */
export function mergeParts(updates: readonly Update[], late: boolean): MediaGroupUpdate {
  const ordered = updates.toSorted((a, b) => messageOf(a).message_id - messageOf(b).message_id);
  const messages = ordered.map(messageOf);
  const captioned = messages.find((each) => each.caption !== undefined);
  const [first] = ordered;
  const [firstMessage] = messages;
  if (first === undefined || firstMessage === undefined) {
    throw new RangeError("An album has at least one part");
  }
  const group: MediaGroup = {
    id: firstMessage.media_group_id ?? "",
    chat: firstMessage.chat,
    messages,
    updates: ordered,
    caption: captioned?.caption,
    captionEntities: captioned?.caption_entities,
    late,
  };
  const update_id = Math.max(...updates.map((each) => each.update_id));
  const { message, channel_post }: FlatUpdate = first;
  if (message) return { update_id, message_media_group: group };
  if (channel_post) return { update_id, channel_post_media_group: group };
  return { update_id, business_message_media_group: group };
}

/** The updates that an album was merged from; none for any other update. */
export function albumPartsOf(update: Update | MediaGroupUpdate): readonly Update[] {
  if ("message_media_group" in update) return update.message_media_group.updates;
  if ("channel_post_media_group" in update) return update.channel_post_media_group.updates;
  if ("business_message_media_group" in update) return update.business_message_media_group.updates;
  return [];
}

function messageOf(update: FlatUpdate): Message {
  const message = update.message ?? update.channel_post ?? update.business_message;
  if (message === undefined) throw new TypeError("Not a part of an album");
  return message;
}
