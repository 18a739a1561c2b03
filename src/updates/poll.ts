import type { Chat } from "./chat.ts";
import type { MaybeInaccessibleMessage } from "./inaccessible_message.ts";
import type { Location, Venue } from "./location.ts";
import type { Animation, Audio, Document, LivePhoto, PhotoSize, Video } from "./media.ts";
import type { MessageEntity } from "./message_text.ts";
import type { Sticker } from "./sticker.ts";
import type { User } from "./user.ts";

/** A poll or a quiz. [Bot API](https://core.telegram.org/bots/api#poll) */
export interface Poll {
  /** Unique among all polls. */
  id: string;
  /** The question; 1 to 300 characters. */
  question: string;
  /** Custom emoji in `question`. */
  question_entities?: MessageEntity[];
  /** The options. */
  options: PollOption[];
  /** How many voted. */
  total_voter_count: number;
  /** Takes no more votes. */
  is_closed: boolean;
  /** Nobody learns who voted for what. */
  is_anonymous: boolean;
  /** A quiz has right answers. */
  type: "regular" | "quiz";
  /** One may choose several options. */
  allows_multiple_answers: boolean;
  /** One may change one's vote. */
  allows_revoting: boolean;
  /** Only those who have been members of its chat for over 24 hours may vote. */
  members_only: boolean;
  /** Only users from these countries may vote; ISO 3166-1 alpha-2, `FT` for anonymous numbers. */
  country_codes?: string[];
  /** Indexes of the right answers; only for a closed quiz, or one that the bot sent or got in private. */
  correct_option_ids?: number[];
  /** Shown after a wrong answer. */
  explanation?: string;
  /** Formatting in `explanation`. */
  explanation_entities?: MessageEntity[];
  /** Media in the explanation. */
  explanation_media?: PollMedia;
  /** Seconds that it stays open. */
  open_period?: number;
  /** When it closes automatically, in Unix seconds. */
  close_date?: number;
  /** Text above the poll; only within a {@link Message}. */
  description?: string;
  /** Formatting in `description`. */
  description_entities?: MessageEntity[];
  /** Media in the description; only within a {@link Message}. */
  media?: PollMedia;
  /** @deprecated Undocumented; use `correct_option_ids`. */
  correct_option_id?: number;
}

/** An option of a poll. [Bot API](https://core.telegram.org/bots/api#polloption) */
export interface PollOption {
  /** Stays the same when options are added or deleted, unlike the index. */
  persistent_id: string;
  /** The option; 1 to 100 characters. */
  text: string;
  /** Custom emoji in `text`. */
  text_entities?: MessageEntity[];
  /** Media shown with the option. */
  media?: PollMedia;
  /** Votes for it; 0 also if not known. */
  voter_count: number;
  /** Who added it after the poll was made. */
  added_by_user?: User;
  /** The chat that added it after the poll was made. */
  added_by_chat?: Chat;
  /** When it was added, in Unix seconds; absent if there from the start. */
  addition_date?: number;
}

/**
 * What goes with a poll or an option: one of these.
 * [Bot API](https://core.telegram.org/bots/api#pollmedia)
 */
export interface PollMedia {
  /** A GIF. */
  animation?: Animation;
  /** A piece of music; not in options. */
  audio?: Audio;
  /** A file; not in options. */
  document?: Document;
  /** A link; options only. */
  link?: Link;
  /** A photo that moves. */
  live_photo?: LivePhoto;
  /** A point on the map. */
  location?: Location;
  /** A photo in several sizes. */
  photo?: PhotoSize[];
  /** A sticker; options only. */
  sticker?: Sticker;
  /** A place with a name. */
  venue?: Venue;
  /** A video. */
  video?: Video;
}

/** A link. [Bot API](https://core.telegram.org/bots/api#link) */
export interface Link {
  /** Its address. */
  url: string;
}

/**
 * A user voted in a poll that is not anonymous, or took the vote back.
 * [Bot API](https://core.telegram.org/bots/api#pollanswer)
 */
export interface PollAnswer {
  /** The poll. */
  poll_id: string;
  /** The chat that voted, if the voter is one. */
  voter_chat?: Chat;
  /** Who voted, if no chat did. */
  user?: User;
  /** Indexes of the chosen options; empty if taken back. */
  option_ids: number[];
  /** `persistent_id`s of the chosen options; empty if taken back. */
  option_persistent_ids: string[];
}

/** An option was added to a poll. [Bot API](https://core.telegram.org/bots/api#polloptionadded) */
export interface PollOptionAdded {
  /** The poll's message, if known; holds no `reply_to_message`. */
  poll_message?: MaybeInaccessibleMessage;
  /** The option's `persistent_id`. */
  option_persistent_id: string;
  /** The option. */
  option_text: string;
  /** Formatting in `option_text`. */
  option_text_entities?: MessageEntity[];
  /** Undocumented: what Telegram sends (as of 10.0) in place of `option_text_entities`. */
  option_entities?: MessageEntity[];
}

/** An option was deleted from a poll. [Bot API](https://core.telegram.org/bots/api#polloptiondeleted) */
export interface PollOptionDeleted {
  /** The poll's message, if known; holds no `reply_to_message`. */
  poll_message?: MaybeInaccessibleMessage;
  /** The option's `persistent_id`. */
  option_persistent_id: string;
  /** The option. */
  option_text: string;
  /** Formatting in `option_text`. */
  option_text_entities?: MessageEntity[];
  /** Undocumented: what Telegram sends (as of 10.0) in place of `option_text_entities`. */
  option_entities?: MessageEntity[];
}
