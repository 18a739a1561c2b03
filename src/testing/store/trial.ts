import assert from "node:assert/strict";
import { pause } from "../../platform/pause.ts";
import type { AlbumRules } from "../../store/album_rules.ts";
import type {
  Added,
  AddMode,
  Awaitable,
  Batch,
  InboxStore,
  Parking,
  StoreEntry,
  StoreHost,
} from "../../store/inbox_store.ts";
import type { Update } from "../../updates/mod.ts";
import { stoppedClock, type StoreClock, type TestScope } from "./clock.ts";

/** How the suite makes and ends stores. */
export interface TestStoreOptions {
  /** Begins the names of the tests. */
  readonly name: string;
  /** What {@link InboxStore.isDurable} must be. */
  readonly isDurable: boolean;
  /** What {@link InboxStore.isShared} must be. */
  readonly isShared: boolean;
  /**
   * Makes a store, which the suite opens and closes.
   *
   * @param place Names what the store keeps: a new name for each test, of letters, digits and hyphens. Stores of one name
   * keep the same; a new name is empty. Make it the name of a file, or the prefix of keys or tables.
   * @param t The test. What must be removed at its end belongs into `t.after`.
   */
  make(place: string, t: TestScope): Awaitable<InboxStore>;
  /**
   * Ends the use of a store as the end of its process does: without `close`. Other stores of the same place must notice
   * when they are opened next, or when the lease has ended. Tests that need it are skipped without it.
   */
  readonly crash?: (store: InboxStore) => Awaitable<void>;
  /** The lease of the stores that `make` makes, in milliseconds on their clock. Tests of leases are skipped without it. */
  readonly leaseMs?: number;
  /** The time that the stores go by. Default: {@link stoppedClock}. */
  readonly clock?: (t: TestScope) => StoreClock;
  /** How many random histories are compared with the model. Default: 8. */
  readonly histories?: number;
  /** How many calls each of them has. Default: 500. */
  readonly historyLength?: number;
  /** Groups tests. Default: that of `node:test`. */
  readonly describe?: (name: string, tests: () => void) => unknown;
  /** Adds a test. Default: that of `node:test`. */
  readonly it?: (name: string, test: () => Promise<void>) => unknown;
}

/** An update as a bot gets it, with properties that no type knows. */
export function updateOf(id: number): Update {
  const chat = { id: 42, type: "private" } as const;
  const message = {
    message_id: id,
    date: 0,
    chat,
    text: `héllo 🐕 ${id}`,
    from_the_future: { deep: [id, null] },
  };
  return { update_id: id, message };
}

/** An entry for a store: a single update in the lane `"chat 42"`, of 100 characters and its id. */
export function entry(id: number, more: Partial<StoreEntry> = {}): StoreEntry {
  return {
    update: updateOf(id),
    json: undefined,
    lane: "chat 42",
    chars: 100 + id,
    tries: NO_TRIES,
    album: undefined,
    reservedMs: 0,
    ...more,
  };
}

export const NO_TRIES = { attempts: 0, failures: 0 };

/** Why a batch is parked, and for how long. */
export const KEPT: Parking = { error: "It failed", attempts: 5, keepMs: 7 * 24 * 60 * 60 * 1_000 };

export function ids(batch: Batch): readonly number[] {
  return batch.updates.map((each) => each.update_id);
}

let places = 0;

/** One store in one test. */
export class Trial {
  readonly store: InboxStore;
  readonly clock: StoreClock;
  /** The batches of which the store has said that they belong to another process. */
  readonly lost: Batch[] = [];
  /** What the store has reported as failed. */
  readonly failed: unknown[] = [];
  /** When the store wants `claim` to be called, since the latest call. */
  wakeAt: number | undefined;
  readonly options: TestStoreOptions;
  readonly #place: string;
  readonly #t: TestScope;

  private constructor(
    options: TestStoreOptions,
    t: TestScope,
    place: string,
    clock: StoreClock,
    store: InboxStore,
  ) {
    this.options = options;
    this.#t = t;
    this.#place = place;
    this.clock = clock;
    this.store = store;
  }

  /** Opens a store in a separate place. */
  static start(options: TestStoreOptions, t: TestScope): Promise<Trial> {
    const clock = (options.clock ?? stoppedClock)(t);
    return Trial.#open(options, t, `test-${Date.now().toString(36)}-${++places}`, clock);
  }

  /** Opens another store in the same place: as another process does, or the same one when it is started again. */
  another(): Promise<Trial> {
    return Trial.#open(this.options, this.#t, this.#place, this.clock);
  }

  static async #open(
    options: TestStoreOptions,
    t: TestScope,
    place: string,
    clock: StoreClock,
  ): Promise<Trial> {
    const store = await options.make(place, t);
    const trial = new Trial(options, t, place, clock, store);
    t.after(() => store.close());
    await store.open(trial.host);
    return trial;
  }

  /** What the inbox is for a store. */
  get host(): StoreHost {
    return {
      wake: (inMs) => {
        assert.ok(inMs >= 0, `wake(${inMs})`);
        this.wakeAt = Math.min(this.wakeAt ?? Infinity, this.clock.now() + inMs);
      },
      lost: (batch) => void this.lost.push(batch),
      failed: (error) => void this.failed.push(error),
    };
  }

  /** Ends the store as the end of its process does. */
  async crash(): Promise<void> {
    await this.options.crash?.(this.store);
  }

  /** That many units in milliseconds. */
  ms(units: number): number {
    return units * this.clock.unitMs;
  }

  async pass(units: number): Promise<void> {
    await this.clock.pass(this.ms(units));
  }

  /** A part of an album that is complete after 10 units without a new one, after 25, or with four parts. */
  part(id: number, key: string, more: Partial<StoreEntry> = {}): StoreEntry {
    return entry(id, { album: { key, rules: this.rules() }, ...more });
  }

  rules(quiet = 10, maxWait = 25, mostParts = 4): AlbumRules {
    return { quietMs: this.ms(quiet), maxWaitMs: this.ms(maxWait), mostParts };
  }

  async add(entry: StoreEntry, mode: AddMode = "append"): Promise<Added> {
    return await this.store.add(entry, mode);
  }

  /** Adds an update, and expects to be told so. */
  async adds(
    entry: StoreEntry,
    expected: "added" | "known" | "alone" = "added",
    mode: AddMode = "append",
  ): Promise<void> {
    assert.equal(await this.add(entry, mode), expected, `update ${entry.update.update_id}`);
  }

  /** Adds an update and expects to have claimed it. */
  async takes(entry: StoreEntry, mode: "claim" | "adopt" | "behind" = "adopt"): Promise<Batch> {
    const added = await this.add(entry, mode);
    assert.ok(typeof added === "object", `"${mode}" of update ${entry.update.update_id}: ${added}`);
    assert.deepEqual(ids(added), [entry.update.update_id]);
    return added;
  }

  /** Claims at most one batch, as the inbox does. */
  async claimOne(): Promise<Batch | undefined> {
    return (await this.claimMany(1))[0];
  }

  async claimMany(most: number, quietExtra = 0): Promise<readonly Batch[]> {
    this.wakeAt = undefined;
    const batches = await this.store.claim(most, this.ms(quietExtra));
    assert.ok(batches.length <= most, `${batches.length} batches for ${most}`);
    return batches;
  }

  /** Claims what must be here, and be what is expected. */
  async claim(...expected: number[]): Promise<Batch> {
    const { toleranceMs } = this.clock;
    let batch = await this.claimOne();
    for (let waitedMs = 0; batch === undefined && waitedMs < toleranceMs; waitedMs += toleranceMs / 4) {
      await this.clock.pass(toleranceMs / 4);
      batch = await this.claimOne();
    }
    assert.ok(batch, `Nothing to claim, but ${expected} should be`);
    assert.deepEqual(ids(batch), expected);
    return batch;
  }

  async claimsNothing(quietExtra = 0): Promise<void> {
    assert.deepEqual((await this.claimMany(1, quietExtra)).map(ids), []);
  }

  /** Follows the wakes of the store, and expects that there is something to claim after that many units. */
  async claimIn(units: number, ...expected: number[]): Promise<Batch> {
    const began = this.clock.now();
    const expectedAt = began + this.ms(units) + 2 * this.clock.toleranceMs;
    for (let wakes = 0; wakes < 50; wakes++) {
      await this.#passUntilWake(expectedAt, expected);
      const batch = await this.claimOne();
      if (batch === undefined) continue;
      assert.deepEqual(ids(batch), expected);
      this.near(this.clock.now() - began, units, `Update ${expected} is due`);
      return batch;
    }
    assert.fail(`The store wakes too often for ${expected}, although nothing is due`);
  }

  async #passUntilWake(expectedAt: number, expected: readonly number[]): Promise<void> {
    for (let tries = 0; (this.wakeAt ?? Infinity) > Math.max(expectedAt, this.clock.now()); tries++) {
      assert.ok(tries < 400, `Update ${expected} is due, and the store does not wake the inbox`);
      await pause(5); // news from a server, or from another process
    }
    const inMs = (this.wakeAt ?? 0) - this.clock.now();
    if (inMs > 0) await this.clock.pass(inMs);
  }

  /** Expects that there is nothing to claim, and nothing to wait for. */
  async rests(): Promise<void> {
    await this.claimsNothing();
    if (!this.options.isShared) assert.equal(this.wakeAt, undefined);
    else {assert.ok(
        this.wakeAt === undefined || this.wakeAt > this.clock.now(),
        "It wakes immediately, although nothing is due",
      );}
  }

  async completes(...expected: number[]): Promise<void> {
    await this.store.complete(await this.claim(...expected), false);
  }

  near(ms: number, units: number, what: string): void {
    const { toleranceMs } = this.clock;
    const expected = this.ms(units);
    const isNear = Math.abs(ms - expected) <= 2 * toleranceMs;
    assert.ok(isNear, `${what}: ${ms} ms, not ${expected} ms (within ${2 * toleranceMs})`);
  }

  get counts(): { readonly count: number; readonly chars: number } {
    return { count: this.store.count, chars: this.store.chars };
  }
}

/** Adds tests that each begin with an open store. */
export interface Group {
  (name: string, test: (trial: Trial) => Promise<void>): void;
}
