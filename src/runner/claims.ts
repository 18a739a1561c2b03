import { isPromiseLike } from "../platform/promises.ts";
import type { Events } from "../events/events.ts";
import { longestBurstMs, nextTurn } from "../platform/next_turn.ts";
import type { Batch, InboxStore } from "../store/inbox_store.ts";
import { triesOf } from "./batch_content.ts";
import type { Failures } from "./failures.ts";
import type { RunningCalls } from "./running_calls.ts";
import { batchesIn, isSound } from "./store_answers.ts";
import type { Suspects } from "./suspects.ts";
import type { WaitingUpdates } from "./waiting_updates.ts";
import { WakeTimer } from "./wake_timer.ts";

/** What claiming needs to know, and what it calls. */
export interface ClaimsParts {
  readonly settings: {
    readonly store: InboxStore;
    /** The quiet time of albums, or `undefined` if they are not merged. */
    readonly mediaGroups: { readonly quietMs: number } | undefined;
  };
  readonly calls: RunningCalls;
  readonly suspects: Suspects;
  readonly failures: Failures;
  readonly waiting: WaitingUpdates;
  readonly events: Events;
  /** Handles a batch. */
  readonly start: (batch: Batch) => Promise<void>;
  /** Gives a batch back to the store, for a later claim. */
  readonly putBack: (batch: Batch, laterMs: number) => Promise<void>;
  /** Called when a call has ended, or the store has nothing more that is due. */
  readonly onRest: () => void;
}

/** The maximum number of batches that one claim returns. */
const MOST_CLAIMED = 100;
const CLAIM_RETRY_MS = 1_000;
/** Suspects that wait fall due one after another, so that each that ends is soon followed by the next. */
const SUSPECT_STEP_MS = 20;

/**
 * When batches are claimed in the store, how many of them, and in which order they start: as soon as something is due and
 * there is room for it, and never so many at once that nothing else happens meanwhile.
 */
export class Claims {
  readonly #parts: ClaimsParts;
  readonly #timer: WakeTimer;
  #isClaiming = false;
  /** Whether something may be due that could not be claimed when it was to be. */
  #isBehind = false;
  #hasFailed = false;
  /** Batches that were claimed as they were added, and start in the next turn. */
  #claimedEarly: Batch[] = [];
  /** When other things could last happen, as far as is known. */
  #turnedAt = -Infinity;
  #isStopped = false;

  constructor(parts: ClaimsParts) {
    this.#parts = parts;
    this.#timer = new WakeTimer(() => void this.#claimDue(), () => parts.settings.store.count > 0);
  }

  /** Whether calls may begin that nothing else is known of yet. */
  get isExpecting(): boolean {
    return this.#isClaiming || this.#parts.calls.expected > 0;
  }

  /** Whether an update may be claimed as it is added: not before others that have waited longer. */
  get mayClaimAdded(): boolean {
    return this.mayClaimNext && !this.#isBehind && !this.#parts.failures.isOutage;
  }

  /** Whether the next batch of a lane may be claimed as the one before it is completed. */
  get mayClaimNext(): boolean {
    return !this.#isStopped && !this.#isClaiming && !this.#parts.calls.isFull && !this.#timer.isCarried;
  }

  /** Keeps room for a call that the store's answer may begin. */
  expect(): void {
    this.#parts.calls.expected++;
  }

  /** The store has answered. */
  expected(): void {
    this.#parts.calls.expected--;
    this.roomMade();
  }

  /** There may be room for what could not be claimed. */
  roomMade(): void {
    if (this.#isBehind && !this.#isClaiming) this.wake(0);
    this.#parts.onRest();
  }

  /** Claims what is due in that many milliseconds. */
  wake(inMs: number): void {
    if (!this.#isStopped) this.#timer.wake(inMs);
  }

  /** Sets the timer again: on platforms where a timer ends with the request that has set it. */
  rearm(): void {
    this.#timer.rearm();
  }

  /** Claims in the request that this is called in, until the promise is settled or a later one does: on Workers. */
  carry(until: Promise<unknown>): void {
    void this.#timer.carry(until);
  }

  /** Claims nothing more. */
  stop(): void {
    this.#isStopped = true;
    this.#timer.stop();
  }

  /** Starts a batch that was claimed as it was added, after its sender was answered. */
  async startSoon(batch: Batch): Promise<void> {
    this.expect();
    this.#claimedEarly.push(batch);
    if (this.#claimedEarly.length > 1) return;
    await this.#turn();
    const batches = this.#claimedEarly;
    this.#claimedEarly = [];
    await this.#startAll(batches);
  }

  /** Starts a batch that was claimed as the one before it was completed. */
  async startNext(batch: Batch): Promise<void> {
    if (this.#isLongBurst) await this.#turn();
    void this.#parts.start(batch);
  }

  async #claimDue(): Promise<void> {
    const { calls, events, onRest } = this.#parts;
    if (this.#isClaiming || calls.isFull) {
      this.#isBehind = true;
      return;
    }
    this.#isClaiming = true;
    try {
      do {
        this.#isBehind = false;
        while (!this.#isStopped && !calls.isFull) {
          const batches = await this.#claim();
          if (batches.length > 0 || this.#hasFailed) events.storeWorked();
          this.#hasFailed = false;
          if (batches.length === 0) break;
          await this.#startAll(batches);
        }
        if (calls.isFull) this.#isBehind = true;
      } while (this.#isBehind && !calls.isFull && !this.#isStopped);
    } catch (error) {
      this.#hasFailed = true;
      events.storeFailed(error);
      this.#timer.wake(CLAIM_RETRY_MS);
    } finally {
      this.#isClaiming = false;
      onRest();
    }
  }

  async #claim(): Promise<readonly Batch[]> {
    const { calls, failures, settings: { mediaGroups, store }, waiting } = this.#parts;
    const pauseMs = failures.pauseMs("store");
    if (pauseMs > 0) {
      this.#timer.wake(pauseMs);
      return [];
    }
    const quietExtraMs = mediaGroups === undefined ? 0 : waiting.blockedMs(mediaGroups.quietMs);
    const isProbe = failures.isOutage;
    if (isProbe) failures.probe("store");
    const most = Math.min(calls.free, MOST_CLAIMED); // a probe is chosen among them
    let batches: readonly Batch[] = [];
    let room = 0;
    try {
      const claimed = batchesIn("claim", store.claim(most, quietExtraMs));
      if (isPromiseLike(claimed)) {
        calls.expected += room = most;
        batches = await claimed;
      } else batches = claimed;
      return batches;
    } finally {
      calls.expected += batches.length - room;
      if (isProbe && batches.length === 0) failures.passed(); // nothing was tried
    }
  }

  /** Starts what was claimed, and lets other things happen now and then. There is room for all. */
  async #startAll(batches: readonly Batch[]): Promise<void> {
    const { failures, putBack, start, suspects } = this.#parts;
    const isProbe = failures.isOutage;
    if (isProbe) failures.probe("store");
    const others = isProbe ? behindProbe(batches) : suspects.waitingIn(batches);
    // First, since what starts may end the process as it begins, and is known by having been claimed alone.
    if (others.length > 0) {
      await Promise.all(others.map((batch, n) => putBack(batch, isProbe ? 0 : n * SUSPECT_STEP_MS)));
    }
    for (const batch of batches) {
      if (!others.includes(batch)) void start(batch);
      this.expected();
      if (this.#isLongBurst) await this.#turn();
    }
  }

  get #isLongBurst(): boolean {
    return performance.now() - this.#turnedAt >= longestBurstMs();
  }

  async #turn(): Promise<void> {
    await nextTurn();
    this.#turnedAt = performance.now();
  }
}

/** What waits during an outage while the batch is tried that was tried least often. */
function behindProbe(batches: readonly Batch[]): readonly Batch[] {
  const sound = batches.filter(isSound);
  const [first, ...others] = sound;
  if (first === undefined) return [];
  const probe = others.reduce((least, batch) => attemptsOf(batch) < attemptsOf(least) ? batch : least, first);
  return sound.filter((batch) => batch !== probe);
}

const attemptsOf = (batch: Batch) => triesOf(batch).attempts;
