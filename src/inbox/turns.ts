import { CallContext } from "../receiver/call_context.ts";
import type { Update } from "../updates/mod.ts";
import type { Events } from "../events/events.ts";
import type { Awaitable, InboxStore, TelegramQueue } from "../store/store.ts";
import type { Backlog } from "./backlog.ts";
import type { Calls } from "./calls.ts";
import type { EarlyAcknowledgement } from "./early_acknowledgement.ts";
import type { FailureCounts } from "./failure_counts.ts";
import { ACKNOWLEDGED, type Outcome } from "./outcome.ts";
import type { SeenUpdates } from "./seen_updates.ts";
import { telegramQueueOf } from "./telegram_queue.ts";
import type { Unanswered } from "./unanswered.ts";
import type { UnansweredUpdates } from "./unanswered_updates.ts";
import { WaitingLines } from "./waiting_lines.ts";

/** What it shares with the inbox, and what it leaves to it. */
export interface TurnsOwner {
  readonly backlog: Backlog;
  readonly calls: Calls;
  readonly early: EarlyAcknowledgement;
  readonly failures: FailureCounts;
  readonly seen: SeenUpdates;
  readonly unanswered: UnansweredUpdates;
  readonly events: Events;
  /** Hands over an update that has nothing to wait for. */
  hand(update: Update, size: number | undefined): Awaitable<Outcome>;
  /** Called when one that waited is done with without having been handed over. */
  onProgress(queue: TelegramQueue): void;
  /** Hands over one whose turn has come. */
  resume(waiting: Unanswered): void;
}

/** What the store finds that an update must wait for. */
type Found = Awaited<ReturnType<InboxStore["look"]>>;

/**
 * The order of those who are not handed over at once: an update waits, unanswered, for those of its Telegram queue that
 * were acknowledged before it, and for a free call of the receiver.
 */
export class Turns {
  readonly #owner: TurnsOwner;
  readonly #lines = new WaitingLines();
  #isClosed = false;

  constructor(owner: TurnsOwner) {
    this.#owner = owner;
  }

  /** Whether anything waits for others of its queue. */
  get areWaitedFor(): boolean {
    return this.#lines.areWaiting;
  }

  /** Hands the update over, or lets it wait if the store has others of its queue. */
  take(update: Update, size: number | undefined): Awaitable<Outcome> {
    const { backlog: { store }, early, hand, events } = this.#owner;
    const queue = telegramQueueOf(update);
    try {
      if (this.#lines.has(queue)) return this.#joinQueue(queue, update, size);
      const found = store.look(queue, update.update_id);
      if (found instanceof Promise) return this.#awaitLook(found, queue, update, size);
      if (found === "nothing") return hand(update, size);
      if (found === "queue") return this.#joinQueue(queue, update, size);
      events.duplicate(update);
      return ACKNOWLEDGED;
    } catch (error) {
      return early.refuse(update, error);
    }
  }

  /** Lets one wait until a call of the receiver comes to its end. */
  awaitCall(waiting: Unanswered): void {
    this.#lines.joinSlots(waiting);
  }

  /** Lets those go on that waited for this queue (for any, if none is named), or for a call to come to its end. */
  advance(queue?: TelegramQueue): void {
    if (this.#lines.areEmpty) return;
    for (const each of queue === undefined ? this.#lines.queues() : [queue]) void this.#advanceQueue(each);
    while (!this.#owner.calls.areFull) {
      const next = this.#lines.leaveSlots();
      if (next === undefined) break;
      this.#owner.resume(next);
    }
  }

  /** Nobody who waits is handed over any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** It is known to be here while the store looks: another that brings it must not begin a second time. */
  #awaitLook(
    looking: Promise<Found>,
    queue: TelegramQueue,
    update: Update,
    size: number | undefined,
  ): Promise<Outcome> {
    const waiting = this.#joinLine(queue, update, size);
    looking.then(
      (found) => found === "queue" ? this.#release(queue) : this.#goOn(waiting, queue, found),
      (error) => {
        if (!this.#lines.leaveQueue(queue, waiting)) return;
        this.#owner.unanswered.remove(waiting);
        waiting.answer(this.#owner.early.refuse(update, error));
        this.#owner.onProgress(queue);
      },
    );
    return waiting.outcome;
  }

  #joinQueue(queue: TelegramQueue, update: Update, size: number | undefined): Promise<Outcome> {
    const waiting = this.#joinLine(queue, update, size);
    this.#release(queue);
    return waiting.outcome;
  }

  #joinLine(queue: TelegramQueue, update: Update, size: number | undefined): Unanswered {
    const { failures, unanswered } = this.#owner;
    const context = new CallContext(failures.nextAttempt(update.update_id));
    const waiting = unanswered.begin(update, size, context);
    waiting.queue = queue;
    this.#lines.joinQueue(queue, waiting);
    return waiting;
  }

  /** A later update of its queue completes an album. */
  #release(queue: TelegramQueue): void {
    const { backlog } = this.#owner;
    const released = backlog.store.release(queue);
    if (released instanceof Promise) released.catch(() => {}).then(() => backlog.pump());
    else backlog.pump();
  }

  async #advanceQueue(queue: TelegramQueue): Promise<void> {
    const first = this.#lines.firstOf(queue);
    if (first === undefined) return;
    try {
      const looked = this.#owner.backlog.store.look(queue, first.update.update_id);
      this.#goOn(first, queue, looked instanceof Promise ? await looked : looked);
    } catch {
      // It goes on waiting: at its time limit, the store is asked to take it.
    }
  }

  /** What the first of a line does, by what the store has found. */
  #goOn(first: Unanswered, queue: TelegramQueue, found: Found): void {
    if (
      this.#isClosed || found === "queue" || first.state !== "waiting" ||
      !this.#lines.leaveQueue(queue, first)
    ) return;
    const { calls, resume, seen, unanswered, events } = this.#owner;
    if (found === "update" || seen.has(first.update.update_id)) {
      unanswered.remove(first);
      events.duplicate(first.update);
      first.answer(ACKNOWLEDGED);
      this.#owner.onProgress(queue);
    } else if (calls.areFull) this.#lines.joinSlots(first);
    else resume(first);
  }
}
