import { TelehookError } from "../errors/telehook_error.ts";
import type { Events } from "../events/events.ts";
import { LONGEST_BURST_MS, nextTurn } from "../platform/next_turn.ts";
import { pause } from "../platform/pause.ts";
import { CallContext } from "../receiver/call_context.ts";
import type { ReceivedUpdate, ReceiverResult, UpdateReceiver } from "../receiver/receiver.ts";
import { GiveUp, ReceiverClosed, RetryLater } from "../receiver/verdicts.ts";
import { isWebhookReply, type WebhookReply } from "../receiver/webhook_reply.ts";
import type { LateReplies } from "../replies/late_replies.ts";
import type { Awaitable, Batch, InboxStore, Lane, StoreEntry, Tries } from "../store/inbox_store.ts";
import { SUSPECT_CRASHES } from "../store/limits.ts";
import { errorText } from "../text/error_reason.ts";
import { mergeParts } from "../delivery/media_group.ts";
import type { Update } from "../updates/mod.ts";
import type { AcknowledgementLimit } from "./acknowledgement_limit.ts";
import { failedBefore, type Failures, NO_TRIES } from "./failures.ts";
import { ACKNOWLEDGED, CLOSING, type Outcome } from "./outcome.ts";
import type { ReportError } from "./report_error.ts";
import { type CallLimits, RunningCall, RunningCalls } from "./running_calls.ts";
import type { SeenUpdates } from "./seen_updates.ts";
import { addedIn, claimedIn, isPromiseLike, nextIn } from "./store_answers.ts";
import type { WaitingUpdate, WaitingUpdates } from "./waiting_updates.ts";
import { WakeTimer } from "./wake_timer.ts";

/** What the runner has to keep to. */
export interface RunnerSettings extends CallLimits {
  readonly store: InboxStore;
  readonly maxAttempts: number;
  /** 0 if what is given up is not kept. */
  readonly parkedForMs: number;
  /** The quiet time of albums, or `undefined` if they are not merged. */
  readonly mediaGroups: { readonly quietMs: number } | undefined;
  /** Whether failures with single updates are the sender's affair alone, which gets each of them. */
  readonly isSenderResponsible: boolean;
  /**
   * Is called with the id of each update that is handled or given up, if the sender keeps until then what is only acknowledged,
   * as a poller's does while the store is in memory.
   */
  readonly onDone: ((updateId: number) => void) | undefined;
  /** Is called with results that are neither replies nor nothing. */
  readonly onStrangeResult: (update: ReceivedUpdate, value: unknown) => void;
}

/** What the runner shares with the inbox. */
export interface RunnerParts {
  readonly receiver: UpdateReceiver;
  readonly settings: RunnerSettings;
  readonly seen: SeenUpdates;
  readonly failures: Failures;
  readonly waiting: WaitingUpdates;
  readonly limit: AcknowledgementLimit;
  readonly replies: LateReplies;
  readonly reportError: ReportError;
  readonly events: Events;
  /** Never throws. */
  readonly laneOf: (update: Update) => Lane;
  /** What a store gets of an update that nobody waits for. */
  readonly entryOf: (update: Update, json: string | undefined, chars: number | undefined) => StoreEntry;
  /** Called when a call has ended, or the store has nothing more that is due. */
  readonly onRest: () => void;
}

/** How a call of the receiver ended. */
type End = { readonly value: Awaited<ReceiverResult>; readonly error?: never } | { readonly error: unknown };

/** What becomes of an update whose call has ended. */
type Decision =
  | { readonly type: "handled"; readonly reply?: WebhookReply | undefined }
  /** Again, after that time, by its sender or from the store. */
  | {
    readonly type: "retry";
    readonly error: unknown;
    readonly storeAfterMs: number;
    /** The time that the sender is told, or `undefined` for its own delays. */
    readonly senderAfterMs: number | undefined;
    readonly tries: Tries;
  }
  | { readonly type: "park"; readonly error: unknown }
  /** The receiver accepts nothing more: it is for the next start. */
  | { readonly type: "closed" };

const HANDLED: Decision = { type: "handled" };
const CLOSED: Decision = { type: "closed" };

/** An update as it is decided about. */
interface Case {
  /** What the receiver got, and the id that it is known by. */
  readonly update: ReceivedUpdate;
  readonly id: number;
  readonly lane: () => Lane;
  readonly tries: Tries;
  /** When it had failed before at the latest, if it has. */
  readonly failedAt?: number;
  readonly context: CallContext;
  /** When the call began, as the events tell it. */
  readonly since: number;
  /** Whether it was acknowledged before. */
  readonly isAcknowledged: boolean;
  /** Whether the store keeps it if it is to be tried again; otherwise its sender does. */
  readonly isKept: boolean;
}

const STORE_RETRY_MS = 1_000;
const LONGEST_STORE_RETRY_MS = 10_000;
/** How long a receiver that was closed is left alone: it accepts nothing more until the webhook is closed too. */
const CLOSED_RETRY_MS = 1_000;
/** The maximum number of batches that one claim returns. */
const MOST_CLAIMED = 100;
/** Suspects run one at a time, but one that hangs does not hold up the others for longer than that. */
const SUSPECT_PAUSE_MS = 5_000;
const WAIT_RETRY_MS = 500;
/** Suspects that wait fall due one after another, so that each that ends is soon followed by the next. */
const SUSPECT_STEP_MS = 20;

/**
 * Calls the receiver, as often at the same time as may be: with an update whose sender waits, or with a batch that it has
 * claimed in the store. Nothing else calls it, and nothing else decides what becomes of an update then.
 */
export class Runner {
  readonly #parts: RunnerParts;
  readonly #store: InboxStore;
  readonly #calls: RunningCalls;
  readonly #timer: WakeTimer;
  #isClaiming = false;
  /** Whether something may be due that could not be claimed when it was to be. */
  #isBehind = false;
  #hasClaimFailed = false;
  /** Calls for which there must be room: batches on their way from the store, or that have not started yet. */
  #expected = 0;
  /** Batches that were claimed as they were added, and start in the next turn. */
  #claimedEarly: Batch[] = [];
  /** When other things could last happen, as far as is known. */
  #turnedAt = -Infinity;
  #isParkingReported = false;
  #suspect: RunningCall | undefined;
  #isStopped = false;
  #isClosed = false;

  constructor(parts: RunnerParts) {
    const { events, settings: { store }, waiting } = parts;
    this.#parts = parts;
    this.#store = store;
    this.#calls = new RunningCalls(
      parts.settings,
      ({ update }, runningMs) => events.slow(update, runningMs, waiting.outsideStore + store.count),
    );
    this.#timer = new WakeTimer(() => void this.#claimDue(), () => store.count > 0);
  }

  get running(): number {
    return this.#calls.size;
  }

  /** Whether an update is handled here that the store has. */
  isRunning(updateId: number): boolean {
    return this.#calls.get(updateId) !== undefined;
  }

  get isFull(): boolean {
    return this.#free === 0;
  }

  /** How many more calls may begin, beside those that are expected. */
  get #free(): number {
    return Math.max(0, this.#calls.free - this.#expected);
  }

  /** Whether calls may begin that nothing else is known of yet. */
  get isExpecting(): boolean {
    return this.#isClaiming || this.#expected > 0;
  }

  /** Whether an update may be claimed as it is added: not before others that have waited longer. */
  get mayClaim(): boolean {
    return !this.#isClaiming && !this.#isBehind && !this.isFull && !this.#parts.failures.isOutage;
  }

  /** Keeps room for a call that the store's answer may begin. */
  expect(): void {
    this.#expected++;
  }

  /** The store has answered. */
  expected(): void {
    this.#expected--;
    if (this.#isBehind && !this.#isClaiming) this.wake(0);
    this.#parts.onRest();
  }

  /** Claims what is due in that many milliseconds. */
  wake(inMs: number): void {
    if (!this.#isStopped) this.#timer.wake(inMs);
  }

  /** Sets timers again: on platforms where a timer ends with the request that has set it. */
  rearm(): void {
    this.#timer.rearm();
    this.#calls.rearm();
  }

  // — An update that no store has —

  /** Handles an update that has to wait for nothing. */
  run(
    update: Update,
    json: string | undefined,
    chars: number | undefined,
    waiting?: WaitingUpdate,
  ): Awaitable<Outcome> {
    const { events, failures, limit, receiver } = this.#parts;
    const { update_id: id } = update;
    const { attempts } = failures.triesOf(id);
    const context = new CallContext(attempts + 1, false, this.#completion(update));
    const since = events.now;
    let end: End;
    events.started(update, attempts + 1, false);
    try {
      this.#expected++; // it counts, should the receiver pass in other updates before it returns
      let result: ReceiverResult;
      try {
        result = receiver.receive(update, context);
      } finally {
        this.#expected--;
      }
      if (isPromiseLike(result)) {
        const promise = Promise.resolve(result); // before the call is noted, since a stranger's promise may throw
        const sender = waiting ?? this.#parts.waiting.begin(update, json, chars, "receiver", id);
        sender.place = "receiver";
        sender.isRunning = true;
        limit.begin();
        const startedAt = waiting === undefined ? sender.since : performance.now(); // it was on its way until now
        const call = this.#calls.begin(new RunningCall(context, update, startedAt, sender, undefined));
        this.#calls.limited(call, promise).then(
          (value) => this.#finish(call, sender, since, { value }),
          (error) => this.#finish(call, sender, since, { error }),
        );
        return sender.outcome;
      }
      end = { value: result };
    } catch (error) {
      end = { error };
    }
    const outcome = this.#outcome(id, update, json, chars, context, since, end);
    if (outcome instanceof Promise) {
      // It is being parked: closing waits for that, and a repeat for the same answer.
      const sender = waiting ?? this.#parts.waiting.begin(update, json, chars, "storing", id);
      void outcome.then((late) => {
        this.#answer(sender, late);
        this.#parts.onRest();
      });
      return sender.outcome;
    }
    if (waiting === undefined) return outcome;
    this.#answer(waiting, outcome);
    return waiting.outcome;
  }

  /** The call for a sender's update has ended. Meanwhile the store may have adopted it. */
  #finish(call: RunningCall, sender: WaitingUpdate, since: number, end: End): void {
    if (sender.adopted !== undefined) {
      void sender.adopted.then(() => this.#finish(call, sender, since, end));
      return;
    }
    const { batch, context } = call;
    if (batch !== undefined) return void (call.settled = this.#settle(call, batch, since, end));
    const { id, update, json, chars } = sender;
    const outcome = this.#outcome(id, update, json, chars, context, since, end);
    if (outcome instanceof Promise) {
      sender.place = "storing"; // it is being parked, and no limit counts any longer
      void outcome.then((late) => this.#conclude(call, sender, late));
    } else this.#conclude(call, sender, outcome);
  }

  #conclude(call: RunningCall, sender: WaitingUpdate, outcome: Outcome): void {
    this.#answer(sender, outcome);
    if (outcome.type !== "replied" || sender.isAwaited) return this.#end(call);
    // The sender was told to send it again. Closing waits for the reply.
    void this.#sendReply(sender.update, call.context, outcome.reply).then(() => this.#end(call));
  }

  /** What the sender of an update is told that no store has. */
  #outcome(
    id: number,
    update: Update,
    json: string | undefined,
    chars: number | undefined,
    context: CallContext,
    since: number,
    end: End,
  ): Awaitable<Outcome> {
    const { failures, laneOf } = this.#parts;
    if (!("error" in end) && end.value === undefined && !failures.isWatching) {
      // The usual case, which should cost nothing more.
      this.#parts.events.handled(update, context.attempt, since, false);
      this.#parts.seen.done(id);
      return ACKNOWLEDGED;
    }
    const decision = this.#decide({
      ...{ update, id, context, since, isAcknowledged: false, isKept: false },
      lane: () => laneOf(update),
      tries: failures.triesOf(id),
    }, end);
    if (decision.type !== "park") return this.#outcomeOf(id, decision);
    return this.parkUnstored(id, update, json, chars, context.attempt, decision.error);
  }

  // — A batch of the store —

  /** Handles a batch that this process has claimed. */
  async start(batch: Batch): Promise<void> {
    if (this.#isClosed) return; // it was claimed too late, and is given back as the store closes
    const { events, failures, limit, receiver, reportError, settings } = this.#parts;
    for (const id of batch.unreadable ?? []) {
      this.#lose(remainsOf(id), batch.tries.attempts + 1, unreadable(id));
    }
    if (batch.updates.length === 0 || this.#isHandled(batch)) {
      failures.passed();
      return this.#tell((store) => store.complete(batch, false));
    }
    if (this.#takeOver(batch)) return failures.passed();
    if (this.#mustWaitAsSuspect(batch) || this.#isReplayTooEarly(batch)) {
      failures.passed();
      return this.#putBack(batch, WAIT_RETRY_MS);
    }
    const { update, fault } = contentOf(batch);
    const tries = triesOf(batch);
    if (tries.failures >= settings.maxAttempts && batch.crashesAlone > 0) {
      const error = endedTheProcess(update, batch.crashes);
      failures.passed();
      this.#tellLost(update, tries.attempts, error);
      await this.#park(batch, update, tries.attempts, error);
      // Not before, since an `onError` may end the process too.
      return reportError(error, { update, attempt: tries.attempts, willRetry: false });
    }
    const context = new CallContext(tries.attempts + 1, batch.isReplay, this.#completion(update, batch));
    const sender = this.#senderOf(batch);
    const call = this.#calls.begin(new RunningCall(context, update, performance.now(), undefined, batch));
    if (batch.crashes >= SUSPECT_CRASHES) this.#suspect = call;
    if (sender !== undefined) {
      sender.isRunning = true;
      limit.begin();
    }
    const since = events.now;
    let end: End;
    if (fault !== undefined) end = fault;
    else {
      if (batch.end !== undefined && tries.attempts === 0) {
        const { end: reason, isLate: late, waitedMs } = batch;
        events.mediaGroup(update, { parts: batch.updates.length, late, reason, waitedMs });
      }
      events.started(update, context.attempt, batch.isReplay);
      try {
        const result = receiver.receive(update, context);
        end = {
          value: isPromiseLike(result) ? await this.#calls.limited(call, Promise.resolve(result)) : result,
        };
      } catch (error) {
        end = { error };
      }
    }
    await (call.settled = this.#settle(call, call.batch ?? batch, since, end));
  }

  /** Handles a batch that was claimed as it was added, after its sender was answered. */
  async startSoon(batch: Batch): Promise<void> {
    this.expect();
    this.#claimedEarly.push(batch);
    if (this.#claimedEarly.length > 1) return;
    await this.#turn();
    const batches = this.#claimedEarly;
    this.#claimedEarly = [];
    await this.#startAll(batches);
  }

  /** A call with a batch has ended: tells the store, and answers the sender if one still waits. */
  async #settle(call: RunningCall, batch: Batch, since: number, end: End): Promise<void> {
    const { context, update } = call;
    const sender = this.#senderOf(batch);
    if (sender !== undefined) sender.place = "settling"; // no limit counts any longer, and a repeat gets the same answer
    // Another process may have told Telegram that a durable store has it: then it must not be removed.
    const isKept = sender === undefined || this.#store.isDurable;
    const decision = this.#decide({
      ...{ update, context, since, isAcknowledged: sender === undefined, isKept },
      id: batch.updates[0]?.update_id ?? update.update_id,
      lane: () => batch.lane,
      tries: triesOf(batch),
      failedAt: failedBefore(batch, call.startedAt),
    }, end);
    let outcome = sender && this.#outcomeOf(sender.id, decision);
    switch (decision.type) {
      case "handled":
        for (const { update_id } of batch.updates) this.#parts.seen.done(update_id);
        if (sender !== undefined && outcome !== undefined) this.#answer(sender, outcome);
        else if (decision.reply !== undefined) await this.#sendReply(update, context, decision.reply);
        await this.#tell((store) => this.#complete(store, batch));
        return this.#end(call);
      case "park":
        await this.#park(batch, update, context.attempt, decision.error);
        break;
      case "retry":
      case "closed": {
        const { storeAfterMs, tries } = decision.type === "retry"
          ? decision
          : { storeAfterMs: CLOSED_RETRY_MS };
        await this.#tell((store) =>
          isKept ? store.retry(batch, storeAfterMs, tries) : store.withdraw?.(batch)
        );
        if (isKept && sender !== undefined) {
          this.#parts.seen.acknowledged(sender.id);
          outcome = ACKNOWLEDGED;
        }
      }
    }
    if (sender !== undefined && outcome !== undefined) this.#answer(sender, outcome);
    this.#end(call);
  }

  /** An update was acknowledged while its receiver runs: it is a batch now, claimed by this process. */
  adopted(sender: WaitingUpdate, batch: Batch): void {
    this.#calls.setBatchOf(sender, batch);
  }

  /** The store reports that another process has a batch now. */
  lost(batch: Batch): void {
    for (const { update_id } of batch.updates) {
      const call = this.#calls.get(update_id);
      if (call?.batch === batch) call.context.abort(leaseLost());
    }
  }

  /** Claims nothing more. */
  stop(): void {
    this.#isStopped = true;
    this.#timer.stop();
  }

  /** Aborts what runs, closes the store, and reports what is lost with one that is not durable. */
  async close(reason: TelehookError, unanswered: ReadonlySet<number>): Promise<void> {
    this.#calls.close(reason);
    this.#parts.replies.close(reason);
    this.stop();
    this.#isClosed = true;
    const left = await this.#store.close();
    if (this.#parts.settings.onDone !== undefined) return; // the sender still has them
    for (const batch of left) {
      const { update } = contentOf(batch);
      if (unanswered.has(update.update_id)) continue; // Telegram still has it
      if (this.#isHandled(batch)) continue; // only its reply was not sent, which is reported as that
      this.#lose(update, batch.tries.attempts + 1, lostAtClosing());
    }
  }

  // — Deciding —

  #decide(it: Case, ended: End): Decision {
    const { events, failures, seen, settings } = this.#parts;
    const { update, id, context: { attempt }, since, isAcknowledged, isKept } = it;
    const end = readable(ended);
    if (!("error" in end)) {
      const { value } = end;
      events.handled(update, attempt, since, isAcknowledged);
      if (failures.isWatching) failures.succeeded(id, it.lane());
      seen.done(id);
      if (value === undefined) return HANDLED;
      if (isWebhookReply(value)) return { type: "handled", reply: value };
      settings.onStrangeResult(update, value);
      return HANDLED;
    }
    const { error } = end;
    if (error instanceof ReceiverClosed) {
      failures.passed();
      return CLOSED;
    }
    if (error instanceof RetryLater) {
      failures.passed();
      const { afterMs } = error;
      const senderAfterMs = failures.retryAfterMs(update, afterMs);
      events.postponed(update, attempt, since, isKept ? afterMs : senderAfterMs);
      return { type: "retry", error, storeAfterMs: afterMs, senderAfterMs, tries: it.tries };
    }
    if (settings.isSenderResponsible && !isKept) {
      return { type: "retry", error, storeAfterMs: 0, senderAfterMs: undefined, tries: NO_TRIES };
    }
    if (error instanceof GiveUp) failures.passed();
    const verdict = error instanceof GiveUp
      ? undefined
      : failures.failed(id, it.lane(), it.tries, false, it.failedAt);
    const willRetry = verdict?.willRetry ?? false;
    const senderAfterMs = failures.isOutage ? failures.retryAfterMs(update) : undefined;
    const retryAfterMs = isKept ? verdict?.retryAfterMs : senderAfterMs;
    events.failed(
      update,
      { attempt, since, background: isAcknowledged },
      error,
      willRetry,
      willRetry ? retryAfterMs : undefined,
    );
    this.#parts.reportError(error, { update, attempt, willRetry });
    if (verdict === undefined || !willRetry) return { type: "park", error };
    return {
      ...{ type: "retry", error, senderAfterMs },
      ...{ tries: verdict.tries, storeAfterMs: verdict.retryAfterMs },
    };
  }

  #outcomeOf(updateId: number, decision: Decision): Outcome {
    switch (decision.type) {
      case "handled":
        if (decision.reply === undefined) return ACKNOWLEDGED;
        this.#parts.replies.keep(updateId, decision.reply);
        return { type: "replied", reply: decision.reply };
      case "park":
        return ACKNOWLEDGED;
      case "retry":
        return { type: "failed", error: decision.error, retryAfterMs: decision.senderAfterMs };
      case "closed":
        return CLOSING;
    }
  }

  // — What follows —

  #answer(sender: WaitingUpdate, outcome: Outcome): void {
    this.#parts.waiting.end(sender, outcome);
    this.#parts.limit.end();
  }

  #end(call: RunningCall): void {
    this.#calls.end(call);
    if (this.#suspect === call) this.#suspect = undefined;
    if (this.#isBehind && !this.#isClaiming) this.wake(0);
    this.#parts.onRest();
  }

  async #sendReply(update: ReceivedUpdate, { attempt }: CallContext, reply: WebhookReply): Promise<void> {
    const error = await this.#parts.replies.send(update, reply);
    if (error !== undefined) this.#parts.reportError(error, { update, attempt, willRetry: false });
  }

  async #park(batch: Batch, update: ReceivedUpdate, attempts: number, error: unknown): Promise<void> {
    const { events, failures, seen, settings: { parkedForMs: keepMs } } = this.#parts;
    for (const { update_id } of batch.updates) {
      seen.done(update_id);
      failures.forget(update_id);
    }
    if (keepMs === 0) return await this.#tell((store) => store.complete(batch, false));
    const parking = { error: errorText(error), attempts, keepMs };
    await this.#tell((store) => store.park(batch, parking));
    events.parked(update, attempts, error);
    if (this.#store.isDurable || this.#isParkingReported) return;
    this.#isParkingReported = true;
    this.#parts.reportError(parkedInMemory(update), { update, attempt: attempts, willRetry: false });
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
    const { entryOf, events, seen } = this.#parts;
    let entry: StoreEntry;
    try {
      entry = entryOf({ ...update, update_id: id }, json, chars);
    } catch {
      seen.done(id); // nothing can keep it, and its failure was reported as the last
      return ACKNOWLEDGED;
    }
    try {
      const added = await addedIn(this.#store.add(entry, "adopt"));
      if (typeof added === "object") await this.#park(added, update, attempts, error);
      seen.done(id);
      return ACKNOWLEDGED;
    } catch (cause) {
      events.storeFailed(cause);
      return { type: "failed", error };
    }
  }

  /** An update that was acknowledged will not be handled. */
  #lose(update: ReceivedUpdate, attempt: number, error: TelehookError): void {
    this.#tellLost(update, attempt, error);
    this.#parts.reportError(error, { update, attempt, willRetry: false });
  }

  #tellLost(update: ReceivedUpdate, attempt: number, error: TelehookError): void {
    const { events } = this.#parts;
    events.failed(update, { attempt, since: events.now, background: true }, error, false);
  }

  // — The store —

  /** Tells the store what became of a batch; again, if that fails: what was handled must not be handled once more. */
  async #tell(tell: (store: InboxStore) => Awaitable<unknown>): Promise<void> {
    for (
      let pauseMs = STORE_RETRY_MS;
      !this.#isClosed;
      pauseMs = Math.min(2 * pauseMs, LONGEST_STORE_RETRY_MS)
    ) {
      try {
        const told = tell(this.#store);
        if (isPromiseLike(told)) await told;
        this.#parts.events.storeWorked();
        return;
      } catch (error) {
        this.#parts.events.storeFailed(error);
      }
      await pause(pauseMs);
    }
  }

  async #complete(store: InboxStore, batch: Batch): Promise<void> {
    const completed = store.complete(batch, !this.#isStopped && !this.isFull && !this.#isClaiming);
    const next = nextIn(isPromiseLike(completed) ? await completed : completed);
    if (next === undefined) return;
    if (this.#isLongBurst) await this.#turn();
    void this.start(next);
  }

  async #claimDue(): Promise<void> {
    if (this.#isClaiming || this.isFull) {
      this.#isBehind = true;
      return;
    }
    const { events } = this.#parts;
    this.#isClaiming = true;
    try {
      do {
        this.#isBehind = false;
        while (!this.#isStopped && !this.isFull) {
          const batches = await this.#claim();
          if (batches.length > 0 || this.#hasClaimFailed) events.storeWorked();
          this.#hasClaimFailed = false;
          if (batches.length === 0) break;
          await this.#startAll(batches);
        }
        if (this.isFull) this.#isBehind = true;
      } while (this.#isBehind && !this.isFull && !this.#isStopped);
    } catch (error) {
      this.#hasClaimFailed = true;
      events.storeFailed(error);
      this.#timer.wake(STORE_RETRY_MS);
    } finally {
      this.#isClaiming = false;
      this.#parts.onRest();
    }
  }

  async #claim(): Promise<readonly Batch[]> {
    const { failures, settings: { mediaGroups }, waiting } = this.#parts;
    const { pauseMs } = failures;
    if (pauseMs > 0) {
      this.#timer.wake(pauseMs);
      return [];
    }
    const quietExtraMs = mediaGroups === undefined ? 0 : waiting.blockedMs(mediaGroups.quietMs);
    const isProbe = failures.isOutage;
    if (isProbe) failures.probe();
    const most = Math.min(this.#free, MOST_CLAIMED); // a probe is chosen among them
    let batches: readonly Batch[] = [];
    let room = 0;
    try {
      const claimed = claimedIn(this.#store.claim(most, quietExtraMs));
      if (claimed instanceof Promise) {
        this.#expected += room = most;
        batches = await claimed;
      } else batches = claimed;
      return batches;
    } finally {
      this.#expected += batches.length - room;
      if (isProbe && batches.length === 0) failures.passed(); // nothing was tried
    }
  }

  /** Starts what was claimed, and lets other things happen now and then. There is room for all. */
  async #startAll(batches: readonly Batch[]): Promise<void> {
    const { failures } = this.#parts;
    let others: readonly Batch[];
    if (failures.isOutage) {
      failures.probe();
      // What has not failed yet, if there is any: behind many that fail again, the one that ends an outage would wait.
      const next = batches.find(({ crashes, tries }) => crashes + tries.attempts === 0) ?? batches[0];
      others = batches.filter((batch) => batch !== next);
      await Promise.all(others.map((batch) => this.#putBack(batch, 0)));
    } else {
      const suspects = batches.filter((batch) => batch.crashes >= SUSPECT_CRASHES);
      // Any of them: behind one that never ends, the one that ends the process would never be alone.
      const next = suspects[Math.floor(Math.random() * suspects.length)];
      others = suspects.filter((batch) => batch !== next);
      // First, since a suspect may end the process as it begins, and is known by having been claimed alone.
      await Promise.all(
        others.map((batch, n) => this.#putBack(batch, WAIT_RETRY_MS + n * SUSPECT_STEP_MS)),
      );
    }
    for (const batch of batches) {
      if (!others.includes(batch)) void this.start(batch);
      this.expected();
      if (this.#isLongBurst) await this.#turn();
    }
  }

  get #isLongBurst(): boolean {
    return performance.now() - this.#turnedAt >= LONGEST_BURST_MS;
  }

  async #turn(): Promise<void> {
    await nextTurn();
    this.#turnedAt = performance.now();
  }

  /** Whether all updates of a batch were handled here: copies of them came to another process too. */
  #isHandled({ isReplay, updates }: Batch): boolean {
    return !isReplay && updates.every(({ update_id }) => this.#parts.seen.isDone(update_id));
  }

  /** Whether an update of a batch runs here already: that call goes on with the new claim. */
  #takeOver(batch: Batch): boolean {
    const [first] = batch.updates;
    if (first === undefined) return false;
    const { events, seen, waiting } = this.#parts;
    const call = this.#calls.get(first.update_id);
    if (call?.settled !== undefined) {
      // The store has ended the claim before, though the answer that says so was lost.
      void call.settled.then(() => this.start(batch));
      return true;
    }
    if (call !== undefined) {
      this.#calls.setBatch(call, batch); // the lease of the claim before has ended
      return true;
    }
    const sender = waiting.get(first.update_id);
    if (sender === undefined || sender.place !== "receiver") return false;
    this.adopted(sender, batch); // another process has stored a repeat of it
    events.acknowledgedEarly(sender.update, "running");
    seen.acknowledged(first.update_id);
    this.#answer(sender, ACKNOWLEDGED);
    return true;
  }

  #putBack(batch: Batch, afterMs: number): Promise<void> {
    return this.#tell((store) => store.retry(batch, afterMs));
  }

  /** Updates that were claimed by several processes that ended run one at a time, to find which one ends them. */
  #mustWaitAsSuspect({ crashes }: Batch): boolean {
    if (crashes < SUSPECT_CRASHES || this.#suspect === undefined) return false;
    return performance.now() - this.#suspect.startedAt < SUSPECT_PAUSE_MS;
  }

  /** A replay comes at any time: also while an update of its lane runs that needed no store, and so is not in its way there. */
  #isReplayTooEarly({ isReplay, lane }: Batch): boolean {
    return isReplay && this.#calls.hasUnstored((update) => this.#parts.laneOf(update) === lane);
  }

  /** The sender that waits for a batch of a single update. */
  #senderOf(batch: Batch): WaitingUpdate | undefined {
    const [first] = batch.updates;
    if (batch.album !== undefined || first === undefined) return undefined;
    const waiting = this.#parts.waiting.get(first.update_id);
    return waiting?.place === "store" ? waiting : undefined;
  }

  #completion(update: ReceivedUpdate, batch?: Batch): ((transaction: unknown) => Promise<void>) | undefined {
    const store = this.#store;
    if (store.completeIn === undefined) return undefined;
    const single = batch?.updates[0] ?? update as Update;
    return async (transaction) => await store.completeIn?.(transaction, batch, single);
  }
}

/** How often a batch was handled, in processes that ended too. */
function triesOf({ tries, crashes, crashesAlone }: Batch): Tries {
  if (crashes === 0) return tries;
  return { attempts: tries.attempts + crashes, failures: tries.failures + crashesAlone };
}

/** How a call ended, or that this cannot be told: what a handler returns or throws may itself throw when it is read. */
function readable(end: End): End {
  try {
    if ("error" in end) {
      void (end.error instanceof Error);
      void String(end.error);
    } else isWebhookReply(end.value);
    return end;
  } catch {
    return { error: new TypeError("The handler returned or threw a value that cannot be read") };
  }
}

/** What a receiver gets of a batch, and what is wrong with it if a store has made an album of what is none. */
function contentOf(batch: Batch): { readonly update: ReceivedUpdate; readonly fault?: { error: unknown } } {
  const { album, isLate, unreadable = [], updates } = batch;
  const [first] = updates;
  if (first === undefined) return { update: remainsOf(unreadable[0] ?? 0) };
  try {
    // A copy: the batch is known by its ids, even if a handler changes them.
    return { update: album === undefined ? { ...first } : mergeParts(updates, isLate) };
  } catch (error) {
    return { update: first, fault: { error } };
  }
}

/** All that is known of an update that cannot be read. As with unknown kinds, the type says more than there is. */
function remainsOf(update_id: number): ReceivedUpdate {
  return { update_id } as ReceivedUpdate;
}

function endedTheProcess({ update_id }: ReceivedUpdate, times: number): TelehookError {
  return new TelehookError(
    "ERR_GIVEN_UP",
    `The process ended ${times} times while update ${update_id} was handled: it is parked. Find out why before you replay it`,
  );
}

function parkedInMemory({ update_id }: ReceivedUpdate): TelehookError {
  return new TelehookError(
    "ERR_STORE",
    `Update ${update_id} is parked, but parked updates end with the process, because the store is in memory: set "store" ` +
      `to keep them (reported once)`,
  );
}

function unreadable(updateId: number): TelehookError {
  return new TelehookError("ERR_STORE", `The store can no longer read update ${updateId}: it is lost`);
}

function leaseLost(): TelehookError {
  return new TelehookError(
    "ERR_STORE",
    "The lease of this update has ended, and another process may handle it: do not block the event loop for that long",
  );
}

function lostAtClosing(): TelehookError {
  return new TelehookError(
    "ERR_CLOSED",
    "The server closed before this update was handled, and the store is in memory: the update is lost",
  );
}
