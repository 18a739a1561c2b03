import { TelehookError, type TelehookErrorCode } from "../../mod.ts";
import { didYouMean } from "../text/closest_word.ts";
import { errorReason } from "../text/error_reason.ts";
import { quote } from "../text/quote.ts";
import { type Command, UsageError } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { type Environment, type Flags, readFlags } from "./flags.ts";
import type { Output } from "./output.ts";
import { commandHelp, programHelp } from "./usage_text.ts";

/** The version that `telehook --version` prints; a test compares it to package.json and deno.json. */
const VERSION = "0.1.0";

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
 * @param args The arguments behind its name.
 * @returns The exit code: 0 done, 1 failed, 2 wrong use. A failure has printed one line.
 */
export async function runCommandLine(
  args: readonly string[],
  env: Environment,
  output: Output,
): Promise<number> {
  let flags: Flags | undefined;
  try {
    const [first = "demo", ...rest] = args;
    if (/^(--version|-v|-V|version)$/.test(first)) {
      output.print(VERSION);
      return 0;
    }
    if (/^(--help|-h|help)$/.test(first)) {
      await printHelp(output, rest[0]);
      return 0;
    }
    const command = await commandOf(first);
    flags = readFlags(first, command, rest, env);
    if (flags.has("help")) {
      await printHelp(output, first);
      return 0;
    }
    const missing = command.operands?.[flags.operands.length];
    if (missing !== undefined) throw new UsageError(`${missing} is missing. Usage: ${command.usage}`);
    return await command.run({ flags, env, output });
  } catch (error) {
    const message = error instanceof TelehookError
      ? withFlagNames(error.message, flags)
      : error instanceof UsageError
      ? error.message
      : errorReason(error);
    output.note(`telehook: ${message.replace(/\s*\n\s*/g, " ")}`);
    const isWrongUse = error instanceof UsageError ||
      (error instanceof TelehookError && WRONG_USE.has(error.code));
    return isWrongUse ? 2 : 1;
  }
}

async function printHelp(output: Output, name: string | undefined): Promise<void> {
  const help = name === undefined
    ? await programHelp(output.columns)
    : commandHelp(await commandOf(name), output.columns);
  for (const line of help.split("\n")) output.print(line);
}

async function commandOf(name: string): Promise<Command> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load !== undefined) return (await load()).command;
  const names = Object.keys(COMMANDS);
  const list = `Commands: ${names.join(", ")}`;
  if (name.startsWith("-")) {
    throw new UsageError(
      `The command must come before its options, as in "telehook listen --json". ${list}`,
    );
  }
  throw new UsageError(
    `Unknown command ${quote(name)}. ${didYouMean(name, names, list, (meant) => `telehook ${meant}`)}`,
  );
}

/** Options of the library whose flags have another name. */
const FLAG_NAMES: Readonly<Record<string, string>> = {
  hostname: "host",
  secretToken: "secret-file",
  secret_token: "secret-file",
  passphrase: "passphrase-file",
  certFile: "cert",
  keyFile: "key",
};

/** A message of the library, with its option names as the command line has them: `--api-root`, not "apiRoot". */
function withFlagNames(message: string, flags: Flags | undefined): string {
  return message.replace(/"(?:webhook\.|tls\.)?([a-zA-Z_]+)"/g, (quoted, name: string) => {
    const flag = FLAG_NAMES[name] ??
      name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll("_", "-");
    return flags?.knows(flag) ? flags.source(flag) : quoted;
  });
}
