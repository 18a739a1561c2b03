import { LONGEST_TIMER_MS } from "../../platform/pause.ts";
import { unrefTimer } from "../../platform/unref_timer.ts";
import type { Update } from "../../updates/mod.ts";
import type { AlbumEnd } from "../album_rules.ts";
import { ClaimedBatch } from "../claimed_batch.ts";
import { GatheredCalls } from "../gathered_calls.ts";
import type {
  Added,
  AddMode,
  Batch,
  InboxStore,
  ParkedBatch,
  Parking,
  StoreEntry,
  StoreHost,
  StoreStats,
  Tries,
} from "../inbox_store.ts";
import { Leases } from "../leases.ts";
import { ServerCalls } from "../server_calls.ts";
import { readableUpdates, readUpdates, type StoredUpdates } from "../stored_updates.ts";
import { type PostgresQuery, queryOf } from "./postgres_client.ts";
import {
  type FunctionName,
  type Lines,
  type ListedCall,
  PostgresServer,
  type Value,
} from "./postgres_server.ts";
import { PostgresWakes, type WatchingStore } from "./postgres_wake.ts";

/** The most batches that one call claims. */
const MOST_CLAIMED = 128;
/** What is due here for longer than that is a matter for other processes too: this one is busy. */
const NUDGE_MS = 50;
/** How many updates a call asks about at most: whether another process has handled them. */
const MOST_ASKED = 64;

/** What a function says of a batch. */
interface BatchFacts {
  readonly id: number;
  readonly token: string;
  readonly lane: string;
  readonly ids: readonly number[];
  readonly album: string | null;
  readonly isLate: boolean;
  readonly end: AlbumEnd | null;
  readonly waitedMs: number;
  readonly attempts: number;
  readonly failures: number;
  readonly crashes: number;
  readonly crashesAlone: number;
  readonly isReplay: boolean;
}

interface ParkedFacts {
  readonly id: number;
  readonly parts: number;
  readonly album: string | null;
  readonly error: string;
  readonly attempts: number;
  readonly parkedAt: number;
}

/** A batch that this process has claimed. */
class PostgresBatch extends ClaimedBatch {
  readonly ids: readonly number[];
  /** What every call is told that ends the claim: the lane, the first update's id, and the claim's token. */
  readonly claim: readonly [lane: string, id: number, token: string];
  /** Whether the claim has not ended, as far as is known here. */
  isHeld = true;
  /** Whether a call that ends the claim has been made: its answer says whether the claim was lost. */
  isSettling = false;

  constructor(facts: BatchFacts, content: StoredUpdates) {
    const { id, token, lane, ids, album, end, attempts, failures, isLate, crashes, crashesAlone, isReplay } =
      facts;
    super({
      ...content,
      ...{ lane: JSON.parse(lane), isLate, tries: { attempts, failures }, crashes, crashesAlone, isReplay },
      album: album ?? undefined,
      end: album === null ? undefined : end ?? undefined,
      waitedMs: Math.round(facts.waitedMs),
    });
    this.ids = ids;
    this.claim = [lane, id, token];
  }

  /** As the server lists it. */
  get key(): string {
    return `${this.claim[1]} ${this.claim[2]}`;
  }
}

/** What a function has answered. */
interface Answer {
  readonly status: string;
  readonly lines: readonly string[];
}

/** Makes a call that has this number. */
type MakesCall = (number: number) => Promise<Lines>;

/** Calls of one kind, which go to the server in lists. */
type Listed = GatheredCalls<ListedCall, Lines | Promise<Lines>>;

/** How a {@link PostgresInboxStore} reaches its server. */
export interface PostgresStoreParts {
  /** What all stores of one connection pool have in common. */
  readonly client: object;
  readonly query: PostgresQuery;
  readonly name: string;
  readonly schema: string;
  readonly leaseMs: number;
  /** The time in milliseconds since 1970, for tests. Default: the server's. */
  readonly now?: (() => number) | undefined;
}

/** The store behind `postgresStore`: the rules of {@link InboxStore}, as functions of a database. */
export class PostgresInboxStore implements InboxStore {
  readonly isDurable = true;
  readonly isShared = true;
  chars = 0;
  readonly #parts: PostgresStoreParts;
  readonly #server: PostgresServer;
  readonly #owner = String(crypto.getRandomValues(new BigUint64Array(1))[0]! >> 16n);
  readonly #leases: Leases<PostgresBatch>;
  readonly #wakes: PostgresWakes;
  /** What this process has added and nobody is known to have handled: ids and sizes. */
  readonly #added = new Map<number, number>();
  /** For each lane, the latest call that adds to it: connections would mix up their order. */
  readonly #adding = new Map<string, Promise<unknown>>();
  readonly #calls: ServerCalls<PostgresBatch>;
  readonly #additions: Listed;
  readonly #completions: Listed;
  #host: StoreHost | undefined;
  #bot = "";
  #watching: WatchingStore | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #nudge: { readonly at: number; readonly timer: ReturnType<typeof setTimeout> } | undefined;

  constructor(parts: PostgresStoreParts) {
    const { client, leaseMs, name, query, schema } = parts;
    this.#parts = parts;
    const server = this.#server = new PostgresServer(name, schema);
    this.#wakes = PostgresWakes.of(client, {
      schema,
      news: (bots) => server.call(query, "news", [bots.join()]),
      notify: (payload) => query("select pg_notify($1::text, $2::text)", [schema, payload]),
    });
    this.#calls = new ServerCalls({
      oursUntil: (sentAt) => this.#leases.oursUntil(sentAt),
      isOpen: () => this.#host !== undefined,
      enter: () => this.#enter(),
      entered: () => void this.#leases.renew(),
      refusal: (text) => this.#server.refusal(text),
    });
    this.#additions = this.#listed("add", () => []);
    this.#completions = this.#listed("complete", () => [this.#askedIds()]);
    this.#leases = new Leases({
      leaseMs,
      renew: (held) => this.#renew(held),
      lost: (batch) => {
        if (!batch.isSettling) this.#lost(batch);
      },
      failed: (error) => this.#host?.failed(this.#server.failure(error)),
    });
  }

  get count(): number {
    return this.#added.size;
  }

  async open(host: StoreHost): Promise<void> {
    await this.#server.prepare(this.#parts.query);
    const sentAt = performance.now();
    this.#host = host;
    try {
      await this.#enter();
    } catch (error) {
      this.#stop();
      throw error;
    }
    this.#leases.start(sentAt);
  }

  async add(entry: StoreEntry, mode: AddMode): Promise<Added> {
    const json = entry.json ?? this.#toJson(entry.update);
    const lane = JSON.stringify(entry.lane);
    const before = this.#adding.get(lane);
    const added = before === undefined
      ? this.#add(entry, mode, json, lane)
      : before.then(() => this.#add(entry, mode, json, lane));
    const settled = added.then(() => {}, () => {});
    this.#adding.set(lane, settled);
    try {
      return await added;
    } finally {
      if (this.#adding.get(lane) === settled) this.#adding.delete(lane);
    }
  }

  async claim(most: number, quietExtraMs: number): Promise<readonly Batch[]> {
    if (this.#host === undefined) return [];
    this.#stopNudge();
    const values = [Math.min(most, MOST_CLAIMED), Math.max(0, quietExtraMs), this.#askedIds()];
    return await this.#ask(this.#alone("claim", values), ({ lines }) => this.#readBatches(lines));
  }

  async complete(batch: Batch, claimNext: boolean): Promise<Batch | undefined> {
    const [next] = await this.#settle(batch, ([lane, id, token], isAgain) => {
      const claims = claimNext && !isAgain;
      return async (call) => await this.#completions.make({ call, lane, id, token, claims });
    });
    return next;
  }

  async retry(batch: Batch, afterMs: number, tries?: Tries): Promise<void> {
    const values = [Math.max(0, afterMs), tries?.attempts, tries?.failures];
    await this.#settle(batch, (claim) => this.#alone("retry", [...claim, ...values]), true);
  }

  async park(batch: Batch, { error, attempts, keepMs }: Parking): Promise<void> {
    const text = error.replaceAll("\0", "\uFFFD"); // which PostgreSQL does not keep
    await this.#settle(batch, (claim) => this.#alone("park", [...claim, text, attempts, keepMs]));
  }

  async parked(after: number, most: number): Promise<readonly ParkedBatch[]> {
    const { lines } = await this.#ask(this.#alone("parked", [after, most]), asItIs);
    const found: ParkedBatch[] = [];
    for (let i = 0; i < lines.length;) {
      const { id, parts, album, error, attempts, parkedAt }: ParkedFacts = JSON.parse(lines[i++] ?? "");
      const updates = readableUpdates(lines.slice(i, i += parts));
      found.push({ id, updates, album: album ?? undefined, error, attempts, parkedAt: Math.round(parkedAt) });
    }
    return found;
  }

  async replay(id: number): Promise<boolean> {
    const { status, lines } = await this.#ask(this.#alone("replay", [id]), asItIs);
    for (const line of lines) {
      const [updateId, chars] = line.split(" ").map(Number);
      this.#count(updateId ?? 0, chars ?? 0);
    }
    return status === "ok";
  }

  async discard(id: number): Promise<boolean> {
    return (await this.#ask(this.#alone("discard", [id]), asItIs)).status === "ok";
  }

  async stats(): Promise<StoreStats> {
    const [line = ""] = (await this.#ask(this.#alone("stats", []), asItIs)).lines;
    const [updates = 0, lanes = 0, oldestMs = 0, parked = 0] = line.split(" ").map(Number);
    return { updates, lanes, oldestMs: Math.round(oldestMs), parked };
  }

  /**
   * Completes an update in a transaction that the caller has begun: effects and completion happen together or not at all.
   * If it rejects, the transaction cannot be committed any longer.
   */
  async completeIn(transaction: unknown, batch: Batch | undefined, update: Update): Promise<void> {
    const query = queryOf(transaction, "context.complete");
    const [, id, token] = batch instanceof PostgresBatch ? batch.claim : [];
    const { now } = this.#parts;
    await this.#server.callIn(query, "complete_in", [
      this.#bot,
      this.#owner,
      now?.(),
      id,
      token,
      update.update_id,
    ]);
  }

  async close(): Promise<readonly Batch[]> {
    const host = this.#host;
    if (host === undefined) return [];
    try {
      await this.#calls.endLast(Promise.allSettled(this.#adding.values()));
      this.#host = undefined; // what is called now has no effect, and is told to nobody
      await this.#calls.leave(() => this.#call("leave", this.#common(this.#calls.next())));
    } catch (error) {
      host.failed(this.#server.failure(error)); // what it had claimed falls due when its lease has ended
    }
    this.#stop();
    return [];
  }

  /** Ends the use of the store as the end of the process does, for tests. @returns Its owner. */
  crash(): string {
    this.#stop();
    return this.#owner;
  }

  #stop(): void {
    this.#host = undefined;
    this.#leases.stop();
    this.#calls.stop();
    clearTimeout(this.#silence);
    this.#stopNudge();
    this.#unwatch();
    this.#added.clear();
    this.chars = 0;
  }

  // — Adding and claiming —

  async #add(entry: StoreEntry, mode: AddMode, json: string, lane: string): Promise<Added> {
    const { update: { update_id: id }, chars, tries, album, reservedMs: reserved } = entry;
    const { quietMs: quiet, maxWaitMs: wait, mostParts: most } = album?.rules ?? {};
    const fields = { mode, id, json, lane, chars, ...tries, reserved, album: album?.key, quiet, wait, most };
    return await this.#ask(
      async (call) => await this.#additions.make({ call, ...fields }),
      (answer) => this.#readAdded(entry, answer),
    );
  }

  #readAdded({ update, chars }: StoreEntry, { status, lines: [line] }: Answer): Added {
    const { update_id: id } = update;
    if (status === "alone") return status;
    if (status === "added") {
      this.#count(id, chars);
      return status;
    }
    if (line === undefined) return "known";
    const facts: BatchFacts = JSON.parse(line);
    const batch = new PostgresBatch(facts, { updates: [update], unreadable: [] });
    if (status === "known" && (this.#calls.hasEnded(batch.key) || this.#holds(batch))) return "known";
    // Claimed by this call, or by an earlier one that was made again because its answer was lost.
    this.#count(id, chars);
    this.#leases.add(batch);
    return batch;
  }

  #toJson(update: Update): string {
    try {
      return JSON.stringify(update);
    } catch (cause) {
      throw this.#server.refusal(
        `update ${update.update_id} cannot be written as JSON. Do not add to updates what JSON lacks`,
        cause,
      );
    }
  }

  #readBatches(lines: readonly string[]): PostgresBatch[] {
    const batches: PostgresBatch[] = [];
    for (let i = 0; i < lines.length;) {
      const facts: BatchFacts = JSON.parse(lines[i++] ?? "");
      const stored = facts.ids.map((update_id) => ({ update_id, json: lines[i++] ?? "" }));
      const batch = new PostgresBatch(facts, readUpdates(stored));
      if (this.#calls.hasEnded(batch.key)) continue; // a repeat of its update was told of it sooner
      this.#leases.add(batch);
      batches.push(batch);
    }
    return batches;
  }

  #holds({ key }: PostgresBatch): boolean {
    for (const batch of this.#leases.values()) if (batch.key === key) return true;
    return false;
  }

  // — Ending claims —

  /** Ends a claim. If that fails, it is tried again with the renewals. @returns What was claimed with it. */
  async #settle(
    batch: Batch,
    make: (claim: PostgresBatch["claim"], isAgain: boolean) => MakesCall,
    isRetried = false, // it is not handled, and stays here
  ): Promise<readonly PostgresBatch[]> {
    if (!(batch instanceof PostgresBatch) || this.#host === undefined) return [];
    const isFirst = !batch.isSettling;
    batch.isSettling = true;
    return await this.#calls.end(
      batch,
      (isAgain) =>
        this.#ask(make(batch.claim, isAgain), ({ status, lines }) => {
          this.#leases.delete(batch);
          this.#calls.ended(batch.key);
          if (status === "gone" && isFirst) this.#lost(batch);
          // When it is told again, it is gone because of the call whose answer was lost.
          else if (batch.isHeld && !isRetried) { for (const id of batch.ids) this.#uncount(id); }
          batch.isHeld = false;
          return this.#readBatches(lines);
        }),
    );
  }

  #lost(batch: PostgresBatch): void {
    if (batch.isHeld) this.#host?.lost(batch);
    batch.isHeld = false;
  }

  async #renew(held: readonly PostgresBatch[]): Promise<readonly PostgresBatch[]> {
    void this.#calls.endAgain();
    const claims = held.map(({ key }) => key).join();
    const values = [this.#calls.oldest, claims, this.#askedIds(true)];
    const { lines, status } = await this.#ask(this.#alone("renew", values), asItIs);
    this.#expectSilence(Number(status));
    const gone = new Set(lines);
    return held.filter(({ key }) => gone.has(key));
  }

  /** Another owner may have ended: once its lease has, this one renews, and learns what falls due. */
  #expectSilence(inMs: number): void {
    if (!(inMs < this.#parts.leaseMs / 3) || this.#host === undefined) return;
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => void this.#leases.renew(), inMs + 1);
    unrefTimer(this.#silence);
  }

  // — What is counted here —

  #count(id: number, chars: number): void {
    if (this.#host === undefined) return;
    this.#uncount(id);
    this.#added.set(id, chars);
    this.chars += chars;
  }

  #uncount(id: number): void {
    this.chars -= this.#added.get(id) ?? 0;
    this.#added.delete(id);
  }

  /** Some updates that another process may have handled: the next call asks about others. */
  #askedIds(isNeeded = this.#watching?.hasOthers ?? false): string {
    if (!isNeeded) return "";
    const ids: number[] = [];
    for (const id of this.#added.keys()) if (ids.push(id) === MOST_ASKED) break;
    for (const id of ids) {
      const chars = this.#added.get(id) ?? 0;
      this.#added.delete(id);
      this.#added.set(id, chars);
    }
    return ids.join();
  }

  // — Calls —

  /** Makes a call, learns what every answer says, and reads it. */
  async #ask<T>(make: MakesCall, read: (answer: Answer) => T): Promise<T> {
    return await this.#calls.make(make, (lines) => read(this.#learn(lines)));
  }

  /** Calls a function of the schema. */
  #alone(name: FunctionName, values: readonly Value[]): MakesCall {
    return (number) => this.#call(name, [...this.#common(number), ...values]);
  }

  /** Calls a function with the calls of one turn of the event loop. @param more Its values behind the list. */
  #listed(name: FunctionName, more: () => readonly Value[]): Listed {
    const send = (list: string) => {
      const { leaseMs, now } = this.#parts;
      return this.#call(name, [this.#bot, this.#owner, leaseMs, now?.(), list, ...more()]);
    };
    return new GatheredCalls(
      (calls) => this.#server.callTogether(calls, send),
      ({ json }) => String(json ?? "").length,
    );
  }

  #call(name: FunctionName, values: readonly Value[]): Promise<Lines> {
    return this.#server.call(this.#parts.query, name, values);
  }

  /** What every function for one call is told first. */
  #common(call: number): Value[] {
    const { leaseMs, now } = this.#parts;
    return [this.#bot, this.#owner, leaseMs, call, now?.()];
  }

  #learn(all: Lines): Answer {
    const lines = all.slice(0, -1);
    const [status = "", next, others, gone] = (all.at(-1) ?? "").split(" ");
    if (this.#host === undefined) return { status, lines };
    if (this.#watching !== undefined) this.#watching.hasOthers = others !== "0";
    if (gone) { for (const id of gone.split(",")) this.#uncount(Number(id)); }
    if (next !== "-") this.#wake(Math.max(0, Math.ceil(Number(next))));
    return { status, lines };
  }

  async #enter(): Promise<void> {
    const { leaseMs, name, now } = this.#parts;
    const [line = "", ...answer] = await this.#call("enter", [name, this.#owner, leaseMs, now?.()]);
    const [bot = "", news = ""] = line.split(" ");
    if (this.#watching?.bot !== bot) this.#watch(bot, news);
    this.#bot = bot;
    this.#learn(answer);
  }

  // — Other processes —

  #watch(bot: string, news: string): void {
    this.#unwatch();
    const onNews = (inMs: number) => this.#host?.wake(inMs);
    this.#watching = { bot, owner: this.#owner, hasOthers: false, news, onNews };
    this.#wakes.watch(this.#watching);
  }

  #unwatch(): void {
    if (this.#watching !== undefined) this.#wakes.unwatch(this.#watching);
    this.#watching = undefined;
  }

  /** Something falls due. This process is told; the others are, if it is too busy to claim it. */
  #wake(inMs: number): void {
    this.#host?.wake(inMs);
    if (!this.#watching?.hasOthers) return;
    const at = performance.now() + inMs + NUDGE_MS;
    if (this.#nudge !== undefined && this.#nudge.at <= at) return;
    this.#stopNudge();
    const timer = setTimeout(() => {
      this.#nudge = undefined;
      this.#call("nudge", [this.#bot, this.#owner]).catch(() => {}); // they also look with their renewals
    }, Math.min(inMs + NUDGE_MS, LONGEST_TIMER_MS)); // a timer of more fires at once, and the others would answer in kind
    unrefTimer(timer);
    this.#nudge = { at, timer };
  }

  #stopNudge(): void {
    clearTimeout(this.#nudge?.timer);
    this.#nudge = undefined;
  }
}

function asItIs(answer: Answer): Answer {
  return answer;
}
