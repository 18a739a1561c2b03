/** A group of chats that belong together. [Bot API](https://core.telegram.org/bots/api#community) */
export interface Community {
  /** Needs up to 52 bits, so a number holds it. */
  id: number;
  /** Its name. */
  name: string;
}

/** The chat was added to a community. [Bot API](https://core.telegram.org/bots/api#communitychatadded) */
export interface CommunityChatAdded {
  /** The community. */
  community: Community;
}

/**
 * A user joined the chat from a community.
 * [Bot API](https://core.telegram.org/bots/api#communitychatjoined)
 */
export interface CommunityChatJoined {
  /** The community. */
  community: Community;
}

/**
 * The chat was taken out of its community; empty, it does not say which.
 * [Bot API](https://core.telegram.org/bots/api#communitychatremoved)
 */
// deno-lint-ignore no-empty-interface
export interface CommunityChatRemoved {}
