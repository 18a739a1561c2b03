import type { UpdateKind } from "../updates/update_kind.ts";

/**
 * Kinds of update to subscribe to. Any text is accepted, because Telegram may know more kinds than these types.
 * Telegram ignores a kind that it does not know.
 *
 * @see https://core.telegram.org/bots/api#update
 */
export type AllowedUpdates = readonly (UpdateKind | (string & Record<never, never>))[];
