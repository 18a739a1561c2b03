import type {
  Added,
  AddMode,
  Awaitable,
  Batch,
  InboxStore,
  ParkedBatch,
  Parking,
  StoreEntry,
  StoreHost,
  StoreStats,
  Tries,
} from "../../mod.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";

/** A call of a store. */
export type StoreCall = keyof {
  [
    K in keyof Required<InboxStore> as Required<InboxStore>[K] extends (...args: never[]) => unknown ? K
      : never
  ]: 1;
};

/** What a test does around the calls of a store. */
export interface StoreHooks {
  /** Called before a call reaches the store: may throw, or return a promise to let it wait. */
  before?(call: StoreCall, args: readonly unknown[]): void | Promise<void>;
  /** Called when it has returned: may throw, return a promise, or return another result than the given one. */
  after?(call: StoreCall, result: unknown): unknown;
}

/** A store in memory whose calls a test can delay, count, and let fail. It is synchronous unless the test delays. */
export class WrappedStore implements InboxStore {
  readonly isDurable: boolean;
  readonly isShared: boolean;
  /** The calls in their order; for `add`, with the mode. */
  readonly calls: string[] = [];
  readonly #store: InboxStore;
  readonly #hooks: StoreHooks;
  host: StoreHost | undefined;

  constructor(
    hooks: StoreHooks = {},
    { isDurable = false, isShared = false, store = new MemoryStore() }: {
      isDurable?: boolean;
      isShared?: boolean;
      store?: InboxStore;
    } = {},
  ) {
    this.#hooks = hooks;
    this.#store = store;
    this.isDurable = isDurable;
    this.isShared = isShared;
  }

  get count(): number {
    return this.#store.count;
  }

  get chars(): number {
    return this.#store.chars;
  }

  /** How often it was called. */
  times(call: string): number {
    return this.calls.filter((each) => each === call || each.startsWith(`${call} `)).length;
  }

  open(host: StoreHost): Awaitable<void> {
    this.host = host;
    return this.#ask("open", [host], () => this.#store.open(host));
  }

  add(entry: StoreEntry, mode: AddMode): Awaitable<Added> {
    return this.#ask("add", [entry, mode], () => this.#store.add(entry, mode));
  }

  claim(most: number, quietExtraMs: number): Awaitable<readonly Batch[]> {
    return this.#ask("claim", [most, quietExtraMs], () => this.#store.claim(most, quietExtraMs));
  }

  complete(batch: Batch, claimNext: boolean): Awaitable<Batch | undefined> {
    return this.#ask("complete", [batch, claimNext], () => this.#store.complete(batch, claimNext));
  }

  withdraw(batch: Batch): Awaitable<void> {
    return this.#ask("withdraw", [batch], () => this.#store.withdraw?.(batch));
  }

  retry(batch: Batch, afterMs: number, tries?: Tries): Awaitable<void> {
    return this.#ask("retry", [batch, afterMs, tries], () => this.#store.retry(batch, afterMs, tries));
  }

  park(batch: Batch, parking: Parking): Awaitable<void> {
    return this.#ask("park", [batch, parking], () => this.#store.park(batch, parking));
  }

  flush(): Awaitable<void> {
    return this.#ask("flush", [], () => this.#store.flush?.());
  }

  parked(after: number, most: number): Awaitable<readonly ParkedBatch[]> {
    return this.#ask("parked", [after, most], () => this.#store.parked(after, most));
  }

  replay(id: number): Awaitable<boolean> {
    return this.#ask("replay", [id], () => this.#store.replay(id));
  }

  discard(id: number): Awaitable<boolean> {
    return this.#ask("discard", [id], () => this.#store.discard(id));
  }

  stats(): Awaitable<StoreStats> {
    return this.#ask("stats", [], () => this.#store.stats());
  }

  close(): Awaitable<readonly Batch[]> {
    return this.#ask("close", [], () => this.#store.close());
  }

  #ask<T>(call: StoreCall, args: readonly unknown[], ask: () => Awaitable<T>): Awaitable<T> {
    this.calls.push(call === "add" ? `add ${args[1]}` : call);
    const then = (): Awaitable<T> => {
      const result = ask();
      const after = (told: T) => this.#hooks.after === undefined ? told : this.#hooks.after(call, told) as T;
      return result instanceof Promise ? result.then(after) : after(result);
    };
    const before = this.#hooks.before?.(call, args);
    return before instanceof Promise ? before.then(then) : then();
  }
}

/** Hooks of a store on a network: every answer takes a turn of the event loop. */
export function dawdling(hooks: StoreHooks = {}): StoreHooks {
  return {
    ...hooks,
    async before(call, args) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      await hooks.before?.(call, args);
    },
  };
}
