import type { Command, CommandContext } from "./command.ts";
import { BOT_FLAGS, botApiOf } from "./settings.ts";
import { webhookInfo } from "./webhook_info.ts";

/** `telehook delete` */
export const deleteWebhook: Command = {
  usage: "telehook delete [options]",
  about: [
    "Tells Telegram to stop delivering (deleteWebhook), after which getUpdates works again. Telegram keeps what waits",
    "for up to 24 hours, unless told to drop it.",
  ].join("\n"),
  flags: { "drop-pending": { about: "Drop the updates that wait" }, ...BOT_FLAGS },
  examples: ["BOT_TOKEN=… telehook delete"],
  run,
};

async function run(context: CommandContext): Promise<number> {
  const { flags, output } = context;
  const api = botApiOf(context);
  const { url, pending_update_count: waiting } = await webhookInfo(api);
  await api.deleteWebhook(flags.has("drop-pending") ? { drop_pending_updates: true } : {});
  output.print(url === "" ? "No webhook was set." : `Telegram no longer delivers to ${url}.`);
  if (waiting > 0) {
    const what = waiting === 1 ? "1 update that waited" : `${waiting} updates that waited`;
    output.print(flags.has("drop-pending") ? `It dropped ${what}.` : `It keeps ${what}.`);
  }
  return 0;
}
