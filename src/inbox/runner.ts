import { type Linked, LinkedList } from "../collections/linked_list.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import type { Events } from "../events/events.ts";
import { nextTurn } from "../platform/next_turn.ts";
import { CallContext } from "../receiver/call_context.ts";
import type { ReceivedUpdate, ReceiverResult, UpdateReceiver } from "../receiver/receiver.ts";
import { GiveUp, RetryLater } from "../receiver/verdicts.ts";
import { isWebhookReply, type WebhookReply } from "../receiver/webhook_reply.ts";
import type { LateReplies } from "../replies/late_replies.ts";
import type { Awaitable, Batch, InboxStore, StoreEntry, Tries } from "../store/inbox_store.ts";
import { SUSPECT_CRASHES } from "../store/limits.ts";
import type { Update } from "../updates/mod.ts";
import type { AcknowledgementLimit } from "./acknowledgement_limit.ts";
import type { Failures } from "./failures.ts";
import type { InboxSettings } from "./inbox_options.ts";
import type { LaneOf } from "./lane.ts";
import { mergeParts } from "./media_group.ts";
import { ACKNOWLEDGED, CLOSING, type Outcome } from "./outcome.ts";
import type { ReportError } from "./report_error.ts";
import type { SeenUpdates } from "./seen_updates.ts";
import { WakeTimer } from "./wake_timer.ts";
import type { WaitingUpdate, WaitingUpdates } from "./waiting_updates.ts";

/** What the runner shares with the inbox. */
export interface RunnerParts {
  readonly receiver: UpdateReceiver;
  readonly settings: InboxSettings;
  readonly seen: SeenUpdates;
  readonly failures: Failures;
  readonly waiting: WaitingUpdates;
  readonly limit: AcknowledgementLimit;
  readonly replies: LateReplies;
  readonly reportError: ReportError;
  readonly events: Events;
  readonly laneOf: LaneOf;
  /** What the store gets of an update. */
  readonly entryOf: (update: Update, json: string | undefined, chars: number) => StoreEntry;
  /** Called when a call has ended, or the store has nothing more that is due. */
  readonly onRest: () => void;
}

/** How a call of the receiver ended. */
type End = { readonly value: Awaited<ReceiverResult>; readonly error?: never } | { readonly error: unknown };

/** A call of the receiver that has not ended. */
class RunningCall implements Linked<RunningCall> {
  readonly context: CallContext;
  readonly update: ReceivedUpdate;
  readonly startedAt: number;
  /** The sender that waits for it, and the batch that the store has of it. */
  sender: WaitingUpdate | undefined;
  batch: Batch | undefined;
  isReported = false;
  before: RunningCall | undefined = undefined;
  behind: RunningCall | undefined = undefined;
  /** Ends the wait for the receiver, if calls have a time limit. */
  onTimeout: ((error: Error) => void) | undefined = undefined;

  constructor(
    context: CallContext,
    update: ReceivedUpdate,
    startedAt: number,
    sender: WaitingUpdate | undefined,
    batch: Batch | undefined,
  ) {
    this.context = context;
    this.update = update;
    this.startedAt = startedAt;
    this.sender = sender;
    this.batch = batch;
  }
}

const STORE_RETRY_MS = 1_000;
const LONGEST_STORE_RETRY_MS = 10_000;
/** How long a receiver that was closed is left alone: it accepts nothing more until the webhook is closed too. */
const CLOSED_RETRY_MS = 1_000;
/** For how long what is due is started without letting anything else happen. */
const LONGEST_BURST_MS = 10;
/** Suspects run one at a time, but one that hangs does not hold up the others for longer than that. */
const SUSPECT_PAUSE_MS = 5_000;
const SUSPECT_RETRY_MS = 500;

/**
 * Calls the receiver, as often at the same time as may be: with an update whose sender waits, or with a batch that it has
 * claimed in the store. Nobody else calls it, and nobody else decides what becomes of an update then.
 */
export class Runner {
  readonly #parts: RunnerParts;
  readonly #store: InboxStore;
  readonly #calls = new LinkedList<RunningCall>();
  /** The calls with batches, by the ids of their updates: what runs here is not run a second time. */
  readonly #byId = new Map<number, RunningCall>();
  readonly #timer: WakeTimer;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  #isClaiming = false;
  /** Whether something may be due that could not be claimed when it was to be. */
  #isBehind = false;
  #hasClaimFailed = false;
  /** When other things could last happen, as far as is known. */
  #turnedAt = -Infinity;
  #isParkingReported = false;
  #suspect: { readonly call: RunningCall; readonly since: number } | undefined;
  #onFreeCall: (() => void) | undefined;
  #isStopped = false;
  #isClosed = false;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#store = parts.settings.store;
    this.#timer = new WakeTimer(() => void this.#claimDue(), () => this.#store.count > 0);
  }

  get running(): number {
    return this.#calls.size;
  }

  get isFull(): boolean {
    return this.#calls.size >= this.#parts.settings.concurrency;
  }

  get isClaiming(): boolean {
    return this.#isClaiming;
  }

  /** Claims what is due in that many milliseconds. */
  wake(inMs: number): void {
    if (!this.#isStopped) this.#timer.wake(inMs);
  }

  /** Sets timers again: on platforms where a timer ends with the request that has set it. */
  rearm(): void {
    this.#timer.rearm();
    if (this.#watchdog === undefined) return;
    clearTimeout(this.#watchdog);
    this.#watch(1);
  }

  /** Handles an update that no store has, and that has to wait for nothing. */
  run(
    update: Update,
    json: string | undefined,
    chars: number | undefined,
    waiting?: WaitingUpdate,
  ): Awaitable<Outcome> {
    const { events, failures, limit, receiver } = this.#parts;
    const { attempts } = failures.triesOf(update.update_id);
    const context = new CallContext(attempts + 1, false, this.#completion(update));
    const since = events.now;
    let end: End;
    try {
      const result = receiver.receive(update, context);
      if (isPromiseLike(result)) {
        const sender = waiting ?? this.#parts.waiting.begin(update, json, chars, "receiver");
        sender.place = "receiver";
        sender.isRunning = true;
        limit.begin();
        const call = this.#begin(new RunningCall(context, update, sender.since, sender, undefined));
        void this.#finish(call, since, this.#limited(call, Promise.resolve(result)));
        return sender.outcome;
      }
      end = { value: result };
    } catch (error) {
      end = { error };
    }
    const outcome = this.#judge(update, json, chars, context, since, end);
    if (waiting !== undefined) {
      if (outcome instanceof Promise) void outcome.then((late) => this.#answer(waiting, late));
      else this.#answer(waiting, outcome);
    }
    return outcome;
  }

  /** Handles a batch that this process has claimed. */
  async start(batch: Batch): Promise<void> {
    const { events, receiver, seen, settings, limit } = this.#parts;
    for (const id of batch.unreadable ?? []) {
      this.#lose(remainsOf(id), batch.tries.attempts + 1, unreadable(id));
    }
    if (batch.updates.length === 0) return this.#settle((store) => store.complete(batch, false));
    if (this.#takeOver(batch)) return;
    const { update, fault } = contentOf(batch);
    if (!batch.isReplay && batch.updates.every(({ update_id }) => seen.isHandled(update_id))) {
      return this.#settle((store) => store.complete(batch, false)); // a copy that came to another process too
    }
    if (this.#mustWaitAsSuspect(batch)) return this.#settle((store) => store.retry(batch, SUSPECT_RETRY_MS));
    const tries = triesOf(batch);
    const sender = this.#senderOf(batch);
    if (tries.failures >= settings.maxAttempts && batch.crashesAlone > 0) {
      const error = endedTheProcess(update, batch.crashes);
      events.failed(update, { attempt: tries.attempts, since: events.now, background: true }, error, false);
      this.#parts.reportError(error, { update, attempt: tries.attempts, willRetry: false });
      return await this.#park(batch, update, tries.attempts, error);
    }
    const context = new CallContext(tries.attempts + 1, batch.isReplay, this.#completion(update, batch));
    const call = this.#begin(new RunningCall(context, update, performance.now(), sender, batch));
    for (const { update_id } of batch.updates) this.#byId.set(update_id, call);
    if (batch.crashes >= SUSPECT_CRASHES) this.#suspect = { call, since: performance.now() };
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
      try {
        const result = receiver.receive(update, context);
        end = { value: isPromiseLike(result) ? await this.#limited(call, Promise.resolve(result)) : result };
      } catch (error) {
        end = { error };
      }
    }
    await this.#settleCall(call, since, end);
  }

  /** An update was acknowledged while its receiver runs: it is a batch now, claimed by this process. */
  adopted(sender: WaitingUpdate, batch: Batch): void {
    let call = this.#calls.first;
    while (call !== undefined && call.sender !== sender) call = call.behind;
    if (call === undefined) return;
    call.batch = batch;
    this.#byId.set(sender.update.update_id, call);
  }

  /** The store reports that another process has a batch now. */
  lost(batch: Batch): void {
    for (const { update_id } of batch.updates) {
      const call = this.#byId.get(update_id);
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
    for (let call = this.#calls.first; call !== undefined; call = call.behind) call.context.abort(reason);
    this.stop();
    this.#isClosed = true;
    clearTimeout(this.#watchdog);
    for (const batch of await this.#store.close()) {
      const { update } = contentOf(batch);
      if (unanswered.has(update.update_id)) continue; // Telegram still has it
      this.#lose(update, batch.tries.attempts + 1, lostAtClosing());
    }
  }

  // — Calls —

  #begin(call: RunningCall): RunningCall {
    this.#calls.add(call);
    const { warnAfterMs, handlerTimeoutMs } = this.#parts.settings;
    if (this.#watchdog === undefined) this.#watch(Math.min(warnAfterMs, handlerTimeoutMs));
    return call;
  }

  #end(call: RunningCall): void {
    this.#calls.remove(call);
    if (this.#suspect?.call === call) this.#suspect = undefined;
    if (call.batch !== undefined) {
      for (const { update_id } of call.batch.updates) this.#byId.delete(update_id);
    }
    this.#onFreeCall?.();
    this.#onFreeCall = undefined;
    if (this.#isBehind && !this.#isClaiming) this.wake(0);
    this.#parts.onRest();
  }

  /** A call that has a time limit ends with it, whatever its receiver does then. */
  #limited<T>(call: RunningCall, result: Promise<T>): Promise<T> {
    if (this.#parts.settings.handlerTimeoutMs === Infinity) return result;
    return Promise.race([result, new Promise<never>((_, reject) => call.onTimeout = reject)]);
  }

  /** One timer for all calls that take long: they are in the order in which they began. */
  #watch(inMs: number): void {
    if (inMs === Infinity || this.#isClosed) return;
    this.#watchdog = setTimeout(() => {
      this.#watchdog = undefined;
      const { events, settings: { warnAfterMs, handlerTimeoutMs }, waiting } = this.#parts;
      const now = performance.now();
      let next = Infinity;
      for (let call = this.#calls.first; call !== undefined; call = call.behind) {
        const runningMs = now - call.startedAt;
        if (runningMs >= handlerTimeoutMs) {
          const error = timedOut(handlerTimeoutMs);
          call.context.abort(error);
          call.onTimeout?.(error);
          continue;
        }
        next = Math.min(next, handlerTimeoutMs - runningMs);
        if (call.isReported) continue;
        if (runningMs < warnAfterMs) {
          next = Math.min(next, warnAfterMs - runningMs);
          break;
        }
        call.isReported = true;
        events.slow(call.update, runningMs, waiting.outsideStore + this.#store.count);
      }
      this.#watch(Math.max(1, next));
    }, Math.ceil(inMs));
    if (typeof this.#watchdog === "object") this.#watchdog.unref?.();
  }

  #completion(update: ReceivedUpdate, batch?: Batch): ((transaction: unknown) => Promise<void>) | undefined {
    const store = this.#store;
    if (store.completeIn === undefined) return undefined;
    const single = batch?.updates[0] ?? update as Update;
    return async (transaction) => await store.completeIn?.(transaction, batch, single);
  }

  /** A call without a batch has ended. */
  async #finish(call: RunningCall, since: number, result: Promise<Awaited<ReceiverResult>>): Promise<void> {
    const end: End = await result.then((value) => ({ value }), (error) => ({ error }));
    const { context, sender } = call;
    if (sender === undefined) return;
    if (sender.adopted !== undefined) await sender.adopted;
    if (call.batch !== undefined) return await this.#settleCall(call, since, end);
    const { update, json, chars } = sender;
    const outcome = this.#judge(update, json, chars, context, since, end);
    const decided = outcome instanceof Promise ? await outcome : outcome;
    if (decided.type === "replied" && !sender.isAwaited) {
      await this.#sendReply(update, context, decided.reply);
    }
    this.#answer(sender, decided);
    this.#end(call);
  }

  /** A call with a batch has ended: answers the sender, if one still waits, and tells the store. */
  async #settleCall(call: RunningCall, since: number, end: End): Promise<void> {
    const { batch, context, update } = call;
    if (batch === undefined) return;
    const sender = this.#senderOf(batch);
    if (sender !== undefined) {
      sender.place = "settling"; // no limit counts any longer, and a repeat gets the same answer
      const { json, chars } = sender;
      const judged = this.#judge(sender.update, json, chars, context, since, end, batch);
      const outcome = judged instanceof Promise ? await judged : judged;
      const isTelegrams = outcome.type !== "acknowledged" && outcome.type !== "replied";
      if (isTelegrams) await this.#settle((store) => store.withdraw(batch)); // or its repeat would be known
      this.#answer(sender, outcome);
      if (!isTelegrams) await this.#complete(batch);
    } else await this.#conclude(batch, update, context, since, end);
    this.#end(call);
  }

  #answer(sender: WaitingUpdate, outcome: Outcome): void {
    this.#parts.waiting.end(sender, outcome);
    this.#parts.limit.end();
  }

  // — Judging —

  /** What the sender of an update is told once the receiver is done with it. */
  #judge(
    update: Update,
    json: string | undefined,
    chars: number | undefined,
    context: CallContext,
    since: number,
    end: End,
    batch?: Batch,
  ): Awaitable<Outcome> {
    const { events, failures, replies, seen, settings } = this.#parts;
    if (!("error" in end)) {
      events.handled(update, context.attempt, since, false);
      if (failures.isWatching) failures.succeeded(update.update_id, this.#parts.laneOf(update));
      seen.handled(update.update_id);
      const { value } = end;
      if (value === undefined) return ACKNOWLEDGED;
      if (!isWebhookReply(value)) {
        this.#parts.settings.onStrangeResult(update, value);
        return ACKNOWLEDGED;
      }
      replies.keep(update.update_id, value);
      return { type: "replied", reply: value };
    }
    const { error } = end;
    if (isClosed(error)) return CLOSING; // streams that accept nothing more
    if (error instanceof GiveUp) failures.passed();
    if (error instanceof RetryLater) {
      failures.passed();
      return { type: "failed", error, retryAfterMs: failures.retryAfterMs(update, error.afterMs) };
    }
    const { update_id } = update;
    if (settings.isSenderResponsible) return { type: "failed", error };
    const verdict = error instanceof GiveUp ? undefined : failures.failed(
      update_id,
      this.#parts.laneOf(update),
      batch ? triesOf(batch) : failures.triesOf(update_id),
    );
    const willRetry = verdict?.willRetry ?? false;
    this.#failed(update, context, since, error, willRetry, false);
    if (willRetry) {
      return {
        type: "failed",
        error,
        retryAfterMs: failures.isOutage ? failures.retryAfterMs(update) : undefined,
      };
    }
    return batch === undefined
      ? this.#parkUnstored(update, json, chars, context.attempt, error)
      : this.#park(batch, update, context.attempt, error).then(() => ACKNOWLEDGED);
  }

  /** What becomes of a batch that nobody waits for once the receiver is done with it. */
  async #conclude(
    batch: Batch,
    update: ReceivedUpdate,
    context: CallContext,
    since: number,
    end: End,
  ): Promise<void> {
    const { events, failures, seen, settings } = this.#parts;
    const { updates: [first] } = batch;
    const id = first?.update_id ?? update.update_id;
    if (!("error" in end)) {
      const { value } = end;
      if (isWebhookReply(value)) await this.#sendReply(update, context, value);
      else if (value !== undefined) settings.onStrangeResult(update, value);
      events.handled(update, context.attempt, since, true);
      if (failures.isWatching) failures.succeeded(id, batch.lane);
      for (const { update_id } of batch.updates) seen.handled(update_id);
      return await this.#complete(batch);
    }
    const { error } = end;
    // Not the update's fault: it is for the receiver of the next start.
    if (isClosed(error)) return await this.#settle((store) => store.retry(batch, CLOSED_RETRY_MS));
    const tries = triesOf(batch);
    if (error instanceof GiveUp) failures.passed();
    if (error instanceof RetryLater) {
      failures.passed();
      return await this.#settle((store) => store.retry(batch, error.afterMs, tries));
    }
    const verdict = error instanceof GiveUp ? undefined : failures.failed(id, batch.lane, tries);
    const willRetry = verdict?.willRetry ?? false;
    this.#failed(update, context, since, error, willRetry, true);
    if (!willRetry || verdict === undefined) return await this.#park(batch, update, context.attempt, error);
    await this.#settle((store) => store.retry(batch, verdict.retryAfterMs, verdict.tries));
  }

  #failed(
    update: ReceivedUpdate,
    { attempt }: CallContext,
    since: number,
    error: unknown,
    willRetry: boolean,
    background: boolean,
  ): void {
    this.#parts.events.failed(update, { attempt, since, background }, error, willRetry);
    this.#parts.reportError(error, { update, attempt, willRetry });
  }

  async #sendReply(update: ReceivedUpdate, { attempt }: CallContext, reply: WebhookReply): Promise<void> {
    const error = await this.#parts.replies.send(update, reply);
    if (error !== undefined) this.#parts.reportError(error, { update, attempt, willRetry: false });
  }

  /** An update that was acknowledged will never be handled. */
  #lose(update: ReceivedUpdate, attempt: number, error: TelehookError): void {
    const { events, reportError } = this.#parts;
    events.failed(update, { attempt, since: events.now, background: true }, error, false);
    reportError(error, { update, attempt, willRetry: false });
  }

  // — The store —

  #complete(batch: Batch): Promise<void> {
    return this.#settle(async (store) => {
      const next = await store.complete(batch, !this.#isStopped && !this.isFull && !this.#isClaiming);
      if (next === undefined) return;
      if (this.#isLongBurst) await this.#turn();
      void this.start(next);
    });
  }

  async #park(batch: Batch, update: ReceivedUpdate, attempts: number, error: unknown): Promise<void> {
    const { events, failures, seen, settings } = this.#parts;
    for (const { update_id } of batch.updates) {
      seen.acknowledged(update_id);
      failures.forget(update_id);
    }
    const { parkedForMs: keepMs } = settings;
    if (keepMs === 0) return await this.#settle((store) => store.complete(batch, false));
    await this.#settle((store) => store.park(batch, { error: String(error), attempts, keepMs }));
    events.parked(update, attempts, error);
    if (this.#store.isDurable || this.#isParkingReported) return;
    this.#isParkingReported = true;
    this.#parts.reportError(parkedInMemory(update), { update, attempt: attempts, willRetry: false });
  }

  /** The update is Telegram's until the store has parked it. */
  async #parkUnstored(
    update: Update,
    json: string | undefined,
    chars: number | undefined,
    attempts: number,
    error: unknown,
  ): Promise<Outcome> {
    try {
      const added = await this.#store.add(this.#parts.entryOf(update, json, chars ?? 0), "adopt");
      if (typeof added === "object") await this.#park(added, update, attempts, error);
      return ACKNOWLEDGED;
    } catch (cause) {
      this.#parts.events.storeFailed(cause);
      return { type: "failed", error };
    }
  }

  /** Tells the store what became of a batch; again, if it fails: it must not handle what was handled once more. */
  async #settle(tell: (store: InboxStore) => Awaitable<unknown>): Promise<void> {
    for (
      let pauseMs = STORE_RETRY_MS;
      !this.#isClosed;
      pauseMs = Math.min(2 * pauseMs, LONGEST_STORE_RETRY_MS)
    ) {
      try {
        const told = tell(this.#store);
        if (told instanceof Promise) await told;
        this.#parts.events.storeWorked();
        return;
      } catch (error) {
        this.#parts.events.storeFailed(error);
      }
      await new Promise<void>((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  async #claimDue(): Promise<void> {
    if (this.#isClaiming || this.isFull) {
      this.#isBehind = true;
      return;
    }
    const { events, failures, settings, waiting } = this.#parts;
    this.#isClaiming = true;
    try {
      do {
        this.#isBehind = false;
        while (!this.#isStopped && !this.isFull) {
          const { pauseMs } = failures;
          if (pauseMs > 0) {
            this.#timer.wake(pauseMs);
            break;
          }
          const most = failures.isOutage
            ? 1
            : Math.min(settings.concurrency - this.#calls.size, MOST_CLAIMED);
          const quietExtraMs = settings.mediaGroups ? waiting.blockedMs(settings.mediaGroups.quietMs) : 0;
          const claiming = this.#store.claim(most, quietExtraMs);
          const batches = claiming instanceof Promise ? await claiming : claiming;
          if (batches.length > 0 || this.#hasClaimFailed) events.storeWorked();
          this.#hasClaimFailed = false;
          if (batches.length === 0) break;
          if (failures.isOutage) failures.probe();
          await this.#startAll(batches);
        }
        if (!this.#isStopped && this.isFull) {
          this.#isBehind = true;
          break;
        }
      } while (this.#isBehind);
    } catch (error) {
      this.#hasClaimFailed = true;
      events.storeFailed(error);
      this.#timer.wake(STORE_RETRY_MS);
    } finally {
      this.#isClaiming = false;
      this.#parts.onRest();
    }
  }

  /** Starts what was claimed as calls may begin, and lets other things happen now and then. */
  async #startAll(batches: readonly Batch[]): Promise<void> {
    for (const batch of batches) {
      if (this.isFull) await new Promise<void>((resolve) => this.#onFreeCall = resolve);
      void this.start(batch);
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

  /** Whether updates of a batch run here already: that call goes on with the new claim. */
  #takeOver(batch: Batch): boolean {
    const [first] = batch.updates;
    if (first === undefined) return false;
    const call = this.#byId.get(first.update_id);
    if (call !== undefined) {
      call.batch = batch; // the lease of the claim before it has ended
      return true;
    }
    const waiting = this.#parts.waiting.get(first.update_id);
    if (waiting === undefined || waiting.place !== "receiver" || !waiting.isRunning) return false;
    this.adopted(waiting, batch); // another process had a repeat of it
    this.#parts.events.acknowledgedEarly(waiting.update, "running");
    this.#parts.seen.acknowledged(waiting.update.update_id);
    this.#answer(waiting, ACKNOWLEDGED);
    return true;
  }

  /** Updates that were claimed by several processes that ended are handled one at a time, to find which one ends them. */
  #mustWaitAsSuspect(batch: Batch): boolean {
    if (batch.crashes < SUSPECT_CRASHES || this.#suspect === undefined) return false;
    return performance.now() - this.#suspect.since < SUSPECT_PAUSE_MS;
  }

  /** The sender that waits for a batch of a single update. */
  #senderOf(batch: Batch): WaitingUpdate | undefined {
    const [first] = batch.updates;
    if (batch.album !== undefined || first === undefined) return undefined;
    const waiting = this.#parts.waiting.get(first.update_id);
    return waiting?.place === "store" ? waiting : undefined;
  }
}

/** How many batches are claimed at once at most. */
const MOST_CLAIMED = 100;

/** How often a batch was handled, in processes that ended too. */
function triesOf({ tries, crashes, crashesAlone }: Batch): Tries {
  if (crashes === 0) return tries;
  return { attempts: tries.attempts + crashes, failures: tries.failures + crashesAlone };
}

/** Anything with a `then` is waited for, as `await` does: query builders and other libraries' promises too. */
function isPromiseLike(result: ReceiverResult): result is Promise<Awaited<ReceiverResult>> {
  return typeof result === "object" && result !== null && "then" in result &&
    typeof result.then === "function";
}

/** Whether the receiver accepts nothing more, as streams do that were closed. */
function isClosed(error: unknown): boolean {
  return error instanceof TelehookError && error.code === "ERR_CLOSED";
}

/** What a receiver gets of a batch, and what is wrong with it if a store has made an album of what is none. */
function contentOf(batch: Batch): { readonly update: ReceivedUpdate; readonly fault?: { error: unknown } } {
  const { album, isLate, unreadable = [], updates } = batch;
  const [first] = updates;
  if (first === undefined) return { update: remainsOf(unreadable[0] ?? 0) };
  try {
    return { update: album === undefined ? first : mergeParts(updates, isLate) };
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

function timedOut(afterMs: number): TelehookError {
  return new TelehookError(
    "ERR_TIMEOUT",
    `The handler took longer than the ${afterMs} ms of "handlerTimeoutMs": end it when its signal is aborted`,
  );
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
