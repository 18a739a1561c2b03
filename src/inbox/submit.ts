import { TelehookError } from "../errors/telehook_error.ts";
import { isUpdate } from "../parse/parse_update.ts";
import { ReceiverClosed } from "../receiver/verdicts.ts";
import type { WebhookReply } from "../receiver/webhook_reply.ts";
import type { Inbox } from "./inbox.ts";

/**
 * Passes an update to an inbox without HTTP: what an answer would say is a value or an error here.
 *
 * @returns When the update is handled or kept: the webhook reply that the receiver returned, if any.
 * @throws {TelehookError} `ERR_UPDATE`, `ERR_OVERLOADED` or `ERR_CLOSED`; and anything that the receiver throws.
 */
export async function submit(inbox: Inbox, update: unknown): Promise<WebhookReply | undefined> {
  if (!isUpdate(update)) {
    throw new TelehookError(
      "ERR_UPDATE",
      "This is not an Update: pass an object with update_id and one update kind",
    );
  }
  const outcome = await inbox.receive(update);
  switch (outcome.type) {
    case "acknowledged":
      return undefined;
    case "replied":
      return outcome.reply;
    case "failed":
      throw outcome.error;
    case "outage":
    case "overloaded":
      throw new TelehookError(
        "ERR_OVERLOADED",
        outcome.type === "outage"
          ? "Nothing can be handled at the moment: pass the update in again later"
          : "Too many updates are pending: pass this one in again later",
      );
    case "closing":
      throw new ReceiverClosed("This is closed: pass the update to another one");
  }
}
