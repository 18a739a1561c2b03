import { type MediaGroupPart, mediaGroupPartOf, MOST_PARTS } from "../delivery/media_group.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import type { UpdateReceiver } from "../receiver/receiver.ts";
import type { AlbumRules } from "../store/album_rules.ts";
import type { StoreEntry, Tries } from "../store/inbox_store.ts";
import type { Update } from "../updates/mod.ts";
import type { InboxSettings } from "./inbox_options.ts";
import { type LaneOf, laneOf, laneOrOwn } from "./lane.ts";

/** What the store gets of an update: its lane, its album, its size, and how often it has failed. */
export class StoreEntries {
  /** Throws what the user's own function for it throws. */
  readonly laneOf: LaneOf;
  /** Never throws. */
  readonly laneOrOwn: LaneOf;
  readonly #rules: AlbumRules | undefined;
  readonly #receiver: UpdateReceiver;
  /** Whether an album's id is unique within the lane: it is within its chat, which a lane that the user defined need not contain. */
  readonly #isChatInLane: boolean;
  readonly #triesOf: (updateId: number) => Tries;

  constructor(
    { lane, mediaGroups }: InboxSettings,
    receiver: UpdateReceiver,
    triesOf: (updateId: number) => Tries,
  ) {
    this.laneOf = laneOf(lane, (update) => {
      const part = this.partToMerge(update);
      return part && this.#albumKey(part);
    });
    this.laneOrOwn = laneOrOwn(this.laneOf);
    this.#rules = mediaGroups && { ...mediaGroups, mostParts: MOST_PARTS };
    this.#receiver = receiver;
    this.#isChatInLane = lane === undefined;
    this.#triesOf = triesOf;
  }

  /** The album to merge an update into, if any. */
  partToMerge(update: Update): MediaGroupPart | undefined {
    if (this.#rules === undefined) return undefined;
    const part = mediaGroupPartOf(update);
    return part !== undefined && this.#receiver.mediaGroupKinds?.includes(part.kind) ? part : undefined;
  }

  /**
   * @param json The update's JSON as it came, if it is known.
   * @param chars Its size in characters, if that is known.
   * @throws What the user's `lane` throws; {@link TelehookError} `ERR_UPDATE` if the update cannot be written as JSON.
   */
  entryOf(
    update: Update,
    json: string | undefined,
    chars: number | undefined,
    { part, reservedMs = 0, laneOf = this.laneOf }: {
      readonly part?: MediaGroupPart | undefined;
      readonly reservedMs?: number;
      readonly laneOf?: LaneOf;
    } = {},
  ): StoreEntry {
    const lane = laneOf(update);
    return {
      update,
      json,
      lane,
      chars: chars || (json ?? toJson(update)).length,
      tries: this.#triesOf(update.update_id),
      album: part && this.#rules && { key: this.#albumKey(part), rules: this.#rules },
      reservedMs,
    };
  }

  #albumKey({ key, chatId }: MediaGroupPart): string {
    return this.#isChatInLane ? key : `${chatId} ${key}`;
  }
}

function toJson(update: Update): string {
  try {
    return JSON.stringify(update);
  } catch (cause) {
    throw new TelehookError(
      "ERR_UPDATE",
      `Update ${update.update_id} cannot be stored, because it cannot be written as JSON`,
      { cause },
    );
  }
}
