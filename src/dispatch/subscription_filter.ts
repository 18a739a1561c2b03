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

/** Which updates a subscription gets. */
export interface SubscriptionFilter {
  /** The kinds of update and media group that it needs. */
  readonly kinds: readonly (UpdateKind | MediaGroupKind)[];
  /**
   * Whether it was made of filter names. The parts of an album that one such subscription gets merged are not passed to
   * other such subscriptions.
   */
  readonly isNamed: boolean;
  /** Whether it accepts an update of this kind with this content. */
  accepts(kind: string, content: unknown): boolean;
}

/**
 * Everything that passes at least one of these filters.
 *
 * @throws {TelehookError} `ERR_OPTION` if one of them is not a filter.
 */
export function namedFilter(names: readonly string[]): SubscriptionFilter {
  const byKind = new Map<UpdateKind | MediaGroupKind, UpdateQuery[]>();
  for (const query of names.map(parseFilterName)) {
    byKind.set(query.kind, [...byKind.get(query.kind) ?? [], query]);
  }
  const queries: ReadonlyMap<string, readonly UpdateQuery[]> = byKind;
  return {
    kinds: [...byKind.keys()],
    isNamed: true,
    accepts: (kind, content) => queries.get(kind)?.some((query) => passes(query, content)) ?? false,
  };
}

/** Every update, with albums merged. */
export const ALL_MERGED: SubscriptionFilter = {
  kinds: [...ALL_UPDATE_KINDS, ...ALL_MEDIA_GROUP_KINDS],
  isNamed: false,
  accepts: () => true,
};

/** Every update as Telegram sent it, with albums as their parts. */
export const ALL_UNMERGED: SubscriptionFilter = {
  kinds: ALL_UPDATE_KINDS,
  isNamed: false,
  accepts: (kind) => !isMediaGroupKind(kind),
};

/** Updates of kinds that the types do not know. */
export const UNKNOWN_KINDS: SubscriptionFilter = { kinds: [], isNamed: false, accepts: isUnknownKind };
