import { TelehookError } from "../errors/telehook_error.ts";
import type { Events } from "../events/events.ts";
import { inTurns, nextTurn } from "../platform/next_turn.ts";
import { within } from "../platform/pause.ts";
import { CallContext } from "../receiver/call_context.ts";
import type { ReceivedUpdate, ReceiverResult, UpdateReceiver } from "../receiver/receiver.ts";
import { ReceiverClosed, RetryLater } from "../receiver/verdicts.ts";
import type { WebhookReply } from "../receiver/webhook_reply.ts";
import type { LateReplies } from "../replies/late_replies.ts";
import type { Awaitable, Batch, InboxStore, Lane, StoreEntry } from "../store/inbox_store.ts";
import type { Update } from "../updates/mod.ts";
import type { AcknowledgementLimit } from "./acknowledgement_limit.ts";
import { contentOf, remainsOf, triesOf } from "./batch_content.ts";
import { Claims } from "./claims.ts";
import { blamedOf, type OthersUnfinished, stoppedTheProcess, unfinishedBeside } from "./cut_off.ts";
import { decide, type Decision, type DecisionSettings, type End } from "./decision.ts";
import { failedBefore, type Failures, spreadRestMs } from "./failures.ts";
import { GivingUp } from "./giving_up.ts";
import { ACKNOWLEDGED, CLOSING, type Outcome } from "./outcome.ts";
import type { ReportError } from "./report_error.ts";
import { type CallLimits, RunningCall, RunningCalls } from "./running_calls.ts";
import type { SeenUpdates } from "./seen_updates.ts";
import { isPromiseLike } from "../platform/promises.ts";
import { batchesIn, faultIn, nextIn } from "./store_answers.ts";
import { StoreTeller } from "./store_teller.ts";
import { Suspects } from "./suspects.ts";
import type { WaitingUpdate, WaitingUpdates } from "./waiting_updates.ts";

/** What the runner has to keep to. */
export interface RunnerSettings extends CallLimits, DecisionSettings {
  readonly store: InboxStore;
  readonly maxAttempts: number;
  /** Whether others in this process, with stores of their own, may be why it ends: a host has many bots. */
  readonly isOneOfMany: boolean;
  /** 0 if what is given up is not kept. */
  readonly parkedForMs: number;
  /** The quiet time of albums, or `undefined` if they are not merged. */
  readonly mediaGroups: { readonly quietMs: number } | undefined;
  /**
   * Is called with the id of each update that is handled or given up, if the sender keeps until then what is only acknowledged,
   * as a poller's does while the store is in memory.
   */
  readonly onDone: ((updateId: number) => void) | undefined;
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

/** How long a receiver that was closed is left alone: it accepts nothing more until the webhook is closed too. */
const CLOSED_RETRY_MS = 1_000;
/** How long a batch waits that may not run yet. */
const WAIT_RETRY_MS = 500;
/** How long a batch waits that cannot be handled as the store returns it. */
const FAULTY_RETRY_MS = 60_000;
/** How long closing waits until the store knows of what was handled, when its replies were aborted. */
const LAST_TOLD_MS = 1_000;

/**
 * Calls the receiver, as often at the same time as may be: with an update whose sender waits, or with a batch that it has
 * claimed in the store. Nothing else calls it, and what was decided when a call has ended is done here alone.
 */
export class Runner {
  readonly #parts: RunnerParts;
  readonly #store: InboxStore;
  readonly #calls: RunningCalls;
  readonly #suspects = new Suspects();
  readonly #teller: StoreTeller;
  /** What it claims in the store. */
  readonly claims: Claims;
  readonly givingUp: GivingUp;

  constructor(parts: RunnerParts) {
    const { events, settings: { store }, waiting } = parts;
    this.#parts = parts;
    this.#store = store;
    this.#teller = new StoreTeller(store, events);
    this.givingUp = new GivingUp({ ...parts, teller: this.#teller });
    this.#calls = new RunningCalls(
      parts.settings,
      ({ update }, runningMs) => events.slow(update, runningMs, waiting.outsideStore + store.count),
    );
    this.claims = new Claims({
      ...{ ...parts, calls: this.#calls, suspects: this.#suspects },
      start: (batch) => this.start(batch),
      putBack: (batch, laterMs) => this.#putBack(batch, laterMs),
    });
  }

  get running(): number {
    return this.#calls.size;
  }

  get isFull(): boolean {
    return this.#calls.isFull;
  }

  /** Whether an update is handled here that the store has. */
  isRunning(updateId: number): boolean {
    return this.#calls.get(updateId) !== undefined;
  }

  /** Sets timers again: on platforms where a timer ends with the request that has set it. */
  rearm(): void {
    this.claims.rearm();
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
      this.#calls.expected++; // it counts, should the receiver pass in other updates before it returns
      let result: ReceiverResult;
      try {
        result = receiver.receive(update, context);
      } finally {
        this.#calls.expected--;
      }
      if (isPromiseLike(result)) {
        const promise = Promise.resolve(result); // before the call is noted, since a stranger's promise may throw
        const sender = waiting ?? this.#parts.waiting.begin(update, json, chars, "receiver", id);
        sender.place = "receiver";
        sender.isRunning = true;
        limit.begin();
        const startedAt = waiting === undefined ? sender.since : performance.now(); // it was on its way until now
        const call = this.#calls.begin(new RunningCall(context, update, startedAt, sender, undefined));
        const began = since || call.startedAt; // somebody may listen before it ends
        this.#calls.whenEnded(call, promise, (end) => this.#finish(call, sender, began, end));
        return sender.outcome;
      }
      end = { value: result };
    } catch (error) {
      end = { error };
    }
    const outcome = this.#outcome(id, update, json, chars, context, since, end);
    if (isPromiseLike(outcome)) {
      // It is being parked, or its reply is sent: closing waits for that, and a repeat for the same answer.
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
      sender.hasEnded = true;
      void sender.adopted.then(() => this.#finish(call, sender, since, end));
      return;
    }
    const { batch, context } = call;
    if (batch !== undefined) return void (call.settled = this.#settle(call, batch, since, end));
    const { id, update, json, chars } = sender;
    const outcome = this.#outcome(id, update, json, chars, context, since, end);
    if (isPromiseLike(outcome)) {
      sender.place = "storing"; // or its reply is sent: no limit counts any longer
      call.settled = outcome.then((late) => this.#conclude(call, sender, late));
    } else this.#conclude(call, sender, outcome);
  }

  #conclude(call: RunningCall, sender: WaitingUpdate, outcome: Outcome): void {
    this.#answer(sender, outcome);
    if (outcome.type !== "replied" || sender.isAwaited) return this.#end(call);
    // The sender was told to send it again. Closing waits for the reply.
    call.settled = this.sendReply(sender.update, call.context.attempt, outcome.reply).then(() =>
      this.#end(call)
    );
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
    const { events, failures, laneOf, seen } = this.#parts;
    if (!("error" in end) && end.value === undefined) {
      // The usual case, decided as all others are, without what that costs.
      events.handled(update, context.attempt, since, false);
      if (failures.isWatching) failures.succeeded(id, laneOf(update));
      seen.done(id);
      return ACKNOWLEDGED;
    }
    const decision = decide(this.#parts, {
      ...{ update, id, context, since, isAcknowledged: false, isKept: false },
      lane: () => laneOf(update),
      tries: failures.triesOf(id),
    }, end);
    if (decision.type === "park") {
      return this.givingUp.parkUnstored(id, update, json, chars, context.attempt, decision.error);
    }
    const outcome = this.#outcomeOf(id, decision);
    const reply = decision.type === "handled" ? decision.reply : undefined;
    if (reply === undefined || outcome.type === "replied") return outcome;
    return this.sendReply(update, context.attempt, reply).then(() => outcome);
  }

  // — A batch of the store —

  /** Handles a batch that this process has claimed. */
  async start(batch: Batch): Promise<void> {
    if (this.#teller.isClosing) return; // it was claimed too late, and is given back as the store closes
    const { events, failures, limit, receiver, settings } = this.#parts;
    const wrong = faultIn(batch);
    if (wrong !== undefined) {
      failures.passed();
      events.storeFailed(wrong);
      return await this.#putBack(batch, FAULTY_RETRY_MS);
    }
    for (const id of batch.unreadable ?? []) {
      this.givingUp.lose(remainsOf(id), batch.tries.attempts + 1, unreadable(id));
    }
    if (batch.updates.length === 0 || this.#isHandled(batch)) {
      failures.passed();
      return void await this.#teller.tell((store) => store.complete(batch, false));
    }
    if (this.#takeOver(batch)) return failures.passed();
    const tries = triesOf(batch);
    const isAccused = tries.failures >= settings.maxAttempts && batch.crashesAlone > 0;
    const isOnTrial = isAccused && tries.failures === settings.maxAttempts && settings.maxAttempts > 1 &&
      settings.isOneOfMany;
    const isGivenUp = isAccused && !isOnTrial;
    if (!isGivenUp && (this.#suspects.mustWait(batch, isOnTrial) || this.#isReplayTooEarly(batch))) {
      failures.passed();
      return await this.#putBack(batch);
    }
    const { update, fault } = contentOf(batch);
    if (isGivenUp) {
      const error = endedTheProcess(update, batch.crashes);
      failures.passed();
      return await this.givingUp.parkBlamed(batch, update, tries.attempts, error);
    }
    const context = new CallContext(tries.attempts + 1, batch.isReplay, this.#completion(update, batch));
    const sender = this.#senderOf(batch);
    const call = this.#calls.begin(new RunningCall(context, update, performance.now(), undefined, batch));
    this.#suspects.began(call, batch, isOnTrial);
    if (sender !== undefined) {
      sender.isRunning = true;
      limit.begin();
    }
    const settle = (end: End) =>
      void (call.settled = this.#settle(call, call.batch ?? batch, call.startedAt, end));
    let end: End;
    if (fault !== undefined) end = fault;
    else {
      if (batch.end !== undefined && tries.attempts === 0 && !batch.isReplay) {
        const { end: reason, isLate: late, waitedMs } = batch;
        events.mediaGroup(update, { parts: batch.updates.length, late, reason, waitedMs });
      }
      events.started(update, context.attempt, batch.isReplay);
      try {
        const result = receiver.receive(update, context);
        if (isPromiseLike(result)) return this.#calls.whenEnded(call, Promise.resolve(result), settle);
        end = { value: result };
      } catch (error) {
        end = { error };
      }
    }
    settle(end);
  }

  /** A call with a batch has ended: tells the store, and answers the sender if one still waits. */
  async #settle(call: RunningCall, batch: Batch, since: number, end: End): Promise<void> {
    const { context, update } = call;
    if ("error" in end) call.error = end.error;
    const sender = this.#senderOf(batch);
    if (sender !== undefined) sender.place = "settling"; // no limit counts any longer, and a repeat gets the same answer
    // Another process may have told Telegram that a durable store has it: then it must not be removed.
    const isKept = sender === undefined || this.#store.isDurable;
    const decision = decide(this.#parts, {
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
        if (decision.reply !== undefined && outcome?.type !== "replied") {
          await this.sendReply(update, context.attempt, decision.reply);
        }
        if (sender !== undefined && outcome !== undefined) this.#answer(sender, outcome);
        await this.#teller.tell((store) => this.#complete(store, batch), { isLast: true });
        return this.#end(call);
      case "park":
        await this.givingUp.park(batch, update, context.attempt, decision.error, { isLast: true });
        break;
      case "retry":
      case "closed": {
        const { storeAfterMs, tries } = decision.type === "retry"
          ? decision
          : { storeAfterMs: CLOSED_RETRY_MS };
        await this.#teller.tell((store) =>
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

  /**
   * An update was acknowledged while its receiver runs: it is a batch now, claimed by this process.
   *
   * @param batch `undefined` if the store had it before, and has not told of a claim: a claim that follows is this call's.
   */
  adopted(sender: WaitingUpdate, batch: Batch | undefined): void {
    this.#calls.setBatchOf(sender, batch);
  }

  /** The store reports that another process has a batch now. */
  lost(batch: Batch): void {
    for (const { update_id } of batch.updates) {
      const call = this.#calls.get(update_id);
      if (call?.batch === batch) call.context.abort(leaseLost());
    }
  }

  /** To be asked when the time of closing is over. */
  get others(): OthersUnfinished {
    return unfinishedBeside(this.#calls);
  }

  /**
   * Aborts what runs, and closes the store.
   *
   * @param others What they had not ended when the time of closing was over.
   * @returns What is lost with one that is not durable.
   */
  async close(reason: TelehookError, others: OthersUnfinished): Promise<readonly Batch[]> {
    const unfinished = this.#store.isDurable ? this.#calls.unfinished : [];
    this.#calls.close(reason);
    this.#parts.replies.close(reason);
    this.claims.stop();
    this.#parts.failures.close();
    this.#teller.closing(reason);
    await nextTurn(); // receivers that heed the signal end
    await this.#lastTold();
    await within(LAST_TOLD_MS, this.#count(unfinished, others, reason)).catch((error) =>
      this.#parts.events.storeFailed(error)
    );
    this.#teller.leave();
    this.#calls.leave();
    this.#suspects.closed();
    const left = await batchesIn("close", this.#store.close());
    return this.#parts.settings.onDone === undefined ? left : []; // else the sender still has them
  }

  /** Reports what is lost of what was left. It may be much, and printing it takes long. */
  async reportLost(left: readonly Batch[], unanswered: ReadonlySet<number>): Promise<void> {
    await inTurns(left, (batch) => {
      const { update } = contentOf(batch);
      if (unanswered.has(update.update_id)) return; // Telegram still has it
      if (this.#isHandled(batch)) return; // only its reply was not sent, which is reported as that
      this.givingUp.lose(update, batch.tries.attempts + 1, lostAtClosing());
    });
  }

  /** What waited only for its reply was handled, and must not be handled at the next start. */
  async #lastTold(): Promise<void> {
    await within(LAST_TOLD_MS, Promise.allSettled(this.#calls.settled)).catch(() => {}); // it has closed then all the same
  }

  /** Tells the store what has not ended in time. */
  async #count(
    unfinished: readonly RunningCall[],
    others: OthersUnfinished,
    reason: TelehookError,
  ): Promise<void> {
    // A stream refuses for a reason of its own what it had for a loop that has not read it.
    const cutOff = unfinished.filter(({ error }) => !(error instanceof ReceiverClosed) || error === reason);
    const blamed = blamedOf(cutOff, others);
    const counted: Promise<void>[] = [];
    await inTurns(cutOff, (call) => void counted.push(this.#countOne(call, call === blamed)));
    await Promise.all(counted);
  }

  async #countOne({ batch, error, update }: RunningCall, isBlamed: boolean): Promise<void> {
    if (batch === undefined || this.#isHandled(batch) || error instanceof RetryLater) return;
    const { attempts, failures } = triesOf(batch);
    const tries = { attempts: attempts + 1, failures: failures + (isBlamed ? 1 : 0) };
    if (isBlamed && tries.failures >= this.#parts.settings.maxAttempts) {
      const stopped = stoppedTheProcess(update, tries.failures);
      return await this.givingUp.parkBlamed(batch, update, tries.attempts, stopped, { isLast: true });
    }
    const restMs = attempts === 0 ? 0 : spreadRestMs(attempts);
    await this.#teller.tell((store) => store.retry(batch, restMs, tries), { isLast: true });
  }

  #outcomeOf(updateId: number, decision: Decision): Outcome {
    switch (decision.type) {
      case "handled":
        if (decision.reply === undefined) return ACKNOWLEDGED;
        if (!this.#parts.replies.keep(updateId, decision.reply)) return ACKNOWLEDGED; // once that is sent
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
    this.#suspects.ended(call);
    this.claims.roomMade();
  }

  /** Sends a reply that is not part of an answer. What cannot be sent is reported. */
  async sendReply(update: ReceivedUpdate, attempt: number, reply: WebhookReply): Promise<void> {
    const error = await this.#parts.replies.send(update, reply);
    if (error !== undefined) this.#parts.reportError(error, { update, attempt, willRetry: false });
  }

  // — The store —

  async #complete(store: InboxStore, batch: Batch): Promise<void> {
    const completed = store.complete(batch, this.claims.mayClaimNext);
    const next = nextIn(isPromiseLike(completed) ? await completed : completed);
    if (next !== undefined) await this.claims.startNext(next);
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

  async #putBack(batch: Batch, laterMs = 0): Promise<void> {
    await this.#teller.tell((store) => store.retry(batch, WAIT_RETRY_MS + laterMs));
  }

  /**
   * A replay comes at any time: also while an update of its lane runs that needed no store, and so is not in its way there;
   * or is about to, since it had asked before, and has not got the answer yet.
   */
  #isReplayTooEarly({ isReplay, lane }: Batch): boolean {
    const isInLane = (update: Update) => this.#parts.laneOf(update) === lane;
    return isReplay && (this.#calls.hasUnstored(isInLane) || this.#parts.waiting.hasAsking(isInLane));
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

function endedTheProcess({ update_id }: ReceivedUpdate, times: number): TelehookError {
  return new TelehookError(
    "ERR_GIVEN_UP",
    `The process ended ${times} times while update ${update_id} was handled: it is parked. Find out why before you replay it`,
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
