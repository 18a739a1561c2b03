import type { Location } from "./location.ts";
import type { Animation, Audio, Document, PhotoSize, Video, Voice } from "./media.ts";
import type { RichBlock } from "./rich_block.ts";
import type { RichText } from "./rich_text.ts";

/** A GIF. [Bot API](https://core.telegram.org/bots/api#richblockanimation) */
export interface RichBlockAnimation {
  /** Tells the blocks apart. */
  type: "animation";
  /** The GIF. */
  animation: Animation;
  /** Hidden until tapped. */
  has_spoiler?: true;
  /** The caption. */
  caption?: RichBlockCaption;
}

/** A piece of music. [Bot API](https://core.telegram.org/bots/api#richblockaudio) */
export interface RichBlockAudio {
  /** Tells the blocks apart. */
  type: "audio";
  /** The music. */
  audio: Audio;
  /** The caption. */
  caption?: RichBlockCaption;
}

/** A file. [Bot API](https://core.telegram.org/bots/api#richblockdocument) */
export interface RichBlockDocument {
  /** Tells the blocks apart. */
  type: "document";
  /** The file. */
  document: Document;
  /** The caption. */
  caption?: RichBlockCaption;
}

/** A photo. [Bot API](https://core.telegram.org/bots/api#richblockphoto) */
export interface RichBlockPhoto {
  /** Tells the blocks apart. */
  type: "photo";
  /** The photo in several sizes. */
  photo: PhotoSize[];
  /** Hidden until tapped. */
  has_spoiler?: true;
  /** The caption. */
  caption?: RichBlockCaption;
}

/** A video. [Bot API](https://core.telegram.org/bots/api#richblockvideo) */
export interface RichBlockVideo {
  /** Tells the blocks apart. */
  type: "video";
  /** The video. */
  video: Video;
  /** Hidden until tapped. */
  has_spoiler?: true;
  /** The caption. */
  caption?: RichBlockCaption;
}

/** A voice message. [Bot API](https://core.telegram.org/bots/api#richblockvoicenote) */
export interface RichBlockVoiceNote {
  /** Tells the blocks apart. */
  type: "voice_note";
  /** The voice message. */
  voice_note: Voice;
  /** The caption. */
  caption?: RichBlockCaption;
}

/** Media side by side. [Bot API](https://core.telegram.org/bots/api#richblockcollage) */
export interface RichBlockCollage {
  /** Tells the blocks apart. */
  type: "collage";
  /** The media. */
  blocks: RichBlock[];
  /** The caption. */
  caption?: RichBlockCaption;
}

/** Media one after another. [Bot API](https://core.telegram.org/bots/api#richblockslideshow) */
export interface RichBlockSlideshow {
  /** Tells the blocks apart. */
  type: "slideshow";
  /** The media. */
  blocks: RichBlock[];
  /** The caption. */
  caption?: RichBlockCaption;
}

/** A map. [Bot API](https://core.telegram.org/bots/api#richblockmap) */
export interface RichBlockMap {
  /** Tells the blocks apart. */
  type: "map";
  /** Its center. */
  location: Location;
  /** From 13 to 20. */
  zoom: number;
  /** In pixels, as wished for. */
  width: number;
  /** In pixels, as wished for. */
  height: number;
  /** The caption. */
  caption?: RichBlockCaption;
}

/** The caption of a block. [Bot API](https://core.telegram.org/bots/api#richblockcaption) */
export interface RichBlockCaption {
  /** The caption. */
  text: RichText;
  /** Who made what it captions. */
  credit?: RichText;
}
