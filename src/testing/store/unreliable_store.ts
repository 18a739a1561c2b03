import { pause } from "../../platform/pause.ts";
import type { Added, Batch, InboxStore, StoreHost } from "../../store/inbox_store.ts";

/** How a store fails; see {@link unreliableStore}. */
export interface UnreliableStoreOptions {
  /** A number from 0 up to 1, as `Math.random`, which is the default. */
  readonly random?: () => number;
  /** How often a call fails before it has had an effect. 0 to 1. Default: 0.1. */
  readonly failsBefore?: number;
  /** How often a call fails although it has had its effect. 0 to 1. Default: 0.1. */
  readonly failsAfter?: number;
  /** How often a part of an answer is lost: a batch that was claimed. 0 to 1. Default: 0.1. */
  readonly losesAnswers?: number;
  /** How long a call takes at most. Milliseconds; 0 lets it settle in a microtask. Default: 2. */
  readonly slowMs?: number;
  /** After how long a batch whose claim nobody has learned of is due again. Milliseconds. Default: 50. */
  readonly leaseMs?: number;
  /** Whether the store fails just now. Default: always. Closing never fails. */
  readonly isFailing?: () => boolean;
}

/** The error of the calls that an {@link unreliableStore} lets fail. */
export class UnreliableStoreError extends Error {
  /** `"UnreliableStoreError"`. */
  override readonly name: string = "UnreliableStoreError";
  /** Whether the call has had its effect all the same. */
  readonly hasHappened: boolean;

  /**
   * Makes the error of a call.
   *
   * @param call The method that was called.
   * @param hasHappened Whether the call has had its effect all the same.
   */
  constructor(call: string, hasHappened: boolean) {
    super(`The store's answer to "${call}" was lost${hasHappened ? "" : " before it did anything"}`);
    this.hasHappened = hasHappened;
  }
}

/**
 * A store on a bad network, around another one: its calls take a while, some throw or reject before they have an effect,
 * some after it, and some answers are incomplete. For tests of what uses a store, which must not lose, repeat or reorder
 * an update because of it.
 *
 * @param store The store that does the work.
 * @param options How it fails.
 * @returns The store, for `webhook` or a test.
 *
 * @example
 * ```ts
 * import { webhook } from "@telehook/telehook";
 * import { unreliableStore } from "@telehook/telehook/testing/store";
 * import { sqliteStore } from "@telehook/telehook";
 * import { tmpdir } from "node:os";
 *
 * const store = unreliableStore(sqliteStore(`${tmpdir()}/unreliable-example.db`), { failsBefore: 0.2 });
 * const hook = webhook(() => {}, { secretToken: "a-long-random-secret", store, onError: () => {} });
 * await hook.close();
 * ```
 */
export function unreliableStore(store: InboxStore, options: UnreliableStoreOptions = {}): InboxStore {
  return new UnreliableStore(store, options);
}

class UnreliableStore implements InboxStore {
  readonly #store: InboxStore;
  readonly #options: UnreliableStoreOptions;
  #host: StoreHost | undefined;
  /** As of the latest answer that was not lost. */
  #counts = { count: 0, chars: 0 };
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  flush?: () => Promise<void>;
  completeIn?: InboxStore["completeIn"] & object;

  constructor(store: InboxStore, options: UnreliableStoreOptions) {
    this.#store = store;
    this.#options = options;
    if (store.flush !== undefined) this.flush = () => this.#call("flush", () => store.flush?.());
    if (store.completeIn !== undefined) {
      this.completeIn = (...args) => this.#call("completeIn", () => store.completeIn?.(...args));
    }
  }

  get isDurable(): boolean {
    return this.#store.isDurable;
  }

  get isShared(): boolean {
    return this.#store.isShared;
  }

  get count(): number {
    return this.#counts.count;
  }

  get chars(): number {
    return this.#counts.chars;
  }

  async open(host: StoreHost): Promise<void> {
    this.#host = host;
    await this.#store.open(host);
    this.#learnCounts();
  }

  async add(...[entry, mode]: Parameters<InboxStore["add"]>): Promise<Added> {
    return await this.#call<Added>(
      "add",
      () => this.#store.add(entry, mode),
      (added) => typeof added === "object" ? [added] : [],
    );
  }

  async claim(most: number, quietExtraMs: number): Promise<readonly Batch[]> {
    const batches = await this.#call(
      "claim",
      () => this.#store.claim(most, quietExtraMs),
      (claimed) => claimed,
    );
    return batches.filter((batch) => !this.#isAnswerLost([batch]));
  }

  async complete(batch: Batch, claimNext: boolean): Promise<Batch | undefined> {
    const next = await this.#call(
      "complete",
      () => this.#store.complete(batch, claimNext),
      (claimed) => claimed === undefined ? [] : [claimed],
    );
    return next === undefined || this.#isAnswerLost([next]) ? undefined : next;
  }

  withdraw(batch: Batch): Promise<void> {
    return this.#call("withdraw", () => this.#store.withdraw?.(batch));
  }

  retry(...args: Parameters<InboxStore["retry"]>): Promise<void> {
    return this.#call("retry", () => this.#store.retry(...args));
  }

  park(...args: Parameters<InboxStore["park"]>): Promise<void> {
    return this.#call("park", () => this.#store.park(...args));
  }

  parked(...args: Parameters<InboxStore["parked"]>): ReturnType<InboxStore["parked"]> {
    return this.#call("parked", () => this.#store.parked(...args));
  }

  replay(id: number): Promise<boolean> {
    return this.#call("replay", () => this.#store.replay(id));
  }

  discard(id: number): Promise<boolean> {
    return this.#call("discard", () => this.#store.discard(id));
  }

  stats(): ReturnType<InboxStore["stats"]> {
    return this.#call("stats", () => this.#store.stats());
  }

  async close(): Promise<readonly Batch[]> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    const left = await this.#store.close();
    this.#learnCounts();
    return left;
  }

  async #call<T>(
    name: string,
    call: () => T | Promise<T>,
    claimedIn: (answer: T) => readonly Batch[] = () => [],
  ): Promise<T> {
    const { failsBefore = 0.1, failsAfter = 0.1, slowMs = 2 } = this.#options;
    await dawdle(slowMs * this.#random());
    if (this.#happens(failsBefore)) throw new UnreliableStoreError(name, false);
    const answer = await call();
    await dawdle(slowMs * this.#random());
    if (this.#happens(failsAfter)) {
      this.#loses(claimedIn(answer));
      throw new UnreliableStoreError(name, true);
    }
    this.#learnCounts();
    return answer;
  }

  #isAnswerLost(batches: readonly Batch[]): boolean {
    const isLost = this.#happens(this.#options.losesAnswers ?? 0.1);
    if (isLost) this.#loses(batches);
    return isLost;
  }

  /** Nobody has learned of these claims, so that nobody renews them: they are due again when their lease has ended. */
  #loses(batches: readonly Batch[]): void {
    if (batches.length === 0) return;
    const { leaseMs = 50 } = this.#options;
    const timer = setTimeout(async () => {
      this.#timers.delete(timer);
      try {
        for (const batch of batches) await this.#store.retry(batch, 0);
        this.#host?.wake(0);
      } catch (error) {
        this.#host?.failed(error);
      }
    }, leaseMs);
    this.#timers.add(timer);
  }

  #learnCounts(): void {
    const { count, chars } = this.#store;
    this.#counts = { count, chars };
  }

  #random(): number {
    return (this.#options.random ?? Math.random)();
  }

  #happens(probability: number): boolean {
    return (this.#options.isFailing?.() ?? true) && this.#random() < probability;
  }
}

function dawdle(ms: number): Promise<void> {
  return ms > 0 ? pause(ms) : Promise.resolve();
}
