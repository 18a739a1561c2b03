import type { AllowedUpdates } from "../bot_api/allowed_updates.ts";
import type { BotApi } from "../bot_api/bot_api.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import { isPromiseLike } from "../platform/promises.ts";
import { ALL_MEDIA_GROUP_KINDS, ALL_UPDATE_KINDS } from "../updates/mod.ts";
import type { MediaGroupKind, MediaGroupUpdate, Update, UpdateKind } from "../updates/mod.ts";
import type { WebhookReply } from "./webhook_reply.ts";

/**
 * What a receiver gets: an update as Telegram sent it, or an album merged into one update.
 *
 * It can also be an update of a kind that these types do not know yet. The type does not include `UnknownUpdate`, because `in`
 * could not narrow the union then. So after you have excluded every kind, an unknown kind may still remain at run time: assign
 * the update to an `UnknownUpdate` to read it. The `unknown` handler of `updateHandlers` gets exactly these.
 *
 * @example
 * ```ts
 * import type { ReceivedUpdate, UnknownUpdate } from "@telehook/telehook";
 *
 * function log(update: ReceivedUpdate) {
 *   if ("message" in update) return console.log(update.message.text);
 *   const { update_id, ...content }: UnknownUpdate = update;
 *   console.log(update_id, content);
 * }
 * log({ update_id: 1, message: { message_id: 1, date: 0, chat: { id: 42, type: "private" }, text: "Hello" } });
 * ```
 */
export type ReceivedUpdate = Update | MediaGroupUpdate;

/** A bot of a `botHost`. */
export interface HostedBot {
  /** The bot's id: the digits of its token. */
  readonly id: number;
  /** Calls Bot API methods as this bot. */
  readonly api: BotApi;
}

/** What a receiver gets in addition to the update. */
export interface ReceiverContext {
  /** 1 when this update is handled for the first time, 2 the second time, and so on. One that ends with `RetryLater` does not count. */
  readonly attempt: number;
  /** The bot that the update is for, in a `botHost`. */
  readonly bot?: HostedBot | undefined;
  /** Whether the update was parked and is being replayed. */
  readonly isReplay: boolean;
  /**
   * Aborted when `close()` has waited as long as it may, when the call takes longer than `handlerTimeoutMs`, and when
   * another process may handle the update because this one was silent for too long.
   */
  readonly signal: AbortSignal;
  /**
   * Completes the update inside a transaction of yours, so that your changes and the acknowledgement happen together or
   * not at all. Commit the transaction afterwards, and return.
   *
   * @param transaction What your client has begun.
   * @throws {TelehookError} `ERR_STORE` unless the store is a `postgresStore`.
   */
  complete(transaction: unknown): Promise<void>;
}

/**
 * What a receiver may return: nothing, or a Bot API call for Telegram to make (a *webhook reply*). If it returns a promise,
 * the answer to Telegram waits for it. If it throws or rejects, the update is handled again. So that `condition && reply`
 * and `() => list.push(update)` compile, `null`, `""`, booleans and numbers are accepted and mean nothing.
 */
export type ReceiverResult =
  | (void | null | boolean | number | bigint | "" | WebhookReply)
  | Promise<void | null | boolean | number | bigint | "" | WebhookReply>;

/** A receiver that is one function. It gets every update, with albums merged. */
export type ReceiverFunction = (update: ReceivedUpdate, context: ReceiverContext) => ReceiverResult;

/**
 * A receiver that knows which updates it needs, so that Telegram sends only these. `updateHandlers`, `updateStreams` and
 * `mergeMediaGroups` return one; so can any object of this shape.
 *
 * @example
 * ```ts
 * import { type UpdateReceiver, webhook } from "@telehook/telehook";
 *
 * const log: UpdateReceiver = {
 *   allowedUpdates: ["message"],
 *   receive: (update) => console.log(update.update_id),
 * };
 * console.log(webhook(log, { secretToken: null }).allowedUpdates); // ["message"]
 * ```
 */
export interface UpdateReceiver {
  /** The kinds to ask Telegram for, as `setWebhook` takes them. */
  readonly allowedUpdates: readonly UpdateKind[];
  /** The kinds of album to merge into one update. Default: none, so that parts are passed one by one. */
  readonly mediaGroupKinds?: readonly MediaGroupKind[] | undefined;
  /** Handles one update. */
  receive(update: ReceivedUpdate, context: ReceiverContext): ReceiverResult;
  /**
   * Is called by `setWebhookAndListen` with the kinds that were registered: `allowedUpdates`, unless its caller passed others. A
   * receiver whose needs can change learns here what it cannot get any longer.
   */
  onRegistered?(allowedUpdates: AllowedUpdates): void;
}

/** Anything that can receive updates: a function or an {@link UpdateReceiver}. */
export type Receiver = ReceiverFunction | UpdateReceiver;

/**
 * Converts any receiver to an {@link UpdateReceiver}. A plain function gets every kind of update, with albums merged.
 *
 * @throws {TelehookError} `ERR_OPTION` if it is neither a function nor an object with `receive` and `allowedUpdates`.
 */
export function toUpdateReceiver(receiver: Receiver): UpdateReceiver {
  if (typeof receiver === "function") {
    return { allowedUpdates: ALL_UPDATE_KINDS, mediaGroupKinds: ALL_MEDIA_GROUP_KINDS, receive: receiver };
  }
  if (
    typeof receiver === "object" && receiver !== null && typeof receiver.receive === "function" &&
    Array.isArray(receiver.allowedUpdates)
  ) return receiver;
  throw new TelehookError(
    "ERR_OPTION",
    `A receiver must be a function or an object with "receive" and "allowedUpdates"${whatIsWrong(receiver)}`,
  );
}

/** Why a value is not a receiver, as the end of a sentence, with what was most likely meant. */
function whatIsWrong(value: unknown): string {
  // What is not an object is not quoted: text here is most likely a secret that was passed first by mistake.
  if (typeof value !== "object" || value === null) return `, not ${value === null ? "null" : typeof value}`;
  if (isPromiseLike(value)) return ". This is a promise: await it";
  if ("receive" in value) {
    return '. This one has no "allowedUpdates": add the list of update kinds that it handles';
  }
  if (Object.values(value).some((each) => typeof each === "function")) {
    return ". These look like handlers: wrap them in updateHandlers({ … })";
  }
  return ", not another object";
}
