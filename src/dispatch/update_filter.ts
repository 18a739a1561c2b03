import { TelehookError } from "../errors.ts";
import { quote } from "../options.ts";
import { ALL_MEDIA_GROUP_KINDS, ALL_UPDATE_KINDS } from "../updates/mod.ts";
import type {
  MediaGroup,
  MediaGroupKind,
  Message,
  UpdateKind,
  UpdateKindTypes,
  UpdateOf,
} from "../updates/mod.ts";

type OptionalKeys<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T];

/** What an album can consist of: photos, live photos and videos mix, documents and audio do not. */
export type MediaGroupContent = "photo" | "live_photo" | "video" | "document" | "audio";

/**
 * A kind of update, or a kind and a field that it must have: `"message"`, `"message:photo"`, `"callback_query:data"`,
 * `"message_media_group:video"`. For an album, every part must have the field.
 */
export type UpdateFilterName =
  | UpdateKind
  | MediaGroupKind
  | { [K in UpdateKind]: `${K}:${OptionalKeys<UpdateKindTypes[K]> & string}` }[UpdateKind]
  | `${MediaGroupKind}:${MediaGroupContent}`;

/**
 * What passes a filter: the field that the filter names is not optional.
 *
 * @example
 * ```ts
 * import type { FilteredUpdate } from "@telehook/telehook";
 *
 * const largest = ({ message }: FilteredUpdate<"message:photo">) => message.photo.at(-1);
 * console.log(largest.name);
 * ```
 */
export type FilteredUpdate<F extends UpdateFilterName> = F extends UpdateKind ? UpdateOf<F>
  : F extends MediaGroupKind ? { update_id: number } & Record<F, MediaGroup>
  : F extends `${infer K extends MediaGroupKind}:${infer C extends MediaGroupContent}` ?
      & { update_id: number }
      & Record<K, MediaGroup & { readonly messages: readonly (Message & Having<Message, C>)[] }>
  : F extends `${infer K extends UpdateKind}:${infer C}`
    ? { update_id: number } & Record<K, UpdateKindTypes[K] & Having<UpdateKindTypes[K], C>>
  : never;

type Having<T, C> = { [K in Extract<keyof T, C>]-?: NonNullable<T[K]> };

/** A filter name, taken apart. */
export interface UpdateFilter {
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
export function parseFilterName(name: string): UpdateFilter {
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

/** Whether what an update holds has the field that a filter names. */
export function hasField(content: unknown, field: string | undefined): boolean {
  if (field === undefined) return true;
  if (typeof content !== "object" || content === null) return false;
  // An album is ours, not Telegram's: its fields are those of its parts.
  if ("messages" in content && "updates" in content && Array.isArray(content.messages)) {
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
