import type { Chat } from "./chat.ts";

/** One size of a photo, or of a thumbnail. [Bot API](https://core.telegram.org/bots/api#photosize) */
export interface PhotoSize {
  /** For downloading it or sending it again; valid for this bot only. */
  file_id: string;
  /** The same for every bot and forever; of no use for downloading. */
  file_unique_id: string;
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
  /** In bytes; may exceed 2^31. */
  file_size?: number;
}

/** A GIF, or a video without sound. [Bot API](https://core.telegram.org/bots/api#animation) */
export interface Animation {
  /** For downloading it or sending it again; valid for this bot only. */
  file_id: string;
  /** The same for every bot and forever; of no use for downloading. */
  file_unique_id: string;
  /** In pixels, as the sender declared it. */
  width: number;
  /** In pixels, as the sender declared it. */
  height: number;
  /** In seconds, as the sender declared it. */
  duration: number;
  /** A small picture of it. */
  thumbnail?: PhotoSize;
  /** As the sender declared it. */
  file_name?: string;
  /** As the sender declared it. */
  mime_type?: string;
  /** In bytes; may exceed 2^31. */
  file_size?: number;
  /** @deprecated Undocumented; use `thumbnail`. */
  thumb?: PhotoSize;
}

/** A piece of music. [Bot API](https://core.telegram.org/bots/api#audio) */
export interface Audio {
  /** For downloading it or sending it again; valid for this bot only. */
  file_id: string;
  /** The same for every bot and forever; of no use for downloading. */
  file_unique_id: string;
  /** In seconds, as the sender declared it. */
  duration: number;
  /** As the sender or the file's tags say. */
  performer?: string;
  /** As the sender or the file's tags say. */
  title?: string;
  /** As the sender declared it. */
  file_name?: string;
  /** As the sender declared it. */
  mime_type?: string;
  /** In bytes; may exceed 2^31. */
  file_size?: number;
  /** The album cover. */
  thumbnail?: PhotoSize;
  /** @deprecated Undocumented; use `thumbnail`. */
  thumb?: PhotoSize;
}

/** A file of any kind. [Bot API](https://core.telegram.org/bots/api#document) */
export interface Document {
  /** For downloading it or sending it again; valid for this bot only. */
  file_id: string;
  /** The same for every bot and forever; of no use for downloading. */
  file_unique_id: string;
  /** A small picture of it. */
  thumbnail?: PhotoSize;
  /** As the sender declared it. */
  file_name?: string;
  /** As the sender declared it. */
  mime_type?: string;
  /** In bytes; may exceed 2^31. */
  file_size?: number;
  /** @deprecated Undocumented; use `thumbnail`. */
  thumb?: PhotoSize;
}

/**
 * A photo that moves; the ids are those of its video.
 * [Bot API](https://core.telegram.org/bots/api#livephoto)
 */
export interface LivePhoto {
  /** The still photo in several sizes. */
  photo?: PhotoSize[];
  /** For downloading it or sending it again; valid for this bot only. */
  file_id: string;
  /** The same for every bot and forever; of no use for downloading. */
  file_unique_id: string;
  /** In pixels, as the sender declared it. */
  width: number;
  /** In pixels, as the sender declared it. */
  height: number;
  /** In seconds, as the sender declared it. */
  duration: number;
  /** As the sender declared it. */
  mime_type?: string;
  /** In bytes; may exceed 2^31. */
  file_size?: number;
}

/** A video. [Bot API](https://core.telegram.org/bots/api#video) */
export interface Video {
  /** For downloading it or sending it again; valid for this bot only. */
  file_id: string;
  /** The same for every bot and forever; of no use for downloading. */
  file_unique_id: string;
  /** In pixels, as the sender declared it. */
  width: number;
  /** In pixels, as the sender declared it. */
  height: number;
  /** In seconds, as the sender declared it. */
  duration: number;
  /** A small picture of it. */
  thumbnail?: PhotoSize;
  /** Sizes of the picture shown before it plays. */
  cover?: PhotoSize[];
  /** Second at which it starts to play. */
  start_timestamp?: number;
  /** The video in other qualities. */
  qualities?: VideoQuality[];
  /** As the sender declared it. */
  file_name?: string;
  /** As the sender declared it. */
  mime_type?: string;
  /** In bytes; may exceed 2^31. */
  file_size?: number;
  /** @deprecated Undocumented; use `thumbnail`. */
  thumb?: PhotoSize;
}

/** A video in one quality. [Bot API](https://core.telegram.org/bots/api#videoquality) */
export interface VideoQuality {
  /** For downloading it or sending it again; valid for this bot only. */
  file_id: string;
  /** The same for every bot and forever; of no use for downloading. */
  file_unique_id: string;
  /** In pixels, as the sender declared it. */
  width: number;
  /** In pixels, as the sender declared it. */
  height: number;
  /** How it is encoded. */
  codec: "h264" | "h265" | "av01";
  /** In bytes; may exceed 2^31. */
  file_size?: number;
}

/** A round video message. [Bot API](https://core.telegram.org/bots/api#videonote) */
export interface VideoNote {
  /** For downloading it or sending it again; valid for this bot only. */
  file_id: string;
  /** The same for every bot and forever; of no use for downloading. */
  file_unique_id: string;
  /** Width and height, in pixels. */
  length: number;
  /** In seconds, as the sender declared it. */
  duration: number;
  /** A small picture of it. */
  thumbnail?: PhotoSize;
  /** In bytes; may exceed 2^31. */
  file_size?: number;
  /** @deprecated Undocumented; use `thumbnail`. */
  thumb?: PhotoSize;
}

/** A voice message. [Bot API](https://core.telegram.org/bots/api#voice) */
export interface Voice {
  /** For downloading it or sending it again; valid for this bot only. */
  file_id: string;
  /** The same for every bot and forever; of no use for downloading. */
  file_unique_id: string;
  /** In seconds, as the sender declared it. */
  duration: number;
  /** As the sender declared it. */
  mime_type?: string;
  /** In bytes; may exceed 2^31. */
  file_size?: number;
}

/** A file that can be downloaded; made by `getFile`. [Bot API](https://core.telegram.org/bots/api#file) */
export interface File {
  /** For downloading it or sending it again; valid for this bot only. */
  file_id: string;
  /** The same for every bot and forever; of no use for downloading. */
  file_unique_id: string;
  /** In bytes; may exceed 2^31. */
  file_size?: number;
  /** What follows `…/file/bot<token>/` in its address; valid for an hour at least. */
  file_path?: string;
}

/** A story. [Bot API](https://core.telegram.org/bots/api#story) */
export interface Story {
  /** The chat that posted it. */
  chat: Chat;
  /** Unique within that chat. */
  id: number;
}
