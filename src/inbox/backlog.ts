import { CallContext } from "../receiver/call_context.ts";
import type { ReceivedUpdate, ReceiverResult, UpdateReceiver } from "../receiver/receiver.ts";
import { isWebhookReply } from "../receiver/webhook_reply.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import type { Calls } from "./calls.ts";
import type { InboxSettings } from "./inbox_options.ts";
import { mergeParts } from "./media_group.ts";
import type { FailureDetails } from "./report_error.ts";
import type { Batch, InboxStore, TelegramQueue } from "../store/store.ts";
import { unrefTimer } from "../platform/unref_timer.ts";
import type { Events } from "../events/events.ts";

/** What the backlog needs of the inbox that it belongs to. */
export interface BacklogOwner {
  readonly filter: UpdateReceiver;
  readonly calls: Calls;
  readonly reportError: (error: unknown, details: FailureDetails) => void;
  readonly events: Events;
  /** Called when a queue's first batch is done, or when another process may have done one. */
  readonly onProgress: (queue?: TelegramQueue) => void;
  /** Called when the store has nothing more to hand out. */
  readonly onClaimed: () => void;
}

/** How a batch comes back. */
interface Retry {
  readonly delayMs: number;
  /** Whether that counts as one of its attempts. */
  readonly hasFailed: boolean;
}

const LONGEST_RETRY_MS = 60_000;
const STORE_RETRY_MS = 1_000;
/** How long a receiver that was closed is left alone: it will take nothing more, until the webhook is closed too. */
const CLOSED_RETRY_MS = 1_000;
/** How often a process with nothing to do looks for what another one, which is no more, has left in their store. */
const IDLE_LOOK_MS = 2_000;

/**
 * What was acknowledged before it was handled: takes batches from the store as they fall due, hands them to the
 * receiver, and brings those that fail back with growing delays. One timer serves all that waits.
 */
export class Backlog {
  readonly store: InboxStore;
  readonly #owner: BacklogOwner;
  readonly #maxAttempts: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Infinity;
  #claiming = false;
  #claimAgain = false;
  /** So that an outage is told once; `onError` is about updates, and this is about none. */
  #isStoreIll = false;
  #closed = false;

  constructor({ store, maxAttempts }: InboxSettings, owner: BacklogOwner) {
    this.store = store;
    this.#maxAttempts = maxAttempts;
    this.#owner = owner;
  }

  /** Whether the store is being asked for what is due. */
  get isClaiming(): boolean {
    return this.#claiming;
  }

  /** Hands over what is due, as far as the receiver may run, and sees to it that the rest will be. */
  pump(): void {
    if (this.#closed) return;
    const dueMs = this.store.nextDueMs();
    if (dueMs === 0) void this.#claimDue();
    else this.#wakeIn(dueMs);
  }

  /** The call for a claimed batch has come to its end, once the store knows: forgets it, or brings it back later. */
  async settle(
    batch: Batch,
    update: ReceivedUpdate,
    context: CallContext,
    since: number,
    value: Awaited<ReceiverResult>,
    failure: { readonly error: unknown } | undefined,
  ): Promise<void> {
    const attempt = batch.failures + 1;
    if (isWebhookReply(value)) {
      this.#owner.reportError(lateReply(value.method), { update, attempt, willRetry: false });
    }
    const { reportError, events } = this.#owner;
    let retry: Retry | undefined;
    if (failure === undefined) events.handled(update, attempt, since, true);
    // No fault of the update, which is for whoever takes it after a restart.
    else if (isClosed(failure.error)) retry = { delayMs: CLOSED_RETRY_MS, hasFailed: false };
    else {
      const willRetry = attempt < this.#maxAttempts;
      events.failed(update, { attempt, since, background: true }, failure.error, willRetry);
      reportError(failure.error, { update, attempt, willRetry });
      if (willRetry) retry = { delayMs: retryDelay(attempt), hasFailed: true };
    }
    await this.#conclude(batch, update, retry);
    this.#owner.calls.end(context);
    if (!this.#closed) this.#goOn(batch.queue);
  }

  /** Ends it, and tells what is lost with a store that does not outlive the process. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#sleep();
    for (const batch of await this.store.close()) {
      const error = new TelehookError(
        "ERR_CLOSED",
        "Closed before the update could be handled, and nothing keeps it",
      );
      this.#lose(contentOf(batch).update, batch.failures + 1, error);
    }
  }

  async #claimDue(): Promise<void> {
    if (this.#claiming) {
      this.#claimAgain = true;
      return;
    }
    this.#claiming = true;
    try {
      do {
        this.#claimAgain = false;
        while (!this.#closed && !this.#owner.calls.areFull) {
          const claimed = this.store.claim();
          const batch = claimed instanceof Promise ? await claimed : claimed;
          if (batch === undefined || this.#closed) break;
          void this.#handle(batch);
        }
      } while (this.#claimAgain);
      this.#isStoreIll = false;
      if (!this.#owner.calls.areFull) this.#wakeIn(this.store.nextDueMs());
    } catch (error) {
      if (!this.#isStoreIll) {
        console.error("telehook: the store fails, and is asked again every second:", error);
      }
      this.#isStoreIll = true;
      this.#wakeIn(STORE_RETRY_MS);
    } finally {
      this.#claiming = false;
      this.#owner.onClaimed();
    }
  }

  async #handle(batch: Batch): Promise<void> {
    const { calls, filter, events } = this.#owner;
    const attempt = batch.failures + 1;
    for (const id of batch.unreadable ?? []) this.#lose(remainsOf(id), attempt, cannotRead(id));
    const { update, fault } = contentOf(batch);
    let failure = fault;
    if (batch.updates.length === 0) return this.#forget(batch, update);
    if (batch.failures >= this.#maxAttempts) {
      this.#lose(update, batch.failures, endedTheProcess(update, batch.failures));
      return this.#forget(batch, update);
    }
    const context = new CallContext(attempt);
    const since = events.now;
    let value: Awaited<ReceiverResult> = undefined;
    calls.begin(context);
    if (failure === undefined) {
      if (batch.end !== undefined && batch.failures === 0) {
        const { end: reason, late, waitedMs } = batch;
        events.mediaGroup(update, { parts: batch.updates.length, late, reason, waitedMs });
      }
      try {
        value = await filter.receive(update, context);
      } catch (error) {
        failure = { error };
      }
    }
    await this.settle(batch, update, context, since, value, failure);
  }

  async #forget(batch: Batch, update: ReceivedUpdate): Promise<void> {
    await this.#conclude(batch, update, undefined);
    this.#goOn(batch.queue);
  }

  /** An update that was acknowledged will never be handled. */
  #lose(update: ReceivedUpdate, attempt: number, error: TelehookError): void {
    const { reportError, events } = this.#owner;
    events.failed(update, { attempt, since: events.now, background: true }, error, false);
    reportError(error, { update, attempt, willRetry: false });
  }

  /** Tells the store what became of a claimed batch: done with, unless it is to come back. */
  async #conclude(batch: Batch, update: ReceivedUpdate, retry: Retry | undefined): Promise<void> {
    if (this.#closed) return; // the store has given the batch back, or up
    try {
      if (retry === undefined) await this.store.complete(batch);
      else await this.store.putBack(batch, retry.delayMs, retry.hasFailed);
    } catch (error) {
      // A store that forgets to complete hands the batch out again once its lease is over: twice rather than never.
      this.#owner.reportError(error, { update, attempt: batch.failures + 1, willRetry: true });
    }
  }

  #goOn(queue: TelegramQueue): void {
    this.pump(); // first, since what was acknowledged is older than whoever waits for a free call
    this.#owner.onProgress(queue);
  }

  /** Claims again in so many milliseconds; if nothing waits, looks around now and then where others use the store too. */
  #wakeIn(dueMs: number | undefined): void {
    if (dueMs === undefined && (this.#closed || !this.store.outlivesProcess)) return this.#sleep();
    const at = dueMs === undefined ? Infinity : performance.now() + dueMs;
    // Timers count whole milliseconds: one that is this near is as good, and looks again by itself.
    const isSet = dueMs === undefined ? this.#timerAt === at : this.#timerAt <= at + 1;
    if (this.#timer !== undefined && isSet) return;
    this.#sleep();
    this.#timerAt = at;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#claimDue();
      if (this.store.outlivesProcess) this.#owner.onProgress();
    }, Math.ceil(dueMs ?? IDLE_LOOK_MS));
    if (dueMs === undefined) unrefTimer(this.#timer); // to look around is no reason to live
  }

  #sleep(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** A webhook reply that has no answer to travel in. */
export function lateReply(method: string): TelehookError {
  return new TelehookError(
    "ERR_REPLY",
    `The webhook reply "${method}" cannot be sent: the update was acknowledged before it was handled. Call the method through botApi(token)`,
  );
}

/** Whether the receiver takes nothing more, as streams do that were closed. */
export function isClosed(error: unknown): boolean {
  return error instanceof TelehookError && error.code === "ERR_CLOSED";
}

/** Failures that nobody saw: each was the end of the process. */
function endedTheProcess({ update_id }: ReceivedUpdate, times: number): TelehookError {
  return new TelehookError(
    "ERR_GIVEN_UP",
    `The process ended ${times} times while update ${update_id} was handled: it is not tried again`,
  );
}

function cannotRead(updateId: number): TelehookError {
  return new TelehookError("ERR_STORE", `The store cannot read update ${updateId} any more: it is given up`);
}

/** All that is known of an update that cannot be read: as with those of unknown kinds, the type says more than there is. */
function remainsOf(update_id: number): ReceivedUpdate {
  return { update_id } as ReceivedUpdate;
}

/** What a batch is handed over as, and what is wrong with it if a store of somebody's has made an album of what is none. */
function contentOf(batch: Batch): { readonly update: ReceivedUpdate; readonly fault?: { error: unknown } } {
  const { group, late, unreadable = [], updates } = batch;
  const [first] = updates;
  if (first === undefined) return { update: remainsOf(unreadable[0] ?? 0) };
  try {
    return { update: group === undefined ? first : mergeParts(updates, late) };
  } catch (error) {
    return { update: first, fault: { error } };
  }
}

function retryDelay(failures: number): number {
  return Math.min(1_000 * 2 ** (failures - 1), LONGEST_RETRY_MS);
}
