import type { Environment, Flags } from "./flags.ts";
import type { Output } from "./output.ts";

/** One option of a command. */
export interface Flag {
  /** What stands for its value in the help, such as `<port>`. A flag without it accepts no value. */
  readonly value?: string;
  /** The environment variable that is used if the flag is missing. */
  readonly env?: string;
  /** What it does, for the help, with its default in parentheses. */
  readonly about: string;
}

/** The options of a command, by name without the dashes. */
export type FlagTable = Readonly<Record<string, Flag>>;

/** What a command works with. */
export interface CommandContext {
  /** What was written on the command line, or else set in the environment. */
  readonly flags: Flags;
  /** The environment, for what no flag stands for: secrets. */
  readonly env: Environment;
  /** Where it prints. */
  readonly output: Output;
}

/** One command of the program. */
export interface Command {
  /** What it does, in a few words, for the list of commands. */
  readonly summary: string;
  /** How it is written, such as `telehook send <url> [options]`. */
  readonly usage: string;
  /** What it does, for its help: one paragraph. */
  readonly about: string;
  /** Names of its arguments other than options, such as `<url>`. */
  readonly operands?: readonly string[];
  /** Its options. */
  readonly flags: FlagTable;
  /** Command lines worth copying. */
  readonly examples: readonly string[];
  /** Runs it. Resolves with the exit code. */
  run(context: CommandContext): Promise<number>;
}

/** The command line is wrong. The message is one line that says what to write instead. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}
