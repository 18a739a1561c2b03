import { unrefTimer } from "../../platform/unref_timer.ts";
import type { RedisCommand } from "./redis_client.ts";

/** How often a client without a subscriber looks for what other processes have done. */
const POLL_MS = 200;

/** What is known of a key, and the stores that want to know more. */
interface Watched {
  latest: string | undefined;
  readonly stores: Map<object, () => void>;
}

const pollers = new WeakMap<object, WakePoller>();

/**
 * Looks for news of other processes, for all stores of one client in one command: each has a key that counts them.
 * Only stores that share their keys with another process are looked at.
 */
export class WakePoller {
  readonly #command: RedisCommand;
  readonly #watched = new Map<string, Watched>();
  #timer: ReturnType<typeof setTimeout> | undefined;
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

  watch(key: string, store: object, onNews: () => void): void {
    let watched = this.#watched.get(key);
    if (watched === undefined) this.#watched.set(key, watched = { latest: undefined, stores: new Map() });
    if (!watched.stores.has(store)) watched.stores.set(store, onNews);
    this.#schedule();
  }

  unwatch(key: string, store: object): void {
    const watched = this.#watched.get(key);
    if (watched === undefined) return;
    watched.stores.delete(store);
    if (watched.stores.size === 0) this.#watched.delete(key);
    if (this.#watched.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#watched.size === 0) return;
    this.#timer = setTimeout(() => void this.#look(), POLL_MS);
    unrefTimer(this.#timer);
  }

  async #look(): Promise<void> {
    const all = [...this.#watched.keys()];
    const keys = this.#isOneByOne ? [all[this.#turn++ % all.length] ?? ""] : all;
    try {
      const counts = await this.#command("MGET", keys);
      if (Array.isArray(counts)) keys.forEach((key, i) => this.#compare(key, String(counts[i])));
    } catch (error) {
      if (String(error).includes("CROSSSLOT")) this.#isOneByOne = true;
      // Otherwise the server is away: the calls of the stores report it.
    }
    this.#timer = undefined;
    this.#schedule();
  }

  #compare(key: string, count: string): void {
    const watched = this.#watched.get(key);
    if (watched === undefined || watched.latest === count) return;
    watched.latest = count;
    for (const onNews of watched.stores.values()) onNews();
  }
}
