import type { Events } from "../events/events.ts";
import { Failures } from "../runner/failures.ts";
import { ACKNOWLEDGED, type Outcome } from "../runner/outcome.ts";
import type { ReportError } from "../runner/report_error.ts";
import type { SeenUpdates } from "../runner/seen_updates.ts";
import type { Lane } from "../store/inbox_store.ts";
import type { Update } from "../updates/mod.ts";
import type { InboxSettings } from "./inbox_options.ts";

/** What is known of a failure to store an update. */
export interface Blame {
  /** The update is certainly to blame, since what the store needs to know of it could not be told. */
  readonly isOwn?: boolean;
  /** Its receiver runs, and nothing else would know of it if that failed. */
  readonly isRunning?: boolean;
}

/**
 * Knows which updates could not be stored: they must come again. Is the update to blame, or the store? That is judged by
 * the same rules as a failure of the receiver. What is to blame itself, because others were stored since it failed first,
 * is given up at last: nothing can keep it.
 */
export class UnstoredUpdates {
  readonly #failures: Failures;
  readonly #isSenderResponsible: boolean;
  readonly #seen: SeenUpdates;
  readonly #events: Events;
  readonly #reportError: ReportError;

  constructor(settings: InboxSettings, seen: SeenUpdates, events: Events, reportError: ReportError) {
    this.#failures = new Failures({
      maxAttempts: Math.max(2, settings.maxAttempts), // one failure says nothing of who is to blame
      giveUpAfterMs: Infinity,
      leastMs: settings.giveUpAfterMs, // a store that is unreliable can refuse the same update several times
    }, () => {});
    this.#isSenderResponsible = settings.isSenderResponsible;
    this.#seen = seen;
    this.#events = events;
    this.#reportError = reportError;
  }

  /** An update was stored. */
  stored(updateId: number, lane: Lane): void {
    if (this.#failures.isWatching) this.#failures.succeeded(updateId, lane);
  }

  /** How often an update could not be stored. */
  attemptsOf(updateId: number): number {
    return this.#failures.triesOf(updateId).attempts;
  }

  /**
   * An update could not be stored.
   *
   * @returns What its sender is answered.
   */
  failed(update: Update, error: unknown, { isOwn = false, isRunning = false }: Blame = {}): Outcome {
    const { update_id } = update;
    const before = this.#failures.triesOf(update_id);
    const { willRetry, tries } = this.#failures.failed(update_id, `update ${update_id}`, before, {
      isToBlame: isOwn,
    });
    const isNews = isOwn || this.#events.storeFailed(error);
    const attempt = tries.attempts;
    if (willRetry || isRunning || this.#isSenderResponsible) {
      this.#events.refused(500, isOwn ? "The update cannot be stored" : "The store failed");
      if (isNews) this.#reportError(error, { update, attempt, willRetry: true });
      return { type: "failed", error };
    }
    if (!isOwn) this.#seen.done(update_id); // otherwise it is about to be parked
    this.#events.failed(update, { attempt, since: this.#events.now, background: false }, error, false);
    this.#reportError(error, { update, attempt, willRetry: false });
    return ACKNOWLEDGED;
  }
}
