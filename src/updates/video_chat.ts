import type { User } from "./user.ts";

/** A video chat was scheduled. [Bot API](https://core.telegram.org/bots/api#videochatscheduled) */
export interface VideoChatScheduled {
  /** When it is to start, in Unix seconds. */
  start_date: number;
}

/** A video chat started; empty. [Bot API](https://core.telegram.org/bots/api#videochatstarted) */
// deno-lint-ignore no-empty-interface
export interface VideoChatStarted {}

/** A video chat ended. [Bot API](https://core.telegram.org/bots/api#videochatended) */
export interface VideoChatEnded {
  /** How long it was, in seconds. */
  duration: number;
}

/**
 * Members were invited to a video chat.
 * [Bot API](https://core.telegram.org/bots/api#videochatparticipantsinvited)
 */
export interface VideoChatParticipantsInvited {
  /** Who was invited. */
  users: User[];
}
