import type { User } from "./user.ts";

/**
 * A topic in the direct messages chat of a channel: one user's conversation.
 * [Bot API](https://core.telegram.org/bots/api#directmessagestopic)
 */
export interface DirectMessagesTopic {
  /** The topic's id. */
  topic_id: number;
  /** Who started it. */
  user?: User;
}

/** A forum topic was created. [Bot API](https://core.telegram.org/bots/api#forumtopiccreated) */
export interface ForumTopicCreated {
  /** Its name. */
  name: string;
  /** As 0xRRGGBB. */
  icon_color: number;
  /** The custom emoji that is its icon. */
  icon_custom_emoji_id?: string;
  /** Its creator gave no name, so the bot may want to. */
  is_name_implicit?: true;
}

/** A forum topic was edited. [Bot API](https://core.telegram.org/bots/api#forumtopicedited) */
export interface ForumTopicEdited {
  /** The new name, if it changed. */
  name?: string;
  /** The new icon, if it changed; empty if removed. */
  icon_custom_emoji_id?: string;
}

/** A forum topic was closed; empty. [Bot API](https://core.telegram.org/bots/api#forumtopicclosed) */
// deno-lint-ignore no-empty-interface
export interface ForumTopicClosed {}

/** A forum topic was reopened; empty. [Bot API](https://core.telegram.org/bots/api#forumtopicreopened) */
// deno-lint-ignore no-empty-interface
export interface ForumTopicReopened {}

/**
 * The General topic was hidden; empty.
 * [Bot API](https://core.telegram.org/bots/api#generalforumtopichidden)
 */
// deno-lint-ignore no-empty-interface
export interface GeneralForumTopicHidden {}

/**
 * The General topic was shown again; empty.
 * [Bot API](https://core.telegram.org/bots/api#generalforumtopicunhidden)
 */
// deno-lint-ignore no-empty-interface
export interface GeneralForumTopicUnhidden {}
