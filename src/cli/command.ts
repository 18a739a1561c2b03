import type { Environment, Flags } from "./flags.ts";
import type { Output } from "./output.ts";

/** One option of a command. */
export interface Flag {
  /** What stands for its value in the help, such as `<port>`. A flag without it takes no value. */
  readonly value?: string;
  /** The environment variable that counts when the flag is not given. */
  readonly env?: string;
  /** What it does, for the help. */
  readonly about: string;
}

/** The options of a command, by name without the dashes. */
export type FlagTable = Readonly<Record<string, Flag>>;

/** What a command works with. */
export interface CommandContext {
  /** What was written on the command line, the environment behind it. */
  readonly flags: Flags;
  /** The environment, for what no flag stands for: the bot token. */
  readonly env: Environment;
  /** Where it prints. */
  readonly output: Output;
}

/** One command of the program. */
export interface Command {
  /** How it is written, such as `telehook send <url> [options]`. */
  readonly usage: string;
  /** What it does, for the help: lines of at most 90 columns. */
  readonly about: string;
  /** Names of what it takes beside options, such as `<url>`. */
  readonly operands?: readonly string[];
  /** Its options. */
  readonly flags: FlagTable;
  /** Command lines worth copying. */
  readonly examples: readonly string[];
  /** Does it, and resolves with the exit code. */
  run(context: CommandContext): Promise<number>;
}
