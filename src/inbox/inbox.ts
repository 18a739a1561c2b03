import { CallContext } from "../receiver/call_context.ts";
import type { ReceiverResult, UpdateReceiver } from "../receiver/receiver.ts";
import { isWebhookReply } from "../receiver/webhook_reply.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import type { Update } from "../updates/mod.ts";
import { Backlog, isClosed, lateReply } from "./backlog.ts";
import { Calls } from "./calls.ts";
import { EarlyAcknowledgement } from "./early_acknowledgement.ts";
import { FailureCounts } from "./failure_counts.ts";
import { IdleWaiters } from "./idle_waiters.ts";
import type { InboxSettings } from "./inbox_options.ts";
import { type MediaGroupPart, mediaGroupPartOf } from "./media_group.ts";
import type { Observers } from "./observers.ts";
import { ACKNOWLEDGED, CLOSING, type Outcome, OVERLOADED } from "./outcome.ts";
import type { FailureDetails } from "./report_error.ts";
import { SeenUpdates } from "./seen_updates.ts";
import type { Awaitable, TelegramQueue } from "../store/store.ts";
import { Turns } from "./turns.ts";
import type { Unanswered } from "./unanswered.ts";
import { UnansweredUpdates } from "./unanswered_updates.ts";
import type { Events } from "../events/events.ts";

/**
 * The stage between parsing and dispatching, and the keeper of the invariant: an update is in Telegram's queue until it
 * is acknowledged, and in the store from then until it is handled.
 *
 * Most updates are handled while their bringer waits and leave no trace but their id. The rest of this class is for
 * those that do not: parts of albums, receivers that take too long, and whatever comes behind these in its queue.
 */
export class Inbox {
  readonly #settings: InboxSettings;
  readonly #filter: UpdateReceiver;
  readonly #reportError: (error: unknown, details: FailureDetails) => void;
  readonly #events: Events;
  readonly #calls: Calls;
  readonly #backlog: Backlog;
  readonly #seen = new SeenUpdates();
  readonly #failures = new FailureCounts();
  readonly #unanswered: UnansweredUpdates;
  readonly #early: EarlyAcknowledgement;
  readonly #turns: Turns;
  readonly #idle = new IdleWaiters();
  /** Updates that a store is still taking. */
  readonly #storing = new Set<Promise<Outcome>>();
  #closing: Promise<void> | undefined;
  /** Closing has made all albums due, so that what the store still has rests there. */
  #areAlbumsReleased = false;
  #isClosed = false;

  constructor(filter: UpdateReceiver, settings: InboxSettings, observers: Observers) {
    const { reportError, events } = observers;
    this.#filter = filter;
    this.#settings = settings;
    this.#reportError = reportError;
    this.#events = events;
    this.#calls = new Calls(settings.concurrency);
    this.#backlog = new Backlog(settings, {
      filter,
      calls: this.#calls,
      reportError,
      events,
      onProgress: (queue) => this.#advance(queue),
      onClaimed: () => this.#tellIdle(),
    });
    this.#unanswered = new UnansweredUpdates(
      settings.acknowledgeWithinMs,
      (overdue) => this.#takeOverdue(overdue),
    );
    this.#early = new EarlyAcknowledgement({
      settings,
      backlog: this.#backlog,
      unanswered: this.#unanswered,
      seen: this.#seen,
      failures: this.#failures,
      observers,
      onRefused: ({ queue }) => this.#advance(queue),
    });
    this.#turns = new Turns({
      backlog: this.#backlog,
      calls: this.#calls,
      early: this.#early,
      failures: this.#failures,
      seen: this.#seen,
      unanswered: this.#unanswered,
      events,
      hand: (update, size) => this.#hand(update, size),
      resume: (waiting) => this.#resume(waiting),
      onProgress: (queue) => this.#advance(queue),
    });
  }

  /** Begins with what the last process left in the store. */
  begin(): void {
    if (this.#backlog.store.outlivesProcess) this.#backlog.pump();
  }

  /**
   * Takes an update.
   *
   * @param size How many characters its JSON had; worked out if it matters and is not known.
   * @returns What became of it, at once where nothing has to be waited for.
   */
  receive(update: Update, size?: number): Awaitable<Outcome> {
    if (this.#closing !== undefined) return CLOSING;
    if (this.#seen.has(update.update_id)) {
      this.#events.duplicate(update);
      return ACKNOWLEDGED;
    }
    const twin = this.#unanswered.get(update.update_id);
    if (twin !== undefined) {
      this.#events.duplicate(update);
      return twin.join();
    }
    if (this.#isOverloaded()) return OVERLOADED;

    const part = this.#partToMerge(update);
    if (part !== undefined || this.#settings.acknowledge === "received") {
      const taken = this.#early.take(update, size, part);
      return taken instanceof Promise ? this.#whileStoring(taken) : taken;
    }
    const { store } = this.#backlog;
    // One that outlives the process also knows what the process before this one has handled.
    if (store.outlivesProcess || !store.isEmpty || this.#turns.areWaitedFor) {
      return this.#turns.take(update, size);
    }
    return this.#hand(update, size);
  }

  /** How much goes on. */
  get load(): { readonly running: number; readonly unanswered: number; readonly stored: number } {
    return {
      running: this.#calls.running,
      unanswered: this.#unanswered.size,
      stored: this.#backlog.store.updates,
    };
  }

  /** Whether anything goes on behind what was answered. */
  get isBusy(): boolean {
    return this.#calls.running > 0 || this.#unanswered.size > 0 || this.#backlog.store.updates > 0;
  }

  /** Resolves when nothing that was brought here is left unhandled, or when the inbox is closed. */
  idle(): Promise<void> {
    return this.isBusy ? this.#idle.wait() : Promise.resolve();
  }

  /**
   * Takes nothing more, hands over pending albums, waits for what runs, and for at most so many milliseconds; then
   * aborts what still runs.
   */
  close(timeoutMs: number): Promise<void> {
    return this.#closing ??= this.#close(timeoutMs);
  }

  async #close(timeoutMs: number): Promise<void> {
    const done = this.#idle.waitAtMost(timeoutMs);
    await Promise.race([this.#handOverAlbums(), done]);
    if (!this.#isDone()) await done;
    this.#calls.abort(
      new TelehookError("ERR_CLOSED", `Closed before the receiver was done, after ${timeoutMs} ms`),
    );
    this.#unanswered.close(CLOSING);
    this.#isClosed = true;
    this.#turns.close();
    try {
      await this.#backlog.close();
    } finally {
      this.#idle.tell();
    }
  }

  async #handOverAlbums(): Promise<void> {
    await Promise.allSettled(this.#storing); // a part that is stored after its album was released would be forgotten
    try {
      await this.#backlog.store.release();
    } catch {
      // It stays in the store for the next start.
    }
    this.#areAlbumsReleased = true;
    this.#backlog.pump();
  }

  /** While closing, what is not acknowledged stays Telegram's, unless the store keeps it for the next start. */
  #takeOverdue(overdue: Unanswered): void {
    if (this.#closing !== undefined && !this.#backlog.store.outlivesProcess) return;
    this.#early.takeOverdue(overdue);
  }

  async #whileStoring(taken: Promise<Outcome>): Promise<Outcome> {
    this.#storing.add(taken);
    try {
      return await taken;
    } finally {
      this.#storing.delete(taken);
    }
  }

  /** Closing need not wait for what rests in a store that outlives the process. */
  #isDone(): boolean {
    const { store } = this.#backlog;
    if (!this.#areAlbumsReleased || this.#backlog.isClaiming) return false;
    if (this.#calls.running > 0 || this.#unanswered.size > 0 || this.#storing.size > 0) return false;
    return store.updates === 0 || (store.outlivesProcess && store.nextDueMs() !== 0);
  }

  #isOverloaded(): boolean {
    const { store } = this.#backlog;
    const { maxPending, maxPendingSize } = this.#settings;
    return this.#unanswered.size + store.updates >= maxPending || store.size >= maxPendingSize;
  }

  #partToMerge(update: Update): MediaGroupPart | undefined {
    if (this.#settings.mediaGroups === undefined) return undefined;
    const part = mediaGroupPartOf(update);
    return part !== undefined && this.#filter.mediaGroupKinds?.includes(part.kind) ? part : undefined;
  }

  // — Handled while its bringer waits —

  #hand(update: Update, size: number | undefined): Awaitable<Outcome> {
    const context = new CallContext(this.#failures.nextAttempt(update.update_id));
    if (this.#calls.areFull) {
      const waiting = this.#unanswered.begin(update, size, context);
      this.#turns.awaitCall(waiting);
      return waiting.outcome;
    }
    const since = this.#events.now;
    let result: ReceiverResult;
    try {
      result = this.#filter.receive(update, context);
    } catch (error) {
      return this.#failed(update, context.attempt, since, error);
    }
    if (!isPromiseLike(result)) return this.#handled(update, context.attempt, since, result);
    const running = this.#unanswered.begin(update, size, context);
    running.began = since;
    this.#run(running, Promise.resolve(result)); // not what a stranger's `then` may do when it is called
    return running.outcome;
  }

  #run(running: Unanswered, result: Promise<Awaited<ReceiverResult>>): void {
    running.state = "running";
    this.#calls.begin(running.context);
    result.then(
      (value) => this.#finish(running, value, undefined),
      (error) => this.#finish(running, undefined, { error }),
    );
  }

  #finish(
    running: Unanswered,
    value: Awaited<ReceiverResult>,
    failure: { error: unknown } | undefined,
  ): void {
    const { context, context: { attempt }, began: since, held, update } = running;
    if (held !== undefined) {
      running.held = undefined;
      running.state = "ended";
      void held.then((batch) => {
        if (batch === undefined) return this.#finish(running, value, failure); // the store did not take it
        return this.#backlog.settle(batch, update, context, since, value, failure);
      });
      return;
    }
    this.#calls.end(context);
    this.#unanswered.remove(running);
    const outcome = failure
      ? this.#failed(update, attempt, since, failure.error)
      : this.#handled(update, attempt, since, value);
    if (outcome.type === "replied" && !running.isAwaited) {
      this.#reportError(lateReply(outcome.reply.method), { update, attempt, willRetry: false });
    }
    running.answer(outcome);
    if (!this.#backlog.store.isEmpty) this.#backlog.pump(); // what fell due while all calls were taken
    this.#advance(running.queue);
  }

  #handled(update: Update, attempt: number, since: number, value: Awaited<ReceiverResult>): Outcome {
    this.#events.handled(update, attempt, since, false);
    this.#forget(update.update_id);
    return isWebhookReply(value) ? { type: "replied", reply: value } : ACKNOWLEDGED;
  }

  #failed(update: Update, attempt: number, since: number, error: unknown): Outcome {
    if (isClosed(error)) return CLOSING; // streams that take nothing more
    const willRetry = attempt < this.#settings.maxDeliveries;
    this.#events.failed(update, { attempt, since, background: false }, error, willRetry);
    this.#reportError(error, { update, attempt, willRetry });
    if (!willRetry) {
      this.#forget(update.update_id);
      return ACKNOWLEDGED;
    }
    this.#failures.set(update.update_id, attempt);
    return { type: "failed", error };
  }

  /** It is done with: all that remains is the knowledge that it was here. */
  #forget(updateId: number): void {
    this.#seen.add(updateId);
    this.#failures.forget(updateId);
  }

  /** Lets those go on that waited for this queue (for any, if none is named), or for a call to come to its end. */
  #advance(queue?: TelegramQueue): void {
    if (this.#isClosed) return; // whoever still waited was told to come again
    this.#turns.advance(queue);
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#idle.areWaiting && (this.#closing === undefined ? !this.isBusy : this.#isDone())) {
      this.#idle.tell();
    }
  }

  #resume(waiting: Unanswered): void {
    waiting.began = this.#events.now;
    let result: ReceiverResult;
    try {
      result = this.#filter.receive(waiting.update, waiting.context);
    } catch (error) {
      return this.#finish(waiting, undefined, { error });
    }
    this.#run(waiting, Promise.resolve(result));
  }
}

/** Anything with a `then` is waited for, as `await` would: query builders and other frameworks' promises too. */
function isPromiseLike(result: ReceiverResult): result is Promise<Awaited<ReceiverResult>> {
  return typeof result === "object" && result !== null && "then" in result &&
    typeof result.then === "function";
}
