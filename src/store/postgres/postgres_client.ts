import { TelehookError } from "../../errors/telehook_error.ts";
import { quote } from "../../text/quote.ts";

/** What a statement returns: rows, or an object that has them. */
export type PostgresResult = readonly object[] | { readonly rows: readonly object[] };

/** How long a call may take. It may have happened all the same. */
export const CALL_TIMEOUT_MS = 10_000;

/** How many connections of a pool are closed in {@link SILENCE_MS}, or as many as it may have. */
const MOST_CLOSED = 20;
/** After how long TCP has ended a connection that is silent, by default. */
const SILENCE_MS = 15 * 60_000;

/** Runs one statement with the values of `$1`, `$2`, …, which are texts or `null`. Rejects if the server refuses it. */
export type PostgresQuery = (text: string, values: (string | null)[]) => Promise<PostgresResult>;

/** Begins to receive what is sent to a channel. */
export type PostgresListen = (
  channel: string,
  onMessage: (payload: string) => void,
  /** Is called if nothing is received any longer. */
  onEnd: () => void,
) => Promise<() => unknown>;

/** Any client: only those methods are called that are named in {@link PostgresClient}. */
interface AnyClient {
  query?(statement: string | Statement, values?: (string | null)[]): Promise<PostgresResult>;
  unsafe?(text: string, values?: (string | null)[]): Promise<PostgresResult>;
  listen?(channel: string, listener: (payload: string) => void): Promise<unknown>;
  connect?(): Promise<ListeningClient>;
  readonly totalCount?: number;
  readonly options?: { readonly max?: number };
}

type Pool = AnyClient & Required<Pick<AnyClient, "query" | "connect">>;

/** A statement as a pool of `pg` takes it. */
interface Statement {
  readonly text: string;
  readonly values: (string | null)[];
  readonly query_timeout?: number;
}

/** A connection that was taken from a pool of `pg`. */
interface ListeningClient {
  on(event: string, listener: (message: { channel: string; payload?: string }) => void): unknown;
  query(text: string): Promise<unknown>;
  release(destroys: boolean): void;
}

const WAYS = "a Pool of pg, PGlite, the sql function of postgres.js, Bun's SQL, " +
  "or a function (text, values) => Promise<{ rows }> that runs a statement";

/** How a client runs statements, found by its methods: no client is imported here. */
export function queryOf(client: unknown, what = "postgresStore"): PostgresQuery {
  if ((typeof client === "object" || typeof client === "function") && client !== null) {
    const known = client as AnyClient;
    if (typeof known.unsafe === "function") return (text, values) => known.unsafe!(text, values);
    if (typeof client === "function") return client as PostgresQuery;
    if (isPool(known)) return queryOnPool(known);
    if (typeof known.query === "function") return (text, values) => known.query!(text, values);
  }
  throw new TelehookError(
    "ERR_OPTION",
    `${what} does not recognize this client (${quote(client)}): pass ${WAYS}`,
  );
}

/**
 * How the client of a store runs statements: one at which they cannot come into a transaction that a handler has begun, and
 * be rolled back with it.
 */
export function storeQueryOf(client: unknown): PostgresQuery {
  if (typeof client === "object" && client !== null && "processID" in client) {
    throw new TelehookError(
      "ERR_OPTION",
      "postgresStore needs connections of its own, and a Client of pg has one, which your transactions use too: pass a Pool",
    );
  }
  return queryOf(client);
}

/** How a client receives notifications, if it can. */
export function listenOf(client: object): PostgresListen | undefined {
  const known = client as AnyClient;
  if (isPool(known)) {
    // The listener keeps a connection for itself, so there must be another one.
    return (known.options?.max ?? 10) < 2 ? undefined : listenOnPool(known.connect.bind(known));
  }
  const { listen } = known;
  if (typeof listen !== "function") return undefined;
  return async (channel, onMessage) => {
    const listening = await listen.call(client, channel, onMessage);
    if (typeof listening === "function") return () => listening(); // PGlite's
    return () => (listening as { unlisten?(): unknown } | undefined)?.unlisten?.();
  };
}

/**
 * A machine or a network that fails may never end its connections: the pool closes one that has not answered in time, and
 * would otherwise keep it, until there are no others.
 *
 * A server that waits itself, for a lock or a standby, does not notice, and keeps each of them until it has its answer,
 * while the pool opens others. So only so many are closed in the time after which TCP ends one that is silent.
 */
function queryOnPool(pool: Pool): PostgresQuery {
  const closings = closingsOf.get(pool) ?? { closedAt: [], closable: 0 };
  closingsOf.set(pool, closings);
  const { closedAt } = closings;
  const most = Math.max(MOST_CLOSED, pool.options?.max ?? 0);
  return async (text, values) => {
    while (closedAt[0] !== undefined && performance.now() - closedAt[0] > SILENCE_MS) closedAt.shift();
    if (closedAt.length + closings.closable >= most) return await pool.query({ text, values });
    closings.closable++;
    try {
      return await pool.query({ text, values, query_timeout: CALL_TIMEOUT_MS });
    } catch (error) {
      if (error instanceof Error && error.message === "Query read timeout") closedAt.push(performance.now());
      throw error;
    } finally {
      closings.closable--;
    }
  };
}

/** The connections of a pool that were closed because they did not answer, and how many more may be. */
interface Closings {
  readonly closedAt: number[];
  closable: number;
}

const closingsOf = new WeakMap<object, Closings>();

function isPool(client: AnyClient): client is Pool {
  const { connect, query, totalCount } = client;
  return typeof totalCount === "number" && typeof connect === "function" && typeof query === "function";
}

function listenOnPool(connect: () => Promise<ListeningClient>): PostgresListen {
  return async (channel, onMessage, onEnd) => {
    const client = await connect();
    let isReleased = false;
    const release = () => {
      if (isReleased) return;
      isReleased = true;
      client.release(true); // it still listens: nobody else may get it
    };
    const end = () => {
      release();
      onEnd();
    };
    client.on("notification", (message) => {
      if (message.channel === channel) onMessage(message.payload ?? "");
    });
    client.on("error", end);
    client.on("end", end);
    try {
      await client.query(`listen "${channel}"`);
    } catch (error) {
      release();
      throw error;
    }
    return release;
  };
}
