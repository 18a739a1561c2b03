import type { PhotoSize } from "./media.ts";

/** A phone contact. [Bot API](https://core.telegram.org/bots/api#contact) */
export interface Contact {
  /** The number, with or without a `+`. */
  phone_number: string;
  /** First name. */
  first_name: string;
  /** Last name. */
  last_name?: string;
  /** The contact's id, if on Telegram. */
  user_id?: number;
  /** More about the contact, as a vCard. */
  vcard?: string;
}

/**
 * Users whom the user chose with a `request_users` button.
 * [Bot API](https://core.telegram.org/bots/api#usersshared)
 */
export interface UsersShared {
  /** The id that the button had. */
  request_id: number;
  /** The users. */
  users: SharedUser[];
  /** @deprecated Undocumented; use `users`. */
  user_ids?: number[];
}

/** One of the chosen users. [Bot API](https://core.telegram.org/bots/api#shareduser) */
export interface SharedUser {
  /** Their id; the bot may still not be able to write to them. */
  user_id: number;
  /** If the button asked for it. */
  first_name?: string;
  /** If the button asked for it. */
  last_name?: string;
  /** If the button asked for it. */
  username?: string;
  /** Sizes of the profile photo, if the button asked for it. */
  photo?: PhotoSize[];
}

/**
 * A chat that the user chose with a `request_chat` button.
 * [Bot API](https://core.telegram.org/bots/api#chatshared)
 */
export interface ChatShared {
  /** The id that the button had. */
  request_id: number;
  /** Its id; the bot may still not be able to enter it. */
  chat_id: number;
  /** If the button asked for it. */
  title?: string;
  /** If the button asked for it and there is one. */
  username?: string;
  /** Sizes of the chat's photo, if the button asked for it. */
  photo?: PhotoSize[];
}

/** A user whom the user chose, as it was before {@link UsersShared}. */
export interface UserShared {
  /** Their id. */
  user_id: number;
  /** The id that the button had. */
  request_id: number;
}
