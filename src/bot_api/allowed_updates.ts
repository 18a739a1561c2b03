import type { UpdateKind } from "../updates/update_kind.ts";

/**
 * Kinds of update to ask for. Any text will do, for Telegram may know more kinds than these types; but it
 * ignores one that it does not know.
 *
 * @see https://core.telegram.org/bots/api#update
 */
export type AllowedUpdates = readonly (UpdateKind | (string & Record<never, never>))[];
