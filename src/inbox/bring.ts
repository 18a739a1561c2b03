import type { WebhookReply } from "../receiver/webhook_reply.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import { isUpdate } from "../parse/parse_update.ts";
import type { Inbox } from "./inbox.ts";

/**
 * Brings an update to an inbox without HTTP: what an answer would say is a value or an error here.
 *
 * @returns When the update is handled or kept: the webhook reply that the receiver returned, if any.
 * @throws {TelehookError} `ERR_UPDATE`, `ERR_OVERLOADED` or `ERR_CLOSED`; and whatever the receiver throws.
 */
export async function bring(inbox: Inbox, update: unknown): Promise<WebhookReply | undefined> {
  if (!isUpdate(update)) {
    throw new TelehookError(
      "ERR_UPDATE",
      "This is not an Update: an object with update_id and one update kind",
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
    case "overloaded":
      throw new TelehookError(
        "ERR_OVERLOADED",
        "Too many updates are held already: bring this one again later",
      );
    case "closing":
      throw new TelehookError("ERR_CLOSED", "This is closed: bring the update to another");
  }
}
