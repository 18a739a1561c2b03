import { within } from "../../platform/pause.ts";
import type { Update } from "../../updates/mod.ts";
import type { AlbumEnd } from "../album_rules.ts";
import { ClaimedBatch } from "../claimed_batch.ts";
import type {
  Added,
  AddMode,
  Batch,
  InboxStore,
  Lane,
  ParkedBatch,
  Parking,
  StoreEntry,
  StoreHost,
  StoreStats,
  Tries,
} from "../inbox_store.ts";
import { GatheredCalls } from "../gathered_calls.ts";
import { Leases } from "../leases.ts";
import { ServerCalls } from "../server_calls.ts";
import { readableUpdates, readUpdates, type StoredUpdates } from "../stored_updates.ts";
import type { RedisCommand, RedisSubscribe } from "./redis_client.ts";
import { type ScriptName, wakesOf } from "./redis_scripts.ts";
import { CALL_TIMEOUT_MS, RedisServer } from "./redis_server.ts";
import { type WakeListener, WakePoller } from "./redis_wake.ts";

/** The most batches that one call claims: the server does nothing else meanwhile. */
const MOST_CLAIMED = 128;

/**
 * What the answers of all scripts begin with: a status, count, chars, milliseconds until something is due, the number of
 * the latest news, and how many others use the store.
 */
const HEADER = 6;

/** What a script says of a batch. Facts that are usual are left out. */
interface BatchFacts {
  readonly id: string;
  readonly token: string;
  readonly lane: string;
  readonly ids: readonly string[];
  readonly album?: string;
  readonly late?: number;
  readonly why?: AlbumEnd;
  readonly waited: number;
  readonly attempts?: number;
  readonly failures?: number;
  readonly crashes?: number;
  readonly alone?: number;
  readonly replay?: number;
}

interface ParkedFacts {
  readonly id: string;
  readonly updates: number;
  readonly album?: string;
  readonly error: string;
  readonly attempts: string;
  readonly at: string;
}

/** A batch that this process has claimed. */
class RedisBatch extends ClaimedBatch {
  readonly id: string;
  readonly token: string;
  /** Whether a call that ends the claim is under way, or has failed: it may have ended the claim. */
  isSettling = false;

  constructor(facts: BatchFacts, lane: Lane, content: StoredUpdates) {
    super({
      ...content,
      lane,
      album: facts.album,
      isLate: facts.late === 1,
      end: facts.album === undefined ? undefined : facts.why,
      waitedMs: facts.waited,
      tries: { attempts: facts.attempts ?? 0, failures: facts.failures ?? 0 },
      crashes: facts.crashes ?? 0,
      crashesAlone: facts.alone ?? 0,
      isReplay: facts.replay === 1,
    });
    this.id = facts.id;
    this.token = facts.token;
  }
}

/** How a {@link RedisInboxStore} reaches its server. */
export interface RedisStoreParts {
  /** What all stores of one connection have in common. */
  readonly client: object;
  readonly command: RedisCommand;
  readonly subscribe: RedisSubscribe | undefined;
  readonly name: string;
  readonly leaseMs: number;
  /** The time in whole milliseconds since 1970, for tests. Default: the server's. */
  readonly now?: (() => number) | undefined;
}

/** The store behind `redisStore`: the rules of {@link InboxStore}, as scripts on a server. */
export class RedisInboxStore implements InboxStore, WakeListener {
  readonly isDurable = true;
  readonly isShared = true;
  count = 0;
  chars = 0;
  readonly #parts: RedisStoreParts;
  readonly #server: RedisServer;
  /** One of 2^48: it is a score, which is exact up to 2^53. */
  readonly #owner = String(crypto.getRandomValues(new BigUint64Array(1))[0]! >> 16n);
  readonly #leases: Leases<RedisBatch>;
  readonly #poller: WakePoller;
  readonly #calls: ServerCalls<RedisBatch>;
  /** Updates and lanes that are looked for. */
  readonly #looks = new GatheredCalls<readonly [string, string], readonly string[]>(
    async (calls) => {
      const answer = await this.#server.run("look", [...this.#common(""), ...calls.flat()]);
      return calls.map((_, i) => answer.slice(i, i + 1));
    },
    ([, lane]) => lane.length,
  );
  readonly #adds = this.#together("add", ([, , , , lane = ""]) => lane);
  readonly #completions = this.#together("complete");
  #host: StoreHost | undefined;
  #unsubscribe: (() => unknown) | undefined;

  constructor(parts: RedisStoreParts) {
    this.#parts = parts;
    this.#server = new RedisServer(parts.name, parts.command);
    this.#poller = WakePoller.of(parts.client, parts.command);
    this.#calls = new ServerCalls({
      oursUntil: (sentAt) => this.#leases.oursUntil(sentAt),
      isOpen: () => this.#host !== undefined,
      enter: () => this.#enter(),
      entered: () => void this.#leases.renew(),
      refusal: (text) => this.#server.refusal(text),
    });
    this.#leases = new Leases({
      leaseMs: parts.leaseMs,
      renew: (held) => this.#renew(held),
      lost: (batch) => batch.isSettling ? undefined : this.#host?.lost(batch),
      failed: (error) => this.#host?.failed(this.#server.failure(error)),
    });
  }

  async open(host: StoreHost): Promise<void> {
    const warning = await this.#server.check();
    try {
      await this.#listen();
      this.#host = host;
      const sentAt = performance.now();
      this.#learn(await this.#enter());
      this.#leases.start(sentAt);
    } catch (error) {
      this.#stop();
      throw error;
    }
    if (warning !== undefined) host.failed(warning);
  }

  async add(entry: StoreEntry, mode: AddMode): Promise<Added> {
    // Most updates are alone in their lane: then the server need not get them.
    if (mode === "behind" && await this.#isAlone(entry)) return "alone";
    const { update, lane, chars, tries, album, reservedMs } = entry;
    const { quietMs, maxWaitMs, mostParts } = album?.rules ?? {};
    const args = [
      ...[mode, String(update.update_id), entry.json ?? this.#toJson(update), JSON.stringify(lane)],
      ...[String(chars), String(tries.attempts), String(tries.failures), String(Math.ceil(reservedMs))],
      ...[album?.key ?? "", numberOf(quietMs), numberOf(maxWaitMs), numberOf(mostParts)],
    ];
    return await this.#ask("add", args, (answer) => this.#readAdded(entry, mode, answer));
  }

  async #isAlone({ update, lane }: StoreEntry): Promise<boolean> {
    const look = () => this.#looks.make([String(update.update_id), JSON.stringify(lane)]);
    return await this.#calls.make(look, ([answer]) => answer === "alone");
  }

  #readAdded({ update, lane, tries, album }: StoreEntry, mode: AddMode, answer: readonly string[]): Added {
    const [status, , , , , , id, token = "", late, why] = answer;
    if (status === "added" || status === "alone") return status;
    if (id === undefined || id === "") return "known";
    const mayBeOurs = mode === "adopt" || mode === "claim";
    // What is held is looked through for repeats only.
    const isNoNews = !mayBeOurs || this.#calls.hasEnded(claimOf({ id, token })) || this.#holds(id, token);
    if (status === "known" && isNoNews) return "known";
    // Claimed by this call, or by an earlier one that was made again because its answer was lost.
    const facts: BatchFacts = {
      ...{ id, token, lane: "", ids: [], waited: 0, attempts: tries.attempts, failures: tries.failures },
      ...(album && { album: album.key, late: Number(late), ...(why ? { why: why as AlbumEnd } : {}) }),
    };
    return this.#hold(new RedisBatch(facts, lane, { updates: [update], unreadable: [] }));
  }

  async claim(most: number, quietExtraMs: number): Promise<readonly Batch[]> {
    if (this.#host === undefined) return [];
    const args = [String(Math.min(most, MOST_CLAIMED)), String(Math.ceil(quietExtraMs))];
    return await this.#ask("claim", args, (answer) => this.#readBatches(answer));
  }

  async complete(batch: Batch, claimNext: boolean): Promise<Batch | undefined> {
    const [next] = await this.#settle(batch, "complete", [claimNext ? "1" : "0"], ["0"]);
    return next;
  }

  async retry(batch: Batch, afterMs: number, tries?: Tries): Promise<void> {
    const numbers = [Math.ceil(afterMs), ...(tries === undefined ? [] : [tries.attempts, tries.failures])];
    await this.#settle(batch, "retry", numbers.map(String));
  }

  async park(batch: Batch, { error, attempts, keepMs }: Parking): Promise<void> {
    await this.#settle(batch, "park", [error, String(attempts), String(Math.ceil(keepMs))]);
  }

  async parked(after: number, most: number): Promise<readonly ParkedBatch[]> {
    const answer = await this.#ask("parked", [String(after), String(most)], asItIs);
    const found: ParkedBatch[] = [];
    for (let i = HEADER; i < answer.length;) {
      const facts: ParkedFacts = JSON.parse(answer[i++] ?? "");
      const updates = readableUpdates(answer.slice(i, i += facts.updates));
      found.push({
        ...{ id: Number(facts.id), updates, album: facts.album, error: facts.error },
        ...{ attempts: Number(facts.attempts), parkedAt: Number(facts.at) },
      });
    }
    return found;
  }

  async replay(id: number): Promise<boolean> {
    return (await this.#ask("replay", [String(id)], asItIs))[0] === "ok";
  }

  async discard(id: number): Promise<boolean> {
    return (await this.#ask("discard", [String(id)], asItIs))[0] === "ok";
  }

  async stats(): Promise<StoreStats> {
    const [updates, lanes, oldestMs, parked] = (await this.#ask("stats", [], asItIs)).slice(HEADER).map(
      Number,
    );
    return { updates: updates ?? 0, lanes: lanes ?? 0, oldestMs: oldestMs ?? 0, parked: parked ?? 0 };
  }

  async close(): Promise<readonly Batch[]> {
    const host = this.#host;
    if (host === undefined) return [];
    try {
      await this.#calls.endLast();
      this.#host = undefined; // what comes now has no effect, and is told to nobody
      await this.#calls.leave(() => this.#server.run("leave", this.#common(this.#calls.next())));
    } catch (error) {
      host.failed(this.#server.failure(error)); // what it had claimed falls due when its lease has ended
    }
    this.#stop();
    return [];
  }

  /**
   * Ends the use of the store as the end of the process does. For tests.
   *
   * @returns The owner that it was for the server, which waits for the end of its lease.
   */
  crash(): string {
    this.#stop();
    return this.#owner;
  }

  onNews(): void {
    this.#host?.wake(0);
  }

  #stop(): void {
    this.#host = undefined;
    this.#leases.stop();
    this.#calls.stop();
    this.#poller.leave(wakesOf(this.#parts.name), this);
    this.count = this.chars = 0;
    void Promise.resolve(this.#unsubscribe?.()).catch(() => {});
  }

  /** Runs a script, learns what every answer says, and reads it. */
  async #ask<T>(
    script: ScriptName,
    args: readonly string[],
    read: (answer: readonly string[]) => T,
  ): Promise<T> {
    return await this.#calls.make(
      (number) => this.#run(script, number, args),
      (answer) => {
        if (answer[0] === "failed") throw this.#server.failure(new Error(answer.at(-1)));
        return read(this.#learn(answer));
      },
    );
  }

  #run(script: ScriptName, number: number, args: readonly string[]): Promise<readonly string[]> {
    if (script === "add") return this.#adds.make([String(number), ...args]);
    if (script === "complete") return this.#completions.make([String(number), ...args]);
    return this.#server.run(script, [...this.#common(number), ...args]);
  }

  /** Calls that the server gets together. */
  #together(
    script: "add" | "complete",
    laneOf?: (call: readonly string[]) => string,
  ): GatheredCalls<readonly string[], readonly string[]> {
    const send = async (calls: readonly (readonly string[])[]) => {
      const answer = await this.#server.run(script, [...this.#common(""), ...calls.flat()]);
      return answersOf(answer, calls.length);
    };
    return new GatheredCalls(send, (call) => call.reduce((chars, each) => chars + each.length, 0), laneOf);
  }

  /** What every script is told first. */
  #common(call: number | ""): string[] {
    const { leaseMs, now } = this.#parts;
    return [this.#owner, String(leaseMs), now === undefined ? "" : String(now()), String(call)];
  }

  #learn(answer: readonly string[]): readonly string[] {
    const [, count, chars, nextMs, news = "", others] = answer;
    if (this.#host === undefined) return answer;
    this.count = Number(count);
    this.chars = Number(chars);
    if (nextMs !== "") this.#host.wake(Number(nextMs));
    const isSlow = others === "0" || this.#parts.subscribe !== undefined;
    this.#poller.learn(wakesOf(this.#parts.name), this, { news, isSlow });
    return answer;
  }

  async #enter(): Promise<readonly string[]> {
    const answer = await this.#server.run("enter", this.#common(this.#calls.next()));
    if (answer[0] !== "format") return answer;
    throw this.#server.refusal(
      `its keys have format ${
        answer[1]
      }, which a later telehook has made. Use that telehook, or another name`,
    );
  }

  #holds(id: string, token: string): boolean {
    for (const batch of this.#leases.values()) if (batch.id === id && batch.token === token) return true;
    return false;
  }

  #hold(batch: RedisBatch): RedisBatch {
    this.#leases.add(batch);
    return batch;
  }

  #readBatches(answer: readonly string[]): RedisBatch[] {
    const batches: RedisBatch[] = [];
    for (let i = HEADER; i < answer.length;) {
      const facts: BatchFacts = JSON.parse(answer[i++] ?? "");
      const stored = facts.ids.map((id) => ({ update_id: Number(id), json: answer[i++] ?? "" }));
      if (this.#calls.hasEnded(claimOf(facts))) continue; // a repeat of its update was told of it sooner
      batches.push(this.#hold(new RedisBatch(facts, JSON.parse(facts.lane), readUpdates(stored))));
    }
    return batches;
  }

  /** Ends a claim. If that fails, it is tried again with the renewals. @returns What was claimed with it. */
  async #settle(
    batch: Batch,
    script: ScriptName,
    args: readonly string[],
    argsAgain: readonly string[] = args,
  ): Promise<readonly RedisBatch[]> {
    if (!(batch instanceof RedisBatch) || this.#host === undefined) return [];
    const isFirst = !batch.isSettling;
    batch.isSettling = true;
    return await this.#calls.end(
      batch,
      (isAgain) =>
        this.#ask(script, [batch.id, batch.token, ...(isAgain ? argsAgain : args)], (answer) => {
          const wasHeld = this.#leases.delete(batch);
          this.#calls.ended(claimOf(batch));
          if (answer[0] === "gone" && isFirst && wasHeld) this.#host?.lost(batch);
          return this.#readBatches(answer);
        }),
    );
  }

  async #renew(held: readonly RedisBatch[]): Promise<readonly RedisBatch[]> {
    void this.#calls.endAgain(); // the server gets these first
    const claims = held.flatMap(({ id, token }) => [id, token]);
    const answer = await this.#ask("renew", [String(this.#calls.oldest), ...claims], asItIs);
    const gone = new Set(answer.slice(HEADER));
    return gone.size === 0 ? [] : held.filter((batch) => gone.has(claimOf(batch)));
  }

  /** Receives what other processes publish, where the client can. */
  async #listen(): Promise<void> {
    const { subscribe, name } = this.#parts;
    if (subscribe === undefined) return;
    try {
      const subscribing = Promise.resolve(subscribe(wakesOf(name), (message) => this.#hear(message)));
      const end = await within(CALL_TIMEOUT_MS, subscribing);
      this.#unsubscribe = typeof end === "function" ? () => end() : () => {};
    } catch (error) {
      throw this.#server.failure(error);
    }
  }

  /** `<owner> <ms>`, and whom it is for if not for all. */
  #hear(message: string): void {
    const [from, ms, to] = String(message).split(" ");
    if (from === this.#owner || (to !== undefined && to !== this.#owner)) return;
    this.#host?.wake(Number(ms) || 0);
  }

  #toJson(update: Update): string {
    try {
      return JSON.stringify(update);
    } catch (error) {
      throw this.#server.failure(error);
    }
  }
}

/** The answers to calls that the server has got together, each as if it had got that call alone. */
function answersOf(all: readonly string[], calls: number): readonly (readonly string[])[] {
  if (all.length < HEADER) return Array.from({ length: calls }, () => all); // it holds for all of them
  const header = all.slice(1, HEADER);
  const answers: string[][] = [];
  for (let i = HEADER; i < all.length;) {
    const [status = "", length] = [all[i++], Number(all[i++])];
    answers.push([status, ...header, ...all.slice(i, i += length)]);
  }
  return answers;
}

/** Names a claim. */
function claimOf({ id, token }: Pick<BatchFacts, "id" | "token">): string {
  return `${id} ${token}`;
}

/** A number of milliseconds or parts that may be missing. */
function numberOf(value: number | undefined): string {
  return value === undefined ? "" : String(Math.ceil(value));
}

function asItIs(answer: readonly string[]): readonly string[] {
  return answer;
}
