/** A person or bot, as the Bot API shows one: https://core.telegram.org/bots/api#user */
export interface TestUser {
  /** Telegram's number for them. */
  id: number;
  /** Whether it is a bot. */
  is_bot: boolean;
  /** The first name. */
  first_name: string;
  /** The last name. */
  last_name?: string;
  /** The name behind the `@`. */
  username?: string;
  /** The language of their app, such as `"en"`. */
  language_code?: string;
  /** Any other field of the Bot API's. */
  [field: string]: unknown;
}

/** A chat, as the Bot API shows one: https://core.telegram.org/bots/api#chat */
export interface TestChat {
  /** Telegram's number for it: a user's for a private chat, below 0 otherwise. */
  id: number;
  /** What kind of chat it is. */
  type: "private" | "group" | "supergroup" | "channel";
  /** The name of a group or channel. */
  title?: string;
  /** The first name in a private chat. */
  first_name?: string;
  /** The last name in a private chat. */
  last_name?: string;
  /** The name behind the `@`. */
  username?: string;
  /** Any other field of the Bot API's. */
  [field: string]: unknown;
}

/** A message, as the Bot API shows one: https://core.telegram.org/bots/api#message */
export interface TestMessage {
  /** Its number in the chat. */
  message_id: number;
  /** Who sent it. */
  from?: TestUser;
  /** Where it was sent. */
  chat: TestChat;
  /** When, in seconds since 1970. */
  date: number;
  /** Its text. */
  text?: string;
  /** The text under its medium. */
  caption?: string;
  /** The album that it belongs to. */
  media_group_id?: string;
  /** Any other field of the Bot API's. */
  [field: string]: unknown;
}

/** The private chat that a user has with the bot. */
export function privateChat({ id, first_name, last_name, username }: TestUser): TestChat {
  return {
    id,
    first_name,
    ...last_name !== undefined && { last_name },
    ...username !== undefined && { username },
    type: "private",
  };
}
