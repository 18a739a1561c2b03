import { unrefTimer } from "../../platform/unref_timer.ts";
import { within } from "../../platform/pause.ts";
import type { RedisCommand } from "./redis_client.ts";

/** How often a client without a subscriber looks for what other processes have done. */
const POLL_MS = 200;

/**
 * The same while no other process uses one of its stores, or all that have others have subscribers: not every client
 * subscribes again after it has lost its connection, and a connection that is idle may be lost unnoticed.
 */
const SLOW_POLL_MS = 1_000;

/** How long an answer is waited for: clients lose some, and the next one says the same. */
const LOOK_TIMEOUT_MS = 1_000;

/** A store that is told of news. */
export interface WakeListener {
  /** Something may be due that another process has added. */
  onNews(): void;
}

/** What a store knows. */
interface Known {
  /** The number of the latest news, or "" if there are none since the answer before. */
  readonly news: string;
  /** Whether it is enough to look seldom: no other process uses the store, or it has a subscriber. */
  readonly isSlow: boolean;
}

const pollers = new WeakMap<object, WakePoller>();

/**
 * Looks for news of other processes, for all stores of one client in one command: each has a key that counts them.
 */
export class WakePoller {
  readonly #command: RedisCommand;
  /** For each key, the stores that it concerns. */
  readonly #keys = new Map<string, Map<WakeListener, Known>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isSoon = false;
  /** Redis Cluster keeps the keys of different stores on different nodes: one store at a time, then. */
  #isOneByOne = false;
  #turn = 0;

  private constructor(command: RedisCommand) {
    this.#command = command;
  }

  /** The only one of a client. */
  static of(client: object, command: RedisCommand): WakePoller {
    let poller = pollers.get(client);
    if (poller === undefined) pollers.set(client, poller = new WakePoller(command));
    return poller;
  }

  /** A store has had an answer from the server. */
  learn(key: string, store: WakeListener, known: Known): void {
    let stores = this.#keys.get(key);
    if (stores === undefined) this.#keys.set(key, stores = new Map());
    const { isSlow, news } = known;
    stores.set(store, { isSlow, news: news || (stores.get(store)?.news ?? "0") });
    this.#schedule(isSlow ? SLOW_POLL_MS : POLL_MS);
  }

  /** A store needs no news any longer. */
  leave(key: string, store: WakeListener): void {
    const stores = this.#keys.get(key);
    if (stores === undefined) return;
    stores.delete(store);
    if (stores.size === 0) this.#keys.delete(key);
    if (this.#keys.size === 0) this.#stop();
  }

  #schedule(ms: number): void {
    const isSoon = ms === POLL_MS;
    if (this.#timer !== undefined && (this.#isSoon || !isSoon)) return;
    this.#stop();
    this.#isSoon = isSoon;
    this.#timer = setTimeout(() => void this.#look(), ms);
    unrefTimer(this.#timer);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #look(): Promise<void> {
    const all = [...this.#keys.keys()];
    const keys = this.#isOneByOne ? [all[this.#turn++ % all.length] ?? ""] : all;
    try {
      const counts = await within(LOOK_TIMEOUT_MS, this.#command("MGET", keys));
      if (Array.isArray(counts)) keys.forEach((key, i) => this.#compare(key, String(counts[i] ?? "0")));
    } catch (error) {
      if (String(error).includes("CROSSSLOT")) this.#isOneByOne = true;
      // Otherwise the server is away: the calls of the stores report it.
    }
    if (this.#keys.size === 0) return;
    const isSlow = [...this.#keys.values()].every((stores) =>
      [...stores.values()].every((known) => known.isSlow)
    );
    this.#stop();
    this.#schedule(isSlow ? SLOW_POLL_MS : POLL_MS);
  }

  #compare(key: string, news: string): void {
    const stores = this.#keys.get(key);
    for (const [store, known] of stores ?? []) {
      if (known.news === news) continue;
      stores?.set(store, { ...known, news });
      store.onNews();
    }
  }
}
