import { checkFunction } from "../checks/options.ts";
import type { ReceivedUpdate } from "../receiver/receiver.ts";
import type { AlbumEnd } from "../store/album_rules.ts";

/**
 * Something that happened to a delivery, an update or the webhook. Durations are in milliseconds.
 *
 * - `handled`: the receiver has handled an update; `background` if it was acknowledged before.
 * - `failed`: the receiver failed; `willRetry` is `false` if the update is given up.
 * - `parked`: an update was given up, and is kept to be replayed or discarded.
 * - `duplicate`: an update arrived again that was acknowledged or is being handled.
 * - `acknowledgedEarly`: an update was acknowledged before it was handled: because it is a part of an album, because its
 *   receiver took longer than `acknowledgeWithinMs`, because it waited that long for its turn, or because of
 *   `acknowledge: "received"`.
 * - `mediaGroup`: an album is complete and handled. `waitedMs` is the time since its first part.
 * - `refused`: a delivery was refused; `reason` says why. (A receiver's failure, which answers 500, is `failed`.)
 * - `replySent`, `replyFailed`: a reply was sent through the Bot API, because Telegram had already received its answer.
 * - `slow`: the receiver has been running for `warnAfterMs`; `waiting` updates are pending in all.
 * - `outage`: several chats fail and none succeeds, or this has ended.
 * - `store`: the store fails, or works again after that many failures.
 */
export type WebhookEvent =
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
  | { readonly type: "refused"; readonly status: number; readonly reason: string }
  | { readonly type: "replySent"; readonly update: ReceivedUpdate; readonly method: string }
  | {
    readonly type: "replyFailed";
    readonly update: ReceivedUpdate;
    readonly method: string;
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
  };

/** Counters since the webhook was created. */
export interface WebhookCounts {
  /** Updates that the receiver has handled. An album counts once. */
  readonly handled: number;
  /** Failures of the receiver. */
  readonly failed: number;
  /** Updates that were given up. */
  readonly givenUp: number;
  /** Updates that were parked. */
  readonly parked: number;
  /** Updates that arrived again. */
  readonly duplicates: number;
  /** Updates that were acknowledged before they were handled. */
  readonly acknowledgedEarly: number;
  /** Albums that were handled. */
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

type Counts = { -readonly [K in keyof WebhookCounts]: number };

/** Counts what happens, and reports it to `onEvent`. Events are created only if there is one. */
export class Events {
  readonly counts: Counts = {
    handled: 0,
    failed: 0,
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
  readonly #onEvent: OnEvent | undefined;
  /** Since the store last worked. */
  #storeFailures = 0;

  constructor(onEvent: OnEvent | undefined) {
    checkFunction("onEvent", onEvent);
    this.#onEvent = onEvent;
  }

  /** The time now, where anybody will ask how long something took. */
  get now(): number {
    return this.#onEvent === undefined ? 0 : performance.now();
  }

  // No CallFacts: most updates end here, and an object for each would cost.
  handled(update: ReceivedUpdate, attempt: number, since: number, background: boolean): void {
    this.counts.handled++;
    if (this.#onEvent === undefined) return;
    this.#tell({ type: "handled", update, attempt, durationMs: performance.now() - since, background });
  }

  failed(
    update: ReceivedUpdate,
    { attempt, since, background }: CallFacts,
    error: unknown,
    willRetry: boolean,
  ): void {
    this.counts.failed++;
    if (!willRetry) this.counts.givenUp++;
    if (this.#onEvent === undefined) return;
    const durationMs = performance.now() - since;
    this.#tell({ type: "failed", update, attempt, durationMs, background, error, willRetry });
  }

  parked(update: ReceivedUpdate, attempts: number, error: unknown): void {
    this.counts.parked++;
    if (this.#onEvent !== undefined) this.#tell({ type: "parked", update, attempts, error });
  }

  duplicate(update: ReceivedUpdate): void {
    this.counts.duplicates++;
    if (this.#onEvent !== undefined) this.#tell({ type: "duplicate", update });
  }

  acknowledgedEarly(update: ReceivedUpdate, reason: "part" | "running" | "waiting" | "received"): void {
    this.counts.acknowledgedEarly++;
    if (this.#onEvent !== undefined) this.#tell({ type: "acknowledgedEarly", update, reason });
  }

  mediaGroup(
    update: ReceivedUpdate,
    details: { parts: number; late: boolean; reason: AlbumEnd; waitedMs: number },
  ): void {
    this.counts.mediaGroups++;
    if (this.#onEvent !== undefined) this.#tell({ type: "mediaGroup", update, ...details });
  }

  refused(status: number, reason: string): void {
    this.counts.refused++;
    if (this.#onEvent !== undefined) this.#tell({ type: "refused", status, reason });
  }

  replySent(update: ReceivedUpdate, method: string): void {
    this.counts.repliesSent++;
    if (this.#onEvent !== undefined) this.#tell({ type: "replySent", update, method });
  }

  replyFailed(update: ReceivedUpdate, method: string, error: unknown): void {
    this.counts.repliesFailed++;
    if (this.#onEvent !== undefined) this.#tell({ type: "replyFailed", update, method, error });
  }

  slow(update: ReceivedUpdate, runningMs: number, waiting: number): void {
    if (this.#onEvent !== undefined) this.#tell({ type: "slow", update, runningMs, waiting });
    else {
      const forS = Math.round(runningMs / 1_000);
      console.warn(
        `telehook: the handler of update ${update.update_id} has been running for ${forS} s (${waiting} updates are pending)`,
      );
    }
  }

  outage(state: "began" | "ended", lanes: number): void {
    if (this.#onEvent !== undefined) this.#tell({ type: "outage", state, lanes });
    else if (state === "ended") console.warn("telehook: the outage has ended");
    else console.warn(`telehook: ${lanes} chats fail and none succeeds: an outage, so nothing is given up`);
  }

  /**
   * A call of the store failed. Reported once, and then with a count when it works again.
   *
   * @returns Whether it worked before.
   */
  storeFailed(error: unknown): boolean {
    this.counts.storeFailures++;
    this.#storeFailures++;
    if (this.#storeFailures > 1) return false;
    if (this.#onEvent !== undefined) this.#tell({ type: "store", state: "failing", failures: 1, error });
    else console.error("telehook: the store is failing:", error);
    return true;
  }

  /** Whether the latest call of the store failed. */
  get isStoreFailing(): boolean {
    return this.#storeFailures > 0;
  }

  storeWorked(): void {
    if (this.#storeFailures === 0) return;
    const failures = this.#storeFailures;
    this.#storeFailures = 0;
    if (this.#onEvent !== undefined) {
      this.#tell({ type: "store", state: "recovered", failures, error: undefined });
    } else console.warn(`telehook: the store works again after ${failures} failures`);
  }

  #tell(event: WebhookEvent): void {
    try {
      const told: unknown = this.#onEvent?.(event);
      if (told instanceof Promise) told.catch(() => {});
    } catch {
      // Watching must not change what is watched.
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
