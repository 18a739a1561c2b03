import { checkFunction } from "../checks/options.ts";
import type { ReceivedUpdate } from "../receiver/receiver.ts";

/**
 * Something that happened to a delivery or an update. Durations are in milliseconds.
 *
 * - `handled`: the receiver is done with an update; `background` if Telegram had its acknowledgement before.
 * - `failed`: the receiver failed; `willRetry` is `false` if the update is given up.
 * - `duplicate`: an update came again that was acknowledged or is being handled already.
 * - `acknowledgedEarly`: an update was acknowledged before it was handled: as an album's part, because its receiver took
 *   longer than `acknowledgeWithinMs`, because it waited that long for its turn, or because of `acknowledge: "received"`.
 * - `mediaGroup`: an album is complete and handed over. `waitedMs` is the time since its first part.
 * - `refused`: a delivery was not taken; `reason` says why. (A receiver's failure, which answers 500, is `failed`.)
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
    readonly reason: MediaGroupEnd;
    readonly waitedMs: number;
  }
  | { readonly type: "refused"; readonly status: number; readonly reason: string };

/** Why an album counts as complete: ten parts, a later update of its queue, the quiet time, `maxWaitMs`, or closing. */
export type MediaGroupEnd = "full" | "next" | "quiet" | "maxWait" | "close";

/** How often what happened since the webhook was made. */
export interface WebhookCounts {
  /** Updates that the receiver is done with, an album counting once. */
  readonly handled: number;
  /** Failures of the receiver. */
  readonly failed: number;
  /** Updates that failed as often as they may. */
  readonly givenUp: number;
  /** Updates that came again. */
  readonly duplicates: number;
  /** Updates that were acknowledged before they were handled. */
  readonly acknowledgedEarly: number;
  /** Albums that were handed over. */
  readonly mediaGroups: number;
  /** Deliveries that were refused. */
  readonly refused: number;
}

/** Learns of every {@link WebhookEvent}. What it throws is ignored. */
export type OnEvent = (event: WebhookEvent) => void;

type Counts = { -readonly [K in keyof WebhookCounts]: number };

/** Counts what happens, and tells whoever listens. Events are only made for a listener. */
export class Events {
  readonly counts: Counts = {
    handled: 0,
    failed: 0,
    givenUp: 0,
    duplicates: 0,
    acknowledgedEarly: 0,
    mediaGroups: 0,
    refused: 0,
  };
  readonly #onEvent: OnEvent | undefined;

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
    details: { parts: number; late: boolean; reason: MediaGroupEnd; waitedMs: number },
  ): void {
    this.counts.mediaGroups++;
    if (this.#onEvent !== undefined) this.#tell({ type: "mediaGroup", update, ...details });
  }

  refused(status: number, reason: string): void {
    this.counts.refused++;
    if (this.#onEvent !== undefined) this.#tell({ type: "refused", status, reason });
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
