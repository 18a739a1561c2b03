import { ALL_UPDATE_KINDS, type AllowedUpdates } from "../../mod.ts";
import { closestWord } from "../text/closest_word.ts";
import type { FlagTable } from "./command.ts";
import type { Flags } from "./flags.ts";
import { quote } from "../text/quote.ts";
import { UsageError } from "./usage_error.ts";

/** Which kinds of update to ask for. */
export const KINDS_FLAG: FlagTable = {
  "allowed-updates": {
    value: "<kinds>",
    about: 'Kinds to ask for: "message,callback_query", "all", or "default" for all but the opt-in ones',
  },
};

/**
 * The kinds that were named, or nothing. A kind that these types do not know may be newer than they are; one that is
 * nearly one of theirs is misspelt, which Telegram would not say.
 */
export function allowedUpdates(flags: Flags): AllowedUpdates | undefined {
  const text = flags.text("allowed-updates");
  if (text === undefined) return undefined;
  if (text === "all") return ALL_UPDATE_KINDS;
  if (text === "default") return [];
  const known: readonly string[] = ALL_UPDATE_KINDS;
  return text.split(",").map((part) => {
    const kind = part.trim();
    const meant = known.includes(kind) ? undefined : closestWord(kind, known);
    if (meant !== undefined) {
      throw new UsageError(`Telegram has no kind of update ${quote(kind)}, did you mean "${meant}"?`);
    }
    if (!/^[a-z_]+$/.test(kind)) {
      throw new UsageError(
        `--allowed-updates takes kinds with commas between them, such as "message,callback_query", not ${
          quote(text)
        }`,
      );
    }
    return kind;
  });
}
