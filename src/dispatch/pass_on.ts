import { checkFunction, checkOptionNames } from "../checks/options.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import type { ReceiverContext, UpdateReceiver } from "../receiver/receiver.ts";
import { GiveUp, RetryLater } from "../receiver/verdicts.ts";
import type { WebhookReply } from "../receiver/webhook_reply.ts";
import { quote } from "../text/quote.ts";
import { ALL_UPDATE_KINDS, type UpdateKind } from "../updates/mod.ts";
import { isPromiseLike } from "../platform/promises.ts";

/** Options of {@link passOn}. */
export interface PassOnOptions {
  /** The kinds that your bot handles, for `allowed_updates`. Default: all. */
  readonly allowedUpdates?: readonly UpdateKind[];
}

/** What {@link passOn} passes in addition to an update. */
export interface PassOnContext extends ReceiverContext {
  /**
   * Sends a Bot API call as part of the answer to Telegram: an object with `method`, or its JSON. The first one is sent.
   */
  readonly reply: (payload: WebhookReply | string) => void;
}

/**
 * Puts telehook in front of a bot that you already have: every update is passed on as Telegram sent it, albums as their
 * parts, in the order of each chat, once. What your bot throws makes Telegram send the update again.
 *
 * `webhook((update) => bot.handleUpdate(update))` would pass on each album as one merged update, which no other library
 * knows.
 *
 * @typeParam Theirs The type of an update in your bot's library: annotate the parameter with it.
 * @param handle Handles one update: what your library calls `handleUpdate`, `processUpdate` or the like.
 * @param options The kinds that your bot handles.
 * @returns A receiver for `webhook`, `listen` or `poll`.
 * @throws {TelehookError} `ERR_OPTION` if `handle` is not a function or an option has an invalid value.
 *
 * @example In front of a bot of another library
 * ```ts
 * import { passOn, webhook } from "@telehook/telehook";
 *
 * interface TheirUpdate {
 *   update_id: number;
 * }
 * const bot = { handleUpdate: (update: TheirUpdate) => Promise.resolve(console.log(update.update_id)) };
 * const hook = webhook(passOn((update: TheirUpdate) => bot.handleUpdate(update)), { secretToken: null });
 * await hook.receive({ update_id: 1, message: { message_id: 1, date: 0, chat: { id: 42, type: "private" } } }); // 1
 * await hook.close();
 * ```
 */
export function passOn<Theirs>(
  handle: (update: Theirs, context: PassOnContext) => unknown,
  options: PassOnOptions = {},
): UpdateReceiver {
  checkFunction("passOn's handler", handle);
  if (handle === undefined) {
    throw new TelehookError("ERR_OPTION", "passOn needs the function that handles an update");
  }
  checkOptionNames("passOn", options, { allowedUpdates: true } satisfies Record<keyof PassOnOptions, true>);
  const { allowedUpdates = ALL_UPDATE_KINDS } = options;
  return {
    allowedUpdates,
    receive(update, context) {
      let reply: WebhookReply | undefined;
      const withReply: PassOnContext = Object.assign(context, {
        reply: (payload: WebhookReply | string) => void (reply ??= toReply(payload)),
      });
      // Sound as far as both libraries describe the same Bot API: the update is passed on as it came.
      const result = handle(update as Theirs, withReply);
      return isPromiseLike(result) ? Promise.resolve(result).then(() => reply, rethrow) : reply;
    },
  };
}

/** Throws again. grammY puts what its middleware throws into the `error` of a `BotError`: a verdict in it is thrown itself. */
function rethrow(thrown: unknown): never {
  const inner = typeof thrown === "object" && thrown !== null && "error" in thrown ? thrown.error : undefined;
  throw inner instanceof RetryLater || inner instanceof GiveUp ? inner : thrown;
}

function toReply(payload: WebhookReply | string): WebhookReply {
  const reply: unknown = typeof payload === "string" ? parse(payload) : payload;
  if (typeof reply === "object" && reply !== null && "method" in reply) return reply as WebhookReply;
  throw new TelehookError(
    "ERR_REPLY",
    `A reply must be an object with "method", or its JSON, not ${quote(reply)}`,
  );
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
