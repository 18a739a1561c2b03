import type { UpdateKind, UpdateKindTypes } from "./update_kind.ts";

/**
 * An update as Telegram documents it: every kind as a field that may be there. Each {@link Update} is one, so
 * a receiver may declare this type and read `update.message?.text` without narrowing first.
 *
 * @see https://core.telegram.org/bots/api#update
 *
 * @example
 * ```ts
 * import type { FlatUpdate } from "@telehook/telehook";
 *
 * function log({ update_id, message, callback_query }: FlatUpdate) {
 *   console.log(update_id, message?.text ?? callback_query?.data);
 * }
 * ```
 */
export interface FlatUpdate extends Partial<UpdateKindTypes> {
  /** Increases by one with each update, but starts at a random number after a week without updates. Fits in 31 bits. */
  update_id: number;
}

/**
 * An update of a known kind: `UpdateOf<"message">` is `{ update_id: number; message: Message }`. Of several
 * kinds it is a union, which `in` narrows.
 *
 * @example
 * ```ts
 * import type { UpdateOf } from "@telehook/telehook";
 *
 * function chatOf(update: UpdateOf<"message" | "chat_boost">) {
 *   return "message" in update ? update.message.chat : update.chat_boost.chat;
 * }
 * ```
 */
export type UpdateOf<K extends UpdateKind> = K extends unknown
  ? { [F in keyof FlatUpdate as F extends K | "update_id" ? F : never]-?: FlatUpdate[F] }
  : never;

/**
 * An update of any kind that Bot API 10.3 knows. `in` narrows it: after `"message" in update` it is an
 * {@link UpdateOf | UpdateOf<"message">}.
 *
 * @see https://core.telegram.org/bots/api#update
 *
 * @example
 * ```ts
 * import type { Update } from "@telehook/telehook";
 *
 * function describe(update: Update) {
 *   if ("message" in update) return update.message.text ?? "no text";
 *   if ("callback_query" in update) return update.callback_query.data ?? "no data";
 *   return `update ${update.update_id}`;
 * }
 * ```
 */
export type Update = UpdateOf<UpdateKind>;

/**
 * An update of a kind that these types do not know: one that Telegram added later, or never documented
 * (`custom_event`, `custom_query`). Not part of {@link Update}, which could not be narrowed with it.
 *
 * @see https://core.telegram.org/bots/api#update
 */
export interface UnknownUpdate {
  /** Increases by one with each update, but starts at a random number after a week without updates. Fits in 31 bits. */
  update_id: number;
  /** What the update holds, under the name of its kind. */
  [kind: string]: unknown;
}
