import { plainWebhookInfo, readWebhookInfo } from "../webhook_check/webhook_info.ts";
import type { Command, CommandContext } from "./command.ts";
import { BOT_FLAGS, botApiOf } from "./settings.ts";

/** `telehook delete` */
export const command: Command = {
  summary: "Tell Telegram to stop delivering",
  usage: "telehook delete [options]",
  about:
    "Tells Telegram to stop delivering (deleteWebhook), so that getUpdates works again. Telegram keeps pending updates " +
    "for up to 24 hours, unless it is told to discard them.",
  flags: { "drop-pending": { about: "Discard pending updates" }, ...BOT_FLAGS },
  examples: ["BOT_TOKEN=… telehook delete"],
  run,
};

async function run(context: CommandContext): Promise<number> {
  const { flags, output } = context;
  const api = botApiOf(context);
  const { url, pending_update_count: pending } = plainWebhookInfo(await readWebhookInfo(api));
  const isDropping = flags.has("drop-pending");
  await api.deleteWebhook(isDropping ? { drop_pending_updates: true } : {});
  output.text(url === "" ? "No webhook was set." : `Telegram no longer delivers to ${url}.`);
  if (pending > 0) {
    const updates = `${pending} pending update${pending === 1 ? "" : "s"}`;
    output.text(isDropping ? `Discarded ${updates}.` : `Telegram keeps ${updates}.`);
  }
  return 0;
}
