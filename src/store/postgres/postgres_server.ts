import { TelehookError } from "../../errors/telehook_error.ts";
import { quote, withoutTokens } from "../../text/quote.ts";
import { within } from "../../platform/pause.ts";
import { CALL_TIMEOUT_MS, type PostgresQuery } from "./postgres_client.ts";
import { FORMAT, migrationOf } from "./postgres_schema.ts";

/** Nothing has happened if the server says one of these: transactions were in each other's way, or the plan is old. */
const HARMLESS: ReadonlySet<unknown> = new Set(["40001", "40P01"]);
/** Likewise: another process has added the same update, in another lane. A copy finds it when it is added again. */
const ADDED_MEANWHILE = "23505";
/** Nothing has happened, and the values of the call or somebody's lock may be why: 22…, 23…, 54…, 55…, and the above. */
const OF_ONE_CALL = /^(2[123]|40|5[45])/;
const OLDEST_VERSION = 130_000;

/** A function of the schema. */
export type FunctionName =
  | "enter"
  | "leave"
  | "add"
  | "claim"
  | "complete"
  | "retry"
  | "park"
  | "parked"
  | "replay"
  | "discard"
  | "stats"
  | "renew"
  | "nudge"
  | "news"
  | "complete_in";

// The types of the parameters that several have.
const COMMON = ["int", "bigint", "float8", "bigint", "float8"];
const CLAIM = ["text", "bigint", "bigint"];
const LIST = ["int", "bigint", "float8", "float8", "text"];
/** The types of the parameters of each. */
const FUNCTIONS: Readonly<Record<FunctionName, readonly string[]>> = {
  enter: ["text", "bigint", "float8", "float8"],
  leave: COMMON,
  add: LIST,
  claim: [...COMMON, "int", "float8", "text"],
  complete: [...LIST, "text"],
  retry: [...COMMON, ...CLAIM, "float8", "int", "int"],
  park: [...COMMON, ...CLAIM, "text", "int", "float8"],
  parked: [...COMMON, "bigint", "int"],
  replay: [...COMMON, "bigint"],
  discard: [...COMMON, "bigint"],
  stats: COMMON,
  renew: [...COMMON, "bigint", "text", "text"],
  nudge: ["int", "bigint"],
  news: ["text"],
  complete_in: ["int", "bigint", "float8", "bigint", "bigint", "bigint"],
};

/** A value of a parameter. All are sent as texts, which every client sends alike. */
export type Value = string | number | undefined;

/** A call in a list: its number, and values for the fields that its function reads. */
export interface ListedCall {
  readonly call: number;
  readonly [field: string]: Value | boolean;
}

/** The lines that a call is answered with. */
export type Lines = readonly string[];

interface ServerFacts {
  readonly version: number;
  readonly is_replica: boolean;
  readonly is_read_only: boolean;
  readonly encoding: string;
  readonly isolation: string;
  readonly has_schema: boolean;
  readonly has_format: boolean;
  readonly may_create: boolean;
  readonly database: string;
  readonly role: string;
}

/** The server as one store sees it: calls functions of its schema, and makes every failure an `ERR_STORE` that names it. */
export class PostgresServer {
  readonly #name: string;
  readonly #schema: string;
  readonly #statements: Readonly<Record<string, string>>;

  constructor(name: string, schema: string) {
    this.#name = name;
    this.#schema = schema;
    const statements: Record<string, string> = {};
    for (const [each, types] of Object.entries(FUNCTIONS)) {
      const parameters = types.map((type, i) => `$${i + 1}::${type}`).join(", ");
      statements[each] = `select line from "${schema}".${each}(${parameters}) as line`;
    }
    this.#statements = statements;
  }

  /** Checks that the server can keep what it is given, and makes the schema if it is not there yet. */
  async prepare(query: PostgresQuery): Promise<void> {
    const facts = await this.#facts(query);
    const { version, isolation } = facts;
    if (version < OLDEST_VERSION) {
      throw this.refusal(`this is PostgreSQL ${Math.floor(version / 10_000)}. Use PostgreSQL 13 or later`);
    }
    if (facts.is_replica) {
      throw this.refusal("this server is a replica, which is read-only. Connect to the primary");
    }
    if (facts.is_read_only) {
      throw this.refusal(
        `transactions are read-only here. Set default_transaction_read_only = off for ${quote(facts.role)}`,
      );
    }
    if (facts.encoding !== "UTF8") {
      throw this.refusal(
        `the database ${quote(facts.database)} has the encoding ${facts.encoding}. Use one with UTF8`,
      );
    }
    if (isolation !== "read committed") throw this.#isolationRefusal(isolation);
    if (facts.has_format && await this.#isCurrent(query)) return;
    if (!facts.has_schema && !facts.may_create) {
      throw this.refusal(
        `${quote(facts.role)} may not create the schema ${quote(this.#schema)}. As an administrator, run ` +
          `CREATE SCHEMA "${this.#schema}" AUTHORIZATION "${facts.role}"`,
      );
    }
    await this.#send(query, migrationOf(this.#schema, `"${this.#schema}"`), []);
  }

  /** Calls a function of the schema. @returns The lines that it returns. */
  async call(query: PostgresQuery, name: FunctionName, values: readonly Value[]): Promise<Lines> {
    for (;;) {
      const lines = await this.#send(query, this.#statements[name] ?? "", textsOf(values));
      if (lines[0] !== "!") return lines;
    }
  }

  /**
   * Makes calls together, in one statement. Those that would have had to wait there are made alone; and so is each if one
   * of them has made the statement fail.
   *
   * @param send Calls the function with a list.
   * @returns What each is answered, as {@link call} returns it.
   */
  async callTogether(
    calls: readonly ListedCall[],
    send: (list: string) => Promise<Lines>,
  ): Promise<readonly (Lines | Promise<Lines>)[]> {
    const alone = async (call: ListedCall): Promise<Lines> => {
      return divided(await send(JSON.stringify([call]))).get(call.call) ?? UNKNOWN;
    };
    try {
      const answers = divided(await send(JSON.stringify(calls)));
      return calls.map((call) => {
        const answer = answers.get(call.call) ?? UNKNOWN;
        return answer.at(-1)?.startsWith("locked ") ? alone(call) : answer;
      });
    } catch (error) {
      const isOfOne = error instanceof TelehookError && OF_ONE_CALL.test(String(codeOf(error.cause)));
      if (!isOfOne || calls.length === 1) throw error;
      return calls.map(alone);
    }
  }

  /** Calls a function in a transaction of the user's, whose own rules for repetition get the error as it is. */
  async callIn(query: PostgresQuery, name: FunctionName, values: readonly Value[]): Promise<void> {
    try {
      await query(this.#statements[name] ?? "", textsOf(values));
    } catch (error) {
      throw HARMLESS.has(codeOf(error)) ? error : this.failure(error);
    }
  }

  refusal(why: string, cause?: unknown): TelehookError {
    return this.#error(`cannot be used: ${why}`, cause);
  }

  /** The error for what a client has thrown or rejected with. */
  failure(cause: unknown): TelehookError {
    if (cause instanceof TelehookError) return cause;
    const code = codeOf(cause);
    if (code === "TH001") {
      return this.#error(
        "cannot complete the update in this transaction: it was handled already, or its lease has ended and another " +
          "process handles it. Roll the transaction back",
        cause,
      );
    }
    const reason = withoutTokens(textOf(cause).trim().replace(/\.$/, ""));
    if (code === "TH002") return this.#isolationRefusal(/is (.*)$/.exec(reason)?.[1] ?? "", cause);
    return this.#error(`failed: ${reason}${this.#hintFor(code, reason)}`, cause);
  }

  async #facts(query: PostgresQuery): Promise<ServerFacts> {
    const schema = `'"${this.#schema}"'`;
    const [line = "{}"] = await this.#send(
      query,
      `select json_build_object(
        'version', current_setting('server_version_num')::int,
        'is_replica', pg_is_in_recovery(),
        'is_read_only', current_setting('transaction_read_only') = 'on',
        'encoding', current_setting('server_encoding'),
        'isolation', current_setting('transaction_isolation'),
        'has_schema', to_regnamespace(${schema}) is not null,
        'has_format', to_regclass('"${this.#schema}".format') is not null,
        'may_create', has_database_privilege(current_database(), 'CREATE'),
        'database', current_database(),
        'role', current_user)::text as line`,
      [],
    );
    return JSON.parse(line);
  }

  async #isCurrent(query: PostgresQuery): Promise<boolean> {
    const [line] = await this.#send(query, `select version::text as line from "${this.#schema}".format`, []);
    const version = Number(line);
    if (version > FORMAT) {
      throw this.refusal(
        `the schema ${
          quote(this.#schema)
        } has format ${version}, which a later telehook has made. Use that telehook, ` +
          "or another schema",
      );
    }
    return version === FORMAT;
  }

  async #send(query: PostgresQuery, text: string, values: (string | null)[]): Promise<readonly string[]> {
    for (let tries = 0;; tries++) {
      try {
        const result = await within(CALL_TIMEOUT_MS, query(text, values));
        const rows = Array.isArray(result) ? result : (result as { rows?: unknown } | undefined)?.rows;
        if (!Array.isArray(rows)) {
          throw this.refusal(
            `the client answered ${
              quote(result)
            } instead of rows. Pass a client that returns rows, or { rows }`,
          );
        }
        // Gaps too, which postgres.js leaves in its next answer if a connection ends in the middle of one.
        return Array.from(rows, (row) => {
          const line: unknown = row?.line;
          if (typeof line === "string") return line;
          throw this.refusal(
            'the client answered a row without a text "line". Pass one that returns rows as objects',
          );
        });
      } catch (error) {
        const code = codeOf(error);
        if (tries < 5 && (HARMLESS.has(code) || code === ADDED_MEANWHILE)) continue;
        throw this.failure(error);
      }
    }
  }

  #isolationRefusal(isolation: string, cause?: unknown): TelehookError {
    return this.refusal(
      `transactions begin with the isolation level ${
        quote(isolation)
      }. Let this role or pool begin with "read committed" ` +
        "(ALTER ROLE … SET default_transaction_isolation = 'read committed')",
      cause,
    );
  }

  #error(what: string, cause?: unknown): TelehookError {
    return new TelehookError("ERR_STORE", `The PostgreSQL store ${quote(this.#name)} ${what}`, { cause });
  }

  /** What to do about the failures that a new deployment sees most often. */
  #hintFor(code: unknown, reason: string): string {
    if (code === "28P01" || code === "28000") {
      return ". The server refuses this user or password: check those of the client";
    }
    if (code === "3D000") return ". Create this database, or let the client use another one";
    if (code === "42501") return `. Make this user the owner of the schema ${quote(this.#schema)}`;
    if (code === "25006") return ". Connect to the primary";
    if (code === "53300") {
      return ". Let the server have more connections (max_connections), or the pools fewer";
    }
    if (code === "55P03") {
      return ". Another transaction has the update: end it, or set idle_in_transaction_session_timeout, so that the server does";
    }
    if (code === "42883" || code === "42P01" || code === "3F000") {
      return `. The schema ${
        quote(this.#schema)
      } is damaged or was removed: restart this process to make it again`;
    }
    if (
      /ECONNREFUSED|ENOTFOUND|ETIMEDOUT|EAI_AGAIN|No answer within|Connection (closed|terminated)/i.test(
        reason,
      )
    ) {
      return ". Check that the server runs and that the client has its address";
    }
    return "";
  }
}

/** What a function answers that does not know the caller. */
const UNKNOWN: Lines = ["?"];

/** Divides the answer to a list: the number of each call, and its lines. */
function divided(answer: Lines): Map<number, Lines> {
  const answers = new Map<number, Lines>();
  const [first = ""] = answer;
  if (first === "?") return answers;
  const [, common = ""] = /^\w+( .*)$/.exec(answer.at(-1) ?? "") ?? [];
  let i = 1;
  for (const each of first.split(" ")) {
    const [call, status = "", count] = each.split(",");
    answers.set(Number(call), [...answer.slice(i, i += Number(count)), status + common]);
  }
  return answers;
}

function textsOf(values: readonly Value[]): (string | null)[] {
  return values.map((value) => value === undefined ? null : String(value));
}

/** The SQLSTATE, where clients keep it, or the code of a socket's error. */
function codeOf(error: unknown): unknown {
  if (typeof error !== "object" || error === null) return undefined;
  const { code, errno, fields } = error as { code?: unknown; errno?: unknown; fields?: { code?: unknown } };
  // Bun's code is its own, and its errno the server's; fields are those of Deno's clients.
  return typeof errno === "string" ? errno : fields?.code ?? code;
}

/** An `AggregateError`, as of a host with several addresses, has no text itself. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { errors } = error as { errors?: unknown };
  const [one = error]: unknown[] = error.message === "" && Array.isArray(errors) ? errors : [];
  return one instanceof Error ? one.message || one.name : String(one);
}
