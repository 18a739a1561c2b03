import { parseArgs } from "node:util";
import { closestWord } from "../text/closest_word.ts";
import type { Command, FlagTable } from "./command.ts";
import { quote } from "../text/quote.ts";
import { UsageError } from "./usage_error.ts";

/** The environment, as `process.env` is. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Beside those of the command, every command has these. */
export const COMMON_FLAGS: FlagTable = { help: { about: "Show this help" } };

/** What a command was told: a flag wins over its environment variable. */
export class Flags {
  /** What was written beside options. */
  readonly operands: readonly string[];
  readonly #table: FlagTable;
  readonly #given: ReadonlyMap<string, string>;
  readonly #env: Environment;

  constructor(
    table: FlagTable,
    given: ReadonlyMap<string, string>,
    operands: readonly string[],
    env: Environment,
  ) {
    this.#table = table;
    this.#given = given;
    this.operands = operands;
    this.#env = env;
  }

  /** Whether the flag itself was written, whatever the environment says. */
  has(name: string): boolean {
    return this.#given.has(name);
  }

  /** The value of the flag, or of its environment variable unless that is empty. */
  text(name: string): string | undefined {
    return this.#given.get(name) ?? this.#fromEnvironment(name);
  }

  /** A whole number within the range. */
  number(name: string, { min, max }: { min: number; max: number }): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new UsageError(
      `${this.source(name)} must be a whole number from ${min} to ${max}, not ${quote(text)}`,
    );
  }

  /** Where the value comes from, as a message calls it: `--port` or `PORT`. */
  source(name: string): string {
    const { env } = this.#table[name] ?? {};
    return this.has(name) || env === undefined ? `--${name}` : env;
  }

  #fromEnvironment(name: string): string | undefined {
    const { env } = this.#table[name] ?? {};
    return env === undefined ? undefined : this.#env[env]?.trim() || undefined;
  }
}

/**
 * Reads what stands behind a command.
 *
 * @throws {UsageError} with what to write instead.
 */
export function readFlags(name: string, command: Command, args: readonly string[], env: Environment): Flags {
  const table = { ...command.flags, ...COMMON_FLAGS };
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(table).map(([flag, { value }]) => [flag, { type: value ? "string" : "boolean" }]),
    ),
    // Its own complaints are worded differently on each runtime, and none says what was probably meant.
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given = new Map<string, string>();
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    const flag = token.rawName === "-h" ? "help" : token.name;
    given.set(flag, flagValue(name, table, flag, token));
  }
  const { operands: wanted = [] } = command;
  const extra = operands[wanted.length];
  if (extra !== undefined) {
    throw new UsageError(`Nothing can stand at ${quote(extra)}, write "${command.usage}"`);
  }
  return new Flags(table, given, operands, env);
}

interface OptionToken {
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function flagValue(command: string, table: FlagTable, name: string, token: OptionToken): string {
  const flag = Object.hasOwn(table, name) ? table[name] : undefined;
  if (flag === undefined) throw unknownFlag(command, table, name, token.rawName);
  const { value, inlineValue } = token;
  if (flag.value === undefined) {
    if (value === undefined) return "";
    throw new UsageError(`--${name} takes no value, write it alone`);
  }
  if (value === undefined || value === "") throw missingValue(name, flag.value);
  if (!inlineValue && /^-./.test(value)) {
    const [, next = ""] = /^--([^=]+)/.exec(value) ?? [];
    if (Object.hasOwn(table, next)) throw missingValue(name, flag.value);
    // Not quoted, for it may be a secret.
    throw new UsageError(`--${name} needs a value: if it starts with "-", write "--${name}=-…" in one word`);
  }
  return value;
}

function missingValue(name: string, value: string): UsageError {
  return new UsageError(`--${name} needs a value, write "--${name} ${value}"`);
}

function unknownFlag(command: string, table: FlagTable, name: string, rawName: string): UsageError {
  if (name === "token") {
    return new UsageError(
      "A token on the command line is seen by every user of the machine, put it into the environment variable " +
        "BOT_TOKEN or into a file for --token-file",
    );
  }
  const meant = closestWord(name, Object.keys(table));
  const hint = meant === undefined ? "" : `, did you mean "--${meant}"?`;
  const help = `"telehook ${command} --help" lists its options`;
  return new UsageError(`"${command}" has no option ${quote(rawName)}${hint || ","} ${help}`);
}
