/** What the server of the inspector tells its page: both sides share these types. Times are Unix milliseconds. */

/** Where a delivery stands. */
export type DeliveryState =
  | "collecting" // a media group that is not complete
  | "waiting"
  | "running"
  | "retrying"
  | "refused" // to be sent again by Telegram
  | "parked"
  | "discarded"
  | "givenUp"
  | "done";

/** A part of a media group. */
export interface PartRow {
  readonly updateId: number;
  readonly what: string;
  readonly at: number;
}

/** An update, or a media group with its parts. */
export interface DeliveryRow {
  /** Counts from 1, in the order of arrival. */
  readonly number: number;
  readonly updateId: number;
  readonly at: number;
  /** As Telegram names it. */
  readonly kind: string;
  /** Who did what where. */
  readonly what: string;
  readonly chat: string;
  readonly sender: string;
  readonly lane: string;
  readonly state: DeliveryState;
  /** Since when. */
  readonly since: number;
  /** When it is handled again, if that is known. */
  readonly until: number | undefined;
  /** How often the receiver was called. */
  readonly attempts: number;
  /** What Telegram was answered, such as `200 sendMessage`. */
  readonly answer: string;
  /** How long the last call of the receiver took. */
  readonly durationMs: number | undefined;
  /** Empty unless it is a media group. */
  readonly parts: readonly PartRow[];
  /** Why the media group is complete, in words. */
  readonly complete: string;
  /** What the last call of the receiver failed with, in one line; empty if it did not. */
  readonly error: string;
  /** How often it came again. */
  readonly repeats: number;
  /** The delivery that was replayed. */
  readonly replayOf: number | undefined;
}

/** Refusals of one kind that came one after another. */
export interface RefusalRow {
  readonly number: number;
  readonly at: number;
  readonly status: number;
  readonly reason: string;
  readonly address: string;
  readonly path: string;
  readonly count: number;
}

/** What is counted. */
export interface Totals {
  readonly status: string;
  readonly running: number;
  readonly stored: number;
  readonly handled: number;
  readonly failed: number;
  readonly refused: number;
}

/** One message of the stream: what is new or has changed. */
export interface Changes {
  /** The time at which it was sent, since the clocks of both sides may differ. */
  readonly now: number;
  /** Whether everything before is out of date. */
  readonly isFirst: boolean;
  /** Where `telehook send` sends to, in the first message; `undefined` if the bot polls. */
  readonly url: string | undefined;
  readonly rows: readonly DeliveryRow[];
  readonly removed: readonly number[];
  readonly refusals: readonly RefusalRow[];
  readonly totals: Totals;
}

/** A call of the receiver that has ended. */
export interface Attempt {
  readonly number: number;
  readonly at: number;
  readonly durationMs: number;
  readonly outcome: "handled" | "failed" | "postponed";
  readonly error: string;
}

/** Everything about one delivery. */
export interface DeliveryDetail {
  readonly row: DeliveryRow;
  /** The update, or the parts of the media group. */
  readonly updates: readonly object[];
  /** Of the request; `undefined` if it came another way. The secret token is only said to be there. */
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly attempts: readonly Attempt[];
  readonly reply: object | undefined;
  /** How the reply was sent. */
  readonly replySent: string;
  /** Where `telehook send` sends to; `undefined` if the bot polls. */
  readonly url: string | undefined;
}

/** An update that is parked. */
export interface ParkedRow {
  readonly id: number;
  /** The delivery, if it came while the inspector was there. */
  readonly number: number | undefined;
  readonly what: string;
  readonly kind: string;
  readonly error: string;
  readonly attempts: number;
  readonly parkedAt: number;
}

/** What Telegram says about the webhook. */
export interface TelegramReport {
  readonly findings: readonly {
    readonly severity: string;
    readonly text: string;
    readonly advice?: string;
  }[];
  readonly info: object | undefined;
  /** Why there is no report. */
  readonly error: string;
}
