import {
  isMediaGroupKind,
  isUnknownKind,
  parseFilterName,
  passes,
  type UpdateQuery,
} from "./update_filter.ts";
import {
  ALL_MEDIA_GROUP_KINDS,
  ALL_UPDATE_KINDS,
  type MediaGroupKind,
  type UpdateKind,
} from "../updates/mod.ts";

/** What a subscriber wants to see. */
export interface Interest {
  /** The kinds of update and album that it names or means. */
  readonly kinds: readonly (UpdateKind | MediaGroupKind)[];
  /** Whether an update of this kind that holds this is wanted. */
  wants(kind: string, content: unknown): boolean;
}

/**
 * Everything that passes one of these filters.
 *
 * @throws {TelehookError} `ERR_OPTION` if one of them is no filter.
 */
export function interestIn(names: readonly string[]): Interest {
  const filters = names.map(parseFilterName);
  const byKind = new Map<string, UpdateQuery[]>();
  for (const filter of filters) byKind.set(filter.kind, filters.filter(({ kind }) => kind === filter.kind));
  return {
    kinds: [...byKind.values()].flatMap(([first]) => first?.kind ?? []),
    wants: (kind, content) => byKind.get(kind)?.some((filter) => passes(filter, content)) ?? false,
  };
}

/** Everything there is, albums merged. */
export const ALL_MERGED: Interest = {
  kinds: [...ALL_UPDATE_KINDS, ...ALL_MEDIA_GROUP_KINDS],
  wants: () => true,
};

/** Everything there is, albums as their parts. */
export const ALL_UNMERGED: Interest = {
  kinds: ALL_UPDATE_KINDS,
  wants: (kind) => !isMediaGroupKind(kind),
};

/** What the types do not know. */
export const UNKNOWN_KINDS: Interest = { kinds: [], wants: isUnknownKind };
