import { plainJson } from "../text/plain_text.ts";
import type { Command, CommandContext } from "./command.ts";
import { idIn, withStore } from "./parked_store.ts";

/** `telehook discard` */
export const command: Command = {
  summary: "Delete a parked update",
  usage: "telehook discard <file> <id> [options]",
  about: "Deletes a parked update from the file of a sqliteStore, for good.",
  operands: ["<file>", "<id>"],
  flags: { json: { about: "Print JSON" } },
  examples: ["telehook discard bot.db 123456789"],
  run,
};

async function run(context: CommandContext): Promise<number> {
  const { flags, output } = context;
  const id = idIn(context, command.usage);
  const isThere = await withStore(context, command.usage, async (store) => await store.discard(id));
  if (flags.has("json")) await output.data(plainJson({ id, isThere }));
  else if (isThere) output.text(`Update ${id} is deleted.`);
  else output.note(`No update ${id} is parked.`);
  return isThere ? 0 : 1;
}
