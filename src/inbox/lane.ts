import { wrongAnswer } from "../checks/options.ts";
import type { Lane } from "../store/inbox_store.ts";
import { telegramQueueOf } from "../delivery/telegram_queue.ts";
import type { Update } from "../updates/mod.ts";

/**
 * Names the lane of an update. Updates of one lane are handled one after another; `null` means immediately, in no
 * order. The parts of an album are merged if they are of one lane, or `null` is the lane of all. Texts name the same lane
 * only if all their characters are equal. Keep them short: a store on a server may refuse more than 255 characters.
 *
 * @example Forum topics side by side, each in its own order
 * ```ts
 * import { type LaneFunction, webhook } from "@telehook/telehook";
 *
 * const lane: LaneFunction = (update) =>
 *   "message" in update
 *     ? `${update.message.chat.id} ${update.message.message_thread_id ?? 0}`
 *     : null;
 * const hook = webhook((update) => console.log(update.update_id), { secretToken: null, lane });
 * await hook.close();
 * ```
 */
export type LaneFunction = (update: Update) => string | number | null;

/** The lane of an update, as a store keeps it. */
export type LaneOf = (update: Update) => Lane;

/**
 * By default, an update's lane is its Telegram queue, whose order Telegram's sender keeps.
 *
 * @param albumOf Names the album that an update is to be merged into, if any.
 */
export function laneOf(
  lane: LaneFunction | undefined,
  albumOf: (update: Update) => string | undefined,
): LaneOf {
  if (lane === undefined) return telegramQueueOf;
  return (update) => {
    const name: unknown = lane(update);
    // Prefixed, so that no two lanes have the same text. Escaped, since databases cut texts at NUL, or change halves of pairs.
    if (typeof name === "string") return `lane ${escaped(name)}`;
    if (name === null) {
      const album = albumOf(update);
      return album === undefined ? `update ${update.update_id}` : `album ${escaped(album)}`; // it collects in one lane
    }
    if (typeof name === "number" && Number.isFinite(name)) return name;
    throw wrongAnswer("lane", "a string, a finite number or null", name);
  };
}

const escaped = (text: string) => JSON.stringify(text).slice(1, -1);

/**
 * The same, or a lane of its own for an update that the user's function throws at: the inbox refuses it when it arrives, and
 * a handler may have changed it since.
 */
export function laneOrOwn(laneOf: LaneOf): LaneOf {
  return (update) => {
    try {
      return laneOf(update);
    } catch {
      return `update ${update.update_id}`;
    }
  };
}
