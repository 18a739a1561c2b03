import { type Linked, LinkedList } from "../collections/linked_list.ts";
import { TelehookError } from "../errors/telehook_error.ts";
import { unrefTimer } from "../platform/unref_timer.ts";
import type { CallContext } from "../receiver/call_context.ts";
import type { ReceivedUpdate, ReceiverResult } from "../receiver/receiver.ts";
import type { Batch } from "../store/inbox_store.ts";
import type { Update } from "../updates/mod.ts";
import type { End } from "./decision.ts";
import type { WaitingUpdate } from "./waiting_updates.ts";

/** A call of the receiver that has not ended. */
export class RunningCall implements Linked<RunningCall> {
  readonly context: CallContext;
  readonly update: ReceivedUpdate;
  /** On the clock of `performance.now()`. */
  readonly startedAt: number;
  /** The sender that waits for it, if it began without a batch. */
  readonly sender: WaitingUpdate | undefined;
  /** What the store has of it. */
  batch: Batch | undefined;
  /** Resolves when everything that follows from its end is done, such as telling the store; `undefined` while it runs. */
  settled: Promise<void> | undefined = undefined;
  /** What its receiver threw, if it has ended so. */
  error: unknown = undefined;
  isReported = false;
  before: RunningCall | undefined = undefined;
  behind: RunningCall | undefined = undefined;
  /** Ends the call, if calls have a time limit. */
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

/** How long calls may take, in milliseconds. */
export interface CallLimits {
  readonly concurrency: number;
  readonly warnAfterMs: number;
  readonly handlerTimeoutMs: number;
  /** Whether it counts what others run in this process: a host has many bots. */
  readonly isOneOfMany: boolean;
}

/** Those of all bots of hosts in this process that have any. */
const inProcess = new Set<RunningCalls>();

/** The calls that run, in the order in which they began: how many there may be, and which of them take too long. */
export class RunningCalls {
  readonly #limits: CallLimits;
  readonly #onSlow: (call: RunningCall, runningMs: number) => void;
  readonly #calls = new LinkedList<RunningCall>();
  /** Those that a store has, by the ids of their updates. */
  readonly #byId = new Map<number, RunningCall>();
  /** Calls for which room is kept: they may be about to begin. */
  expected = 0;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  /** What was unfinished when this closed. */
  #cutOff: readonly RunningCall[] | undefined;

  /** @param onSlow Called once with each call that runs for `warnAfterMs`. */
  constructor(limits: CallLimits, onSlow: (call: RunningCall, runningMs: number) => void) {
    this.#limits = limits;
    this.#onSlow = onSlow;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** How many more may begin, beside those that are expected. */
  get free(): number {
    return Math.max(0, this.#limits.concurrency - this.#calls.size - this.expected);
  }

  get isFull(): boolean {
    return this.free === 0;
  }

  /** What follows from the calls that have ended: see {@link RunningCall.settled}. */
  get settled(): readonly Promise<void>[] {
    const settled: Promise<void>[] = [];
    for (let call = this.#calls.first; call !== undefined; call = call.behind) {
      if (call.settled !== undefined) settled.push(call.settled);
    }
    return settled;
  }

  /** The calls whose receivers have not ended; or had not when this closed, since they may end as they are aborted. */
  get unfinished(): readonly RunningCall[] {
    if (this.#cutOff !== undefined) return this.#cutOff;
    const unfinished: RunningCall[] = [];
    for (let call = this.#calls.first; call !== undefined; call = call.behind) {
      if (call.settled === undefined) unfinished.push(call);
    }
    return unfinished;
  }

  /** The call that handles an update that a store has. */
  get(updateId: number): RunningCall | undefined {
    return this.#byId.get(updateId);
  }

  /** Whether an update is handled that no store has, and that this is true of. */
  hasUnstored(isMeant: (update: Update) => boolean): boolean {
    for (let call = this.#calls.first; call !== undefined; call = call.behind) {
      if (call.batch === undefined && call.sender !== undefined && isMeant(call.sender.update)) return true;
    }
    return false;
  }

  /** Whether other bots in this process have unfinished calls that this is true of. */
  haveOthers(isMeant: (call: RunningCall) => boolean): boolean {
    if (!this.#limits.isOneOfMany) return false;
    for (const each of inProcess) if (each !== this && each.unfinished.some(isMeant)) return true;
    return false;
  }

  begin(call: RunningCall): RunningCall {
    if (this.#limits.isOneOfMany) inProcess.add(this);
    this.#calls.add(call);
    if (call.batch !== undefined) this.#index(call, call.batch);
    if (call.sender !== undefined) call.sender.call = call;
    if (this.#watchdog === undefined) {
      this.#watch(Math.min(this.#limits.warnAfterMs, this.#limits.handlerTimeoutMs));
    }
    return call;
  }

  end(call: RunningCall): void {
    this.#calls.remove(call);
    if (call.sender !== undefined) call.sender.call = undefined;
    // When this has closed, others may still ask what was cut off.
    if (this.#limits.isOneOfMany && this.#calls.size === 0 && this.#cutOff === undefined) {
      inProcess.delete(this);
    }
    if (call.batch !== undefined) {
      for (const { update_id } of call.batch.updates) this.#byId.delete(update_id);
    } else if (call.sender?.isAwaited === false) this.#byId.delete(call.sender.id);
  }

  /** A call has a batch now, or another one. */
  setBatch(call: RunningCall, batch: Batch): void {
    call.batch = batch;
    this.#index(call, batch);
  }

  /** Likewise, for the call that a sender waits for. Without a batch: the store has it, and nobody knows the claim. */
  setBatchOf(sender: WaitingUpdate, batch: Batch | undefined): void {
    const { call } = sender;
    if (call === undefined) return;
    if (batch !== undefined) this.setBatch(call, batch);
    else this.#byId.set(sender.id, call);
  }

  /**
   * Tells how a call's receiver has ended: with a failure, if it takes longer than a call may. On Workers, that is told in a
   * request that goes on, since what waits in the receiver's own may have ended with it.
   */
  whenEnded(call: RunningCall, result: Promise<Awaited<ReceiverResult>>, ended: (end: End) => void): void {
    let end = ended;
    if (this.#limits.handlerTimeoutMs !== Infinity) {
      let isOver = false;
      end = (how) => {
        if (isOver) return;
        isOver = true;
        ended(how);
      };
      call.onTimeout = (error) => void Promise.resolve().then(() => end({ error }));
    }
    result.then((value) => end({ value }), (error) => end({ error }));
  }

  /** Sets the timer again: on platforms where a timer ends with the request that has set it. */
  rearm(): void {
    if (this.#watchdog === undefined) return;
    clearTimeout(this.#watchdog);
    this.#watch(1);
  }

  /** What still runs is no longer a reason for anything. */
  leave(): void {
    inProcess.delete(this);
  }

  /** Aborts the signals of all. */
  close(reason: Error): void {
    this.#cutOff = this.unfinished;
    clearTimeout(this.#watchdog);
    for (let call = this.#calls.first; call !== undefined; call = call.behind) call.context.abort(reason);
  }

  #index(call: RunningCall, batch: Batch): void {
    for (const { update_id } of batch.updates) this.#byId.set(update_id, call);
  }

  /** One timer for all calls: none of them is older than the first. */
  #watch(inMs: number): void {
    if (inMs === Infinity || this.#cutOff !== undefined) return;
    const timer = setTimeout(() => {
      if (this.#watchdog !== timer) return; // on Workers, no other request could clear it
      this.#watchdog = undefined;
      this.#watch(this.#check());
    }, Math.max(1, Math.ceil(inMs)));
    this.#watchdog = timer;
    unrefTimer(timer);
  }

  /** @returns Milliseconds until the next call may have taken too long, also one that begins after this. */
  #check(): number {
    const { warnAfterMs, handlerTimeoutMs } = this.#limits;
    const shortestMs = Math.min(warnAfterMs, handlerTimeoutMs);
    const now = performance.now();
    let nextMs = Infinity;
    for (let call = this.#calls.first; call !== undefined; call = call.behind) {
      const runningMs = now - call.startedAt;
      if (runningMs >= warnAfterMs && !call.isReported) {
        call.isReported = true;
        this.#onSlow(call, runningMs);
      }
      if (runningMs >= handlerTimeoutMs) {
        const error = timedOut(handlerTimeoutMs);
        call.context.abort(error);
        call.onTimeout?.(error);
      }
      for (const limitMs of [warnAfterMs, handlerTimeoutMs]) {
        if (runningMs < limitMs) nextMs = Math.min(nextMs, limitMs - runningMs, shortestMs);
      }
      if (runningMs < shortestMs) break;
    }
    return nextMs;
  }
}

function timedOut(afterMs: number): TelehookError {
  return new TelehookError(
    "ERR_TIMEOUT",
    `The handler took longer than the ${afterMs} ms of "handlerTimeoutMs": end it when its signal is aborted`,
  );
}
