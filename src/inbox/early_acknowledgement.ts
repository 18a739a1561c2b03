import type { Update } from "../updates/mod.ts";
import type { Backlog } from "./backlog.ts";
import type { FailureCounts } from "./failure_counts.ts";
import type { InboxSettings } from "./inbox_options.ts";
import { type MediaGroupPart, MOST_PARTS } from "./media_group.ts";
import type { Observers } from "./observers.ts";
import { ACKNOWLEDGED, type Outcome } from "./outcome.ts";
import type { SeenUpdates } from "./seen_updates.ts";
import type { AlbumRules, Awaitable, Batch, StoreEntry } from "../store/store.ts";
import { telegramQueueOf } from "./telegram_queue.ts";
import type { Unanswered } from "./unanswered.ts";
import type { UnansweredUpdates } from "./unanswered_updates.ts";

/** What it shares with the inbox. */
export interface Shared {
  readonly settings: InboxSettings;
  readonly backlog: Backlog;
  readonly unanswered: UnansweredUpdates;
  readonly seen: SeenUpdates;
  readonly failures: FailureCounts;
  readonly observers: Observers;
  /** The store did not take one that waits: it goes on to wait for its turn. */
  readonly onRefused: (waiting: Unanswered) => void;
}

/**
 * Acknowledges updates before they are handled: parts of albums, those whose time limit is over, and all with
 * `acknowledge: "received"`. First the store has them, then Telegram is told; what the store does not take is not
 * acknowledged.
 */
export class EarlyAcknowledgement {
  readonly #shared: Shared;
  /** When albums are complete. */
  readonly #rules: AlbumRules | undefined;

  constructor(shared: Shared) {
    const { mediaGroups } = shared.settings;
    this.#shared = shared;
    this.#rules = mediaGroups && { ...mediaGroups, mostParts: MOST_PARTS };
  }

  /** Stores an update that has just come. */
  take(update: Update, size: number | undefined, part: MediaGroupPart | undefined): Awaitable<Outcome> {
    const reason = part === undefined ? "received" : "part";
    try {
      const stored = this.#shared.backlog.store.append(this.#entry(update, size, part));
      if (!(stored instanceof Promise)) return this.#taken(update, reason);
      return stored.then(() => this.#taken(update, reason), (error) => this.refuse(update, error));
    } catch (error) {
      return this.refuse(update, error);
    }
  }

  /** Stores an update whose bringer has waited long enough. */
  takeOverdue(overdue: Unanswered): void {
    if (overdue.state === "waiting") return void this.#takeWaiting(overdue);
    const held = this.#takeRunning(overdue);
    overdue.held = held;
    void held.then((batch) => {
      if (batch === undefined && overdue.held === held) overdue.held = undefined; // to be asked for again
    });
  }

  /** What could not be stored must come again. */
  refuse(update: Update, error: unknown): Outcome {
    const { failures, observers: { reportError, events } } = this.#shared;
    events.refused(500, "The store failed");
    reportError(error, { update, attempt: failures.nextAttempt(update.update_id), willRetry: true });
    return { type: "failed", error };
  }

  #entry(update: Update, size: number | undefined, part?: MediaGroupPart): StoreEntry {
    return {
      update,
      queue: telegramQueueOf(update),
      size: size || JSON.stringify(update).length,
      failures: this.#shared.failures.of(update.update_id),
      group: part && this.#rules && { key: part.key, rules: this.#rules },
    };
  }

  #taken(update: Update, reason: "part" | "received"): Outcome {
    const { backlog, observers: { events }, seen } = this.#shared;
    events.acknowledgedEarly(update, reason);
    seen.add(update.update_id);
    backlog.pump();
    return ACKNOWLEDGED;
  }

  /** The receiver still runs: its update becomes a batch that is claimed already. */
  async #takeRunning(running: Unanswered): Promise<Batch | undefined> {
    try {
      const batch = await this.#shared.backlog.store.hold(this.#entry(running.update, running.size));
      this.#acknowledge(running, "running");
      return batch;
    } catch (error) {
      this.#refuseOverdue(running, error);
      return undefined;
    }
  }

  /** It still waits for its turn: from now on, it does so in the store. */
  async #takeWaiting(waiting: Unanswered): Promise<void> {
    waiting.state = "storing";
    try {
      await this.#shared.backlog.store.append(this.#entry(waiting.update, waiting.size));
      waiting.state = "stored";
      this.#acknowledge(waiting, "waiting");
      this.#shared.backlog.pump();
    } catch (error) {
      waiting.state = "waiting";
      this.#refuseOverdue(waiting, error);
      this.#shared.onRefused(waiting); // its turn may have come meanwhile
    }
  }

  #acknowledge(overdue: Unanswered, reason: "running" | "waiting"): void {
    const { observers: { events }, seen, unanswered } = this.#shared;
    events.acknowledgedEarly(overdue.update, reason);
    unanswered.remove(overdue);
    seen.add(overdue.update.update_id);
    overdue.answer(ACKNOWLEDGED);
  }

  /** Telegram sends it again, and then joins the same wait. */
  #refuseOverdue(overdue: Unanswered, error: unknown): void {
    overdue.answer(this.refuse(overdue.update, error));
    this.#shared.unanswered.renew(overdue);
  }
}
