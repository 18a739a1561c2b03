import type { Batch } from "../store/inbox_store.ts";
import { SUSPECT_CRASHES } from "../store/limits.ts";
import type { RunningCall } from "./running_calls.ts";

/** One that hangs does not hold up the others for longer than that. */
const LONGEST_ALONE_MS = 5_000;

/**
 * Batches that were claimed by several processes that ended. Any of them may be the reason: they run one at a time, so that
 * the next process that ends shows which.
 */
export class Suspects {
  #running: RunningCall | undefined;

  /** Which of several batches wait, since another of them runs first. */
  waitingIn(batches: readonly Batch[]): readonly Batch[] {
    const suspects = batches.filter(isSuspect);
    // Any of them: behind one that never ends, the one that ends the process would never be alone.
    const next = suspects[Math.floor(Math.random() * suspects.length)];
    return suspects.filter((batch) => batch !== next);
  }

  /** Whether a batch waits, since another suspect runs. */
  mustWait(batch: Batch): boolean {
    if (!isSuspect(batch) || this.#running === undefined) return false;
    return performance.now() - this.#running.startedAt < LONGEST_ALONE_MS;
  }

  began(call: RunningCall, batch: Batch): void {
    if (isSuspect(batch)) this.#running = call;
  }

  ended(call: RunningCall): void {
    if (this.#running === call) this.#running = undefined;
  }
}

function isSuspect({ crashes }: Batch): boolean {
  return crashes >= SUSPECT_CRASHES;
}
