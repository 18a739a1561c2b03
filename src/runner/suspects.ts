import type { Batch } from "../store/inbox_store.ts";
import { SUSPECT_CRASHES } from "../store/limits.ts";
import type { RunningCall } from "./running_calls.ts";
import { isSound } from "./store_answers.ts";

/**
 * One that hangs does not hold up the others for longer than that; then twice as long after each further end of a process. Or
 * one that takes longer to end it, and one that takes longer to be handled, would end up together each time.
 */
const FIRST_ALONE_MS = 5_000;
const LONGEST_ALONE_MS = 60_000;
/** Nor one on trial those of other bots. */
const LONGEST_TRIAL_MS = 30_000;

/** A suspect that runs. */
interface Suspected {
  readonly call: RunningCall;
  readonly isOnTrial: boolean;
  /** For how long no other one of its inbox begins. */
  readonly aloneMs: number;
}

/** Those of the inboxes of this process: the latest of each. */
const suspected = new Map<Suspects, Suspected>();

/**
 * Batches that were claimed by several processes that ended. Any of them may be the reason: they run one at a time, so that
 * the next process that ends shows which.
 *
 * Of a process with many bots, each has a store of its own, which does not know what else its process did, and counts the end
 * for what it had alone. So nothing is given up for that there before it was on trial: it runs once more, while no suspect of
 * another bot does.
 */
export class Suspects {
  /** The inbox has closed: what still runs holds up nobody. */
  closed(): void {
    suspected.delete(this);
  }

  /** Which of several batches wait, since another of them runs first. */
  waitingIn(batches: readonly Batch[]): readonly Batch[] {
    const suspects = batches.filter(isSuspect).filter(isSound);
    // Any of them: behind one that never ends, the one that ends the process would never be alone.
    const next = suspects[Math.floor(Math.random() * suspects.length)];
    return suspects.filter((batch) => batch !== next);
  }

  /** Whether a batch waits, since another suspect runs. */
  mustWait(batch: Batch, isOnTrial: boolean): boolean {
    if (!isSuspect(batch) && !isOnTrial) return false;
    for (const [inbox, running] of suspected) {
      const ranMs = performance.now() - running.call.startedAt;
      if (inbox === this) {
        if (ranMs < running.aloneMs) return true;
      } else if ((isOnTrial || running.isOnTrial) && ranMs < LONGEST_TRIAL_MS) return true;
    }
    return false;
  }

  began(call: RunningCall, batch: Batch, isOnTrial: boolean): void {
    if (!isSuspect(batch) && !isOnTrial) return;
    const aloneMs = Math.min(FIRST_ALONE_MS * 2 ** (batch.crashes - SUSPECT_CRASHES), LONGEST_ALONE_MS);
    suspected.set(this, { call, isOnTrial, aloneMs });
  }

  ended(call: RunningCall): void {
    if (suspected.get(this)?.call === call) suspected.delete(this);
  }
}

function isSuspect({ crashes }: Batch): boolean {
  return crashes >= SUSPECT_CRASHES;
}
