import { TelehookError } from "../errors/telehook_error.ts";
import type { Lane } from "../store/inbox_store.ts";
import { telegramQueueOf } from "../delivery/telegram_queue.ts";
import { quote } from "../text/quote.ts";
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
    const name: unknown = lane(update);
    // Prefixed, so that no two lanes have the same text.
    if (typeof name === "string") return `lane ${name}`;
    if (name === null) return `update ${update.update_id}`;
    if (typeof name === "number" && Number.isFinite(name)) return name;
    throw wrongAnswer("lane", "a string, a finite number or null", name);
  };
}

/** What a function among the options returned is not what it has to return. */
export function wrongAnswer(option: string, expected: string, returned: unknown): TelehookError {
  if (returned instanceof Promise) returned.catch(() => {}); // nobody awaits it
  return new TelehookError("ERR_OPTION", `"${option}" must return ${expected}, not ${quote(returned)}`);
}
