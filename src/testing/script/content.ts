import { findEntities } from "./entities.ts";
import type { TestMessage } from "./objects.ts";
import type { World } from "./world.ts";

/** What a medium is: `true` for any, a name for a file of that name, or the fields of the Bot API's object. */
export type Medium = true | string | Readonly<Record<string, unknown>>;

/** What somebody says: a text, or fields of a message of which media may be just `true`. */
export type Content =
  | string
  | {
    /** The text; what Telegram marks in it is marked. */
    text?: string;
    /** The text under the medium. */
    caption?: string;
    /** A photo, or its sizes. */
    photo?: true | readonly object[];
    /** A video. */
    video?: Medium;
    /** A live photo, which is a photo as well. */
    live_photo?: Medium;
    /** A file. */
    document?: Medium;
    /** Music. */
    audio?: Medium;
    /** A voice message. */
    voice?: Medium;
    /** A round video. */
    video_note?: Medium;
    /** A GIF. */
    animation?: Medium;
    /** A sticker. */
    sticker?: Medium;
    /** The message that this one replies to. */
    reply_to_message?: TestMessage;
    /** Any other field of a message, such as `location` or `message_thread_id`. */
    [field: string]: unknown;
  };

/** What each kind of medium has besides its file. */
const MEDIA: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  video: { duration: 12, width: 1280, height: 720, mime_type: "video/mp4" },
  live_photo: { duration: 3, width: 1280, height: 960, mime_type: "video/mp4" },
  document: { mime_type: "application/octet-stream" },
  audio: { duration: 180, mime_type: "audio/mpeg" },
  voice: { duration: 4, mime_type: "audio/ogg" },
  video_note: { duration: 5, length: 240 },
  animation: { duration: 3, width: 480, height: 270, mime_type: "video/mp4" },
  sticker: { width: 512, height: 512, type: "regular", is_animated: false, is_video: false },
};

/** The media that an album may hold side by side. */
const ALBUM_GROUPS: readonly (readonly string[])[] = [["photo", "video", "live_photo"], ["document"], [
  "audio",
]];

/** The fields of a message that says this, in the order in which Telegram has them. */
export function contentFields(content: Content, world: World): Record<string, unknown> {
  const { reply_to_message, text, caption, ...rest } = typeof content === "string"
    ? { text: content }
    : content;
  // A live photo is a photo to those who cannot play it.
  const whole = rest.live_photo !== undefined && rest.photo === undefined ? { ...rest, photo: true } : rest;
  const media = Object.entries(whole).map(([key, value]) => [key, medium(key, value, world)]);
  return {
    ...reply_to_message !== undefined && { reply_to_message: withoutReply(reply_to_message) },
    ...text !== undefined && { text, ...marked("entities", text) },
    ...Object.fromEntries(media),
    ...caption !== undefined && { caption, ...marked("caption_entities", caption) },
  };
}

/**
 * Checks that contents can be an album.
 *
 * @throws {RangeError} if they are not 2 to 10, or of media that cannot be in one album.
 */
export function checkAlbum(contents: readonly Content[]): void {
  if (contents.length < 2 || contents.length > 10) {
    throw new RangeError(`An album has 2 to 10 parts, not ${contents.length}`);
  }
  const fits = ALBUM_GROUPS.some((group) =>
    contents.every((content) =>
      typeof content === "object" && group.some((kind) => content[kind] !== undefined)
    )
  );
  if (!fits) {
    throw new RangeError(
      "An album holds photos, videos and live photos, or only documents, or only audio files",
    );
  }
}

function medium(kind: string, value: unknown, world: World): unknown {
  if (kind === "photo") return value === true ? photoSizes(world) : value;
  const usual = MEDIA[kind];
  if (!usual || (value !== true && typeof value !== "string")) return value;
  return { ...usual, ...typeof value === "string" && { file_name: value }, ...newFile(world, 204_800) };
}

function photoSizes(world: World): object[] {
  const sizes = [[1_754, 90, 67], [22_898, 320, 240], [166_702, 1280, 960]] as const;
  return sizes.map(([bytes, width, height]) => ({ ...newFile(world, bytes), width, height }));
}

/** A file that has not been sent before. */
export function newFile(world: World, file_size: number): object {
  const token = world.newToken();
  return { file_id: `AgACAgIAAxkBAAI${token}`, file_unique_id: `AQAD${token.slice(-10)}`, file_size };
}

function marked(field: string, text: string): Record<string, unknown> {
  const entities = findEntities(text);
  return entities.length > 0 ? { [field]: entities } : {};
}

/** A message that is replied to comes without the one that it replies to itself. */
function withoutReply({ reply_to_message: _, ...message }: TestMessage): object {
  return message;
}
