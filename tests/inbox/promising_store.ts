import type { Awaitable, Batch, InboxStore, StoreEntry, TelegramQueue } from "../../mod.ts";
import { MemoryStore } from "../../src/store/memory/memory_store.ts";

/** A store as one on a network is: every answer takes a while, and it always has to be asked. */
export class PromisingStore implements InboxStore {
  readonly #store = new MemoryStore();
  readonly #answer: <T>(ask: () => T) => Promise<T>;
  readonly outlivesProcess: boolean = false;
  readonly isEmpty = false;

  /** @param answer How long an answer takes, and whether there is one. */
  constructor(answer: <T>(ask: () => T) => Promise<T>) {
    this.#answer = answer;
  }

  get updates(): number {
    return this.#store.updates;
  }

  get size(): number {
    return this.#store.size;
  }

  look(queue: TelegramQueue, updateId: number): Promise<"nothing" | "queue" | "update"> {
    return this.#answer(() => this.#store.look(queue, updateId));
  }

  append(entry: StoreEntry): Promise<void> {
    return this.#answer(() => this.#store.append(entry));
  }

  hold(entry: StoreEntry): Promise<Batch> {
    return this.#answer(() => this.#store.hold(entry));
  }

  release(queue?: TelegramQueue): Promise<void> {
    return this.#answer(() => this.#store.release(queue));
  }

  claim(): Promise<Batch | undefined> {
    return this.#answer(() => this.#store.claim());
  }

  complete(batch: Batch): Promise<void> {
    return this.#answer(() => this.#store.complete(batch));
  }

  putBack(batch: Batch, delayMs: number): Promise<void> {
    return this.#answer(() => this.#store.putBack(batch, delayMs));
  }

  nextDueMs(): number | undefined {
    return this.#store.nextDueMs();
  }

  close(): Awaitable<readonly Batch[]> {
    return this.#answer(() => this.#store.close());
  }
}
