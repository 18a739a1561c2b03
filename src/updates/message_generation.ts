import type { Chat } from "./chat.ts";

/**
 * A user pressed Stop on a message that the bot was still writing.
 * [Bot API](https://core.telegram.org/bots/api#messagegenerationstopped)
 */
export interface MessageGenerationStopped {
  /** The chat. */
  chat: Chat;
  /** The thread or topic. */
  message_thread_id?: number;
  /** The draft that the bot was sending. */
  draft_id: number;
}
