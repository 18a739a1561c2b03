import type { TestChat, TestUser } from "./objects.ts";

/** Somewhere to talk: which chat it is, and as what the bot gets what is said there. */
export interface Place {
  /** The chat. */
  readonly chat: TestChat;
  /** The kind of update that something new becomes, such as `"message"`. */
  readonly newKind: string;
  /** The kind of update that a change becomes, such as `"edited_message"`. */
  readonly editedKind: string;
  /** The business connection through which the bot sees it, if any. */
  readonly businessConnectionId?: string;
}

/** Anything that people can talk in: a group, a channel, a business. */
export interface TestVenue {
  /** Where this user talks there. */
  placeFor(user: TestUser): Place;
}

/** A private chat, group or channel as a place. */
export function placeOf(chat: TestChat): Place {
  return chat.type === "channel"
    ? { chat, newKind: "channel_post", editedKind: "edited_channel_post" }
    : { chat, newKind: "message", editedKind: "edited_message" };
}
