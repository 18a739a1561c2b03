import type { File, PhotoSize } from "./media.ts";

/** A sticker. [Bot API](https://core.telegram.org/bots/api#sticker) */
export interface Sticker {
  /** For downloading it or sending it again; valid for this bot only. */
  file_id: string;
  /** The same for every bot and forever; of no use for downloading. */
  file_unique_id: string;
  /** What it is for, regardless of its format. */
  type: "regular" | "mask" | "custom_emoji";
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
  /** It is a TGS animation. */
  is_animated: boolean;
  /** It is a WEBM video. */
  is_video: boolean;
  /** A still preview, as WEBP or JPEG. */
  thumbnail?: PhotoSize;
  /** The emoji that it stands for. */
  emoji?: string;
  /** The set that it belongs to. */
  set_name?: string;
  /** The effect around a premium sticker. */
  premium_animation?: File;
  /** Where a mask goes on a face. */
  mask_position?: MaskPosition;
  /** Identifies a custom emoji. */
  custom_emoji_id?: string;
  /** A custom emoji to be drawn in the color of the text. */
  needs_repainting?: true;
  /** In bytes; may exceed 2^31. */
  file_size?: number;
  /** @deprecated Undocumented; use `thumbnail`. */
  thumb?: PhotoSize;
}

/** Where a mask goes on a face by default. [Bot API](https://core.telegram.org/bots/api#maskposition) */
export interface MaskPosition {
  /** The part of the face that it is placed on. */
  point: "forehead" | "eyes" | "mouth" | "chin";
  /** To the right, in widths of the mask as scaled to the face. */
  x_shift: number;
  /** Down, in heights of the mask as scaled to the face. */
  y_shift: number;
  /** Factor; 2 for twice the size. */
  scale: number;
}
