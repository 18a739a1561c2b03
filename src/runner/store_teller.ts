import type { Events } from "../events/events.ts";
import { Abortable } from "../platform/abort.ts";
import { pause } from "../platform/pause.ts";
import { isPromiseLike } from "../platform/promises.ts";
import type { Awaitable, InboxStore } from "../store/inbox_store.ts";

const RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 10_000;

/** How the store is told. */
export interface TellOptions {
  /** Whether it is told once while this closes too. Default: `false`. */
  readonly isLast?: boolean;
}

/** Tells the store what became of its batches; again, if that fails: what was handled must not be handled once more. */
export class StoreTeller {
  readonly #store: InboxStore;
  readonly #events: Events;
  readonly #pauses = new Abortable();
  #isClosing = false;
  #hasLeft = false;

  constructor(store: InboxStore, events: Events) {
    this.#store = store;
    this.#events = events;
  }

  /**
   * Calls the store until that works.
   *
   * @returns Whether the store knows. If not, this closes.
   */
  async tell(
    call: (store: InboxStore) => Awaitable<unknown>,
    { isLast = false }: TellOptions = {},
  ): Promise<boolean> {
    for (
      let pauseMs = RETRY_MS;
      isLast ? !this.#hasLeft : !this.#isClosing;
      pauseMs = Math.min(2 * pauseMs, LONGEST_RETRY_MS)
    ) {
      try {
        const told = call(this.#store);
        if (isPromiseLike(told)) await told;
        this.#events.storeWorked();
        return true;
      } catch (error) {
        this.#events.storeFailed(error);
      }
      if (this.#isClosing) return false;
      const pausing = this.#pauses.begin();
      await pause(pauseMs, pausing.signal).catch(() => {});
      this.#pauses.end(pausing);
    }
    return false;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** From now on, tells it only what is last, and once. */
  closing(reason: Error): void {
    this.#isClosing = true;
    this.#pauses.abort(reason);
  }

  /** Tells it nothing more. */
  leave(): void {
    this.#hasLeft = true;
  }
}
