/**
 * The answer to a delivery, independent of the runtime: each way in converts it to what its runtime sends. It cannot contain
 * anything of an exception, a token or a secret, since it is a constant or a webhook reply.
 */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** `null` is an empty body, the cheapest one. */
  readonly body: string | Uint8Array<ArrayBuffer> | null;
  /** Why a delivery is refused, for events; empty if it is not. */
  readonly reason: string;
}

const TEXT = { "content-type": "text/plain; charset=utf-8" };
// Telegram waits this long instead of its own delay: short enough for an inline query, which expires after 30 seconds.
const RETRY_SOON = { "retry-after": "1" };

/** The header of every answer while the webhook is closing: the sender sends nothing more on this connection. */
export const LAST_ANSWER = { connection: "close" } as const;

// The annotations let bundlers drop what is not imported.
/* @__NO_SIDE_EFFECTS__ */
const empty = (status: number, reason = "", headers: Answer["headers"] = {}): Answer => ({
  status,
  headers,
  body: null,
  reason,
});
/* @__NO_SIDE_EFFECTS__ */
const says = (status: number, reason: string, headers: Answer["headers"] = {}): Answer => ({
  status,
  headers: { ...TEXT, ...headers },
  body: `${reason}\n`,
  reason,
});

/** The update is handled, in the store, or a duplicate: Telegram forgets it. */
export const ACKNOWLEDGED: Answer = empty(200);
/** The receiver failed: Telegram sends the update again, with its own growing delay. */
export const FAILED: Answer = empty(500);
/** Too many updates are pending: Telegram keeps this one and sends it again soon. */
export const OVERLOADED: Answer = empty(503, "Too many updates are held already", RETRY_SOON);
/** Closing: Telegram keeps the update for the next start. */
export const CLOSING: Answer = empty(503, "The webhook is closing", RETRY_SOON);

/** Not handled now, to be sent again after that time: whole seconds are all that the header can say. */
export function tryLater(afterMs: number, reason: string): Answer {
  return empty(503, reason, { "retry-after": String(Math.max(1, Math.ceil(afterMs / 1_000))) });
}

export const NOT_POST: Answer = says(405, "Only POST is accepted", { allow: "POST" });
export const WRONG_PATH: Answer = says(404, "There is no webhook on this path");
export const WRONG_ADDRESS: Answer = says(403, "This address may not deliver updates");
export const UNKNOWN_ADDRESS: Answer = says(403, "The address of the client is not known");
export const WRONG_SECRET: Answer = says(
  401,
  "The X-Telegram-Bot-Api-Secret-Token header is missing or wrong",
);
export const NOT_JSON: Answer = says(415, "The Content-Type must be application/json");
export const TOO_LARGE: Answer = says(413, "The body is larger than this webhook accepts");
/** What may still arrive of it is not read: the connection ends with the answer. */
export const TOO_SLOW: Answer = says(408, "The body did not arrive in time", { connection: "close" });
export const BROKEN_BODY: Answer = says(400, "The body is incomplete");
export const ALREADY_READ: Answer = says(
  500,
  "The body was already read before the webhook received the request",
);
export const MALFORMED_JSON: Answer = says(400, "The body is not valid JSON");
export const NOT_AN_UPDATE: Answer = says(
  400,
  "The body is not an Update: an object with update_id and one update kind",
);
export const AN_ENVELOPE: Answer = says(
  400,
  "The body is an answer of getUpdates: post each Update of its result array by itself",
);

/** The answer to a request that never should have been given to the webhook in this form. */
export function misuse(advice: string): Answer {
  return says(500, advice);
}

/** The answer that makes Telegram call a method: JSON text with a `method` key, or a form with such a part. */
export function replyWith(body: string | Uint8Array<ArrayBuffer>, contentType = "application/json"): Answer {
  return { status: 200, headers: { "content-type": contentType }, body, reason: "" };
}
