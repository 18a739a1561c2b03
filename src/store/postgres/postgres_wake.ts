import { unrefTimer } from "../../platform/unref_timer.ts";
import { listenOf, type PostgresListen } from "./postgres_client.ts";

/** How often a client that cannot listen looks for what other processes have done … */
const POLL_MS = 200;
/**
 * … while none of its stores knows of another process, since somebody may replay something from the shell; and while it
 * listens, since a connection on which it only listens may be lost unnoticed.
 */
const SLOW_POLL_MS = 1_000;
/** After how long a client that has lost its listening connection listens again. */
const LISTEN_AGAIN_MS = 5_000;
/** How long a test message may take. A pooler may give the listening connection to somebody else. */
const TEST_MS = 2_000;
/** After how long one that did not receive its test message tries again: perhaps only the message was lost. */
const LISTEN_LATER_MS = 300_000;

/** A store that wants news of other processes. */
export interface WatchingStore {
  readonly bot: string;
  readonly owner: string;
  /** Whether other processes use it too. */
  hasOthers: boolean;
  /** The number that counts its news, when it began to watch. */
  readonly news: string;
  onNews(inMs: number): void;
}

/** How news are asked for and sent. */
export interface WakeSource {
  readonly schema: string;
  /** For each of these bots, its id and a number that counts its news. */
  news(bots: readonly string[]): Promise<readonly string[]>;
  /** Sends a message to the channel, over another connection than the one that listens. */
  notify(payload: string): Promise<unknown>;
}

const wakes = new WeakMap<object, Map<string, PostgresWakes>>();

/**
 * What other processes tell, for all stores of one client and schema: one connection listens for all, and one statement at
 * a time asks for all, more often if the client cannot listen.
 */
export class PostgresWakes {
  readonly #source: WakeSource;
  readonly #listen: PostgresListen | undefined;
  readonly #stores = new Set<WatchingStore>();
  /** The latest number of each bot. */
  readonly #latest = new Map<string, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isListening = false;
  #isTested = false;
  #unlisten: (() => unknown) | undefined;
  #listenAt = 0;
  #onTest: (() => void) | undefined;

  private constructor(client: object, source: WakeSource) {
    this.#source = source;
    this.#listen = listenOf(client);
  }

  /** The only one of a client and schema. */
  static of(client: object, source: WakeSource): PostgresWakes {
    let ofClient = wakes.get(client);
    if (ofClient === undefined) wakes.set(client, ofClient = new Map());
    let found = ofClient.get(source.schema);
    if (found === undefined) ofClient.set(source.schema, found = new PostgresWakes(client, source));
    return found;
  }

  watch(store: WatchingStore): void {
    if (this.#stores.has(store)) return;
    this.#stores.add(store);
    if (!this.#latest.has(store.bot)) this.#latest.set(store.bot, store.news);
    this.#begin();
  }

  unwatch(store: WatchingStore): void {
    this.#stores.delete(store);
    if (![...this.#stores].some(({ bot }) => bot === store.bot)) this.#latest.delete(store.bot);
    if (this.#stores.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#end();
  }

  #begin(): void {
    if (!this.#isListening && this.#listen !== undefined && performance.now() >= this.#listenAt) {
      void this.#beginToListen(this.#listen);
    }
    if (this.#timer !== undefined) return;
    const isFast = !this.#isTested && [...this.#stores].some(({ hasOthers }) => hasOthers);
    this.#timer = setTimeout(() => void this.#poll(), isFast ? POLL_MS : SLOW_POLL_MS);
    unrefTimer(this.#timer);
  }

  #end(): void {
    const unlisten = this.#unlisten;
    this.#unlisten = undefined;
    this.#isListening = this.#isTested = false;
    // A connection that has ended already needs no more.
    if (unlisten !== undefined) void Promise.resolve().then(unlisten).catch(() => {});
  }

  async #beginToListen(listen: PostgresListen): Promise<void> {
    this.#isListening = true;
    this.#listenAt = performance.now() + LISTEN_AGAIN_MS;
    try {
      const { schema } = this.#source;
      const unlisten = await listen(schema, (payload) => this.#hear(payload), () => {
        this.#end();
        if (this.#stores.size > 0) this.#begin();
      });
      this.#unlisten = unlisten;
      if (this.#stores.size === 0) return this.#end();
      if (await this.#test()) return await this.#look(); // once more, for what was sent before it listened
      this.#listenAt = performance.now() + LISTEN_LATER_MS;
      this.#end();
    } catch {
      this.#end(); // it polls meanwhile
    }
  }

  /** Whether what is sent is received. */
  async #test(): Promise<boolean> {
    const heard = new Promise<boolean>((resolve) => {
      this.#onTest = () => resolve(true);
      unrefTimer(setTimeout(() => resolve(false), TEST_MS));
    });
    await this.#source.notify("test");
    this.#isTested = await heard && this.#isListening;
    return this.#isTested;
  }

  /** `<bot> <from> <to> <ms>`; to 0 for all. */
  #hear(payload: string): void {
    if (payload === "test") return this.#onTest?.();
    const [bot, from, to, inMs] = payload.split(" ");
    for (const store of [...this.#stores]) {
      if (store.bot !== bot || store.owner === from || (to !== "0" && to !== store.owner)) continue;
      store.onNews(Number(inMs) || 0);
    }
  }

  async #poll(): Promise<void> {
    const timer = this.#timer;
    try {
      await this.#look();
    } catch {
      // The server is away: the calls of the stores report it.
    }
    if (this.#timer !== timer) return; // all stores were closed meanwhile, and perhaps others opened
    this.#timer = undefined;
    if (this.#stores.size > 0) this.#begin();
  }

  async #look(): Promise<void> {
    const bots = [...new Set([...this.#stores].map(({ bot }) => bot))];
    for (const line of await this.#source.news(bots)) {
      const [bot = "", number = ""] = line.split(" ");
      if (this.#latest.get(bot) === number) continue;
      this.#latest.set(bot, number);
      for (const store of [...this.#stores]) if (store.bot === bot) store.onNews(0);
    }
  }
}
