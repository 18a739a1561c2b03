import { TelehookError } from "../errors/telehook_error.ts";
import { quote } from "../text/quote.ts";
import { isKnownKind } from "../delivery/kind.ts";
import { ALL_MEDIA_GROUP_KINDS, ALL_UPDATE_KINDS } from "../updates/mod.ts";
import type {
  MediaGroup,
  MediaGroupKind,
  Message,
  UpdateKind,
  UpdateKindTypes,
  UpdateOf,
} from "../updates/mod.ts";

/** What an album can consist of: photos, live photos and videos mix, documents and audio do not. */
export type MediaGroupContent = "photo" | "live_photo" | "video" | "document" | "audio";

/** The name of any field that an object may lack. */
export type OptionalFieldName<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T] & string;

/**
 * A kind of update, or a kind and a field that it must have: `"message"`, `"message:photo"`, `"callback_query:data"`,
 * `"message_media_group:video"`. Any field will do that the Bot API calls optional. For an album, every part must have
 * the field.
 */
export type UpdateFilterName =
  | UpdateKind
  | MediaGroupKind
  | { [K in UpdateKind]: `${K}:${OptionalFieldName<UpdateKindTypes[K]>}` }[UpdateKind]
  | `${MediaGroupKind}:${MediaGroupContent}`;

// Mapped rather than intersected, and in place, so that an editor shows the two fields and not how they came about.
/**
 * What passes a filter: the field that the filter names is not optional. Of several filters it is a union, which `in`
 * narrows.
 *
 * @example
 * ```ts
 * import type { FilteredUpdate } from "@telehook/telehook";
 *
 * function largestPhoto({ message }: FilteredUpdate<"message:photo">) {
 *   return message.photo.at(-1); // no question mark needed: a photo is there
 * }
 * console.log(largestPhoto.name);
 * ```
 */
export type FilteredUpdate<F extends UpdateFilterName> = F extends UpdateKind ? UpdateOf<F>
  : F extends MediaGroupKind ? { [P in "update_id" | F]: P extends F ? MediaGroup : number }
  : F extends `${infer K extends MediaGroupKind}:${infer C extends MediaGroupContent}`
    ? { [P in "update_id" | K]: P extends K ? MediaGroupWith<C> : number }
  : F extends `${infer K extends UpdateKind}:${infer C}` ? {
      [P in "update_id" | K]: P extends UpdateKind
        ? UpdateKindTypes[P] & Required<Pick<UpdateKindTypes[P], C & keyof UpdateKindTypes[P]>>
        : number;
    }
  : never;

/** An album of which every part has a certain content. */
export interface MediaGroupWith<C extends MediaGroupContent> extends MediaGroup {
  /** The parts, by `message_id`, which is the order in which they are shown. */
  readonly messages: readonly (Message & Required<Pick<Message, C>>)[];
}

/** A filter name, taken apart. */
export interface UpdateQuery {
  readonly kind: UpdateKind | MediaGroupKind;
  /** The field that must be there, if the name has one. */
  readonly field: string | undefined;
}

const SOURCES: Record<MediaGroupKind, UpdateKind> = {
  message_media_group: "message",
  channel_post_media_group: "channel_post",
  business_message_media_group: "business_message",
};

/**
 * Takes a filter name apart.
 *
 * @throws {TelehookError} `ERR_OPTION` if there is no such kind, or what stands behind the colon is no field's name.
 */
export function parseFilterName(name: string): UpdateQuery {
  const colon = name.indexOf(":");
  const kindName = colon === -1 ? name : name.slice(0, colon);
  const field = colon === -1 ? undefined : name.slice(colon + 1);
  const kind = [...ALL_UPDATE_KINDS, ...ALL_MEDIA_GROUP_KINDS].find((each) => each === kindName);
  if (kind === undefined || (field !== undefined && !/^[a-z0-9_]+$/.test(field))) {
    throw new TelehookError(
      "ERR_OPTION",
      `${quote(name)} is no update filter: write a kind such as "message" or "message_media_group", ` +
        'or a kind and a field such as "message:photo"',
    );
  }
  return { kind, field };
}

/** Whether what an update of the filter's kind holds has the field that the filter names. */
export function passes({ kind, field }: UpdateQuery, content: unknown): boolean {
  if (field === undefined) return true;
  if (typeof content !== "object" || content === null) return false;
  if (isMediaGroupKind(kind) && "messages" in content && Array.isArray(content.messages)) {
    return content.messages.every((message) => Object.hasOwn(message, field));
  }
  return Object.hasOwn(content, field);
}

/** The kinds to ask Telegram for so that filters of these kinds get their updates, in the Bot API's order. */
export function allowedUpdatesFor(kinds: Iterable<UpdateKind | MediaGroupKind>): readonly UpdateKind[] {
  const needed = new Set<string>();
  for (const kind of kinds) needed.add(isMediaGroupKind(kind) ? SOURCES[kind] : kind);
  return ALL_UPDATE_KINDS.filter((kind) => needed.has(kind));
}

/** Whether a kind is one that telehook makes of an album's parts. */
export function isMediaGroupKind(kind: string): kind is MediaGroupKind {
  return Object.hasOwn(SOURCES, kind);
}

/** Whether neither Telegram, as far as these types know, nor telehook has such a kind. */
export function isUnknownKind(kind: string): boolean {
  return !isKnownKind(kind) && !isMediaGroupKind(kind);
}
