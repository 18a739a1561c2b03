import { dropOldest } from "../collections/drop_oldest.ts";
import { lifetimeLeftMs } from "../delivery/lifetime.ts";
import type { FlatUpdate } from "../updates/mod.ts";
import type { Batch, Lane, Tries } from "../store/inbox_store.ts";
import { Probes } from "./probes.ts";

/*
 * What a failure means: is the update to blame (poison), or can nothing be handled at the moment (an outage)?
 *
 * 1. A failure counts as the update's own once an update of another lane has succeeded since the update failed first. The
 *    first failure then counts too. After `maxAttempts` such failures the update is given up. Where other processes may
 *    have seen it fail, what it has rested since tells when that was at the latest.
 * 2. While nothing succeeds, nobody knows: failures do not count. If no more than two lanes fail, an update is given up all
 *    the same once it has failed for `giveUpAfterMs`. So a bot with a single chat gives up what fails for that long.
 * 3. If three lanes or more have failed since the last success, it is an outage, and nothing is given up. New updates are
 *    refused with a `Retry-After`; what is in the store stays there. One update at a time is let through as a probe: the
 *    next one that comes after a pause, which doubles with every probe that fails. What is sent again and what is in the
 *    store have probes and pauses of their own, or those that always fail would keep what is new waiting. What is sent
 *    again is told to wait up to half as long as that again, at random, and of what is due in the store, what was tried least
 *    often is next: the same update must not be tried each time. The first success of any update ends the outage.
 * 4. Parts of albums are stored during an outage too, as is everything that is acknowledged when it is received.
 * 5. `maxAttempts: 1` means that an update is handled once, regardless of why it failed.
 */

/** Lanes that must fail, without a success in between, for an outage. */
const OUTAGE_LANES = 3;
/** The least that a sender is told to wait. */
const LEAST_RETRY_AFTER_MS = 1_000;
/** By how much more those wait who send again, at random: if the same one came first each time, no other would be tried. */
const AGAIN_SPREAD = 0.5;
/** How long a stored update rests after its first failure; then twice as long each time. */
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;
/** By how much of that it rests less, at random: what fails together would fail together again, as if it were an outage. */
const RETRY_SPREAD = 0.5;
/** How many failing updates are known at the same time: Telegram loads far fewer queues. */
const MOST_FAILING = 10_000;

/** Milliseconds for which a stored update rests after that many attempts without success: not the same each time. */
export function spreadRestMs(attempts: number): number {
  return Math.round(restMs(attempts) * (1 - RETRY_SPREAD * Math.random()));
}

/** The most of that. */
const restMs = (attempts: number) => Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), LONGEST_RETRY_MS);

/**
 * When a stored update had failed at the latest, on the clock of `performance.now()`: it has rested since then, or was added
 * after its failure.
 *
 * @param claimedAt When it was claimed.
 * @returns `Infinity` if it had not failed.
 */
export function failedBefore({ tries: { attempts }, waitedMs }: Batch, claimedAt: number): number {
  return attempts === 0 ? Infinity : claimedAt - Math.min(restMs(attempts) * (1 - RETRY_SPREAD), waitedMs);
}

/** What is tried during an outage: what its sender brings for the first time, what it sends again, or what is in the store. */
export type Source = "new" | "again" | "store";

const SOURCES: readonly Source[] = ["new", "again", "store"];

/** Of an update that was not handled yet. */
export const NO_TRIES: Tries = { attempts: 0, failures: 0 };

/** What is to become of an update that failed. */
export interface Verdict {
  readonly willRetry: boolean;
  /** What to remember of its attempts. */
  readonly tries: Tries;
  /** Milliseconds until a stored update is handled again. */
  readonly retryAfterMs: number;
}

/** What is known of a failure. */
export interface FailureFacts {
  /** Whether it is certainly the update's own. Default: `false`. */
  readonly isToBlame?: boolean;
  /**
   * When the update had failed before at the latest, on the clock of `performance.now()`, if it has: perhaps in another
   * process. Default: never.
   */
  readonly failedAt?: number | undefined;
  /** Whether the store has the update, and no sender waits for it any longer. Default: `false`. */
  readonly isStored?: boolean;
}

/** A success, and the lane in which it was. */
interface Success {
  lane: Lane | undefined;
  number: number;
  /** On the clock of `performance.now()`. */
  at: number;
}

interface Failing {
  tries: Tries;
  readonly lane: Lane;
  readonly since: number;
  /** The number of the last success before its first failure, as far as is known. */
  readonly successes: number;
  /** Whether its first failure was counted. */
  isFirstCounted: boolean;
}

/** Knows which updates fail, and whether an outage is the reason. */
export class Failures {
  readonly #maxAttempts: number;
  readonly #giveUpAfterMs: number;
  readonly #leastMs: number;
  readonly #hasOthers: boolean;
  readonly #onOutage: (isOutage: boolean, lanes: number) => void;
  readonly #failing = new Map<number, Failing>();
  /** The lanes that failed since the last success. */
  readonly #lanes = new Set<Lane>();
  /** The last success, and the last one in another lane than that. */
  #last: Success = { lane: undefined, number: 0, at: -Infinity };
  #lastOther: Success = { ...this.#last };
  #successes = 0;
  #isOutage = false;
  #isClosing = false;
  #failedAt = 0;
  readonly #probes: Readonly<Record<Source, Probes>> = {
    new: new Probes(),
    again: new Probes(),
    store: new Probes(),
  };

  /**
   * @param options `leastMs`: milliseconds for which an update must have failed before it is given up, unless it is
   * certainly to blame. Default: 0. `hasOthers`: whether other processes, or earlier ones, may have seen an update fail that
   * comes here. Default: `false`.
   * @param onOutage Called when an outage begins and when it ends.
   */
  constructor(
    options: {
      readonly maxAttempts: number;
      readonly giveUpAfterMs: number;
      readonly leastMs?: number;
      readonly hasOthers?: boolean;
    },
    onOutage: (isOutage: boolean, lanes: number) => void,
  ) {
    this.#maxAttempts = options.maxAttempts;
    this.#giveUpAfterMs = options.giveUpAfterMs;
    this.#leastMs = options.leastMs ?? 0;
    this.#hasOthers = options.hasOthers ?? false;
    this.#onOutage = onOutage;
  }

  get isOutage(): boolean {
    return this.#isOutage;
  }

  /** Milliseconds since the latest failure, during an outage; `Infinity` if there is none. */
  get outageFailedMsAgo(): number {
    return this.#isOutage ? performance.now() - this.#failedAt : Infinity;
  }

  /** Whether any success matters: where nothing has failed, nobody need tell. */
  get isWatching(): boolean {
    return this.#failing.size > 0 || this.#isOutage || this.#hasOthers;
  }

  /** How often an update was handled without success, as far as this process knows. */
  triesOf(updateId: number): Tries {
    return (this.#failing.size === 0 ? undefined : this.#failing.get(updateId)?.tries) ?? NO_TRIES;
  }

  /** What a sender's update is in an outage. */
  sourceOf({ update_id }: FlatUpdate): Source {
    return this.#failing.has(update_id) ? "again" : "new";
  }

  /** Milliseconds until an update may be handled as a probe of an outage; 0 if any may be handled now. */
  pauseMs(source: Source): number {
    return this.#isOutage ? this.#probes[source].waitMs : 0;
  }

  /** The time for a `Retry-After` during an outage: it never exceeds what is left of the update's lifetime. */
  retryAfterMs(update: FlatUpdate, wishedMs: number = this.#untilProbeMs(update)): number {
    // A part of the lifetime that is long enough for several more attempts.
    return Math.max(LEAST_RETRY_AFTER_MS, Math.min(wishedMs, lifetimeLeftMs(update, Date.now()) / 6));
  }

  #untilProbeMs(update: FlatUpdate): number {
    const source = this.sourceOf(update);
    return this.pauseMs(source) * (source === "again" ? 1 + AGAIN_SPREAD * Math.random() : 1);
  }

  /** An update is let through although there is an outage. */
  probe(source: Source): void {
    if (this.#isOutage) this.#probes[source].started();
  }

  /** An update was handled. */
  succeeded(updateId: number, lane: Lane): void {
    if (this.#last.lane !== lane) [this.#last, this.#lastOther] = [this.#lastOther, this.#last];
    this.#last.lane = lane;
    this.#last.number = ++this.#successes;
    this.#last.at = performance.now();
    if (this.#failing.size > 0) this.#failing.delete(updateId);
    this.#lanes.clear();
    this.#endOutage();
  }

  /** An update is parked, or will not be handled for another reason. */
  forget(updateId: number): void {
    this.#failing.delete(updateId);
  }

  /** What fails from now on may do so only because it is aborted: nothing is given up for that. */
  close(): void {
    this.#isClosing = true;
  }

  /** An attempt was neither a success nor a failure. */
  passed(): void {
    for (const source of SOURCES) this.#probes[source].passed();
  }

  /**
   * An update failed.
   *
   * @param before How often it was handled before without success.
   * @param facts What else is known of the failure.
   */
  failed(updateId: number, lane: Lane, before: Tries, facts: FailureFacts = {}): Verdict {
    const { isToBlame = false, failedAt = Infinity, isStored = false } = facts;
    const source = isStored ? "store" : this.#failing.has(updateId) ? "again" : "new";
    const now = this.#failedAt = performance.now();
    const failing = this.#failing.get(updateId) ??
      this.#begin(updateId, lane, before, Math.min(now, failedAt));
    const attempts = before.attempts + 1;
    let failures = Math.max(failing.tries.failures, before.failures); // other processes count too
    const isItsOwn = isToBlame ||
      (!this.#isOutage && this.#successInOtherLane(lane).number > failing.successes);
    if (isItsOwn || this.#maxAttempts === 1) {
      if (!failing.isFirstCounted && attempts > 1) failures++;
      failing.isFirstCounted = true;
      failures++;
    }
    failing.tries = { attempts, failures };
    if (!isToBlame) this.#noteOutage(lane, now, source);
    const failedForMs = now - failing.since;
    const isTooMuch = (failures >= this.#maxAttempts && (isToBlame || failedForMs >= this.#leastMs)) ||
      (!isItsOwn && !this.#isOutage && failedForMs >= this.#giveUpAfterMs);
    const isGivenUp = isTooMuch && !this.#isClosing;
    if (isGivenUp) this.#failing.delete(updateId);
    return {
      willRetry: !isGivenUp,
      tries: failing.tries,
      retryAfterMs: spreadRestMs(attempts),
    };
  }

  #begin(updateId: number, lane: Lane, tries: Tries, since: number): Failing {
    const other = this.#successInOtherLane(lane);
    const failing = {
      ...{ tries, lane, since },
      successes: other.at > since ? other.number - 1 : this.#successes,
      isFirstCounted: tries.failures > 0,
    };
    this.#failing.set(updateId, failing);
    dropOldest(this.#failing, MOST_FAILING);
    return failing;
  }

  #successInOtherLane(lane: Lane): Success {
    return this.#last.lane === lane ? this.#lastOther : this.#last;
  }

  #noteOutage(lane: Lane, now: number, source: Source): void {
    if (!this.#isOutage) {
      this.#lanes.add(lane);
      if (this.#lanes.size < OUTAGE_LANES) return;
      this.#isOutage = true;
      for (const each of SOURCES) this.#probes[each].begin(now);
      this.#onOutage(true, this.#lanes.size);
      return;
    }
    // What its sender has waited for may be the store's by now.
    const probed = [source, ...SOURCES].find((each) => this.#probes[each].isProbing);
    if (probed !== undefined) this.#probes[probed].failed(now);
  }

  #endOutage(): void {
    if (!this.#isOutage) return;
    this.#isOutage = false;
    this.#onOutage(false, 0);
  }
}
