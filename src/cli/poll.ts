import { poll as startPolling, TelehookError } from "../../mod.ts";
import { closeOnSignals } from "../serve/close_on_signals.ts";
import type { Command, CommandContext } from "./command.ts";
import { logFailure, updatePrinter } from "./listen.ts";
import { allowedUpdatesOf, apiRootOf, BOT_FLAGS, KINDS_FLAG, requiredBotToken } from "./settings.ts";

/** `telehook poll` */
export const command: Command = {
  summary: "Print the updates that arrive by long polling, without a public address",
  usage: "telehook poll [options]",
  about:
    "Fetches updates by long polling (getUpdates) and prints them, albums merged: for development, and behind a " +
    "firewall. What was printed is confirmed to Telegram, and is not sent again. A bot with a webhook cannot be " +
    "polled: --take-over deletes its webhook and keeps the pending updates. On SIGINT or SIGTERM it finishes the updates " +
    "in progress and exits.",
  flags: {
    ...KINDS_FLAG,
    "take-over": { about: "Delete the bot's webhook, if it has one (pending updates are kept)" },
    json: { about: "Print each update as one line of JSON, and nothing else on the standard output" },
    once: { about: "Exit after the first update" },
    inspect: {
      about: "Serve a page on this machine that shows and replays what arrives; its address is printed",
    },
    ...BOT_FLAGS,
  },
  examples: [
    "BOT_TOKEN=… telehook poll",
    "BOT_TOKEN=… telehook poll --json | jq .message.text",
    "BOT_TOKEN=… telehook poll --inspect",
  ],
  run,
};

async function run(context: CommandContext): Promise<number> {
  const { flags, output } = context;
  const stopped = new AbortController();
  const unsubscribe = closeOnSignals((signal) => {
    output.note(`${signal}: finishing the updates in progress. Send it again to exit immediately`);
    stopped.abort();
  });
  try {
    const poller = await startPolling(updatePrinter(context, () => stopped.abort()), {
      token: requiredBotToken(context),
      apiRoot: apiRootOf(context),
      allowedUpdates: allowedUpdatesOf(flags),
      takeOver: flags.has("take-over") ? "delete" : "refuse",
      onError: logFailure(context),
      signal: stopped.signal,
    });
    output.note("Polling");
    const inspector = flags.has("inspect")
      ? await (await import("../inspector/inspect.ts")).inspect(poller)
      : undefined;
    if (inspector !== undefined) output.note(`Inspector: ${inspector.url}`);
    await poller.finished;
    await inspector?.close();
  } catch (error) {
    if (error === stopped.signal.reason) return 0; // it was stopped before it had begun
    if (!(error instanceof TelehookError) || error.code !== "ERR_WEBHOOK_SET") throw error;
    throw new TelehookError(
      error.code,
      "A webhook is set, and a bot with a webhook cannot be polled: add --take-over to delete the webhook and keep the pending updates",
    );
  } finally {
    unsubscribe();
  }
  return 0;
}
