import { parseArgs } from "node:util";
import { didYouMean } from "../text/closest_word.ts";
import { quote } from "../text/quote.ts";
import { type Command, type FlagTable, UsageError } from "./command.ts";

/** The environment, as `process.env` is. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Options that every command has. */
export const COMMON_FLAGS: FlagTable = { help: { about: "Show this help" } };

/**
 * What must not be on the command line, where every user of the machine can read it, with the environment variable to
 * use instead. Each can also be in a file, whose flag is called `<name>-file`.
 */
const SECRETS: Readonly<Record<string, string>> = {
  token: "BOT_TOKEN",
  secret: "WEBHOOK_SECRET",
  passphrase: "TLS_PASSPHRASE",
};

/** A flag whose value may be blank, because it is what a message says. */
const FREE_TEXT = "<text>";

/** The value of an environment variable. Empty is the same as not set, and blank is an error. */
export function environmentValue(env: Environment, name: string): string | undefined {
  const value = env[name];
  if (value === undefined || value === "") return undefined;
  if (value.trim() !== "") return value.trim();
  throw new UsageError(`${name} is blank. Set it to a value, or unset it`);
}

/** The options that a command was started with. A flag has precedence over its environment variable. */
export class Flags {
  /** The arguments other than options. */
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

  /** Whether the command has such a flag. */
  knows(name: string): boolean {
    return Object.hasOwn(this.#table, name);
  }

  /** Whether the flag itself was written, regardless of the environment. */
  has(name: string): boolean {
    return this.#given.has(name);
  }

  /** The value of the flag, or of its environment variable. */
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
    return this.has(name) || env === undefined || !this.#env[env] ? `--${name}` : env;
  }

  #fromEnvironment(name: string): string | undefined {
    const { env } = this.#table[name] ?? {};
    return env === undefined ? undefined : environmentValue(this.#env, env);
  }
}

/**
 * Reads the arguments of a command.
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
    // Its own errors are worded differently on each runtime, and none says what was probably meant.
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
    throw new UsageError(`Unexpected argument ${quote(extra)}. Usage: ${command.usage}`);
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
    throw new UsageError(`--${name} accepts no value. Write it alone`);
  }
  if (value === undefined || value === "" || (value.trim() === "" && flag.value !== FREE_TEXT)) {
    throw missingValue(name, flag.value);
  }
  if (!inlineValue && /^-./.test(value)) {
    const [, next = ""] = /^--([^=]+)/.exec(value) ?? [];
    if (Object.hasOwn(table, next)) throw missingValue(name, flag.value);
    throw new UsageError(
      `--${name} needs a value. If the value begins with "-", write "--${name}=-…" as one word`,
    );
  }
  return value;
}

function missingValue(name: string, value: string): UsageError {
  return new UsageError(`--${name} needs a value. Write "--${name} ${value}"`);
}

function unknownFlag(command: string, table: FlagTable, name: string, rawName: string): UsageError {
  const variable = Object.hasOwn(SECRETS, name) ? SECRETS[name] : undefined;
  if (variable !== undefined && Object.hasOwn(table, `${name}-file`)) {
    return new UsageError(
      `--${name} is not accepted, because every user of the machine can read the command line. Use the environment ` +
        `variable ${variable}, or a file with --${name}-file`,
    );
  }
  const hint = didYouMean(name, Object.keys(table), "", (flag) => `--${flag}`);
  const help = `Run "telehook ${command} --help" for its options`;
  return new UsageError(
    `"${command}" has no option ${quote(rawName)}. ${hint === "" ? "" : `${hint} `}${help}`,
  );
}
