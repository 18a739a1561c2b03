import type { Chat } from "./chat.ts";
import type { Checklist } from "./checklist.ts";
import type { Contact } from "./contact.ts";
import type { Dice, Game } from "./game.ts";
import type { Giveaway, GiveawayWinners } from "./giveaway.ts";
import type { Location, Venue } from "./location.ts";
import type {
  Animation,
  Audio,
  Document,
  LivePhoto,
  PhotoSize,
  Story,
  Video,
  VideoNote,
  Voice,
} from "./media.ts";
import type { MessageOrigin } from "./message_origin.ts";
import type { LinkPreviewOptions } from "./message_text.ts";
import type { PaidMediaInfo } from "./paid_media.ts";
import type { Invoice } from "./payment.ts";
import type { Poll } from "./poll.ts";
import type { Sticker } from "./sticker.ts";

/**
 * A message that is being replied to from another chat or topic, with its content unless that is text.
 * [Bot API](https://core.telegram.org/bots/api#externalreplyinfo)
 */
export interface ExternalReplyInfo {
  /** Where the message comes from. */
  origin: MessageOrigin;
  /** Its chat; only for a supergroup or channel. */
  chat?: Chat;
  /** Its id in that chat; only for a supergroup or channel. */
  message_id?: number;
  /** How its link preview is shown. */
  link_preview_options?: LinkPreviewOptions;
  /** It is a GIF. */
  animation?: Animation;
  /** It is a piece of music. */
  audio?: Audio;
  /** It is a file. */
  document?: Document;
  /** It is a photo that moves. */
  live_photo?: LivePhoto;
  /** It holds media that cost Telegram Stars. */
  paid_media?: PaidMediaInfo;
  /** It is a photo, here in several sizes. */
  photo?: PhotoSize[];
  /** It is a sticker. */
  sticker?: Sticker;
  /** It is a forwarded story. */
  story?: Story;
  /** It is a video. */
  video?: Video;
  /** It is a round video message. */
  video_note?: VideoNote;
  /** It is a voice message. */
  voice?: Voice;
  /** Its media is hidden until tapped. */
  has_media_spoiler?: true;
  /** It is a checklist. */
  checklist?: Checklist;
  /** It is a phone contact. */
  contact?: Contact;
  /** It is a dice with a random value. */
  dice?: Dice;
  /** It is a game. */
  game?: Game;
  /** It is a giveaway. */
  giveaway?: Giveaway;
  /** It announces the winners of a giveaway. */
  giveaway_winners?: GiveawayWinners;
  /** It is an invoice. */
  invoice?: Invoice;
  /** It is a point on the map. */
  location?: Location;
  /** It is a poll. */
  poll?: Poll;
  /** It is a place with a name. */
  venue?: Venue;
}
