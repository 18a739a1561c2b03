import type { LivePhoto, PhotoSize, Video } from "./media.ts";
import type { User } from "./user.ts";

/**
 * Media in a message that cost Telegram Stars.
 * [Bot API](https://core.telegram.org/bots/api#paidmediainfo)
 */
export interface PaidMediaInfo {
  /** What it costs. */
  star_count: number;
  /** The media. */
  paid_media: PaidMedia[];
}

/** One paid photo or video. [Bot API](https://core.telegram.org/bots/api#paidmedia) */
export type PaidMedia = PaidMediaLivePhoto | PaidMediaPhoto | PaidMediaPreview | PaidMediaVideo;

/** Not paid yet. [Bot API](https://core.telegram.org/bots/api#paidmediapreview) */
export interface PaidMediaPreview {
  /** Tells the media apart. */
  type: "preview";
  /** In pixels, as the sender declared it. */
  width?: number;
  /** In pixels, as the sender declared it. */
  height?: number;
  /** In seconds, as the sender declared it. */
  duration?: number;
}

/** A paid photo. [Bot API](https://core.telegram.org/bots/api#paidmediaphoto) */
export interface PaidMediaPhoto {
  /** Tells the media apart. */
  type: "photo";
  /** The photo in several sizes. */
  photo: PhotoSize[];
}

/** A paid photo that moves. [Bot API](https://core.telegram.org/bots/api#paidmedialivephoto) */
export interface PaidMediaLivePhoto {
  /** Tells the media apart. */
  type: "live_photo";
  /** The photo. */
  live_photo: LivePhoto;
}

/** A paid video. [Bot API](https://core.telegram.org/bots/api#paidmediavideo) */
export interface PaidMediaVideo {
  /** Tells the media apart. */
  type: "video";
  /** The video. */
  video: Video;
}

/**
 * A user bought paid media that the bot had sent.
 * [Bot API](https://core.telegram.org/bots/api#paidmediapurchased)
 */
export interface PaidMediaPurchased {
  /** Who bought it. */
  from: User;
  /** The payload that the bot gave it. */
  paid_media_payload: string;
}
