import type { Chat } from "./chat.ts";
import type { User } from "./user.ts";

/**
 * Someone changed their reaction to a message.
 * [Bot API](https://core.telegram.org/bots/api#messagereactionupdated)
 */
export interface MessageReactionUpdated {
  /** The message's chat. */
  chat: Chat;
  /** The message. */
  message_id: number;
  /** Who changed it, if not anonymous. */
  user?: User;
  /** On whose behalf it was changed, if anonymous. */
  actor_chat?: Chat;
  /** When, in Unix seconds. */
  date: number;
  /** The reactions before. */
  old_reaction: ReactionType[];
  /** The reactions now. */
  new_reaction: ReactionType[];
}

/**
 * Anonymous reactions to a message changed; may come minutes late.
 * [Bot API](https://core.telegram.org/bots/api#messagereactioncountupdated)
 */
export interface MessageReactionCountUpdated {
  /** The message's chat. */
  chat: Chat;
  /** The message. */
  message_id: number;
  /** When, in Unix seconds. */
  date: number;
  /** How many of each there are now. */
  reactions: ReactionCount[];
}

/** How many reactions of a kind a message has. [Bot API](https://core.telegram.org/bots/api#reactioncount) */
export interface ReactionCount {
  /** The reaction. */
  type: ReactionType;
  /** How many. */
  total_count: number;
}

/** A reaction. [Bot API](https://core.telegram.org/bots/api#reactiontype) */
export type ReactionType = ReactionTypeEmoji | ReactionTypeCustomEmoji | ReactionTypePaid;

/** An emoji. [Bot API](https://core.telegram.org/bots/api#reactiontypeemoji) */
export interface ReactionTypeEmoji {
  /** Tells the reactions apart. */
  type: "emoji";
  /** The emoji. */
  emoji: ReactionEmoji;
}

/** A custom emoji. [Bot API](https://core.telegram.org/bots/api#reactiontypecustomemoji) */
export interface ReactionTypeCustomEmoji {
  /** Tells the reactions apart. */
  type: "custom_emoji";
  /** Identifies it. */
  custom_emoji_id: string;
}

/** A paid reaction, with a Telegram Star. [Bot API](https://core.telegram.org/bots/api#reactiontypepaid) */
export interface ReactionTypePaid {
  /** Tells the reactions apart. */
  type: "paid";
}

/** The emoji that one can react with, as Telegram writes them: without variation selectors. */
// deno-fmt-ignore
export type ReactionEmoji =
  | "❤" | "👍" | "👎" | "🔥" | "🥰" | "👏" | "😁" | "🤔" | "🤯" | "😱" | "🤬" | "😢"
  | "🎉" | "🤩" | "🤮" | "💩" | "🙏" | "👌" | "🕊" | "🤡" | "🥱" | "🥴" | "😍" | "🐳"
  | "❤‍🔥" | "🌚" | "🌭" | "💯" | "🤣" | "⚡" | "🍌" | "🏆" | "💔" | "🤨" | "😐" | "🍓"
  | "🍾" | "💋" | "🖕" | "😈" | "😴" | "😭" | "🤓" | "👻" | "👨‍💻" | "👀" | "🎃" | "🙈"
  | "😇" | "😨" | "🤝" | "✍" | "🤗" | "🫡" | "🎅" | "🎄" | "☃" | "💅" | "🤪" | "🗿"
  | "🆒" | "💘" | "🙉" | "🦄" | "😘" | "💊" | "🙊" | "😎" | "👾" | "🤷‍♂" | "🤷" | "🤷‍♀"
  | "😡";
