import type { Chat } from "./chat.ts";
import type { Message } from "./message.ts";

/**
 * A message that was deleted, or that the bot may not see.
 * [Bot API](https://core.telegram.org/bots/api#inaccessiblemessage)
 */
export interface InaccessibleMessage {
  /** The chat that it belonged to. */
  chat: Chat;
  /** Unique within its chat. */
  message_id: number;
  /** Always 0, which no {@link Message} has. */
  date: 0;
}

/**
 * A message, or what is left of it. `date` is 0 for the latter, by which TypeScript cannot tell them apart,
 * as 0 is a number too; after `"text" in message`, or the name of other content, it is a {@link Message}.
 * [Bot API](https://core.telegram.org/bots/api#maybeinaccessiblemessage)
 */
export type MaybeInaccessibleMessage = Message | InaccessibleMessage;
