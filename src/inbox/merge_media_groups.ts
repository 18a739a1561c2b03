/// <reference lib="esnext.disposable" preserve="true" />
// Symbol.asyncDispose is part of the published types, and not of every consumer's lib.
import {
  type ReceivedUpdate,
  type Receiver,
  type ReceiverContext,
  type ReceiverResult,
  toUpdateReceiver,
  type UpdateReceiver,
} from "../receiver/receiver.ts";
import { checkOptionNames } from "../checks/options.ts";

import { type CloseOptions, closeTimeoutMs } from "./closing.ts";
import { Inbox } from "./inbox.ts";
import { type InboxSettings, inboxSettings, type MediaGroupOptions } from "./inbox_options.ts";
import { Events } from "../events/events.ts";
import { errorReporter, type OnError } from "../runner/report_error.ts";
import { submit } from "./submit.ts";

/** Options of {@link mergeMediaGroups}. */
export interface MergeMediaGroupsOptions extends MediaGroupOptions {
  /** Learns of albums that the receiver failed with. Default: `console.error`. */
  readonly onError?: OnError;
}

/** A receiver that merges albums before another receiver gets them. */
export interface MediaGroupMerger extends UpdateReceiver {
  /** Receives one update. The context that the target gets is this stage's own, so none is needed here. */
  receive(update: ReceivedUpdate, context?: ReceiverContext): ReceiverResult;
  /** Passes on the albums that are not complete yet, and waits for running handlers. */
  close(options?: CloseOptions): Promise<void>;
  /** Closes, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * The merging stage alone: takes updates one by one, as they arrive from long polling or another framework, and passes
 * them on with the parts of each album as one update. (`webhook` and `listen` merge automatically.)
 *
 * A part is accepted immediately; its album is passed on when it is complete: with ten parts, with a later update of
 * the same chat, after `quietMs` without a new part, after `maxWaitMs`, or on closing. Updates that come behind an
 * album of their chat wait for it. The context that the receiver gets is this stage's own.
 *
 * An album that the receiver fails with is tried again with growing delays, five times at most. A failure with any
 * other update is thrown to the caller. Close the merger yourself, after its source of updates.
 *
 * @param receiver What gets the updates, albums merged: those that it wants, or all if it is a plain function.
 * @param options When an album counts as complete.
 * @returns A receiver; what it returns for a part says only that the part is kept.
 * @throws {TelehookError} `ERR_OPTION` if an option is unknown or has a value it cannot have.
 *
 * @example
 * ```ts
 * import { mergeMediaGroups, type Update } from "@telehook/telehook";
 *
 * const merged = mergeMediaGroups((update) => {
 *   if ("message_media_group" in update) console.log("album of", update.message_media_group.messages.length);
 * });
 * const chat = { id: 42, type: "private" } as const;
 * for (const id of [1, 2]) {
 *   const part: Update = { update_id: id, message: { message_id: id, date: 0, chat, media_group_id: "7" } };
 *   await merged.receive(part);
 * }
 * await merged.close(); // album of 2
 * ```
 */
export function mergeMediaGroups(
  receiver: Receiver,
  options: MergeMediaGroupsOptions = {},
): MediaGroupMerger {
  checkOptionNames(
    "mergeMediaGroups",
    options,
    { quietMs: true, maxWaitMs: true, onError: true } satisfies Record<keyof MergeMediaGroupsOptions, true>,
  );
  const { onError, ...mediaGroups } = options;
  const target = toUpdateReceiver(receiver);
  // A failure with anything but an album is thrown to the caller, every time. Nothing is parked, since nobody could see it.
  const settings: InboxSettings = {
    ...inboxSettings({ mediaGroups }),
    acknowledgeWithinMs: Infinity,
    isSenderResponsible: true,
    parkedForMs: 0,
  };
  const inbox = new Inbox(target, settings, errorReporter(onError), new Events(undefined));
  const close = async (closing?: CloseOptions) => await inbox.close(closeTimeoutMs(closing));
  return {
    get allowedUpdates() {
      return target.allowedUpdates;
    },
    receive: (update) => submit(inbox, update),
    onRegistered: (allowedUpdates) => target.onRegistered?.(allowedUpdates),
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}
