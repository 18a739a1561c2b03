import type { Lane } from "../store/inbox_store.ts";
import { telegramQueueOf } from "../delivery/telegram_queue.ts";
import type { Update } from "../updates/mod.ts";

/**
 * Names the lane of an update. Updates of one lane are handled one after another; `null` means immediately, in no
 * order.
 *
 * @example Forum topics side by side, each in its own order
 * ```ts
 * import { type LaneFunction, webhook } from "@telehook/telehook";
 *
 * const lane: LaneFunction = (update) =>
 *   "message" in update
 *     ? `${update.message.chat.id} ${update.message.message_thread_id ?? 0}`
 *     : update.update_id;
 * const hook = webhook((update) => console.log(update.update_id), { secretToken: null, lane });
 * await hook.close();
 * ```
 */
export type LaneFunction = (update: Update) => string | number | null;

/** The lane of an update, as a store keeps it. */
export type LaneOf = (update: Update) => Lane;

/** By default, an update's lane is its Telegram queue, whose order Telegram's sender keeps. */
export function laneOf(lane: LaneFunction | undefined): LaneOf {
  if (lane === undefined) return telegramQueueOf;
  return (update) => {
    const name = lane(update);
    // Prefixed, so that no two lanes have the same text.
    return name === null ? `update ${update.update_id}` : typeof name === "number" ? name : `lane ${name}`;
  };
}
