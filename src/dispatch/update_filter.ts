import { TelehookError } from "../errors/telehook_error.ts";
import { didYouMean } from "../text/closest_word.ts";
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
import { FILTER_FIELDS, type OptionalFieldName } from "./filter_fields.ts";

export type { OptionalFieldName } from "./filter_fields.ts";

/**
 * What the parts of an album can be: photos, live photos and videos mix, documents and audio do not. `"visual"` is any
 * mix of the first three.
 */
export type MediaGroupContent = "photo" | "live_photo" | "video" | "visual" | "document" | "audio";

/**
 * A kind of update, or a kind and a field that it must have: `"message"`, `"message:photo"`, `"callback_query:data"`,
 * `"message_media_group:video"`. Any field can be named that the Bot API calls optional. A message can also be filtered
 * by a second field: `"message:photo:caption"`. At run time, it can be any optional field; these types know `caption`, `from`
 * and `reply_to_message`, since all pairs would be more than the compiler accepts. For an album, every
 * part must have the field; `"message_media_group:visual"` is an album of photos, live photos and videos, in any mix.
 */
export type UpdateFilterName =
  | UpdateKind
  | MediaGroupKind
  | { [K in UpdateKind]: `${K}:${OptionalFieldName<UpdateKindTypes[K]>}` }[UpdateKind]
  | `${{ [K in UpdateKind]: UpdateKindTypes[K] extends Message ? K : never }[UpdateKind]}:${OptionalFieldName<
    Message
  >}:${"caption" | "from" | "reply_to_message"}`
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
  : F extends `${infer K extends UpdateKind}:${infer A}:${infer B}` ? {
      [P in "update_id" | K]: P extends UpdateKind
        ? UpdateKindTypes[P] & Required<Pick<UpdateKindTypes[P], (A | B) & keyof UpdateKindTypes[P]>>
        : number;
    }
  : F extends `${infer K extends UpdateKind}:${infer C}` ? {
      [P in "update_id" | K]: P extends UpdateKind
        ? UpdateKindTypes[P] & Required<Pick<UpdateKindTypes[P], C & keyof UpdateKindTypes[P]>>
        : number;
    }
  : never;

/**
 * What the compiler says about a name that is not a filter, with the nearest filters. A list of all of them would be too
 * long to be of use.
 */
export type MisspeltFilter<F extends string> = F extends `${infer K extends UpdateKind}:${infer A}:${infer B}`
  ? A extends FieldOf<K> ? `${F} is not a filter: the second field must be caption, from or reply_to_message`
  : `${F} is not a filter.${DidYouMean<`${K}:`, A, FieldOf<K>, `:${B}`>}`
  : F extends `${infer K extends UpdateKind | MediaGroupKind}:${infer C}`
    ? `${F} is not a filter.${DidYouMean<`${K}:`, C, FieldOf<K>>}`
  : F extends `${infer K}:${infer C}`
    ? `${F} is not a filter.${DidYouMean<"", K, UpdateKind | MediaGroupKind, `:${C}`>}`
  : `${F} is not a filter.${DidYouMean<"", F, UpdateKind | MediaGroupKind>}`;

/** @internal */
type FieldOf<K> = K extends UpdateKind ? OptionalFieldName<UpdateKindTypes[K]> : MediaGroupContent;

/**
 * The words that differ from a word in one place, between what is before and behind it.
 *
 * @internal
 */
type DidYouMean<Before extends string, W extends string, Words extends string, After extends string = ""> =
  [Extract<Words, DifferentInOnePlace<W>>] extends [never] ? ` There is no ${W}`
    : ` Did you mean ${Before}${Extract<Words, DifferentInOnePlace<W>>}${After}?`;

type DifferentInOnePlace<W extends string, Before extends string = ""> = W extends `${infer C}${infer After}`
  ? `${Before}${string}${After}` | DifferentInOnePlace<After, `${Before}${C}`>
  : never;

/** An album of which every part has a certain content. */
export interface MediaGroupWith<C extends MediaGroupContent> extends MediaGroup {
  /** The parts, by `message_id`, which is the order in which they are shown. */
  readonly messages:
    readonly (C extends "visual"
      ? { [F in "photo" | "live_photo" | "video"]: Message & Required<Pick<Message, F>> }[
        "photo" | "live_photo" | "video"
      ]
      : Message & Required<Pick<Message, C & keyof Message>>)[];
}

/** A filter name, taken apart. */
export interface UpdateQuery {
  readonly kind: UpdateKind | MediaGroupKind;
  /** The fields of which the content must have all; of a part of an album, one. */
  readonly fields: readonly string[];
}

/** The fields of which each part of an album must have one, by the name of the filter. */
const ALBUM_CONTENT: { readonly [C in MediaGroupContent]: readonly (keyof Message)[] } = {
  photo: ["photo"],
  live_photo: ["live_photo"],
  video: ["video"],
  visual: ["photo", "live_photo", "video"],
  document: ["document"],
  audio: ["audio"],
};

const SOURCES: Record<MediaGroupKind, UpdateKind> = {
  message_media_group: "message",
  channel_post_media_group: "channel_post",
  business_message_media_group: "business_message",
};

const KINDS: readonly (UpdateKind | MediaGroupKind)[] = [...ALL_UPDATE_KINDS, ...ALL_MEDIA_GROUP_KINDS];

/**
 * Takes a filter name apart.
 *
 * @throws {TelehookError} `ERR_OPTION` if there is no such kind, or the kind has no such field that may be absent.
 */
export function parseFilterName(name: string): UpdateQuery {
  const [kindName = "", ...fieldNames] = String(name).split(":");
  const kind = KINDS.find((each) => each === kindName);
  if (kind === undefined) throw notAFilter(name, kindName, KINDS, (each) => [each, ...fieldNames].join(":"));
  if (isMediaGroupKind(kind)) {
    const [content, ...others] = fieldNames;
    if (content === undefined) return { kind, fields: [] };
    if (others.length === 0 && isAlbumContent(content)) return { kind, fields: ALBUM_CONTENT[content] };
    throw notAFilter(name, content, Object.keys(ALBUM_CONTENT), (each) => `${kind}:${each}`);
  }
  const known = Object.keys(FILTER_FIELDS[kind]);
  const index = fieldNames.findIndex((each) => !known.includes(each));
  const field = fieldNames[index];
  if (field !== undefined || fieldNames.length > 2) {
    throw notAFilter(name, field ?? "", known, (each) => [kind, ...fieldNames.with(index, each)].join(":"));
  }
  return { kind, fields: fieldNames };
}

function isAlbumContent(name: string): name is MediaGroupContent {
  return Object.hasOwn(ALBUM_CONTENT, name);
}

function notAFilter(
  name: unknown,
  word: string,
  words: readonly string[],
  write: (word: string) => string,
): TelehookError {
  const fallback = 'Use a kind such as "message" or "message_media_group", ' +
    'or a kind and one or two fields that may be absent, such as "message:photo" or "message:photo:caption"';
  const maxEdits = Math.max(1, Math.ceil(word.length / 3)); // "foto" is near "photo"
  const hint = didYouMean(word, words, fallback, write, maxEdits);
  return new TelehookError("ERR_OPTION", `${quote(name)} is not an update filter. ${hint}`);
}

/** Whether what an update of the filter's kind holds has the fields that the filter names. */
export function passes({ kind, fields }: UpdateQuery, content: unknown): boolean {
  if (fields.length === 0) return true;
  if (typeof content !== "object" || content === null) return false;
  if (isMediaGroupKind(kind) && "messages" in content && Array.isArray(content.messages)) {
    return content.messages.every((message) => fields.some((field) => Object.hasOwn(message, field)));
  }
  return fields.every((field) => Object.hasOwn(content, field));
}

/** The kinds to ask Telegram for so that filters of these kinds get their updates, in the Bot API's order. */
export function allowedUpdatesFor(kinds: Iterable<UpdateKind | MediaGroupKind>): readonly UpdateKind[] {
  const needed = new Set<string>();
  for (const kind of kinds) needed.add(isMediaGroupKind(kind) ? SOURCES[kind] : kind);
  return ALL_UPDATE_KINDS.filter((kind) => needed.has(kind));
}

/** Whether a kind is one of those that telehook creates from the parts of an album. */
export function isMediaGroupKind(kind: string): kind is MediaGroupKind {
  return Object.hasOwn(SOURCES, kind);
}

/** Whether a kind is neither known to these types nor created by telehook. */
export function isUnknownKind(kind: string): boolean {
  return !isKnownKind(kind) && !isMediaGroupKind(kind);
}
