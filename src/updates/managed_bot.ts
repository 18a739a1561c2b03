import type { User } from "./user.ts";

/**
 * A user created a bot that this bot manages.
 * [Bot API](https://core.telegram.org/bots/api#managedbotcreated)
 */
export interface ManagedBotCreated {
  /** The new bot; `getManagedBotToken` gives its token. */
  bot: User;
}

/**
 * A managed bot was created, or its token or owner changed.
 * [Bot API](https://core.telegram.org/bots/api#managedbotupdated)
 */
export interface ManagedBotUpdated {
  /** Who created it. */
  user: User;
  /** The managed bot; `getManagedBotToken` gives its token. */
  bot: User;
}
