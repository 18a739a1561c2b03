import { isPromise } from "../platform/promises.ts";
import { checkFunction } from "../checks/options.ts";
import type { ReceivedUpdate } from "../receiver/receiver.ts";
import type { WebhookReply } from "../receiver/webhook_reply.ts";
import type { AlbumEnd } from "../store/album_rules.ts";
import type { Lane } from "../store/inbox_store.ts";
import type { Update } from "../updates/mod.ts";
import { type LogFunction, logWriter, type WriteToLog } from "./log.ts";

/**
 * Something that happened to a delivery, an update or the webhook. Durations are in milliseconds.
 *
 * - `received`: an update has arrived: in a delivery, or another way, and then without an address, a path and headers.
 * - `started`: the receiver is called with an update or an album.
 * - `answered`: a delivery is answered: with a `reply`, if there is one. Not for deliveries that were refused.
 * - `handled`: the receiver has handled an update; `background` if it was acknowledged before.
 * - `failed`: the receiver failed; `willRetry` is `false` if the update is given up. `retryAfterMs` is known if the update is
 *   in the store; otherwise Telegram decides.
 * - `postponed`: the receiver threw `RetryLater`.
 * - `parked`: an update was given up, and is kept to be replayed or discarded.
 * - `duplicate`: an update arrived again that was acknowledged or is being handled.
 * - `acknowledgedEarly`: an update was acknowledged before it was handled: because it is a part of an album, because its
 *   receiver took longer than `acknowledgeWithinMs`, because it waited that long for its turn, or because of
 *   `acknowledge: "received"`.
 * - `mediaGroup`: an album is complete, and is about to be handled for the first time. `waitedMs` is the time since its first
 *   part.
 * - `refused`: a delivery was refused; `reason` says why. (A receiver's failure, which answers 500, is `failed`.) The
 *   `address` is the one that `allowedAddresses` is compared with; bot tokens and secret tokens in the `path` are replaced.
 * - `replySent`, `replyFailed`: a reply was sent through the Bot API, because Telegram had already received its answer.
 * - `slow`: the receiver has been running for `warnAfterMs`; `waiting` updates are pending in all.
 * - `outage`: several chats fail and none succeeds, or this has ended.
 * - `store`: the store fails, or works again after that many failures.
 * - `certificate`: a renewed certificate is in use, or cannot be used, so that the one before stays. `expiresAt` is when the one
 *   in use expires, in Unix milliseconds.
 */
export type WebhookEvent =
  | {
    readonly type: "received";
    readonly update: Update;
    /** `undefined` if the `lane` option failed. */
    readonly lane: Lane | undefined;
    readonly address: string | undefined;
    readonly path: string | undefined;
    /**
     * The request's headers; the value of the secret token is replaced. Read them immediately: they are gone after the
     * request.
     */
    readonly headers: Readonly<Record<string, string>> | undefined;
  }
  | {
    readonly type: "started";
    readonly update: ReceivedUpdate;
    readonly attempt: number;
    readonly isReplay: boolean;
  }
  | {
    readonly type: "answered";
    readonly update: Update;
    readonly status: number;
    readonly reply: WebhookReply | undefined;
  }
  | {
    readonly type: "handled";
    readonly update: ReceivedUpdate;
    readonly attempt: number;
    readonly durationMs: number;
    readonly background: boolean;
  }
  | {
    readonly type: "failed";
    readonly update: ReceivedUpdate;
    readonly attempt: number;
    readonly durationMs: number;
    readonly background: boolean;
    readonly error: unknown;
    readonly willRetry: boolean;
    readonly retryAfterMs: number | undefined;
  }
  | {
    readonly type: "postponed";
    readonly update: ReceivedUpdate;
    readonly attempt: number;
    readonly durationMs: number;
    readonly retryAfterMs: number;
  }
  | {
    readonly type: "parked";
    readonly update: ReceivedUpdate;
    readonly attempts: number;
    readonly error: unknown;
  }
  | { readonly type: "duplicate"; readonly update: ReceivedUpdate }
  | {
    readonly type: "acknowledgedEarly";
    readonly update: ReceivedUpdate;
    readonly reason: "part" | "running" | "waiting" | "received";
  }
  | {
    readonly type: "mediaGroup";
    readonly update: ReceivedUpdate;
    readonly parts: number;
    readonly late: boolean;
    readonly reason: AlbumEnd;
    readonly waitedMs: number;
  }
  | {
    readonly type: "refused";
    readonly status: number;
    readonly reason: string;
    readonly address: string | undefined;
    readonly path: string | undefined;
  }
  | {
    readonly type: "replySent";
    readonly update: ReceivedUpdate;
    readonly method: string;
    readonly reply: WebhookReply;
  }
  | {
    readonly type: "replyFailed";
    readonly update: ReceivedUpdate;
    readonly method: string;
    readonly reply: WebhookReply;
    readonly error: unknown;
  }
  | {
    readonly type: "slow";
    readonly update: ReceivedUpdate;
    readonly runningMs: number;
    readonly waiting: number;
  }
  | { readonly type: "outage"; readonly state: "began" | "ended"; readonly lanes: number }
  | {
    readonly type: "store";
    readonly state: "failing" | "recovered";
    readonly failures: number;
    readonly error: unknown;
  }
  | {
    readonly type: "certificate";
    readonly state: "renewed" | "rejected";
    readonly expiresAt: number | undefined;
    readonly error: unknown;
  };

/** Counters since the webhook was created. */
export interface WebhookCounts {
  /** Updates that the receiver has handled. An album counts once. */
  readonly handled: number;
  /** Failures of the receiver. */
  readonly failed: number;
  /** Calls of the receiver that threw `RetryLater`. */
  readonly postponed: number;
  /** Updates that were given up. */
  readonly givenUp: number;
  /** Updates that were parked. */
  readonly parked: number;
  /** Updates that arrived again. */
  readonly duplicates: number;
  /** Updates that were acknowledged before they were handled. */
  readonly acknowledgedEarly: number;
  /** Albums that were complete. Each counts once, however often it is handled. */
  readonly mediaGroups: number;
  /** Deliveries that were refused. */
  readonly refused: number;
  /** Replies that were sent through the Bot API. */
  readonly repliesSent: number;
  /** Replies that could not be sent. */
  readonly repliesFailed: number;
  /** Failed calls of the store. */
  readonly storeFailures: number;
}

/** Is called with every {@link WebhookEvent}. What it throws is ignored. */
export type OnEvent = (event: WebhookEvent) => void;

/** The counters at the start. */
export const NO_COUNTS: WebhookCounts = {
  handled: 0,
  failed: 0,
  postponed: 0,
  givenUp: 0,
  parked: 0,
  duplicates: 0,
  acknowledgedEarly: 0,
  mediaGroups: 0,
  refused: 0,
  repliesSent: 0,
  repliesFailed: 0,
  storeFailures: 0,
};

type Counts = { -readonly [K in keyof WebhookCounts]: number };

/** Who sent a delivery, as far as it is known. */
export interface Origin {
  readonly address: string | undefined;
  /** Without tokens and secrets. */
  readonly path: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** How often deliveries were refused for one reason. */
export interface RefusalCount {
  readonly status: number;
  readonly reason: string;
  readonly count: number;
}

interface Refusals extends RefusalCount {
  count: number;
  /** When one was logged last, and how many there had been by then. */
  loggedAt: number;
  loggedCount: number;
}

/** Refusals of one kind are logged once in this time. */
const LOG_REFUSALS_EVERY_MS = 60_000;

/**
 * Counts what happens, and reports it to those who listen and to the log. Events are only made for somebody who gets them:
 * for a single update on its usual way, that is nobody.
 */
export class Events {
  readonly counts: Counts = { ...NO_COUNTS };
  readonly #log: WriteToLog | undefined;
  /** Whether the log has only refusals: what is about the process is the affair of `onEvent`, if there is one. */
  readonly #logsRefusalsOnly: boolean;
  #listeners: readonly OnEvent[];
  /** By reason. There are few reasons, and each has one status. */
  readonly #refusals = new Map<string, Refusals>();
  /** Since the store last worked. */
  #storeFailures = 0;
  #storeFailedAt = -Infinity;

  /**
   * @param onEvent Is called with everything that happens.
   * @param log Gets the lines of the log: `console.warn` by default, nobody if it is `false`.
   */
  constructor(onEvent: OnEvent | undefined, log?: LogFunction | false) {
    checkFunction("onEvent", onEvent);
    this.#listeners = onEvent === undefined ? [] : [onEvent];
    this.#log = logWriter(log);
    this.#logsRefusalsOnly = log === undefined && onEvent !== undefined;
  }

  /**
   * Adds a listener.
   *
   * @returns Removes it.
   */
  listen(listener: OnEvent): () => void {
    this.#listeners = [...this.#listeners, listener];
    return () => this.#listeners = this.#listeners.filter((each) => each !== listener);
  }

  /** Whether anybody listens. */
  get hasListeners(): boolean {
    return this.#listeners.length > 0;
  }

  /** The time now, where anybody will ask how long something took. */
  get now(): number {
    return this.#listeners.length === 0 ? 0 : performance.now();
  }

  /** How often deliveries were refused, by reason. */
  get refusals(): readonly RefusalCount[] {
    return [...this.#refusals.values()];
  }

  /** @param origin Is called if anybody asks. */
  received(update: Update, lane: Lane | undefined, origin: (() => Origin) | undefined): void {
    if (this.#listeners.length === 0) return;
    const from = origin?.();
    this.#tell({
      ...{ type: "received", update, lane, address: from?.address, path: from?.path },
      get headers() {
        return from?.headers;
      },
    });
  }

  started(update: ReceivedUpdate, attempt: number, isReplay: boolean): void {
    if (this.#listeners.length > 0) this.#tell({ type: "started", update, attempt, isReplay });
  }

  answered(update: Update, status: number, reply?: WebhookReply): void {
    if (this.#listeners.length > 0) this.#tell({ type: "answered", update, status, reply });
  }

  // No CallFacts: most updates end here, and an object for each would cost.
  handled(update: ReceivedUpdate, attempt: number, since: number, background: boolean): void {
    this.counts.handled++;
    if (this.#listeners.length === 0) return;
    this.#tell({ type: "handled", update, attempt, durationMs: performance.now() - since, background });
  }

  /** @param retryAfterMs When it is handled again, if that is known; `undefined` if it is given up. */
  failed(
    update: ReceivedUpdate,
    { attempt, since, background }: CallFacts,
    error: unknown,
    willRetry: boolean,
    retryAfterMs?: number,
  ): void {
    this.counts.failed++;
    if (!willRetry) this.counts.givenUp++;
    if (this.#listeners.length === 0) return;
    const durationMs = performance.now() - since;
    this.#tell({ type: "failed", update, attempt, durationMs, background, error, willRetry, retryAfterMs });
  }

  postponed(update: ReceivedUpdate, attempt: number, since: number, retryAfterMs: number): void {
    this.counts.postponed++;
    if (this.#listeners.length === 0) return;
    this.#tell({ type: "postponed", update, attempt, durationMs: performance.now() - since, retryAfterMs });
  }

  parked(update: ReceivedUpdate, attempts: number, error: unknown): void {
    this.counts.parked++;
    if (this.#listeners.length > 0) this.#tell({ type: "parked", update, attempts, error });
  }

  duplicate(update: ReceivedUpdate): void {
    this.counts.duplicates++;
    if (this.#listeners.length > 0) this.#tell({ type: "duplicate", update });
  }

  acknowledgedEarly(update: ReceivedUpdate, reason: "part" | "running" | "waiting" | "received"): void {
    this.counts.acknowledgedEarly++;
    if (this.#listeners.length > 0) this.#tell({ type: "acknowledgedEarly", update, reason });
  }

  mediaGroup(
    update: ReceivedUpdate,
    details: { parts: number; late: boolean; reason: AlbumEnd; waitedMs: number },
  ): void {
    this.counts.mediaGroups++;
    if (this.#listeners.length > 0) this.#tell({ type: "mediaGroup", update, ...details });
  }

  /** @param origin Is called if anybody asks. */
  refused(status: number, reason: string, origin?: () => Origin): void {
    this.counts.refused++;
    let refusals = this.#refusals.get(reason);
    if (refusals === undefined) {
      refusals = { status, reason, count: 0, loggedAt: -Infinity, loggedCount: 0 };
      this.#refusals.set(reason, refusals);
    }
    refusals.count++;
    const now = this.#log === undefined ? 0 : performance.now();
    const isLogged = this.#log !== undefined && now - refusals.loggedAt >= LOG_REFUSALS_EVERY_MS;
    if (!isLogged && this.#listeners.length === 0) return;
    const from = origin?.();
    const event = { type: "refused", status, reason, address: from?.address, path: from?.path } as const;
    this.#tell(event);
    if (!isLogged) return;
    this.#write(event, refusals.count - refusals.loggedCount - 1);
    refusals.loggedAt = now;
    refusals.loggedCount = refusals.count;
  }

  replySent(update: ReceivedUpdate, reply: WebhookReply): void {
    this.counts.repliesSent++;
    if (this.#listeners.length === 0) return;
    this.#tell({ type: "replySent", update, method: reply.method, reply });
  }

  replyFailed(update: ReceivedUpdate, reply: WebhookReply, error: unknown): void {
    this.counts.repliesFailed++;
    if (this.#listeners.length === 0) return;
    this.#tell({ type: "replyFailed", update, method: reply.method, reply, error });
  }

  slow(update: ReceivedUpdate, runningMs: number, waiting: number): void {
    this.#report({ type: "slow", update, runningMs, waiting });
  }

  outage(state: "began" | "ended", lanes: number): void {
    this.#report({ type: "outage", state, lanes });
  }

  /**
   * A call of the store failed. Reported once, and then with a count when it works again.
   *
   * @returns Whether it worked before.
   */
  storeFailed(error: unknown): boolean {
    this.counts.storeFailures++;
    this.#storeFailures++;
    this.#storeFailedAt = performance.now();
    if (this.#storeFailures > 1) return false;
    this.#report({ type: "store", state: "failing", failures: 1, error });
    return true;
  }

  /** Milliseconds since the latest call of the store, if that failed; `Infinity` if the store works. */
  get storeFailedMsAgo(): number {
    return this.#storeFailures > 0 ? performance.now() - this.#storeFailedAt : Infinity;
  }

  storeWorked(): void {
    if (this.#storeFailures === 0) return;
    const failures = this.#storeFailures;
    this.#storeFailures = 0;
    this.#report({ type: "store", state: "recovered", failures, error: undefined });
  }

  /** The certificate of the server was replaced, or could not be. */
  certificate(state: "renewed" | "rejected", expiresAt: number | undefined, error?: unknown): void {
    const event = { type: "certificate", state, expiresAt, error } as const;
    if (state === "rejected") this.#report(event);
    else this.#tell(event);
  }

  /** For what is rare: the listeners and the log get it. */
  #report(event: Parameters<WriteToLog>[0]): void {
    this.#tell(event);
    if (!this.#logsRefusalsOnly) this.#write(event, 0);
  }

  // Watching must not change what is watched.

  #tell(event: WebhookEvent): void {
    for (const listener of this.#listeners) {
      try {
        const told: unknown = listener(event);
        if (isPromise(told)) told.catch(() => {});
      } catch {
        // Its own affair.
      }
    }
  }

  #write(event: Parameters<WriteToLog>[0], more: number): void {
    try {
      const told: unknown = this.#log?.(event, more);
      if (isPromise(told)) told.catch(() => {});
    } catch {
      // Likewise.
    }
  }
}

/** What is known of a call of the receiver that failed. */
export interface CallFacts {
  readonly attempt: number;
  /** When it began, as {@link Events.now} said. */
  readonly since: number;
  readonly background: boolean;
}
