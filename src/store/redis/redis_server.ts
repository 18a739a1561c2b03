import { TelehookError } from "../../errors/telehook_error.ts";
import { quote } from "../../text/quote.ts";
import { redactedCopy } from "../../text/redact.ts";
import { within } from "../../platform/pause.ts";
import type { RedisCommand } from "./redis_client.ts";
import { keysOf, type ScriptName, SCRIPTS } from "./redis_scripts.ts";

/** How long a call may take. It may have happened all the same. */
export const CALL_TIMEOUT_MS = 5_000;

/** The oldest Redis that has everything that the scripts use. */
const OLDEST = [6, 2] as const;

let digests: Promise<Readonly<Record<string, string>>> | undefined;

/** The server as one store sees it: runs scripts on its keys, and makes every failure an `ERR_STORE` that names it. */
export class RedisServer {
  readonly #name: string;
  readonly #command: RedisCommand;
  readonly #keys: readonly string[];
  #digests: Readonly<Record<string, string>> = {};

  constructor(name: string, command: RedisCommand) {
    this.#name = name;
    this.#command = command;
    const keys = keysOf(name);
    this.#keys = [String(keys.length), ...keys];
  }

  /**
   * Checks that the server can keep what it is given.
   *
   * @returns A warning, if it does not say enough to be sure.
   */
  async check(): Promise<TelehookError | undefined> {
    this.#digests = await (digests ??= digestAll());
    let info: string;
    try {
      info = String(await this.#send("INFO", []));
    } catch (error) {
      if (!(error instanceof TelehookError) || !error.message.includes("NOPERM")) throw error;
      return this.#error(
        "cannot be checked: this user may not run INFO. Allow it (ACL SETUSER … +info), or make sure that " +
          '"maxmemory-policy" is noeviction and that this is not a replica',
      );
    }
    const facts = readInfo(info);
    const isValkey = facts.has("valkey_version");
    const version = facts.get("valkey_version") ?? facts.get("redis_version") ?? "";
    const [major = 0, minor = 0] = version.split(".").map(Number);
    if (!isValkey && (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))) {
      throw this.#error(`cannot be on Redis ${version}: use Redis ${OLDEST.join(".")} or later, or Valkey`);
    }
    if (facts.get("role") === "slave") {
      throw this.#error("cannot be on a replica, which is read-only: connect to the primary");
    }
    const policy = facts.get("maxmemory_policy") ?? "noeviction";
    if (policy.startsWith("allkeys")) {
      throw this.#error(
        `cannot be on a server that drops any key when its memory is full ("maxmemory-policy" is ${
          quote(policy)
        }): ` +
          "run CONFIG SET maxmemory-policy noeviction, and set it in redis.conf, or use another server",
      );
    }
    return undefined;
  }

  /** Runs a script. */
  async run(script: ScriptName, args: readonly string[]): Promise<readonly string[]> {
    const rest = [...this.#keys, ...args];
    let answer: unknown;
    try {
      answer = await this.#send("EVALSHA", [this.#digests[script] ?? "", ...rest]);
    } catch (error) {
      if (!(error instanceof TelehookError) || !error.message.includes("NOSCRIPT")) throw error;
      answer = await this.#send("EVAL", [SCRIPTS[script], ...rest]); // the server keeps it from now on
    }
    if (Array.isArray(answer) && answer.length > 0 && answer.every(isText)) return answer;
    throw this.#error(
      `answered ${
        quote(answer)
      } instead of a list of texts: pass a client that returns what the server answers, as texts`,
    );
  }

  /** The error for what a client has thrown or rejected with. */
  failure(cause: unknown): TelehookError {
    if (cause instanceof TelehookError) return cause;
    const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
    // A copy, since clients note the command that has failed, with its arguments: a password, or what users have written.
    const copy = redactedCopy(cause, (text) => text);
    return this.#error(`failed: ${reason.trim().replace(/\.$/, "")}${hintFor(reason)}`, copy);
  }

  refusal(why: string): TelehookError {
    return this.#error(`cannot be used: ${why}`);
  }

  async #send(command: string, args: string[]): Promise<unknown> {
    try {
      return await within(CALL_TIMEOUT_MS, this.#command(command, args));
    } catch (error) {
      throw this.failure(error);
    }
  }

  #error(what: string, cause?: unknown): TelehookError {
    return new TelehookError("ERR_STORE", `The Redis store ${quote(this.#name)} ${what}`, { cause });
  }
}

/** What to do about the failures that a new deployment sees most often. */
function hintFor(reason: string): string {
  if (/WRONGPASS|NOAUTH|invalid password|AUTH failed/i.test(reason)) {
    return ". The server wants another password: check the user name and the password of the client";
  }
  if (/NOPERM/.test(reason)) {
    return ". Allow this user the keys {telehook:*} and the scripting commands (EVALSHA, EVAL)";
  }
  if (/READONLY/.test(reason)) return ". Connect to the primary";
  if (/client is closed|not connected|connection is closed/i.test(reason)) {
    return ". Connect the client before the store is used, as with await client.connect()";
  }
  if (/ECONNREFUSED|ENOTFOUND|ETIMEDOUT|No answer within/.test(reason)) {
    return ". Check that the server runs and that the client has its address";
  }
  return "";
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function readInfo(info: string): ReadonlyMap<string, string> {
  const facts = new Map<string, string>();
  for (const line of info.split(/\r?\n/)) {
    const [, name, value] = /^(\w+):(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) facts.set(name, value);
  }
  return facts;
}

/** What the server knows the scripts by. */
async function digestAll(): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const [name, text] of Object.entries(SCRIPTS)) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text)));
    found[name] = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  return found;
}
