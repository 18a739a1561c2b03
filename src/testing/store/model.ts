import assert from "node:assert/strict";
import { type AlbumState, albumState } from "../../store/album_rules.ts";
import type { Added, AddMode, Batch, Lane, StoreEntry, Tries } from "../../store/inbox_store.ts";
import { type Group, NO_TRIES, type TestStoreOptions, type Trial } from "./trial.ts";

interface ModelBatch extends AlbumState {
  readonly lane: Lane;
  readonly entries: StoreEntry[];
  readonly album: string | undefined;
  /** Undefined if an earlier batch of the album was complete but not claimed: a store may call that late or not. */
  readonly isLate: boolean | undefined;
  readonly beganAt: number;
  isReplay: boolean;
  tries: Tries;
  isClaimed: boolean;
  isCollecting: boolean;
  dueAt: number;
  end: AlbumState["end"];
}

/** The rules of a store once more, as plainly as they can be written: lists that are searched from end to end. */
class Model {
  now = 0;
  readonly batches: ModelBatch[] = []; // those of each lane in their order
  readonly parked: ModelBatch[] = [];
  readonly remembered = new Set<number>();
  readonly #claimedAlbums = new Set<string>();
  readonly #begunAlbums = new Set<string>();

  of(lane: Lane): ModelBatch[] {
    return this.batches.filter((each) => each.lane === lane);
  }

  isHere(id: number): boolean {
    return this.batches.some((each) => idsOf(each).includes(id));
  }

  /** What `add` must answer, and does; a batch if it is claimed. */
  add(entry: StoreEntry, mode: AddMode): Exclude<Added, Batch> | ModelBatch {
    const own = this.of(entry.lane);
    const { album } = entry;
    const joined = album && mode !== "adopt"
      ? own.find((each) => each.isCollecting && each.album === album.key)
      : undefined;
    if (mode === "join" && joined === undefined) return "alone";
    if (mode === "behind" && own.length === 0) return "alone";
    if (joined !== undefined && album !== undefined) {
      joined.entries.push(entry);
      Object.assign(joined, albumState(album.rules, joined.entries.length, joined.beganAt, this.now));
      return "added";
    }
    if (album === undefined && mode !== "adopt") {
      for (const batch of own) if (batch.isCollecting) this.#end(batch);
    }
    const albumKey = `${entry.lane} ${album?.key}`;
    const isLate = album !== undefined && this.#claimedAlbums.has(albumKey);
    const isOpen = album !== undefined && !isLate && this.#begunAlbums.has(albumKey);
    if (album !== undefined) this.#begunAlbums.add(albumKey);
    const batch: ModelBatch = {
      ...{ lane: entry.lane, entries: [entry], album: album?.key, tries: entry.tries },
      ...{ isReplay: false, isClaimed: false, beganAt: this.now },
      isLate: isOpen ? undefined : isLate,
      ...(album === undefined
        ? { isCollecting: false, dueAt: this.now, end: "quiet" }
        : albumState(album.rules, 1, this.now, this.now)),
    };
    if (mode === "adopt") this.batches.unshift(batch);
    else this.batches.push(batch);
    if (mode !== "adopt" && (mode !== "claim" || own.length > 0)) return "added";
    this.claim(batch);
    return batch;
  }

  #end(batch: ModelBatch): void {
    batch.isCollecting = false;
    batch.end = "next";
    batch.dueAt = Math.min(batch.dueAt, this.now);
  }

  claim(batch: ModelBatch): void {
    batch.isClaimed = true;
    batch.isCollecting = false;
    if (batch.album !== undefined) this.#claimedAlbums.add(`${batch.lane} ${batch.album}`);
  }

  /** When a batch falls due, if every quiet time is longer by so much. */
  dueAt({ isCollecting, end, dueAt, beganAt, entries }: ModelBatch, quietExtraMs: number): number {
    const { maxWaitMs = 0 } = entries[0]?.album?.rules ?? {};
    return isCollecting && end === "quiet" ? Math.min(dueAt + quietExtraMs, beganAt + maxWaitMs) : dueAt;
  }

  /** The first batches of their lanes, unless they are claimed. */
  waiting(): ModelBatch[] {
    return this.batches.filter((each) => this.of(each.lane)[0] === each && !each.isClaimed);
  }

  remove(batch: ModelBatch): void {
    this.batches.splice(this.batches.indexOf(batch), 1);
  }
}

function idsOf({ entries }: ModelBatch): number[] {
  return entries.map(({ update }) => update.update_id);
}

/** An update that is sent again has the lane that it had. */
function laneOf(id: number): Lane {
  const number = (id * 7) % 11 % 4;
  return number < 2 ? -number - 2 ** 40 : `chat ${number}`;
}

/** The same numbers for the same seed on every runtime: Mulberry32. */
export function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Random histories, after each call of which the store must be what the model is. */
export function testAgainstModel(test: Group, options: TestStoreOptions): void {
  for (let seed = 1; seed <= (options.histories ?? 8); seed++) {
    test(`a random history agrees with the model: seed ${seed}`, async (trial) => {
      const history = new History(trial, numbersFrom(seed));
      const done: string[] = [];
      const steps = options.historyLength ?? 500;
      try {
        for (let step = 0; step < steps; step++) {
          done.push(await history.step());
          await history.check();
        }
      } catch (cause) {
        const latest = done.slice(-12).join(", ");
        throw new Error(`Seed ${seed} fails after step ${done.length}; the latest were: ${latest}`, {
          cause,
        });
      }
      assert.ok(history.ended > steps / 20, `Only ${history.ended} batches have ended`);
    });
  }
}

class History {
  readonly #trial: Trial;
  readonly #random: (below: number) => number;
  readonly #model = new Model();
  readonly #rules;
  readonly #claimed: [Batch, ModelBatch][] = [];
  readonly #gone: Batch[] = [];
  readonly #albumOf = new Map<Lane, number>();
  /** The longer quiet time of the latest claim. */
  #quietExtraMs = 0;
  #lastId = 0;
  #isClaimedFull = false;
  ended = 0;

  constructor(trial: Trial, random: (below: number) => number) {
    this.#trial = trial;
    this.#random = random;
    const usual = trial.rules(20, 50);
    this.#rules = [usual, usual, trial.rules(5, 60), trial.rules(45, 45, 3)];
  }

  async step(): Promise<string> {
    const names = [
      ...["append", "append", "append", "behind", "claim mode", "join", "adopt"],
      ...["claim", "claim", "claim", "complete", "complete", "complete", "retry"],
      ...[this.#trial.store.isDurable ? "park" : "withdraw", "park"],
      ...["ended claim", "replay", "discard", "parked", "stats", "wait", "wait"],
    ];
    const name = names[this.#random(names.length)] ?? "";
    this.#model.now = this.#trial.clock.now();
    if (name === "append" || name === "behind" || name === "join" || name === "adopt") await this.#add(name);
    else if (name === "claim mode") await this.#add("claim");
    else if (name === "claim") await this.#claim();
    else if (name === "complete") await this.#complete();
    else if (name === "retry" || name === "withdraw" || name === "park") await this.#settle(name);
    else if (name === "ended claim") await this.#settleEnded();
    else if (name === "replay" || name === "discard") await this.#unpark(name);
    else if (name === "parked") await this.#list();
    else if (name === "stats") await this.#stats();
    else await this.#trial.pass(this.#random(15));
    return name;
  }

  /** What can be seen after every call. */
  check(): void {
    const model = this.#model;
    const trial = this.#trial;
    const entries = model.batches.flatMap((each) => each.entries);
    assert.deepEqual(trial.counts, {
      count: entries.length,
      chars: entries.reduce((sum, { chars }) => sum + chars, 0),
    });
    // A store that takes news from a server may wake a moment later.
    if (this.#isClaimedFull || trial.clock.toleranceMs > 0) return;
    model.now = trial.clock.now();
    const dueAt = Math.min(...model.waiting().map((each) => model.dueAt(each, this.#quietExtraMs)));
    if (dueAt === Infinity) return;
    assert.ok(
      (trial.wakeAt ?? Infinity) <= Math.max(model.now, dueAt),
      `It wakes at ${trial.wakeAt}, not ${dueAt}`,
    );
  }

  #newEntry(mode: AddMode): StoreEntry {
    const random = this.#random;
    const isAgain = random(6) === 0 && this.#lastId > 0;
    const id = isAgain ? 1 + random(this.#lastId) : ++this.#lastId;
    const lane = laneOf(id);
    const chat = { id: 1, type: "private" } as const;
    const update = { update_id: id, message: { message_id: id, date: 0, chat } };
    const entry: StoreEntry = {
      ...{ update, json: random(2) === 0 ? JSON.stringify(update) : undefined, lane, chars: 1 + random(500) },
      ...{
        tries: { attempts: random(3), failures: random(2) },
        album: undefined,
        reservedMs: random(4) * 100,
      },
    };
    if (mode !== "join" && (mode !== "append" || random(3) === 0)) return entry;
    if (random(4) === 0) this.#albumOf.set(lane, random(1_000_000));
    const number = (this.#albumOf.get(lane) ?? 0) + random(2); // two of each lane collect
    const rules = this.#rules[number % this.#rules.length] ?? this.#trial.rules(); // an album has one
    return { ...entry, album: { key: `${number}`, rules } };
  }

  async #add(mode: AddMode): Promise<void> {
    const model = this.#model;
    const entry = this.#newEntry(mode);
    const id = entry.update.update_id;
    const isHere = model.isHere(id);
    if (!isHere && model.remembered.has(id) && !this.#trial.store.isDurable) return; // may be known or not
    const isKnown = isHere || model.remembered.has(id);
    const added = await this.#trial.add(entry, mode);
    const expected = isKnown ? "known" : model.add(entry, mode);
    if (typeof added === "string" || typeof expected === "string") {
      assert.equal(added, expected, `"${mode}" of update ${id}`);
      return;
    }
    assert.deepEqual(facts(added), modelFacts(expected, added));
    this.#claimed.push([added, expected]);
  }

  async #claim(): Promise<void> {
    const most = 1 + this.#random(3);
    const extra = this.#random(4) === 0 ? this.#random(20) : 0;
    this.#quietExtraMs = this.#trial.ms(extra);
    const batches = await this.#trial.claimMany(most, extra);
    this.#model.now = this.#trial.clock.now();
    this.#areClaimed(batches, most);
    this.#isClaimedFull = batches.length === most;
    const { wakeAt, clock } = this.#trial;
    if (!this.#isClaimedFull && clock.toleranceMs === 0 && wakeAt !== undefined) {
      assert.ok(wakeAt > clock.now(), "It wakes immediately, although nothing is due");
    }
  }

  /** Checks that these batches may have been claimed, in this order, and were all if fewer than `most`. */
  #areClaimed(batches: readonly Batch[], most: number): void {
    const model = this.#model;
    const { toleranceMs } = this.#trial.clock;
    const dueAt = (each: ModelBatch) => model.dueAt(each, this.#quietExtraMs);
    let latest = -Infinity;
    const waiting = model.waiting();
    for (const batch of batches) {
      const found = waiting.find((each) => each.lane === batch.lane && !each.isClaimed);
      assert.ok(found, `Lane ${batch.lane} has nothing to claim`);
      assert.ok(dueAt(found) <= model.now + toleranceMs, `Due in ${dueAt(found) - model.now} ms`);
      if (this.#quietExtraMs === 0) {
        assert.ok(found.dueAt + toleranceMs >= latest, "What fell due first is claimed first");
        latest = Math.max(latest, found.dueAt);
      }
      this.#isClaimed(batch, found);
    }
    const left = waiting.filter((each) => !each.isClaimed && dueAt(each) <= model.now - toleranceMs);
    if (batches.length < most) assert.deepEqual(left.map(idsOf), [], "They are due");
    for (const each of left) {
      assert.ok(each.dueAt >= latest - toleranceMs, `${idsOf(each)} fell due before others that are claimed`);
    }
  }

  #isClaimed(batch: Batch, expected: ModelBatch): void {
    assert.deepEqual(facts(batch), modelFacts(expected, batch));
    this.#trial.near(
      batch.waitedMs,
      (this.#model.now - expected.beganAt) / this.#trial.clock.unitMs,
      "It waited",
    );
    this.#model.claim(expected);
    this.#claimed.push([batch, expected]);
  }

  #anyClaimed(): [Batch, ModelBatch] | undefined {
    const [pair] = this.#claimed.splice(this.#random(this.#claimed.length || 1), 1);
    if (pair !== undefined) this.#gone.push(pair[0]);
    return pair;
  }

  async #complete(): Promise<void> {
    const pair = this.#anyClaimed();
    if (pair === undefined) return;
    const [batch, expected] = pair;
    const isNextWanted = this.#random(2) === 0;
    const next = await this.#trial.store.complete(batch, isNextWanted);
    this.#model.remove(expected);
    this.#ends(expected);
    this.#model.now = this.#trial.clock.now();
    if (next === undefined) return;
    assert.ok(isNextWanted, "No next batch was wanted");
    const found = this.#model.waiting().find((each) => each.lane === next.lane);
    assert.ok(found && found.dueAt <= this.#model.now + this.#trial.clock.toleranceMs, "Not due");
    this.#isClaimed(next, found);
  }

  async #settle(how: "retry" | "withdraw" | "park"): Promise<void> {
    const pair = this.#anyClaimed();
    if (pair === undefined) return;
    const [batch, expected] = pair;
    const { store } = this.#trial;
    if (how === "retry") {
      const after = this.#trial.ms(this.#random(3) * 15);
      const tries = this.#random(3) === 0
        ? undefined
        : { attempts: this.#random(5), failures: this.#random(5) };
      await store.retry(batch, after, tries);
      const dueAt = this.#trial.clock.now() + after;
      Object.assign(expected, { isClaimed: false, dueAt, tries: tries ?? expected.tries });
      return;
    }
    this.#model.remove(expected);
    if (how === "withdraw") return await store.withdraw?.(batch);
    await store.park(batch, { error: "failed", attempts: 3, keepMs: 3_600_000 });
    this.#ends(expected);
    this.#model.parked.push(expected);
  }

  #ends(expected: ModelBatch): void {
    this.ended++;
    for (const id of idsOf(expected)) this.#model.remembered.add(id);
  }

  async #settleEnded(): Promise<void> {
    const batch = this.#gone[this.#random(this.#gone.length || 1)];
    if (batch === undefined || this.#claimed.some(([each]) => each === batch)) return;
    const { store } = this.#trial;
    const which = this.#random(4);
    if (which === 0) assert.equal(await store.complete(batch, false), undefined);
    else if (which === 1) await store.retry(batch, 5, NO_TRIES);
    else if (which === 2) await store.withdraw?.(batch);
    else await store.park(batch, { error: "ended", attempts: 1, keepMs: 3_600_000 });
  }

  async #unpark(how: "replay" | "discard"): Promise<void> {
    const { parked } = this.#model;
    const index = this.#random(parked.length || 1);
    const found = parked[index];
    const { store } = this.#trial;
    const lastId = this.#lastId + 1;
    if (found === undefined) return assert.equal(await store[how](lastId), false);
    // Whether what is replayed makes albums before it complete is the store's own affair.
    if (how === "replay" && this.#model.of(found.lane).some((each) => each.isCollecting)) return;
    assert.equal(await store[how](idsOf(found)[0] ?? lastId), true);
    parked.splice(index, 1);
    if (how === "discard") return;
    const now = this.#trial.clock.now();
    const again: ModelBatch = {
      ...found,
      ...{ isClaimed: false, isReplay: true, isCollecting: false, beganAt: now, dueAt: now, tries: NO_TRIES },
    };
    this.#model.batches.push(again);
  }

  async #list(): Promise<void> {
    const after = this.#random(this.#lastId + 1);
    const expected = this.#model.parked.map((each) => idsOf(each)).filter(([id]) => (id ?? 0) > after)
      .sort(([a], [b]) => (a ?? 0) - (b ?? 0));
    const parked = await this.#trial.store.parked(after, 5);
    assert.deepEqual(
      parked.map((each) => each.updates.map((update) => update.update_id)),
      expected.slice(0, 5),
    );
  }

  async #stats(): Promise<void> {
    const { batches, parked } = this.#model;
    const { updates, lanes, parked: parkedCount } = await this.#trial.store.stats();
    assert.deepEqual({ updates, lanes, parkedCount }, {
      updates: batches.flatMap((each) => each.entries).length,
      lanes: new Set(batches.map((each) => each.lane)).size,
      parkedCount: parked.length,
    });
  }
}

function facts({ lane, album, isLate, tries, isReplay, ...batch }: Batch): unknown {
  const ids = batch.updates.map((each) => each.update_id);
  return { lane, album, isLate, tries: { ...tries }, isReplay, end: isReplay ? undefined : batch.end, ids };
}

function modelFacts(expected: ModelBatch, batch: Batch): unknown {
  const { lane, album, isLate = batch.isLate, tries, isReplay, end } = expected;
  const shownEnd = album === undefined || isReplay ? undefined : end;
  // Why a replayed album was complete is what it was; so is whether it is late.
  return { lane, album, isLate, tries: { ...tries }, isReplay, end: shownEnd, ids: idsOf(expected) };
}
