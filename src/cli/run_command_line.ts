import { TelehookError, type TelehookErrorCode } from "../../mod.ts";
import { closestWord } from "../text/closest_word.ts";
import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { type Environment, readFlags } from "./flags.ts";
import type { Output } from "./output.ts";
import { quote } from "../text/quote.ts";
import { UsageError } from "./usage_error.ts";
import { commandHelp, programHelp } from "./usage_text.ts";
import { VERSION } from "./version.ts";

/** Errors that the library finds in what was written. */
const WRONG_USE: ReadonlySet<TelehookErrorCode> = new Set([
  "ERR_OPTION",
  "ERR_SECRET_TOKEN",
  "ERR_PATH",
  "ERR_WEBHOOK_URL",
  "ERR_BOT_TOKEN",
]);

/**
 * Runs the program.
 *
 * @param args What stands behind its name.
 * @returns The exit code: 0 done, 1 failed, 2 used wrongly. A failure has printed one line.
 */
export async function runCommandLine(
  args: readonly string[],
  env: Environment,
  output: Output,
): Promise<number> {
  try {
    return await run(args, env, output);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    output.note(`telehook: ${message.replace(/\s*\n\s*/g, " ")}`);
    const isWrongUse = error instanceof UsageError ||
      (error instanceof TelehookError && WRONG_USE.has(error.code));
    return isWrongUse ? 2 : 1;
  }
}

async function run(args: readonly string[], env: Environment, output: Output): Promise<number> {
  const [first = "demo", ...rest] = args;
  if (/^(--version|-v|-V|version)$/.test(first)) {
    output.print(VERSION);
    return 0;
  }
  if (/^(--help|-h|help)$/.test(first)) {
    const [about] = rest;
    output.print(about === undefined ? programHelp() : commandHelp(await commandOf(about)));
    return 0;
  }
  const command = await commandOf(first);
  const flags = readFlags(first, command, rest, env);
  if (flags.has("help")) {
    output.print(commandHelp(command));
    return 0;
  }
  const missing = command.operands?.[flags.operands.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing, write "${command.usage}"`);
  return await command.run({ flags, env, output });
}

async function commandOf(name: string): Promise<Command> {
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry !== undefined) return await entry.load();
  const names = Object.keys(COMMANDS);
  if (name.startsWith("-")) {
    throw new UsageError(
      `A command stands before its options, as in "telehook listen --json": write one of ${
        names.join(", ")
      } before ${quote(name)}`,
    );
  }
  const meant = closestWord(name, names);
  throw new UsageError(
    `There is no command ${quote(name)}, ${
      meant === undefined ? `write one of ${names.join(", ")}` : `did you mean "telehook ${meant}"?`
    }`,
  );
}
