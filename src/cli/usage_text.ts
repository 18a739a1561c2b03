import process from "node:process";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { columnsOf, wrapCommand, wrapText } from "../text/plain_text.ts";
import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { COMMON_FLAGS } from "./flags.ts";

/** What `telehook --help` prints. */
export async function programHelp(columns: number): Promise<string> {
  const commands = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, load]) => [name, (await load()).command.summary] as const),
  );
  const paragraph = (text: string) => wrapText(text, columns);
  return [
    ...paragraph("Test, serve, register and diagnose Telegram webhooks."),
    "",
    "Usage: telehook [command] [options]",
    "",
    ...table(commands, columns),
    "",
    ...paragraph(
      'Without a command, it runs the demo. Run "telehook <command> --help" for details.',
    ),
    "",
    ...paragraph(
      "The bot token comes from the environment variable BOT_TOKEN or from a file (--token-file), never from the " +
        "command line, where every user of the machine can read it.",
    ),
  ].join("\n");
}

/** What `telehook <command> --help` prints. */
export function commandHelp(command: Command, columns: number): string {
  const flags = Object.entries({ ...command.flags, ...COMMON_FLAGS }).map(
    ([name, { value, env, about }]) =>
      [`--${name}${value ? ` ${value}` : ""}`, env === undefined ? about : `${about} [${env}]`] as const,
  );
  const hasEnv = Object.values(command.flags).some(({ env }) => env !== undefined);
  return [
    ...wrapText(command.about, columns),
    "",
    `Usage: ${command.usage}`,
    "",
    ...table(flags, columns),
    ...hasEnv
      ? ["", ...wrapText("[NAME] is the environment variable used if the option is missing.", columns)]
      : [],
    ...command.examples.length > 0
      ? ["", "Examples:", ...command.examples.flatMap((each) => wrapCommand(`  ${each}`, columns, 4))]
      : [],
  ].join("\n");
}

/** Two columns, of which the second is wrapped. */
export function table(rows: readonly (readonly [string, string])[], columns: number): string[] {
  const width = Math.max(...rows.map(([name]) => columnsOf(name))) + 2;
  return rows.flatMap(([name, about]) => wrapText(`  ${name.padEnd(width)}${about}`, columns, width + 2));
}

/** How this very program is started, so that a hint can be copied: `npx telehook`, `deno run -A src/cli/main.ts`. */
export function ownCommandLine(): string {
  const { Deno, Bun } = globalThis as { Deno?: unknown; Bun?: unknown };
  const { url } = import.meta;
  if (!url.startsWith("file:")) return "deno run -A jsr:@telehook/telehook/cli";
  const isSource = url.endsWith(".ts") && !url.includes("/node_modules/");
  const main = relative(process.cwd(), fileURLToPath(new URL("./main.ts", url)));
  if (Deno) return `deno run -A ${isSource ? main : "npm:telehook"}`;
  if (Bun) return isSource ? `bun ${main}` : "bunx telehook";
  return isSource ? `npx tsx ${main}` : "npx telehook";
}
