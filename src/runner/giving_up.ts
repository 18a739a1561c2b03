import { TelehookError } from "../errors/telehook_error.ts";
import type { Events } from "../events/events.ts";
import type { ReceivedUpdate } from "../receiver/receiver.ts";
import type { Batch, InboxStore, StoreEntry } from "../store/inbox_store.ts";
import { errorText } from "../text/error_reason.ts";
import type { Update } from "../updates/mod.ts";
import type { Failures } from "./failures.ts";
import { ACKNOWLEDGED, type Outcome } from "./outcome.ts";
import type { ReportError } from "./report_error.ts";
import type { SeenUpdates } from "./seen_updates.ts";
import { addedIn } from "./store_answers.ts";
import type { StoreTeller, TellOptions } from "./store_teller.ts";

/** What giving up needs. */
export interface GivingUpParts {
  readonly settings: {
    readonly store: InboxStore;
    /** 0 if what is given up is not kept. */
    readonly parkedForMs: number;
  };
  readonly teller: StoreTeller;
  readonly seen: SeenUpdates;
  readonly failures: Failures;
  readonly events: Events;
  readonly reportError: ReportError;
  /** What a store gets of an update that nobody waits for. */
  readonly entryOf: (update: Update, json: string | undefined, chars: number | undefined) => StoreEntry;
}

/** Parks the updates that are not tried again, and reports those that are lost. */
export class GivingUp {
  readonly #parts: GivingUpParts;
  /** Whether it was reported that parked updates end with the process. */
  #isReported = false;

  constructor(parts: GivingUpParts) {
    this.#parts = parts;
  }

  /**
   * Parks a batch whose last failure was reported.
   *
   * @returns Whether the store knows.
   */
  async park(
    batch: Batch,
    update: ReceivedUpdate,
    attempts: number,
    error: unknown,
    options?: TellOptions,
  ): Promise<boolean> {
    const { events, failures, reportError, seen, settings, teller } = this.#parts;
    const { parkedForMs: keepMs, store } = settings;
    for (const { update_id } of batch.updates) {
      seen.done(update_id);
      failures.forget(update_id);
    }
    if (keepMs === 0) return await teller.tell((store) => store.complete(batch, false), options);
    const parking = { error: errorText(error), attempts, keepMs };
    if (!await teller.tell((store) => store.park(batch, parking), options)) return false;
    events.parked(update, attempts, error);
    if (store.isDurable || this.#isReported) return true;
    this.#isReported = true;
    reportError(parkedInMemory(update), { update, attempt: attempts, willRetry: false });
    return true;
  }

  /** Parks a batch that was found to end the process, or to keep it from closing, which is the failure that is reported. */
  async parkBlamed(
    batch: Batch,
    update: ReceivedUpdate,
    attempts: number,
    error: TelehookError,
    options?: TellOptions,
  ): Promise<void> {
    this.#tellFailed(update, attempts, error);
    if (!await this.park(batch, update, attempts, error, options)) return;
    // Not before, since an `onError` may end the process too.
    this.#parts.reportError(error, { update, attempt: attempts, willRetry: false });
  }

  /** Parks an update that was given up: it is Telegram's until the store has it. What cannot be written is lost. */
  async parkUnstored(
    id: number,
    update: Update,
    json: string | undefined,
    chars: number | undefined,
    attempts: number,
    error: unknown,
  ): Promise<Outcome> {
    const { entryOf, events, seen, settings: { store } } = this.#parts;
    let entry: StoreEntry;
    try {
      entry = entryOf({ ...update, update_id: id }, json, chars);
    } catch {
      seen.done(id); // nothing can keep it, and its failure was reported as the last
      return ACKNOWLEDGED;
    }
    try {
      const added = await addedIn(store.add(entry, "adopt"));
      if (typeof added === "object") await this.park(added, update, attempts, error);
      else seen.acknowledged(id); // the store had it before, and it is given up from there
      return ACKNOWLEDGED;
    } catch (cause) {
      events.storeFailed(cause);
      return { type: "failed", error };
    }
  }

  /** Reports an update that was acknowledged, and that nobody has any longer. */
  lose(update: ReceivedUpdate, attempt: number, error: TelehookError): void {
    this.#tellFailed(update, attempt, error);
    this.#parts.reportError(error, { update, attempt, willRetry: false });
  }

  #tellFailed(update: ReceivedUpdate, attempt: number, error: TelehookError): void {
    const { events } = this.#parts;
    events.failed(update, { attempt, since: events.now, background: true }, error, false);
  }
}

function parkedInMemory({ update_id }: ReceivedUpdate): TelehookError {
  return new TelehookError(
    "ERR_STORE",
    `Update ${update_id} is parked, but parked updates end with the process, because the store is in memory: set "store" ` +
      `to keep them (reported once)`,
  );
}
