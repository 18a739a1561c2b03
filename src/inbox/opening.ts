import type { Events } from "../events/events.ts";
import { pause } from "../platform/pause.ts";
import { isPromiseLike } from "../platform/promises.ts";
import type { InboxStore, StoreHost } from "../store/inbox_store.ts";

/** How soon a store is opened again that could not be; then after twice as long each time. */
const AGAIN_MS = 1_000;
const LONGEST_AGAIN_MS = 10_000;

/** Opens the store, once, before it is first used. */
export class Opening {
  readonly #store: InboxStore;
  readonly #host: StoreHost;
  readonly #events: Events;
  readonly #onOpen: () => void;
  #opening: Promise<void> | undefined;
  #isOpen = false;
  /** Whether nobody waits for it any longer. */
  #isEnding = false;
  #isClosed = false;

  constructor(store: InboxStore, host: StoreHost, events: Events, onOpen: () => void) {
    this.#store = store;
    this.#host = host;
    this.#events = events;
    this.#onOpen = onOpen;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** @throws What the store throws if it cannot be used. */
  open(): Promise<void> {
    return this.#opening ??= this.#open().catch((error) => {
      this.#opening = undefined; // to be tried again
      throw error;
    });
  }

  /** Opens it, and again until that works: what the store has must not wait until an update comes. Never rejects. */
  async openAtLast(): Promise<void> {
    for (let failures = 0;; failures++) {
      try {
        await this.open();
        if (failures > 0) this.#events.storeWorked();
        return;
      } catch (error) {
        const pauseMs = Math.min(AGAIN_MS * 2 ** failures, LONGEST_AGAIN_MS);
        try {
          await pause(pauseMs, undefined, { isHeld: false });
        } catch {
          return; // a worker can do neither before its first request, which opens it then
        }
        if (this.#isEnding) return;
        if (!this.#isOpen) this.#events.storeFailed(error);
      }
    }
  }

  /** Tries it no more, and resolves when the last try has ended. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#opening?.catch(() => {});
  }

  /** The store closes. One that opens later is closed at once: it took longer than closing may. */
  closed(): void {
    this.#isClosed = true;
    this.#isOpen = false;
  }

  async #open(): Promise<void> {
    const opened = this.#store.open(this.#host);
    if (isPromiseLike(opened)) await opened;
    if (this.#isClosed) return void await this.#store.close();
    this.#isOpen = true;
    this.#onOpen();
  }
}
