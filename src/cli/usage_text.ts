import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { COMMON_FLAGS } from "./flags.ts";

/** What `telehook --help` prints. */
export function programHelp(): string {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary] as const);
  return [
    "Receives Telegram webhooks: tries them out, serves them, sets them and says what is wrong with them.",
    "",
    "Usage: telehook [command] [options]",
    "",
    ...table(commands),
    "",
    'Without a command it runs the demo. "telehook <command> --help" tells the rest of each.',
    "",
    "The bot token comes from the environment variable BOT_TOKEN or a file (--token-file), never from the command",
    "line, where every user of the machine could read it.",
  ].join("\n");
}

/** What `telehook <command> --help` prints. */
export function commandHelp(command: Command): string {
  const flags = Object.entries({ ...command.flags, ...COMMON_FLAGS }).map(
    ([name, { value, env, about }]) =>
      [`--${name}${value ? ` ${value}` : ""}`, env === undefined ? about : `${about} [${env}]`] as const,
  );
  const hasEnv = Object.values(command.flags).some(({ env }) => env !== undefined);
  return [
    command.about,
    "",
    `Usage: ${command.usage}`,
    "",
    ...table(flags),
    ...hasEnv ? ["", "In brackets: the environment variable that counts when the option is not given."] : [],
    ...command.examples.length > 0 ? ["", "Examples:", ...command.examples.map((each) => `  ${each}`)] : [],
  ].join("\n");
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, about]) => `  ${name.padEnd(width)}${about}`);
}
