import type { CallContext } from "../receiver/call_context.ts";
import type { Update } from "../updates/mod.ts";
import type { Outcome } from "./outcome.ts";
import { SweepTimer } from "./sweep_timer.ts";
import { Unanswered } from "./unanswered.ts";

/** The updates whose bringers wait, oldest first, and the time limit that is the same for all of them. */
export class UnansweredUpdates {
  readonly #byId = new Map<number, Unanswered>();
  readonly #timer = new SweepTimer(() => this.#sweep());
  readonly #limitMs: number;
  #isClosed = false;
  readonly #onOverdue: (unanswered: Unanswered) => void;

  /**
   * @param limitMs Milliseconds that a bringer may wait; `Infinity` for as long as it likes.
   * @param onOverdue Called with each that waits longer, until it is removed or told to come again.
   */
  constructor(limitMs: number, onOverdue: (unanswered: Unanswered) => void) {
    this.#limitMs = limitMs;
    this.#onOverdue = onOverdue;
  }

  get size(): number {
    return this.#byId.size;
  }

  get(updateId: number): Unanswered | undefined {
    return this.#byId.get(updateId);
  }

  /** A bringer begins to wait. */
  begin(update: Update, size: number | undefined, context: CallContext): Unanswered {
    const unanswered = new Unanswered(update, size ?? 0, context);
    this.#add(unanswered);
    return unanswered;
  }

  #add(unanswered: Unanswered): void {
    this.#byId.set(unanswered.update.update_id, unanswered);
    this.#timer.isWaitedFor = true;
    this.#timer.ensure(this.#limitMs);
  }

  remove(unanswered: Unanswered): void {
    this.#byId.delete(unanswered.update.update_id);
    if (this.#byId.size === 0) this.#timer.isWaitedFor = false;
  }

  /** Its bringer was told to come again: the next one to bring it waits from now on. */
  renew(unanswered: Unanswered): void {
    if (this.#isClosed) return;
    this.remove(unanswered);
    unanswered.isAwaited = false;
    unanswered.wait();
    this.#add(unanswered);
  }

  /** Answers all that are left, and ends. */
  close(outcome: Outcome): void {
    this.#isClosed = true;
    this.#timer.stop();
    for (const { answer } of this.#byId.values()) answer(outcome);
    this.#byId.clear();
  }

  /** One sweep serves all time limits. */
  #sweep(): void {
    const overdue = performance.now() - this.#limitMs;
    for (const each of this.#byId.values()) {
      if (each.isBeingStored) continue;
      if (each.since > overdue) return this.#timer.ensure(each.since - overdue);
      this.#onOverdue(each);
    }
  }
}
