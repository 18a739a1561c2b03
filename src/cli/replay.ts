import { plainJson } from "../text/plain_text.ts";
import type { Command, CommandContext } from "./command.ts";
import { idIn, withStore } from "./parked_store.ts";

/** `telehook replay` */
export const command: Command = {
  summary: "Handle a parked update again",
  usage: "telehook replay <file> <id> [options]",
  about:
    "Puts a parked update in the file of a sqliteStore back at the end of its lane. The bot that uses the file handles it, now or at its next start.",
  operands: ["<file>", "<id>"],
  flags: { json: { about: "Print JSON" } },
  examples: ["telehook replay bot.db 123456789"],
  run,
};

async function run(context: CommandContext): Promise<number> {
  const { flags, output } = context;
  const id = idIn(context, command.usage);
  const isThere = await withStore(context, command.usage, async (store) => await store.replay(id));
  if (flags.has("json")) await output.data(plainJson({ id, isThere }));
  else if (isThere) output.text(`Update ${id} is handled again.`);
  else output.note(`No update ${id} is parked.`);
  return isThere ? 0 : 1;
}
