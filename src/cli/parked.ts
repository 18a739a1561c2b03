import type { ParkedBatch } from "../../mod.ts";
import { describeUpdate } from "../describe/describe_update.ts";
import { plainJson, plainText } from "../text/plain_text.ts";
import type { Command, CommandContext } from "./command.ts";
import { withStore } from "./parked_store.ts";

const PAGE = 100;

/** `telehook parked` */
export const command: Command = {
  summary: "List updates that were given up",
  usage: "telehook parked <file> [options]",
  about:
    "Lists the parked updates in the file of a sqliteStore: updates that a bot has given up. The bot may be running.",
  operands: ["<file>"],
  flags: { json: { about: "Print one JSON object per line, with the whole updates" } },
  examples: ["telehook parked bot.db", "telehook parked bot.db --json | jq .error"],
  run,
};

async function run(context: CommandContext): Promise<number> {
  const { flags, output } = context;
  const count = await withStore(context, command.usage, async (store) => {
    let printed = 0;
    for (let after = -1;;) {
      const page = await store.parked(after, PAGE);
      for (const parked of page) {
        printed++;
        if (flags.has("json")) await output.data(plainJson(parked));
        else output.text(lineOf(parked));
      }
      const last = page.at(-1);
      if (last === undefined) return printed; // a page that is not full may be so because of its size
      after = last.id;
    }
  });
  if (count === 0) output.note("No update is parked.");
  return 0;
}

function lineOf({ id, updates, error, attempts, parkedAt }: ParkedBatch): string {
  const [first] = updates;
  const what = first === undefined ? "nothing that can be read" : describeUpdate(first).summary;
  const more = updates.length > 1 ? ` and ${updates.length - 1} more parts` : "";
  const when = new Date(parkedAt).toISOString().slice(0, 19).replace("T", " ");
  const tries = `${attempts} attempt${attempts === 1 ? "" : "s"}`;
  return `${id}  ${when}  ${plainText(what, 60)}${more}  (${tries}: ${plainText(error, 120)})`;
}
