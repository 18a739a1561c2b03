import { albumPartsOf } from "../delivery/media_group.ts";
import { runInOrder } from "../dispatch/run_in_order.ts";
import type { UpdateReceiver } from "../receiver/receiver.ts";
import type { InboxSettings } from "./inbox_options.ts";

/**
 * What is called for a receiver. Where no album is merged for it, a durable store may still have one: an earlier version of
 * the bot has put it there, or a process of another version, as during a deployment. The receiver gets its parts, one after
 * another, as it gets all others.
 */
export function unmerged(
  receiver: UpdateReceiver,
  { mediaGroups }: Pick<InboxSettings, "mediaGroups">,
): UpdateReceiver {
  // One that names the kinds which it wants merged passes on the parts of others itself.
  if (mediaGroups !== undefined && receiver.mediaGroupKinds !== undefined) return receiver;
  const { allowedUpdates } = receiver;
  return {
    allowedUpdates,
    receive(update, context) {
      const parts = albumPartsOf(update);
      if (parts.length === 0) return receiver.receive(update, context);
      const handle: UpdateReceiver["receive"] = (part, ofPart) => receiver.receive(part, ofPart);
      return runInOrder(parts.map((part) => ({ handle, update: part })), context);
    },
  };
}
